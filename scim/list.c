/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many: GET /Users, GET /Groups with filter, startIndex and count.
 *
 * What Entra ID asks for (eq of a name, an id, a mail) is found by the index.
 * Anything else is held against every record, up to a bound.
 */
#include "scim/internal.h"

#include "base/encode.h"

#define COUNT_USUAL 100
#define COUNT_MAX 200
#define SCANNED_MAX 50000               /* about a second */
#define SCANNED_BYTES_MAX ((size_t)64 << 20)
#define PAGE_BYTES_MAX ((size_t)1 << 20)        /* of records, as they are kept */
#define FOUND_MAX 1000                  /* of one value in the index: a mail */

struct listing {
	struct work *work;
	enum resource kind;
	const struct filter *filter;    /* NULL: all */
	size_t start, count;            /* of the page; start from 1 */
	size_t total, scanned, scanned_bytes;
	size_t page_bytes;
	struct found {
		struct id id;
		json_t *kept;           /* owned */
	} *page;
	size_t n;
	bool is_broken, is_too_much;
};

static int read_number(struct work *w, const char *name, size_t usual, size_t *out)
{
	const char *text;
	uint64_t number;

	if (query_text(w, name, &text) < 0)
		return -1;
	*out = usual;
	if (!text)
		return 0;
	/* RFC 7644 section 3.4.2.4: negative means nothing */
	if (*text == '-' && number_read(slice_c(text + 1), 0, INT64_MAX, &number) == 0) {
		*out = 0;
		return 0;
	}
	if (number_read(slice_c(text), 0, INT64_MAX, &number) < 0)
		return fault_set(&w->fault, 400, "invalidValue", "%s is not a number.", name);
	*out = (size_t)number;
	return 0;
}

static void take(struct listing *l, const struct id *id, json_t *kept)
{
	l->total++;
	if (l->total < l->start || l->n >= l->count) {
		json_decref(kept);
		return;
	}
	l->page = arena_grow(l->work->arena, l->page, l->n, sizeof(*l->page));
	l->page[l->n++] = (struct found){*id, kept};
	/* in memory a record may be forty times as large: such a page ends here, and who asks goes on behind it */
	l->page_bytes += json_dumpb(kept, NULL, 0, JSON_COMPACT);
	if (l->page_bytes > PAGE_BYTES_MAX)
		l->count = l->n;
}

/* ---- by the index ---- */

/* The id is no part of what is kept: it is put in for the filter. */
static bool matches(const struct listing *l, const struct id *id, json_t *kept)
{
	char text[SCIM_ID_TEXT];
	bool fits;

	id_write(id, text);
	json_object_set_new(kept, "id", json_string(text));
	fits = filter_matches(l->filter, kept);
	json_object_del(kept, "id");
	return fits;
}

/* 1, 0, -1.  Nor are members, which are put in where they are asked for. */
static int fits(struct listing *l, const struct id *id, json_t *kept)
{
	bool of_members = l->kind == RESOURCE_GROUP && filter_wants(l->filter, "members", "value"), fit;

	if (of_members && group_members_shown(l->work, kept, id) < 0)
		return -1;
	fit = matches(l, id, kept);
	if (of_members)
		json_object_del(kept, "members");
	return fit;
}

static int look(struct listing *l, const struct id *id)
{
	struct error err;
	json_t *kept;
	int rc, found = data_get(l->work->t, l->kind, id, &kept, &err);

	if (found <= 0)
		return found < 0 ? fault_store(&l->work->fault, &err) : 0;
	rc = fits(l, id, kept);
	if (rc == 1)
		take(l, id, kept);
	else
		json_decref(kept);
	return rc < 0 ? -1 : 0;
}

/* `manager eq "…"` is asked with the id, without its schema. */
static const struct filter *with_schema(struct listing *l, const struct filter *f)
{
	struct filter *copy;

	if (!f)
		return NULL;
	copy = arena_alloc(l->work->arena, sizeof(*copy));
	*copy = *f;
	if (f->kind != FILTER_COMPARE) {
		copy->left = with_schema(l, f->left);
		copy->right = with_schema(l, f->right);
	} else if (!f->path.urn && f->path.name && strcmp(f->path.name, "manager") == 0) {
		copy->path.urn = URN_ENTERPRISE;
	}
	return copy;
}

/* 1: done, 0: no index says who it may be, -1. */
static int by_index(struct listing *l)
{
	static const struct {
		enum resource kind;
		enum data_key key;
		const char *name, *sub;
	} keys[] = {
		{RESOURCE_USER, KEY_USER_NAME, "userName", NULL}, {RESOURCE_USER, KEY_USER_EXTERNAL, "externalId", NULL},
		{RESOURCE_USER, KEY_MAIL, "emails", "value"}, {RESOURCE_GROUP, KEY_GROUP_NAME, "displayName", NULL},
		{RESOURCE_GROUP, KEY_GROUP_EXTERNAL, "externalId", NULL},
	};
	const char *value = filter_wants(l->filter, "id", NULL);
	struct error err;
	struct id one, *list;
	size_t n;

	if (value)
		return id_read(value, &one) && look(l, &one) < 0 ? -1 : 1;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		value = keys[i].kind == l->kind ? filter_wants(l->filter, keys[i].name, keys[i].sub) : NULL;
		if (!value || strlen(value) > SCIM_NAME_MAX)
			continue;
		if (data_find_all(l->work->arena, l->work->t, keys[i].key, value, FOUND_MAX, &list, &n, &err) < 0)
			return fault_store(&l->work->fault, &err);
		for (size_t j = 0; j < n; j++)
			if (look(l, &list[j]) < 0)
				return -1;
		return 1;
	}
	return 0;
}

