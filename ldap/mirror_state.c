/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a directory stands in the mirror, and what of it is held. */
#include "ldap/reader.h"

static int removal_read(struct store_txn *t, const char *directory, enum mirror_kind kind, struct mirror_removal *out,
	struct slice *uuids, struct error *err)
{
	struct key k = key_removal(directory, kind, REMOVAL_PENDING);
	struct removal_head head;
	struct slice bytes;
	int found = store_get(t, TABLE_META, key_slice(&k), &bytes, err);

	*out = (struct mirror_removal){0};
	*uuids = (struct slice){"", 0};
	if (found <= 0)
		return found;
	if (bytes.n < sizeof(head) || (bytes.n - sizeof(head)) % UUID_SIZE)
		return error_set(err, REASON_STORE, "what is held of directory \"%s\" cannot be read", directory);
	memcpy(&head, bytes.p, sizeof(head));
	*uuids = slice_of(bytes.p + sizeof(head), bytes.n - sizeof(head));
	*out = (struct mirror_removal){uuids->n / UUID_SIZE, (size_t)head.known, head.since};
	return 0;
}

static int read_state(struct arena *a, struct store_txn *t, const char *directory, struct mirror_state *out, struct error *err)
{
	struct mirror_state s = {0};
	struct state state;
	struct about about;
	struct slice uuids;

	if (state_read(t, directory, &state, err) < 0 || about_read(t, directory, &about, err) < 0 ||
		removal_read(t, directory, MIRROR_PEOPLE, &s.people_held, &uuids, err) < 0 ||
		removal_read(t, directory, MIRROR_GROUPS, &s.groups_held, &uuids, err) < 0)
		return -1;
	s.filled = (state.whole & STATE_WHOLE) == STATE_WHOLE;
	s.connected = state.connected;
	s.as_of = state.as_of;
	s.changed = about.changed;
	s.people = state.count[MIRROR_PEOPLE];
	s.groups = state.count[MIRROR_GROUPS];
	s.server = *about.server ? arena_strdup(a, about.server) : NULL;
	s.rules_error = *state.rules_error ? arena_strdup(a, state.rules_error) : NULL;
	s.error = *state.error ? arena_strdup(a, state.error) : NULL;
	*out = s;
	return 0;
}

int mirror_state(struct arena *a, struct mirror *m, const char *directory, struct mirror_state *out, struct error *err)
{
	struct store_txn *t;
	int rc;

	if (store_begin_read(m->store, &t, err) < 0)
		return -1;
	rc = read_state(a, t, directory, out, err);
	store_abort(t);
	return rc;
}

/* ---- what is held ---- */

struct names {
	struct arena *arena;
	const char **list;
	size_t n, most;
};

/* An entry may have gone meanwhile. */
static int add_name(struct store_txn *t, const struct key *uuid, enum mirror_kind kind, struct names *names, struct error *err)
{
	struct slice bytes;
	struct id_key id;
	struct record r;
	struct row row;
	int found = store_get(t, TABLE_UUID, key_slice(uuid), &bytes, err);

	if (found <= 0)
		return found;
	id = key_id(node_read(bytes));
	found = store_get(t, kind == MIRROR_PEOPLE ? TABLE_PERSON : TABLE_ROW, id_slice(&id), &bytes, err);
	if (found <= 0)
		return found;
	if (kind == MIRROR_GROUPS) {
		if (row_read(bytes, &row, err) < 0)
			return -1;
		bytes = row.record;
	}
	bytes = arena_slice(names->arena, bytes);
	if (record_read_head(bytes, &r, err) < 0)
		return -1;
	names->list[names->n++] = r.dn;
	return 0;
}

static int add_names(struct store_txn *t, const char *directory, enum mirror_kind kind, struct names *names, struct error *err)
{
	struct mirror_removal removal;
	struct slice uuids;

	if (removal_read(t, directory, kind, &removal, &uuids, err) < 0)
		return -1;
	for (size_t i = 0; i < removal.n && names->n < names->most; i++) {
		struct key k = key_uuid(directory, kind, (const unsigned char *)uuids.p + i * UUID_SIZE);

		if (add_name(t, &k, kind, names, err) < 0)
			return -1;
	}
	return 0;
}

int mirror_held(struct arena *a, struct mirror *m, const char *directory, size_t most, const char *const **out, size_t *n_out,
	struct error *err)
{
	struct names names = {a, arena_alloc(a, (most + 1) * sizeof(*names.list)), 0, most};
	struct store_txn *t;
	int rc = 0;

	if (store_begin_read(m->store, &t, err) < 0)
		return -1;
	for (int kind = 0; kind < MIRROR_KINDS && rc == 0; kind++)
		rc = add_names(t, directory, (enum mirror_kind)kind, &names, err);
	store_abort(t);
	if (rc < 0)
		return -1;
	*out = names.list;
	*n_out = names.n;
	return 0;
}

/* The value is copied: LMDB moves what it was read from. */
static int accept_kind(struct store_txn *t, const char *directory, enum mirror_kind kind, struct mirror_removal *out,
	struct error *err)
{
	struct key accepted = key_removal(directory, kind, REMOVAL_ACCEPTED);
	struct slice uuids;
	char *copy;
	int rc;

	if (removal_read(t, directory, kind, out, &uuids, err) < 0)
		return -1;
	if (out->n == 0)
		return 0;
	copy = malloc(uuids.n + 1);
	if (!copy)
		abort();
	memcpy(copy, uuids.p, uuids.n);
	rc = store_put(t, TABLE_META, key_slice(&accepted), slice_of(copy, uuids.n), err);
	free(copy);
	return rc;
}

int mirror_accept(const char *path, const char *directory, struct mirror_removal *people, struct mirror_removal *groups,
	struct error *err)
{
	const struct store_options options = {.path = path, .use = STORE_WRITE, .schema = MIRROR_SCHEMA, .tables = mirror_tables};
	struct store_txn *t = NULL;
	struct store *store;
	int rc = -1;

	if (store_open(&options, &store, err) < 0)
		return -1;
	if (store_begin_write(store, &t, err) < 0)
		goto out;
	if (accept_kind(t, directory, MIRROR_PEOPLE, people, err) < 0 || accept_kind(t, directory, MIRROR_GROUPS, groups, err) < 0) {
		store_abort(t);
		goto out;
	}
	rc = store_commit(t, err);
out:
	store_close(store);
	return rc;
}
