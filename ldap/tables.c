/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys, comparison of values, fingerprint and state: see tables.h. */
#include "ldap/ad_values.h"
#include "ldap/tables.h"

#include <openssl/sha.h>

#define TABLES_ROOM 16

const char *const mirror_tables[] = {"node", "uuid", "person#", "index+", "row#", "member#", "meta", "rule#", NULL};

_Static_assert(DIRECTORY_NAME_MAX + ATTRIBUTE_NAME_MAX + INDEX_VALUE_MAX + 3 <= STORE_KEY_MAX, "an index key fits");
_Static_assert(sizeof mirror_tables / sizeof *mirror_tables <= TABLES_ROOM, "the store has room for our tables");

static void key_add(struct key *k, const void *p, size_t n)
{
	memcpy(k->bytes + k->n, p, n);
	k->n += n;
}

static struct key key_begin(const char *directory)
{
	struct key k;

	k.n = 0;
	key_add(&k, directory, strnlen(directory, DIRECTORY_NAME_MAX));
	key_add(&k, "", 1);
	return k;
}

/* A DN key never begins with \1, so a long one cannot be taken for another's hash. */
struct key key_node(const char *directory, const char *dn_key)
{
	struct key k = key_begin(directory);
	size_t n = strlen(dn_key);
	unsigned char hash[SHA256_DIGEST_LENGTH];

	if (k.n + n <= STORE_KEY_MAX) {
		key_add(&k, dn_key, n);
		return k;
	}
	SHA256((const unsigned char *)dn_key, n, hash);
	key_add(&k, "\1", 1);
	key_add(&k, hash, sizeof hash);
	return k;
}

const char *sid_node_name(struct arena *a, const char *sid)
{
	return arena_printf(a, "<sid=%s>", sid);
}

struct key key_uuids(const char *directory, enum mirror_kind kind)
{
	struct key k = key_begin(directory);
	char c = (char)kind;

	key_add(&k, &c, 1);
	return k;
}

struct key key_uuid(const char *directory, enum mirror_kind kind, const unsigned char uuid[UUID_SIZE])
{
	struct key k = key_uuids(directory, kind);

	key_add(&k, uuid, UUID_SIZE);
	return k;
}

struct key key_indexes(const char *directory)
{
	return key_begin(directory);
}

static struct key key_meta(const char *directory, const char *what)
{
	struct key k = key_begin(directory);

	key_add(&k, what, strlen(what));
	return k;
}

struct key key_cookie(const char *directory, enum mirror_kind kind)
{
	struct key k = key_meta(directory, "cookie");
	char c = (char)kind;

	key_add(&k, &c, 1);
	return k;
}

struct key key_removal(const char *directory, enum mirror_kind kind, enum removal_state state)
{
	struct key k = key_meta(directory, state == REMOVAL_PENDING ? "pending" : "accepted");
	char c = (char)kind;

	key_add(&k, &c, 1);
	return k;
}

/* 8-4-4-4-12 hexadecimal digits: Entra's object ids, which people paste in either case. */
static bool is_guid(struct slice s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' : !s.p[i] || !strchr("0123456789abcdefABCDEF", s.p[i]))
			return false;
	}
	return true;
}

/* What people are called by on the command line. */
static const char *user_name_attribute(const struct directory_options *d)
{
	return directory_is_ad(d) ? "samaccountname" : "uid";
}

static bool without_case(const struct directory_options *d, const char *attribute)
{
	if (strcasecmp(attribute, d->mail_attribute) == 0 || strcasecmp(attribute, user_name_attribute(d)) == 0)
		return true;
	for (size_t i = 0; i < d->join_count; i++)
		if (d->joins[i].is_mutable && strcasecmp(attribute, d->joins[i].attribute) == 0)
			return true;
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool key_index(const struct directory_options *d, const char *attribute, struct slice value, struct key *out)
{
	struct key k = key_begin(d->name);
	size_t n = strnlen(attribute, ATTRIBUTE_NAME_MAX);
	char guid[GUID_TEXT_SIZE];
	bool fold;

	if (directory_is_ad(d) && ad_claimed_guid(attribute, value, guid))
		value = slice_c(guid);
	if (value.n == 0 || value.n > INDEX_VALUE_MAX || memchr(value.p, '\0', value.n))
		return false;
	for (size_t i = 0; i < n; i++)
		k.bytes[k.n++] = lower(attribute[i]);
	k.bytes[k.n++] = '\0';
	fold = without_case(d, attribute) || is_guid(value);
	for (size_t i = 0; i < value.n; i++)
		k.bytes[k.n++] = fold ? lower(value.p[i]) : value.p[i];
	*out = k;
	return true;
}

/* No attribute's name begins with a blank, so these keys are apart from those of people. */
bool key_group_name(const char *directory, const char *name, struct key *out)
{
	struct key k = key_begin(directory);
	size_t n = strlen(name);

	if (n == 0 || n > INDEX_VALUE_MAX)
		return false;
	k.bytes[k.n++] = ' ';
	k.bytes[k.n++] = '\0';
	for (size_t i = 0; i < n; i++)
		k.bytes[k.n++] = lower(name[i]);
	*out = k;
	return true;
}

bool value_equal(const struct directory_options *d, const char *attribute, struct slice a, struct slice b)
{
	char guid[GUID_TEXT_SIZE], other[GUID_TEXT_SIZE];

	if (directory_is_ad(d) && ad_claimed_guid(attribute, a, guid) && ad_claimed_guid(attribute, b, other))
		return strcmp(guid, other) == 0;
	if (a.n != b.n)
		return false;
	if (without_case(d, attribute) || (is_guid(a) && is_guid(b))) {
		for (size_t i = 0; i < a.n; i++)
			if (lower(a.p[i]) != lower(b.p[i]))
				return false;
		return true;
	}
	return slice_equal(a, b);
}

char *mirror_lower_case(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s);

	for (char *p = copy; *p; p++)
		*p = lower(*p);
	return copy;
}

