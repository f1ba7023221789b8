/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Transactions, cookies and state of the writing side; entries are put in mirror_entry.c. */
#include "ldap/writer.h"

#include "base/clock.h"
#include "base/log.h"

#define FORGET_AT_ONCE 256

struct forget {
	size_t prefix;
	bool keep_groups;               /* names of groups stay */
	struct key keys[FORGET_AT_ONCE];
	size_t n;
};

static int take_key(struct slice key, struct slice value, void *context)
{
	struct forget *f = context;
	struct key *last = f->n ? &f->keys[f->n - 1] : NULL;

	(void)value;
	if ((last && slice_equal(key_slice(last), key)) || (f->keep_groups && key.n > f->prefix && key.p[f->prefix] == ' '))
		return 0;
	if (f->n == FORGET_AT_ONCE)
		return 1;
	f->keys[f->n].n = key.n;
	memcpy(f->keys[f->n++].bytes, key.p, key.n);
	return 0;
}

/*
 * Which attributes find people, and whether with case, comes from the
 * settings: what was indexed under other ones would find people by values
 * that they no longer have.
 */
static int forget_index(struct mirror_writer *w, bool keep_groups, struct error *err)
{
	struct key prefix = key_indexes(w->directory->name);
	struct forget *f = arena_alloc(w->arena, sizeof(*f));

	f->prefix = prefix.n;
	f->keep_groups = keep_groups;
	do {
		f->n = 0;
		if (store_each(w->txn, TABLE_INDEX, key_slice(&prefix), take_key, f, err) < 0)
			return -1;
		for (size_t i = 0; i < f->n; i++)
			if (store_delete(w->txn, TABLE_INDEX, key_slice(&f->keys[i]), (struct slice){NULL, 0}, err) < 0)
				return -1;
	} while (f->n);
	return 0;
}

/* Other rules are read over what is there, which stays until then. */
static int fit_rules(struct mirror_writer *w, struct error *err)
{
	uint64_t fingerprint = rules_fingerprint(w->directory);

	memset(w->state.rules_error, 0, sizeof(w->state.rules_error));
	if (w->state.rules_fingerprint == fingerprint)
		return 0;
	w->state.rules_fingerprint = fingerprint;
	w->state.whole &= ~(1u << MIRROR_RULES | STATE_MARKS);
	if (w->directory->group_attributes && mirror_writer_set_cookie(w, MIRROR_GROUPS, (struct slice){NULL, 0}, err) < 0)
		return -1;
	return mirror_writer_set_cookie(w, MIRROR_RULES, (struct slice){NULL, 0}, err);
}

/* Groups hold nothing but their name and members: a new attribute of people leaves them as they are. */
static int begin_anew(struct mirror_writer *w, bool keep_groups, struct error *err)
{
	w->state.whole &= 1u << MIRROR_RULES | (keep_groups ? 1u << MIRROR_GROUPS | STATE_MARKS : 0);
	if (w->state.fingerprint)
		w->state.whole |= STATE_UNINDEXED;
	if (forget_index(w, keep_groups, err) < 0 || mirror_writer_set_cookie(w, MIRROR_PEOPLE, (struct slice){NULL, 0}, err) < 0)
		return -1;
	return keep_groups ? 0 : mirror_writer_set_cookie(w, MIRROR_GROUPS, (struct slice){NULL, 0}, err);
}

static int fit_settings(struct mirror_writer *w, struct error *err)
{
	uint64_t fingerprint = settings_fingerprint(w->directory), of_groups = groups_fingerprint(w->directory);

	if (state_read(w->txn, w->directory->name, &w->state, err) < 0 || about_read(w->txn, w->directory->name, &w->about, err) < 0)
		return -1;
	w->state.connected = 0;
	if (fit_rules(w, err) < 0)
		return -1;
	if (w->state.fingerprint == fingerprint)
		return 0;
	if (w->state.fingerprint)
		log_info("the directory's settings changed: it is read anew", "directory", w->directory->name, NULL);
	if (begin_anew(w, w->about.groups_fingerprint == of_groups, err) < 0)
		return -1;
	w->state.fingerprint = fingerprint;
	w->about.groups_fingerprint = of_groups;
	return 0;
}

static int read_meta(struct mirror_writer *w, struct error *err)
{
	struct slice s;
	int found;

	for (int kind = 0; kind < MIRROR_KINDS; kind++) {
		struct key k = key_cookie(w->directory->name, (enum mirror_kind)kind);

		found = store_get(w->txn, TABLE_META, key_slice(&k), &s, err);
		if (found < 0)
			return -1;
		if (found)
			cookie_keep(&w->cookies[kind], s);
	}
	return fit_settings(w, err);
}

void cookie_keep(struct slice *kept, struct slice cookie)
{
	char *copy = NULL;

	if (cookie.p) {
		copy = malloc(cookie.n + 1);
		if (!copy)
			abort();
		memcpy(copy, cookie.p, cookie.n);
	}
	free((char *)kept->p);
	*kept = slice_of(copy, copy ? cookie.n : 0);
}

static int require_names(const struct directory_options *d, struct error *err)
{
	if (!*d->name || strlen(d->name) > DIRECTORY_NAME_MAX)
		return error_set(err, REASON_SETTINGS, "the name of a directory has 1 to %d bytes", DIRECTORY_NAME_MAX);
	for (size_t i = 0; i < d->join_count; i++)
		if (strlen(d->joins[i].attribute) > ATTRIBUTE_NAME_MAX)
			return error_set(err, REASON_SETTINGS, "directory %s: the name of a join's attribute is too long",
				d->name);
	if (strlen(d->mail_attribute) > ATTRIBUTE_NAME_MAX)
		return error_set(err, REASON_SETTINGS, "directory %s: the name of the mail attribute is too long", d->name);
	return 0;
}

