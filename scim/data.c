/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file: what Entra ID sent.
 *
 *	USERS, GROUPS   id -> JSON
 *	INDEX+          kind of key, folded value -> ids
 *	MEMBERS+        group -> kind, member;  MEMBER_OF+ kind, member -> groups
 *	LOG             number (8 bytes, big endian) -> kind, id: what changed, each only once, with its last number
 *	CHANGED         kind, id -> number
 *	META            "file" -> id; "former" -> id, number; "number" -> last; "heard", "changed" -> time; "folding" -> number
 *
 * The log is how the mirror follows: it reads on from the number it knows.
 * What was deleted stays in it, 25 bytes each.
 */
#include "scim/internal.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/fold.h"
#include "base/random.h"

#include <endian.h>

#define MAP_SIZE ((size_t)8 << 30)
#define NUMBER_SIZE 8
#define TAGGED_SIZE (1 + SCIM_ID_SIZE)
#define FORMER_SIZE (SCIM_ID_SIZE + NUMBER_SIZE)

const char *const data_tables[] = {"users", "groups", "index+", "members+", "member_of+", "log", "changed", "meta", NULL};

struct tagged {
	char bytes[TAGGED_SIZE];
};

/* ---- ids ---- */

void id_make(struct id *out)
{
	random_bytes(out->bytes, sizeof(out->bytes));
	out->bytes[6] = (unsigned char)(0x40 | (out->bytes[6] & 0x0f));         /* RFC 9562, version 4 */
	out->bytes[8] = (unsigned char)(0x80 | (out->bytes[8] & 0x3f));
}

bool id_read(const char *text, struct id *out)
{
	struct id id = {{0}};
	size_t n = 0;

	for (size_t i = 0; i < SCIM_ID_TEXT - 1; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
			continue;
		}
		if (hex_value(text[i]) < 0)
			return false;
		id.bytes[n / 2] = (unsigned char)(id.bytes[n / 2] << 4 | hex_value(text[i]));
		n++;
	}
	if (text[SCIM_ID_TEXT - 1])
		return false;
	*out = id;
	return true;
}

void id_write(const struct id *id, char out[SCIM_ID_TEXT])
{
	size_t n = 0;

	for (size_t i = 0; i < SCIM_ID_SIZE; i++, n += 2) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[n++] = '-';
		hex_encode(&id->bytes[i], 1, out + n);
	}
}

struct slice id_slice(const struct id *id)
{
	return slice_of(id->bytes, sizeof(id->bytes));
}

static struct tagged tag(enum resource kind, const struct id *id)
{
	struct tagged t;

	t.bytes[0] = kind == RESOURCE_USER ? 'U' : 'G';
	memcpy(t.bytes + 1, id->bytes, SCIM_ID_SIZE);
	return t;
}

static struct slice tagged_slice(const struct tagged *t)
{
	return slice_of(t->bytes, sizeof(t->bytes));
}

/* ---- the file itself ---- */

static int number_get(struct store_txn *t, const char *name, uint64_t *out, struct error *err)
{
	struct slice value;
	uint64_t big;
	int found = store_get(t, DATA_META, slice_c(name), &value, err);

	if (found < 0)
		return -1;
	*out = 0;
	if (found == 0)
		return 0;
	if (value.n != sizeof(big))
		return error_set(err, REASON_STORE, "the SCIM file's %s cannot be read", name);
	memcpy(&big, value.p, sizeof(big));
	*out = be64toh(big);
	return 0;
}

static int number_put(struct store_txn *t, const char *name, uint64_t number, struct error *err)
{
	uint64_t big = htobe64(number);

	return store_put(t, DATA_META, slice_c(name), slice_of(&big, sizeof(big)), err);
}

int data_meta_get(struct store_txn *t, const char *name, int64_t *out, struct error *err)
{
	uint64_t number;

	if (number_get(t, name, &number, err) < 0)
		return -1;
	*out = (int64_t)number;
	return 0;
}

int data_meta_put(struct store_txn *t, const char *name, int64_t value, struct error *err)
{
	return number_put(t, name, (uint64_t)value, err);
}

/* 1, 0: there is none, -1. */
static int file_get(struct store_txn *t, unsigned char out[SCIM_ID_SIZE], struct error *err)
{
	struct slice file;
	int found = store_get(t, DATA_META, slice_c("file"), &file, err);

	if (found == 1 && file.n != SCIM_ID_SIZE)
		return error_set(err, REASON_STORE, "the SCIM file does not say which it is");
	if (found == 1)
		memcpy(out, file.p, SCIM_ID_SIZE);
	return found;
}

int data_place(struct store_txn *t, struct data_place *out, struct error *err)
{
	struct data_place place = {.has_former = false};
	struct slice former;
	uint64_t big;
	int found = file_get(t, place.file, err);

	if (found == 0)
		return error_set(err, REASON_STORE, "the SCIM file does not say which it is");
	if (found < 0 || number_get(t, "number", &place.number, err) < 0)
		return -1;
	found = store_get(t, DATA_META, slice_c("former"), &former, err);
	if (found < 0)
		return -1;
	place.has_former = found && former.n == FORMER_SIZE;
	if (place.has_former) {
		memcpy(place.former, former.p, SCIM_ID_SIZE);
		memcpy(&big, former.p + SCIM_ID_SIZE, NUMBER_SIZE);
		place.former_number = be64toh(big);
	}
	*out = place;
	return 0;
}

