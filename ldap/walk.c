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
		node_id id;
		int level;
	} *steps;                       /* as long as groups */
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

static int add_group(struct walk *w, node_id id)
{
	struct arena *a = w->reading->arena;
	struct mirror_group *g;
	struct slice bytes;
	struct record r;
	int found = read_record(w->reading, MIRROR_GROUPS, id, &bytes, w->err);

	if (found <= 0)
		return found;
	if (record_read_head(bytes, &r, w->err) < 0)
		return -1;
	w->groups = arena_grow(a, w->groups, w->n, sizeof(*w->groups));
	w->steps = arena_grow(a, w->steps, w->n, sizeof(*w->steps));
	w->steps[w->n] = (struct step){id, w->from < 0 ? 1 : w->steps[w->from].level + 1};
	g = &w->groups[w->n++];
	g->directory = w->directory->name;
	g->dn = r.dn;
	g->dn_key = r.dn_key;
	g->cn = r.name;
	g->through = w->from;
	if (w->n > GROUPS_MAX || w->steps[w->n - 1].level > LEVELS_MAX)
		return error_set(w->err, REASON_TOO_MANY_GROUPS, "in more than %d groups, or nested deeper than %d levels (at %s)",
			GROUPS_MAX, LEVELS_MAX, r.dn);
	return 0;
}

static int add_parent(struct slice value, void *context)
{
	struct walk *w = context;
	node_id id = node_read(value);

	return id && visit(w, id) ? add_group(w, id) : 0;
}

static int add_parents(struct walk *w, node_id of)
{
	char key[NODE_SIZE];

	node_write(key, of);
	return store_each_value(w->reading->txn, TABLE_PARENT, slice_of(key, NODE_SIZE), add_parent, w, w->err);
}

int walk_groups(struct reading *r, const struct directory_options *d, node_id person, const struct mirror_group **out,
	size_t *n_out, struct error *err)
{
	struct walk w = {.reading = r, .directory = d, .from = -1, .err = err};

	if (add_parents(&w, person) < 0)
		return -1;
	for (size_t i = 0; i < w.n; i++) {
		w.from = (int)i;
		if (add_parents(&w, w.steps[i].id) < 0)
			return -1;
	}
	*out = w.groups;
	*n_out = w.n;
	return 0;
}