/* ---- all ---- */

static int scan_one(struct slice key, struct slice value, void *context)
{
	struct listing *l = context;
	json_error_t why;
	struct id id;
	json_t *kept;

	if (key.n != SCIM_ID_SIZE)
		return 0;
	memcpy(id.bytes, key.p, SCIM_ID_SIZE);
	if (!l->filter && (l->total + 1 < l->start || l->n >= l->count)) {
		l->total++;
		return l->n >= l->count;
	}
	l->scanned_bytes += value.n;
	if (l->filter && (++l->scanned > SCANNED_MAX || l->scanned_bytes > SCANNED_BYTES_MAX)) {
		l->is_too_much = true;
		return 1;
	}
	kept = json_loadb(value.p, value.n, 0, &why);
	if (!kept) {
		l->is_broken = true;
		return 1;
	}
	if (!l->filter || matches(l, &id, kept))
		take(l, &id, kept);
	else
		json_decref(kept);
	return 0;
}

static int scan(struct listing *l)
{
	int table = l->kind == RESOURCE_USER ? DATA_USERS : DATA_GROUPS;
	struct error err;

	if (store_each(l->work->t, table, (struct slice){NULL, 0}, scan_one, l, &err) < 0)
		return fault_store(&l->work->fault, &err);
	if (l->is_broken) {
		error_fill(&err, REASON_STORE, "a record of the SCIM file cannot be read");
		return fault_store(&l->work->fault, &err);
	}
	if (l->is_too_much)
		return fault_set(&l->work->fault, 400, "tooMany", "The filter would be held against more than %d records, or large ones: ask by eq for userName, "
			"externalId, id, emails.value or displayName of a group.", SCANNED_MAX);
	if (!l->filter && store_count(l->work->t, table, &l->total, &err) < 0)
		return fault_store(&l->work->fault, &err);
	return 0;
}

/* ---- the answer ---- */

/* A page of many large groups ends early: who asks goes on behind it. */
static int add_shown(struct listing *l, const struct selection *selection, json_t *resources)
{
	size_t members = 0;

	for (size_t i = 0; i < l->n && members < SCIM_MEMBERS_SHOWN; i++) {
		char id[SCIM_ID_TEXT];
		json_t *shown;

		id_write(&l->page[i].id, id);
		shown = resource_shown(l->work, l->kind, l->page[i].kept, id, l->kind == RESOURCE_USER ? user_kind.urn : group_kind.urn);
		if (l->kind == RESOURCE_GROUP && selection_wants(selection, "members") &&
			group_members_shown(l->work, shown, &l->page[i].id) < 0) {
			json_decref(shown);
			return -1;
		}
		members += json_array_size(json_object_get(shown, "members"));
		selection_cut(selection, shown);
		json_array_append_new(resources, shown);
	}
	return 0;
}

static int find(struct listing *l)
{
	const char *filter;
	int rc;

	if (query_text(l->work, "filter", &filter) < 0 || read_number(l->work, "startIndex", 1, &l->start) < 0 ||
		read_number(l->work, "count", COUNT_USUAL, &l->count) < 0)
		return -1;
	l->start = l->start ? l->start : 1;
	l->count = l->count > COUNT_MAX ? COUNT_MAX : l->count;
	if (!filter)
		return scan(l);
	if (filter_read(l->work->arena, slice_c(filter), &l->filter, &l->work->fault) < 0)
		return -1;
	l->filter = with_schema(l, l->filter);
	rc = by_index(l);
	return rc == 0 ? scan(l) : rc < 0 ? -1 : 0;
}

int list_answer(struct work *w, enum resource kind)
{
	struct listing l = {.work = w, .kind = kind};
	struct selection selection;
	json_t *resources = json_array();
	int rc = selection_read(w, &selection) < 0 || find(&l) < 0 ? -1 : add_shown(&l, &selection, resources);

	for (size_t i = 0; i < l.n; i++)
		json_decref(l.page[i].kept);
	if (rc < 0) {
		json_decref(resources);
		return -1;
	}
	return reply_json(w, 200, json_pack("{s:[s], s:I, s:I, s:I, s:o}", "schemas", URN_LIST, "totalResults", (json_int_t)l.total, "startIndex",
		(json_int_t)l.start, "itemsPerPage", (json_int_t)json_array_size(resources), "Resources", resources));
}