/* Another file from here on, to who follows: internal.h says why. */
static int name_anew(struct store_txn *t, struct error *err)
{
	unsigned char former[FORMER_SIZE], file[SCIM_ID_SIZE];
	uint64_t number, big;
	int found = file_get(t, former, err);

	if (found < 0 || number_get(t, "number", &number, err) < 0)
		return -1;
	big = htobe64(number);
	memcpy(former + SCIM_ID_SIZE, &big, NUMBER_SIZE);
	if (found && store_put(t, DATA_META, slice_c("former"), slice_of(former, sizeof(former)), err) < 0)
		return -1;
	random_bytes(file, sizeof(file));
	return store_put(t, DATA_META, slice_c("file"), slice_of(file, sizeof(file)), err);
}

static int begin_file(struct store *s, struct error *err)
{
	struct store_txn *t;

	if (store_begin_write(s, &t, err) < 0)
		return -1;
	if (name_anew(t, err) < 0) {
		store_abort(t);
		return -1;
	}
	return store_commit(t, err);
}

int data_open(const char *path, enum store_use use, struct store **out, struct error *err)
{
	const struct store_options options = {
		.path = path, .use = use, .schema = SCIM_SCHEMA, .map_size = MAP_SIZE, .tables = data_tables,
		.cure = "it belongs to another version of this program, which alone can read it",
	};
	struct store *s;

	if (store_open(&options, &s, err) < 0)
		return -1;
	if (use == STORE_WRITE && begin_file(s, err) < 0) {
		store_close(s);
		return -1;
	}
	*out = s;
	return 0;
}

/* ---- what changed ---- */

static int data_touch(struct store_txn *t, enum resource kind, const struct id *id, struct error *err)
{
	struct tagged who = tag(kind, id);
	struct slice before, nothing = {NULL, 0};
	char old[NUMBER_SIZE];
	uint64_t number, big;
	int found = store_get(t, DATA_CHANGED, tagged_slice(&who), &before, err);

	if (found < 0 || number_get(t, "number", &number, err) < 0)
		return -1;
	if (found && before.n == NUMBER_SIZE) {
		memcpy(old, before.p, NUMBER_SIZE);
		if (store_delete(t, DATA_LOG, slice_of(old, NUMBER_SIZE), nothing, err) < 0)
			return -1;
	}
	big = htobe64(number + 1);
	if (store_put(t, DATA_LOG, slice_of(&big, sizeof(big)), tagged_slice(&who), err) < 0 ||
		store_put(t, DATA_CHANGED, tagged_slice(&who), slice_of(&big, sizeof(big)), err) < 0 ||
		number_put(t, "number", number + 1, err) < 0)
		return -1;
	return data_meta_put(t, DATA_CHANGED_AT, clock_now(), err);
}

/* ---- records ---- */

static int table_of(enum resource kind)
{
	return kind == RESOURCE_USER ? DATA_USERS : DATA_GROUPS;
}

static int record_read(struct slice bytes, json_t **out, struct error *err)
{
	json_error_t why;
	json_t *value = json_loadb(bytes.p, bytes.n, 0, &why);

	if (!json_is_object(value)) {
		json_decref(value);
		return error_set(err, REASON_STORE, "a record of the SCIM file cannot be read: %s", why.text);
	}
	*out = value;
	return 1;
}

int data_record(struct slice key, struct slice value, struct id *id, json_t **out, struct error *err)
{
	if (key.n != SCIM_ID_SIZE)
		return 0;
	memcpy(id->bytes, key.p, SCIM_ID_SIZE);
	return record_read(value, out, err);
}

int data_get(struct store_txn *t, enum resource kind, const struct id *id, json_t **out, struct error *err)
{
	struct slice bytes;
	int found = store_get(t, table_of(kind), id_slice(id), &bytes, err);

	return found <= 0 ? found : record_read(bytes, out, err);
}

int data_put(struct store_txn *t, enum resource kind, const struct id *id, const json_t *resource, struct error *err)
{
	char *text = json_dumps(resource, JSON_COMPACT);
	int rc;

	if (!text)
		abort();
	rc = store_put(t, table_of(kind), id_slice(id), slice_c(text), err);
	free(text);
	return rc < 0 ? -1 : data_touch(t, kind, id, err);
}

int data_delete(struct store_txn *t, enum resource kind, const struct id *id, struct error *err)
{
	if (store_delete(t, table_of(kind), id_slice(id), (struct slice){NULL, 0}, err) < 0)
		return -1;
	return data_touch(t, kind, id, err);
}

/* ---- the index ---- */

struct index_key {
	char bytes[1 + SCIM_NAME_MAX + 1];
	size_t n;
};

