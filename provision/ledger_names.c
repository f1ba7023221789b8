/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the ledger keeps under the name of a connection, when the settings call it otherwise, or not at all any more. */
#include "provision/ledger_record.h"

#include "base/text.h"

/* ---- who is meant by nobody ---- */

static bool is_target(const struct target *targets, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(targets[i].name, name) == 0)
			return true;
	return false;
}

/* Accounts that Postern has switched off itself need nobody who answers for them. */
const char *ledger_orphan(const struct ledger_view *view, const struct target *targets, size_t target_count, size_t *accounts_out)
{
	const char *name = NULL;
	size_t n = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct ledger_person *p = &view->people[i];

		if (p->ended || (name ? strcmp(p->target, name) != 0 : is_target(targets, target_count, p->target)))
			continue;
		name = p->target;
		n++;
	}
	*accounts_out = n;
	return name;
}

/* ---- moving and dropping ---- */

struct record {
	struct slice key, value;
};

struct gathered {
	struct arena *arena;
	struct record *list;
	size_t n;
};

static int gather_one(struct slice key, struct slice value, void *context)
{
	struct gathered *g = context;

	g->list = arena_grow(g->arena, g->list, g->n, sizeof(*g->list));
	g->list[g->n++] = (struct record){arena_slice(g->arena, key), arena_slice(g->arena, value)};
	return 0;
}

/* Of each table the part of its keys that stands before the name. */
static const struct {
	int table;
	const char *before;
} parts[] = {{LEDGER_PEOPLE, ""}, {LEDGER_GROUPS, ""}, {LEDGER_MAILS, ""}, {LEDGER_RUN, LEDGER_LOSS}, {LEDGER_RUN, LEDGER_OWED},
	{LEDGER_RUN, LEDGER_UNLINKED}, {LEDGER_RUN, LEDGER_DESK}};
#define PARTS (sizeof(parts) / sizeof(*parts))

/* With its NUL: "help" is not "helpdesk". */
static struct slice prefix_of(struct arena *a, const char *before, const char *name)
{
	struct text t;

	text_begin(&t, a, 64);
	text_add_c(&t, before);
	text_add(&t, slice_of(name, strlen(name) + 1));
	return text_slice(&t);
}

static int gather(struct arena *a, struct store_txn *t, size_t part, const char *name, struct gathered *out, struct error *err)
{
	*out = (struct gathered){.arena = a};
	return store_each(t, parts[part].table, prefix_of(a, parts[part].before, name), gather_one, out, err);
}

/* `to` NULL: it is gone. */
static int move_part(struct arena *a, struct store_txn *t, size_t part, const char *from, const char *to, size_t *n_out, struct error *err)
{
	struct slice old = prefix_of(a, parts[part].before, from);
	struct gathered g;

	if (gather(a, t, part, from, &g, err) < 0)
		return -1;
	for (size_t i = 0; i < g.n; i++) {
		struct record *p = &g.list[i];
		struct text key;

		if (store_delete(t, parts[part].table, p->key, (struct slice){NULL, 0}, err) < 0)
			return -1;
		if (!to)
			continue;
		text_begin(&key, a, p->key.n + 64);
		text_add(&key, prefix_of(a, parts[part].before, to));
		text_add(&key, slice_of(p->key.p + old.n, p->key.n - old.n));
		if (key.n > STORE_KEY_MAX)
			return error_set(err, REASON_STORE, "%.200s is too long a name for what the ledger keeps", to);
		if (store_put(t, parts[part].table, text_slice(&key), p->value, err) < 0)
			return -1;
	}
	*n_out = g.n;
	return 0;
}

static int require_nothing(struct arena *a, struct store_txn *t, const char *name, struct error *err)
{
	struct gathered g;

	for (size_t i = 0; i < PARTS; i++) {
		if (gather(a, t, i, name, &g, err) < 0)
			return -1;
		if (g.n > 0)
			return error_set(err, REASON_SETTINGS, "the ledger has accounts, groups or mails of %.200s already", name);
	}
	return 0;
}

static int move_all(struct arena *a, struct store_txn *t, const char *from, const char *to, size_t *accounts_out, struct error *err)
{
	size_t all = 0, n;

	if (to && require_nothing(a, t, to, err) < 0)
		return -1;
	for (size_t i = 0; i < PARTS; i++) {
		if (move_part(a, t, i, from, to, &n, err) < 0)
			return -1;
		all += n;
		if (parts[i].table == LEDGER_PEOPLE)
			*accounts_out = n;
	}
	return all > 0 ? 0 : error_set(err, REASON_SETTINGS, "the ledger has nothing of %.200s", from);
}

static int change(struct ledger *l, const char *from, const char *to, size_t *accounts_out, struct error *err)
{
	struct arena *a;
	struct store_txn *t;
	int rc;

	if (!*from || (to && (!*to || strlen(to) > LEDGER_KEY_MAX || strcmp(from, to) == 0)))
		return error_set(err, REASON_SETTINGS, "two names of connections that differ are needed");
	if (store_begin_write(l->store, &t, err) < 0)
		return -1;
	a = arena_new();
	rc = move_all(a, t, from, to, accounts_out, err);
	if (rc < 0)
		store_abort(t);
	else
		rc = store_commit(t, err);
	arena_free(a);
	return rc;
}

int ledger_rename(struct ledger *l, const char *from, const char *to, size_t *accounts_out, struct error *err)
{
	return change(l, from, to, accounts_out, err);
}

int ledger_forget(struct ledger *l, const char *name, size_t *accounts_out, struct error *err)
{
	return change(l, name, NULL, accounts_out, err);
}
