/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Edges from members to their groups, on the writing side.
 *
 * They are gathered in memory and written before anybody needs them, at the
 * latest with the commit: sorted by member, so that the rows of a large group,
 * or of many groups with the same members, are each written once and in the
 * order of the file.
 */
#include "ldap/writer.h"

/* 32 MB. */
#define EDGES_MOST ((size_t)1 << 20)

struct edge {
	node_id member, group;
	size_t order;                   /* of two changes to one edge the later one counts */
	enum change change;
};

static int by_member(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

int edge_change(struct mirror_writer *w, node_id member, node_id group, enum change change, struct error *err)
{
	struct edges *e = &w->edges;

	if (e->n == e->capacity) {
		e->capacity = e->capacity ? e->capacity * 2 : 64;
		e->list = realloc(e->list, e->capacity * sizeof(*e->list));
		if (!e->list)
			abort();
	}
	e->list[e->n] = (struct edge){member, group, e->n, change};
	return ++e->n < EDGES_MOST ? 0 : edges_write(w, err);
}

/* What a member is in, after its changes, which are sorted by group; returns the end of what it wrote to out. */
static char *merge(struct slice parents, const struct edge *edges, size_t n, char *out)
{
	const char *p = parents.p, *end = parents.p + parents.n;

	for (size_t i = 0; i < n; i++) {
		char id[NODE_SIZE];
		const char *from = p;

		if (i + 1 < n && edges[i + 1].group == edges[i].group)
			continue;
		node_write(id, edges[i].group);
		while (p < end && memcmp(p, id, NODE_SIZE) < 0)
			p += NODE_SIZE;
		memcpy(out, from, (size_t)(p - from));
		out += p - from;
		if (p < end && memcmp(p, id, NODE_SIZE) == 0)
			p += NODE_SIZE;
		if (edges[i].change == ADD) {
			memcpy(out, id, NODE_SIZE);
			out += NODE_SIZE;
		}
	}
	memcpy(out, p, (size_t)(end - p));
	return out + (end - p);
}

static int write_member(struct mirror_writer *w, const struct edge *edges, size_t n, struct error *err)
{
	struct edges *e = &w->edges;
	struct row row;
	size_t room;

	if (row_at_once(w, edges->member, &row, err) < 0)
		return -1;
	room = row.parents.n + n * NODE_SIZE;
	if (room > e->room) {
		free(e->parents);
		e->room = room * 2;
		e->parents = malloc(e->room);
		if (!e->parents)
			abort();
	}
	row.parents = slice_of(e->parents, (size_t)(merge(row.parents, edges, n, e->parents) - e->parents));
	return row_write(w, edges->member, &row, err);
}

int edges_write(struct mirror_writer *w, struct error *err)
{
	struct edges *e = &w->edges;
	size_t n = e->n;

	if (n == 0)
		return 0;
	e->n = 0;
	qsort(e->list, n, sizeof(*e->list), by_member);
	for (size_t i = 0, next; i < n; i = next) {
		for (next = i + 1; next < n && e->list[next].member == e->list[i].member; next++)
			;
		if (write_member(w, e->list + i, next - i, err) < 0)
			return -1;
	}
	return 0;
}

void edges_free(struct mirror_writer *w)
{
	free(w->edges.list);
	free(w->edges.parents);
	w->edges = (struct edges){0};
}
