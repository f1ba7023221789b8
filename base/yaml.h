/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings files as a tree in which every node knows its place.
 *
 * libyaml reads the bytes; this part refuses what would surprise an
 * administrator: anchors, aliases, tags, a second document, a key twice in one
 * map, a key that is not a plain or quoted scalar, depth over 16.  There are no
 * implicit types: every scalar is text, and the reader of a setting decides.
 * All memory is the arena's.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/arena.h"

enum yaml_kind { YAML_NODE_SCALAR, YAML_NODE_LIST, YAML_NODE_MAP };

struct yaml_node {
	enum yaml_kind kind;
	const char *text;               /* scalar: its text, never NULL */
	bool quoted;                    /* scalar: was in quotes or a block */
	bool flow;                      /* map, list: written with {} or [] */
	const char *key;                /* in a map: its key, else NULL */
	int line, column;               /* from 1; of the key where there is one */
	const char *file;
	struct yaml_node *child;        /* first of a list or map */
	struct yaml_node *next;         /* in the same list or map */
};

/* name: how errors call the file.  An empty file gives an empty map.  REASON_SETTINGS on failure: "name:line: …". */
int yaml_read(struct arena *a, const char *name, struct slice bytes, struct yaml_node **out, struct error *err);
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);        /* NULL: not there */
/* "file:line: key: " and the text; REASON_SETTINGS; returns -1. */
int yaml_error(struct error *err, const struct yaml_node *node, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
