/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A person's groups: breadth first from the person upwards, so that the
 * nearest come first and each is reached by a shortest way.
 *
 * A group is visited once, so cycles end.  Who is in more groups, or nested
 * deeper, than the limits is refused: a list cut short could hide the group
 * that a rule denies by.
 */
#include "ldap/reader.h"

#define GROUPS_MAX 5000
#define LEVELS_MAX 64

struct walk {
	struct reading *reading;
	const struct directory_options *directory;
	struct mirror_group *groups;
	struct step {
		struct slice parents;
		int level;
	} *steps;                       /* as long as groups; parents lie in the transaction */
	size_t n;
	node_id *visited;               /* open addressing, at most half full */
	size_t capacity;
	int from;                       /* group whose parents are being added; -1: the person */
	struct error *err;
};

static node_id *place(node_id *visited, size_t capacity, node_id id)
{
	size_t i = (id * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (capacity - 1);

	while (visited[i] && visited[i] != id)
		i = (i + 1) & (capacity - 1);
	return &visited[i];
}

static void grow_visited(struct walk *w)
{
	size_t capacity = w->capacity ? w->capacity * 4 : 128;
	node_id *bigger = arena_alloc(w->reading->arena, capacity * sizeof(*bigger));

	for (size_t i = 0; i < w->capacity; i++)
		if (w->visited[i])
			*place(bigger, capacity, w->visited[i]) = w->visited[i];
	w->visited = bigger;
	w->capacity = capacity;
}

/* False: seen before. */
static bool visit(struct walk *w, node_id id)
{
	node_id *p;

	if ((w->n + 1) * 2 > w->capacity)
		grow_visited(w);
	p = place(w->visited, w->capacity, id);
	if (*p)
		return false;
	*p = id;
	return true;
}

static int row_of(struct reading *r, node_id id, struct row *out, struct error *err)
{
	struct id_key k = key_id(id);
	struct slice s;
	int found = store_get(r->txn, TABLE_ROW, id_slice(&k), &s, err);

	return found <= 0 ? found : row_read(s, out, err) < 0 ? -1 : 1;
}

static int add_group(struct walk *w, node_id id)
{
	struct arena *a = w->reading->arena;
	struct mirror_group *g;
	struct record r;
	struct row row;
	int found = row_of(w->reading, id, &row, w->err);

	if (found <= 0 || row.record.n == 0)
		return found < 0 ? -1 : 0;
	if (record_read_head(arena_slice(a, row.record), &r, w->err) < 0)
		return -1;
	w->groups = arena_grow(a, w->groups, w->n, sizeof(*w->groups));
	w->steps = arena_grow(a, w->steps, w->n, sizeof(*w->steps));
	w->steps[w->n] = (struct step){row.parents, w->from < 0 ? 1 : w->steps[w->from].level + 1};
	g = &w->groups[w->n++];
	g->directory = w->directory->name;
	g->dn = r.dn;
	g->dn_key = r.dn_key;
	g->cn = r.name;
	g->cn_shared = !r.name || !row.only_name;
	g->through = w->from;
	if (w->n > GROUPS_MAX || w->steps[w->n - 1].level > LEVELS_MAX)
		return error_set(w->err, REASON_TOO_MANY_GROUPS,
			"in more than %d groups, or nested deeper than %d levels (at %s)",
			GROUPS_MAX, LEVELS_MAX, r.dn);
	return 0;
}

static int add_parents(struct walk *w, struct slice parents)
{
	for (size_t i = 0; i < parents.n; i += NODE_SIZE) {
		node_id id = node_read(slice_of(parents.p + i, NODE_SIZE));

		if (id && visit(w, id) && add_group(w, id) < 0)
			return -1;
	}
	return 0;
}

int walk_groups(struct reading *r, const struct directory_options *d, node_id person, const struct mirror_group **out,
	size_t *n_out, struct error *err)
{
	struct walk w = {.reading = r, .directory = d, .from = -1, .err = err};
	char primary[NODE_SIZE];
	struct row row;
	node_id id;
	int found = row_of(r, person, &row, err);

	if (found < 0 || (found && add_parents(&w, row.parents) < 0) || account_primary_group(r, d, person, &id, err) < 0)
		return -1;
	node_write(primary, id);
	if (add_parents(&w, slice_of(primary, NODE_SIZE)) < 0)
		return -1;
	for (size_t i = 0; i < w.n; i++) {
		w.from = (int)i;
		if (add_parents(&w, w.steps[i].parents) < 0)
			return -1;
	}
	*out = w.groups;
	*n_out = w.n;
	return 0;
}
