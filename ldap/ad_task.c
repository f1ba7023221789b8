/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be told, and what to be read before that, in its order. */
#include "ldap/ad_side.h"

void tasks_clear(struct side *s)
{
	arena_free(s->arena);
	s->arena = NULL;
	s->tasks = NULL;
	s->n = s->at = 0;
	s->reads = s->told = 0;
}

struct arena *tasks_arena(struct side *s)
{
	if (!s->arena)
		s->arena = arena_new();
	return s->arena;
}

static struct task *task_add(struct side *s, enum task_what what)
{
	s->tasks = arena_grow(tasks_arena(s), s->tasks, s->n, sizeof(*s->tasks));
	s->tasks[s->n] = (struct task){.what = what, .event.kind = s->kind};
	s->told++;
	return &s->tasks[s->n++];
}

struct sync_event *tell(struct side *s, enum sync_what what)
{
	struct task *t = task_add(s, TASK_TELL);

	t->event.what = what;
	return &t->event;
}

struct sync_event *tell_uuid(struct side *s, enum sync_what what, const unsigned char uuid[UUID_SIZE])
{
	struct sync_event *e = tell(s, what);

	event_name(s->arena, e, uuid);
	return e;
}

void must_read(struct side *s, const unsigned char uuid[UUID_SIZE], enum task_reason reason)
{
	struct task *t = task_add(s, TASK_READ);

	memcpy(t->event.entry.uuid, uuid, UUID_SIZE);
	t->reason = reason;
	s->reads++;
}

void tell_again(struct side *s, const char *why)
{
	struct sync_event *e;

	tasks_clear(s);
	e = tell(s, SYNC_AGAIN);
	e->text = arena_strdup(s->arena, why);
	s->stage = NOT_STARTED;
}

bool is_too_much(const struct side *s)
{
	return s->reads > READS_MAX || s->told > TOLD_MAX;
}

/* ---- events ---- */

void event_name(struct arena *a, struct sync_event *e, const unsigned char uuid[UUID_SIZE])
{
	unsigned char (*list)[UUID_SIZE] = arena_alloc(a, UUID_SIZE);

	memcpy(list[0], uuid, UUID_SIZE);
	e->uuids = (const unsigned char (*)[UUID_SIZE])list;
	e->uuid_count = 1;
}

static struct slice keep(struct arena *a, struct slice s)
{
	return s.p ? arena_slice(a, s) : s;
}

static struct mirror_attribute keep_attribute(struct arena *a, const struct mirror_attribute *m)
{
	struct slice *values = arena_alloc(a, m->n * sizeof(*values) + 1);

	for (size_t i = 0; i < m->n; i++)
		values[i] = keep(a, m->values[i]);
	return (struct mirror_attribute){arena_strdup(a, m->name), values, m->n};
}

struct sync_event keep_event(struct arena *a, const struct sync_event *e)
{
	struct sync_event out = *e;
	struct mirror_attribute *list = arena_alloc(a, e->entry.attribute_count * sizeof(*list) + 1);

	for (size_t i = 0; i < e->entry.attribute_count; i++)
		list[i] = keep_attribute(a, &e->entry.attributes[i]);
	out.entry.attributes = list;
	out.entry.dn = arena_strdup(a, e->entry.dn);
	if (e->uuid_count)
		event_name(a, &out, e->uuids[0]);
	out.added = keep_attribute(a, &e->added);
	out.removed = keep_attribute(a, &e->removed);
	out.cookie = keep(a, e->cookie);
	out.text = arena_strdup(a, e->text);
	return out;
}

/* ---- what DirSync says of an entry ---- */

const struct mirror_attribute *change_of(const struct entry *e, const char *name)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (strcasecmp(e->attributes[i].name, name) == 0)
			return &e->attributes[i];
	return NULL;
}

bool change_is_deletion(const struct entry *e)
{
	const struct mirror_attribute *m = change_of(e, "isDeleted");

	return m && m->n && slice_is_nocase(m->values[0], "TRUE");
}

static bool are_extended(const struct mirror_attribute *m)
{
	struct extended_dn dn;

	for (size_t i = 0; i < m->n; i++)
		if (extended_dn_read(m->values[i], &dn) < 0)
			return false;
	return true;
}

bool change_is_of_links(const struct side *s, const char *member, const struct entry *e, struct sync_event *out)
{
	bool any = false;

	for (size_t i = 0; s->links && i < e->attribute_count; i++) {
		const struct mirror_attribute *m = &e->attributes[i];
		struct value_range range;

		if (strcasecmp(m->name, "objectGUID") == 0 || strcasecmp(m->name, "instanceType") == 0)
			continue;
		if (value_range_read(m->name, &range) != 1 || range.is_end || range.first != range.last || range.first > 1 ||
			range.name_length != strlen(member) || strncasecmp(m->name, member, range.name_length) != 0)
			return false;
		if (!are_extended(m))
			return false;
		if (range.first == 1)
			out->added = *m;
		else
			out->removed = *m;
		any = true;
	}
	return any;
}

/* ---- names ---- */

void names_add(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcasecmp(names->list[i], name) == 0)
			return;
	names->list = arena_grow(names->arena, names->list, names->n, sizeof(*names->list));
	names->list[names->n++] = name;
}

void names_add_all(struct names *names, const char *const *list)
{
	for (size_t i = 0; list && list[i]; i++)
		names_add(names, list[i]);
}

const char *const *names_end(struct names *names)
{
	names->list = arena_grow(names->arena, names->list, names->n, sizeof(*names->list));
	names->list[names->n] = NULL;
	return names->list;
}

bool names_have(const char *const *list, const char *name)
{
	for (size_t i = 0; list[i]; i++)
		if (strcasecmp(list[i], name) == 0)
			return true;
	return false;
}