int mirror_writer_open(const char *path, const struct directory_options *directory, struct mirror_writer **out,
	struct error *err)
{
	const struct store_options options = {.path = path, .use = STORE_WRITE, .schema = MIRROR_SCHEMA, .derived = true,
		.tables = mirror_tables};
	struct mirror_writer *w = NULL;

	if (require_names(directory, err) < 0)
		return -1;
	w = calloc(1, sizeof(*w));
	if (!w)
		abort();
	w->directory = directory;
	w->arena = arena_new();
	w->settings = arena_new();
	w->indexed = indexed_attributes(w->settings, directory);
	w->kept = kept_attributes(w->settings, directory);
	if (store_open(&options, &w->store, err) < 0 || writer_begin(w, err) < 0 || read_meta(w, err) < 0 ||
		mirror_writer_commit(w, err) < 0) {
		mirror_writer_close(w);
		return -1;
	}
	*out = w;
	return 0;
}

void mirror_writer_close(struct mirror_writer *w)
{
	if (!w)
		return;
	store_abort(w->txn);
	store_close(w->store);
	for (int kind = 0; kind < MIRROR_KINDS; kind++) {
		mirror_writer_refresh_drop(w, (enum mirror_kind)kind);
		free((char *)w->cookies[kind].p);
	}
	edges_free(w);
	free(w->row);
	arena_free(w->arena);
	arena_free(w->settings);
	free(w);
}

int writer_begin(struct mirror_writer *w, struct error *err)
{
	struct slice s;
	int found;

	if (w->txn)
		return 0;
	if (store_begin_write(w->store, &w->txn, err) < 0)
		return -1;
	found = store_get(w->txn, TABLE_META, slice_c("next"), &s, err);
	if (found < 0)
		return -1;
	w->next = found ? node_read(s) : 1;
	return w->next ? 0 : error_set(err, REASON_STORE, "the mirror's counter of nodes cannot be read");
}

struct slice mirror_writer_cookie(const struct mirror_writer *w, enum mirror_kind kind)
{
	return w->cookies[kind];
}

int mirror_writer_set_cookie(struct mirror_writer *w, enum mirror_kind kind, struct slice cookie, struct error *err)
{
	struct key k = key_cookie(w->directory->name, kind);

	if (w->cookies[kind].p && cookie.p && slice_equal(w->cookies[kind], cookie))
		return 0;
	if (writer_begin(w, err) < 0)
		return -1;
	cookie_keep(&w->cookies[kind], cookie);
	if (cookie.p)
		return store_put(w->txn, TABLE_META, key_slice(&k), cookie, err);
	return store_delete(w->txn, TABLE_META, key_slice(&k), cookie, err) < 0 ? -1 : 0;
}

void mirror_writer_whole(struct mirror_writer *w, enum mirror_kind kind)
{
	uint32_t whole = 1u << kind | (kind == MIRROR_GROUPS ? STATE_MARKS : 0);

	if ((w->state.whole & whole) == whole && (kind != MIRROR_RULES || !*w->state.rules_error))
		return;
	w->state.whole |= whole;
	if (kind == MIRROR_RULES)
		memset(w->state.rules_error, 0, sizeof(w->state.rules_error));
	w->changed = true;
	w->stated = true;
}

void mirror_writer_heard(struct mirror_writer *w, int64_t as_of)
{
	w->state.connected = 1;
	w->state.as_of = as_of;
	memset(w->state.error, 0, sizeof(w->state.error));
	w->stated = true;
}

void mirror_writer_server(struct mirror_writer *w, const char *uri)
{
	memset(w->about.server, 0, sizeof(w->about.server));
	snprintf(w->about.server, sizeof(w->about.server), "%s", uri);
	w->stated = true;
}

void mirror_writer_lost(struct mirror_writer *w, const char *error)
{
	w->state.connected = 0;
	memset(w->state.error, 0, sizeof(w->state.error));
	if (error)
		snprintf(w->state.error, sizeof(w->state.error), "%s", error);
	w->stated = true;
}

const char *mirror_writer_error(const struct mirror_writer *w)
{
	return w->state.error;
}

void mirror_writer_no_rules(struct mirror_writer *w, const char *error)
{
	memset(w->state.rules_error, 0, sizeof(w->state.rules_error));
	snprintf(w->state.rules_error, sizeof(w->state.rules_error), "%s", error);
	w->changed = true;
	w->stated = true;
}

bool mirror_writer_pending(const struct mirror_writer *w)
{
	return w->txn || w->stated;
}

int mirror_writer_commit(struct mirror_writer *w, struct error *err)
{
	char next[NODE_SIZE];
	struct store_txn *t;

	if (writer_begin(w, err) < 0 || edges_write(w, err) < 0)
		return -1;
	if (store_is_replaced(w->store))        /* who starts anew finds the other one */
		return error_set(err, REASON_STORE, "another mirror stands in the place of the one that is written");
	node_write(next, w->next);
	if (w->changed)
		w->about.changed = clock_now();
	if (store_put(w->txn, TABLE_META, slice_c("next"), slice_of(next, NODE_SIZE), err) < 0 ||
		state_write(w->txn, w->directory->name, &w->state, err) < 0 ||
		about_write(w->txn, w->directory->name, &w->about, err) < 0 ||
		(w->changed && store_generation_next(w->txn, err) < 0))
		return -1;
	w->changed = false;
	w->stated = false;
	arena_free(w->arena);
	w->arena = arena_new();
	t = w->txn;
	w->txn = NULL;
	return store_commit(t, err);
}