static void add_name(const char **list, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], name) == 0)
			return;
	list[(*n)++] = name;
}

const char *const *indexed_attributes(struct arena *a, const struct directory_options *d)
{
	const char **list = arena_alloc(a, (d->join_count + 3) * sizeof *list);
	size_t n = 0;

	for (size_t i = 0; i < d->join_count; i++)
		add_name(list, &n, mirror_lower_case(a, d->joins[i].attribute));
	add_name(list, &n, mirror_lower_case(a, d->mail_attribute));
	add_name(list, &n, user_name_attribute(d));
	return list;
}

#define FNV_BEGIN UINT64_C(0xcbf29ce484222325)
/* What the writing side leaves in the file besides entries: a file of other habits is filled anew. */
#define HABITS "rows know whether their name is the only one"

/* FNV-1a: the administrator's own words need no cryptographic hash, and readers compute it for each look-up. */
static void mix(uint64_t *h, const char *s)
{
	if (!s)
		s = "\1";
	do {
		*h = (*h ^ (unsigned char)lower(*s)) * UINT64_C(0x100000001b3);
	} while (*s++);
}

uint64_t settings_fingerprint(const struct directory_options *d)
{
	uint64_t h = FNV_BEGIN + (uint64_t)d->kind, sum = 0;
	const char *const words[] = {d->people_base, d->people_filter, d->groups_base, d->groups_filter, d->member_attribute,
		d->group_name_attribute, d->mail_attribute, d->disabled_filter_attribute, d->disabled_value,
		d->id_attribute};

	mix(&h, HABITS);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		mix(&h, words[i]);
	for (size_t i = 0; i < d->join_count; i++) {
		mix(&h, d->joins[i].attribute);
		mix(&h, d->joins[i].is_mutable ? "mutable" : "stable");
	}
	/* added up: attributes have no order, and whoever gathered them may have met them in another one */
	for (size_t i = 0; d->attributes && d->attributes[i]; i++) {
		uint64_t one = FNV_BEGIN;

		mix(&one, d->attributes[i]);
		sum += one;
	}
	h ^= sum;
	return h ? h : 1;
}

uint64_t rules_fingerprint(const struct directory_options *d)
{
	uint64_t h = FNV_BEGIN;

	mix(&h, d->rules_base);
	mix(&h, d->rules_filter);
	for (size_t i = 0; d->rules_attributes && d->rules_attributes[i]; i++)
		mix(&h, d->rules_attributes[i]);
	for (size_t i = 0; d->group_attributes && d->group_attributes[i]; i++)
		mix(&h, d->group_attributes[i]);
	return h ? h : 1;
}

uint64_t groups_fingerprint(const struct directory_options *d)
{
	uint64_t h = FNV_BEGIN + (uint64_t)d->kind;

	mix(&h, d->groups_base);
	mix(&h, d->groups_filter);
	mix(&h, d->member_attribute);
	mix(&h, d->group_name_attribute);
	return h ? h : 1;
}

int row_read(struct slice bytes, struct row *out, struct error *err)
{
	uint32_t n;

	if (bytes.n < sizeof(n))
		return error_set(err, REASON_STORE, "a row of the mirror cannot be read");
	memcpy(&n, bytes.p, sizeof(n));
	out->only_name = n & ROW_ONLY_NAME;
	n &= ~ROW_ONLY_NAME;
	if (n > (bytes.n - sizeof(n)) / NODE_SIZE)
		return error_set(err, REASON_STORE, "a row of the mirror cannot be read");
	out->parents = slice_of(bytes.p + sizeof(n), (size_t)n * NODE_SIZE);
	out->record = slice_of(out->parents.p + out->parents.n, bytes.n - sizeof(n) - out->parents.n);
	return 0;
}

int state_read(struct store_txn *t, const char *directory, struct state *out, struct error *err)
{
	struct key k = key_meta(directory, "state");
	struct slice bytes;
	int found = store_get(t, TABLE_META, key_slice(&k), &bytes, err);

	if (found < 0)
		return -1;
	if (found && bytes.n != sizeof *out)
		return error_set(err, REASON_STORE, "the state of directory \"%s\" in the mirror cannot be read", directory);
	*out = (struct state){0};
	if (found)
		memcpy(out, bytes.p, sizeof *out);
	out->error[STATE_ERROR_MAX - 1] = '\0';
	out->rules_error[STATE_ERROR_MAX - 1] = '\0';
	return 0;
}

int state_write(struct store_txn *t, const char *directory, const struct state *state, struct error *err)
{
	struct key k = key_meta(directory, "state");

	return store_put(t, TABLE_META, key_slice(&k), slice_of(state, sizeof *state), err);
}

int about_read(struct store_txn *t, const char *directory, struct about *out, struct error *err)
{
	struct key k = key_meta(directory, "about");
	struct slice bytes;
	int found = store_get(t, TABLE_META, key_slice(&k), &bytes, err);

	if (found < 0)
		return -1;
	*out = (struct about){0};
	if (found && bytes.n == sizeof *out)
		memcpy(out, bytes.p, sizeof *out);
	out->server[SERVER_MAX - 1] = '\0';
	return 0;
}

int about_write(struct store_txn *t, const char *directory, const struct about *about, struct error *err)
{
	struct key k = key_meta(directory, "about");

	return store_put(t, TABLE_META, key_slice(&k), slice_of(about, sizeof *about), err);
}