/* False: nothing that long is in the index. */
static bool index_key(enum data_key key, const char *value, struct index_key *out)
{
	size_t n = strlen(value);

	if (!n || n > SCIM_NAME_MAX)
		return false;
	out->bytes[0] = (char)key;
	memcpy(out->bytes + 1, value, n + 1);
	fold_text(out->bytes + 1);
	out->n = n + 1;
	return true;
}

int data_index(struct store_txn *t, enum data_key key, const char *before, const char *after, const struct id *id, struct error *err)
{
	struct index_key k;

	if (before && after && text_same(before, after))
		return 0;
	if (before && index_key(key, before, &k) && store_delete(t, DATA_INDEX, slice_of(k.bytes, k.n), id_slice(id), err) < 0)
		return -1;
	return after && index_key(key, after, &k) ? store_add(t, DATA_INDEX, slice_of(k.bytes, k.n), id_slice(id), err) : 0;
}

struct finding {
	struct arena *arena;
	struct id *list;
	size_t n, most;
};

static int take_id(struct slice value, void *context)
{
	struct finding *f = context;

	if (value.n != SCIM_ID_SIZE)
		return 0;
	f->list = arena_grow(f->arena, f->list, f->n, sizeof(*f->list));
	memcpy(f->list[f->n++].bytes, value.p, SCIM_ID_SIZE);
	return f->n == f->most;
}

int data_find_all(struct arena *a, struct store_txn *t, enum data_key key, const char *value, size_t most, struct id **out, size_t *n_out,
	struct error *err)
{
	struct finding f = {.arena = a, .most = most};
	struct index_key k;

	if (index_key(key, value, &k) && store_each_value(t, DATA_INDEX, slice_of(k.bytes, k.n), take_id, &f, err) < 0)
		return -1;
	*out = f.list;
	*n_out = f.n;
	return 0;
}

int data_find(struct store_txn *t, enum data_key key, const char *value, struct id *out, struct error *err)
{
	struct index_key k;
	struct slice found;
	int rc;

	if (!index_key(key, value, &k))
		return 0;
	rc = store_get(t, DATA_INDEX, slice_of(k.bytes, k.n), &found, err);
	if (rc == 1 && found.n == SCIM_ID_SIZE)
		memcpy(out->bytes, found.p, SCIM_ID_SIZE);
	return rc;
}

/* ---- members ---- */

struct gathering_members {
	struct arena *arena;
	struct data_member *list;
	size_t n;
};

static int take_member(struct slice value, void *context)
{
	struct gathering_members *g = context;

	if (value.n != TAGGED_SIZE)
		return 0;
	g->list = arena_grow(g->arena, g->list, g->n, sizeof(*g->list));
	g->list[g->n].kind = value.p[0] == 'U' ? RESOURCE_USER : RESOURCE_GROUP;
	memcpy(g->list[g->n++].id.bytes, value.p + 1, SCIM_ID_SIZE);
	return 0;
}

int data_members(struct arena *a, struct store_txn *t, const struct id *group, struct data_member **out, size_t *n_out, struct error *err)
{
	struct gathering_members g = {.arena = a};

	if (store_each_value(t, DATA_MEMBERS, id_slice(group), take_member, &g, err) < 0)
		return -1;
	*out = g.list;
	*n_out = g.n;
	return 0;
}

int data_member_add(struct store_txn *t, const struct id *group, const struct data_member *m, struct error *err)
{
	struct tagged who = tag(m->kind, &m->id);
	int was = store_delete(t, DATA_MEMBERS, id_slice(group), tagged_slice(&who), err);

	if (was < 0 || store_add(t, DATA_MEMBERS, id_slice(group), tagged_slice(&who), err) < 0 ||
		store_add(t, DATA_MEMBER_OF, tagged_slice(&who), id_slice(group), err) < 0)
		return -1;
	return was == 0;
}

int data_member_remove(struct store_txn *t, const struct id *group, const struct data_member *m, struct error *err)
{
	struct tagged who = tag(m->kind, &m->id);
	int removed = store_delete(t, DATA_MEMBERS, id_slice(group), tagged_slice(&who), err);

	if (removed < 0 || store_delete(t, DATA_MEMBER_OF, tagged_slice(&who), id_slice(group), err) < 0)
		return -1;
	return removed;
}

/* A group whose members changed is another version of it. */
static int step_on(struct store_txn *t, const struct id *group, struct error *err)
{
	json_t *kept;
	int rc, found = data_get(t, RESOURCE_GROUP, group, &kept, err);

	if (found <= 0)
		return found;
	stamp(kept, kept);
	rc = data_put(t, RESOURCE_GROUP, group, kept, err);
	json_decref(kept);
	return rc;
}

int data_leave_groups(struct arena *a, struct store_txn *t, const struct data_member *m, struct error *err)
{
	struct tagged who = tag(m->kind, &m->id);
	struct finding f = {.arena = a, .most = SIZE_MAX};

	if (store_each_value(t, DATA_MEMBER_OF, tagged_slice(&who), take_id, &f, err) < 0)
		return -1;
	for (size_t i = 0; i < f.n; i++)
		if (data_member_remove(t, &f.list[i], m, err) < 0 || step_on(t, &f.list[i], err) < 0)
			return -1;
	return 0;
}
