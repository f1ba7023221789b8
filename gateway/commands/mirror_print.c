/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See mirror_print.h.  Names and values are foreign text: nothing of it may steer a terminal, and not all of it is text. */
#include "gateway/commands/mirror_print.h"

#include "base/encode.h"
#include "gateway/staleness.h"

#include <jansson.h>
#include <unistd.h>

#define LIST_MAX 20                     /* members that are printed for people */

/* ---- for people ---- */

static void print_foreign(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		putchar((unsigned char)s[i] < ' ' || s[i] == 0x7f ? '?' : s[i]);
}

static void print_line(const char *title, const char *text)
{
	printf("  %-12s ", title);
	print_foreign(text, strlen(text));
	putchar('\n');
}

static const char *instant(int64_t t, char out[21])
{
	time_write(t, out);
	return out;
}

static void print_held(const struct mirror_status *s)
{
	const struct mirror_removal *people = &s->state.people_held, *groups = &s->state.groups_held;
	char since[21];

	if (people->n)
		printf("  %-12s %zu of %zu people, since %s\n", "held", people->n, people->known, instant(people->since, since));
	if (groups->n)
		printf("  %-12s %zu of %zu groups, since %s\n", "held", groups->n, groups->known, instant(groups->since, since));
	for (size_t i = 0; i < s->example_count; i++)
		print_line("", s->examples[i]);
	if (people->n + groups->n > s->example_count)
		printf("  %-12s … and %zu more\n", "", people->n + groups->n - s->example_count);
	if (people->n || groups->n)
		printf("  %-12s if they shall go: postern mirror accept %s\n", "", s->name);
}

static void print_age(const struct mirror_status *s)
{
	char heard[21];

	if (s->age == FACTS_AGE_UNKNOWN)
		print_line("age", "not known");
	else
		printf("  %-12s %lld s (heard of %s, %s)\n", "age", (long long)s->age, instant(s->state.as_of, heard), s->staleness);
}

static void print_one_status(const struct mirror_status *s)
{
	char changed[21];

	printf("%s\n", s->name);
	print_line("read", s->state.filled ? "whole" : "not whole yet");
	print_line("connected", s->state.connected ? "yes" : "no");
	print_line("server", s->state.server ? s->state.server : "none yet");
	print_age(s);
	print_line("last change", s->state.changed ? instant(s->state.changed, changed) : "not known");
	printf("  %-12s %zu\n  %-12s %zu\n", "people", s->state.people, "groups", s->state.groups);
	print_held(s);
	if (s->state.error)
		print_line("error", s->state.error);
	if (s->state.rules_error)
		print_line("rules error", s->state.rules_error);
}

static void print_attributes(const struct mirror_entry *e)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		const struct mirror_attribute *m = &e->attributes[i];

		printf("  %-12s ", m->name);
		for (size_t j = 0; j < m->n; j++) {
			if (j)
				printf(", ");
			if (memchr(m->values[j].p, '\0', m->values[j].n))
				printf("(%zu bytes)", m->values[j].n);
			else
				print_foreign(m->values[j].p, m->values[j].n);
		}
		putchar('\n');
	}
}

static void print_one_entry(const struct mirror_entry *e, const struct mirror_status *of)
{
	bool person = e->kind == MIRROR_ENTRY_PERSON;

	print_foreign(e->dn, strlen(e->dn));
	putchar('\n');
	print_line("directory", e->directory);
	print_line("entryUUID", e->entry_uuid);
	if (!person)
		print_line("name", e->name ? e->name : "(none)");
	if (e->disabled)
		print_line("disabled", "yes");
	print_age(of);
	print_attributes(e);
	printf("  %-12s %zu%s\n", person ? "groups" : "in groups", e->group_count, e->group_count ? ", the nearest first" : "");
	for (size_t i = 0; i < e->group_count; i++) {
		const struct mirror_group *g = &e->groups[i];

		printf("  %-12s ", "");
		print_foreign(g->dn, strlen(g->dn));
		if (g->through >= 0) {
			printf(" through ");
			print_foreign(e->groups[g->through].dn, strlen(e->groups[g->through].dn));
		}
		putchar('\n');
	}
	if (person)
		return;
	printf("  %-12s %zu, and %zu that are not in the mirror\n", "members", e->member_count, e->members_elsewhere);
	for (size_t i = 0; i < e->member_count && i < LIST_MAX; i++)
		print_line("", e->members[i]);
	if (e->member_count > LIST_MAX)
		printf("  %-12s … and %zu more (--json has them all)\n", "", e->member_count - LIST_MAX);
}

/* ---- JSON ---- */

/* What is no UTF-8 has no place in JSON: {"base64url": "…"}. */
static json_t *foreign_json(struct slice s)
{
	json_t *o = json_stringn(s.p, s.n);
	struct arena *a;

	if (o)
		return o;
	a = arena_new();
	o = json_pack("{s:s}", "base64url", base64url_encode(a, s));
	arena_free(a);
	return o;
}

static json_t *text_json(const char *s)
{
	return s ? foreign_json(slice_c(s)) : json_null();
}

static json_t *time_json(int64_t t)
{
	char text[21];

	return t ? json_string(instant(t, text)) : json_null();
}

static json_t *held_json(const struct mirror_removal *r)
{
	if (!r->n)
		return json_null();
	return json_pack("{s:I,s:I,s:o}", "number", (json_int_t)r->n, "of", (json_int_t)r->known, "since", time_json(r->since));
}

static json_t *texts_json(const char *const *list, size_t n)
{
	json_t *o = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(o, text_json(list[i]));
	return o;
}

static void add_age(json_t *o, const struct mirror_status *s)
{
	json_object_set_new(o, "age_s", s->age == FACTS_AGE_UNKNOWN ? json_null() : json_integer(s->age));
	json_object_set_new(o, "last_change", time_json(s->state.changed));
}

static json_t *status_json(const struct mirror_status *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(s->name));
	json_object_set_new(o, "filled", json_boolean(s->state.filled));
	json_object_set_new(o, "connected", json_boolean(s->state.connected));
	json_object_set_new(o, "server", text_json(s->state.server));
	json_object_set_new(o, "data", json_string(s->staleness));
	json_object_set_new(o, "as_of", time_json(s->state.as_of));
	add_age(o, s);
	json_object_set_new(o, "people", json_integer((json_int_t)s->state.people));
	json_object_set_new(o, "groups", json_integer((json_int_t)s->state.groups));
	json_object_set_new(o, "people_held", held_json(&s->state.people_held));
	json_object_set_new(o, "groups_held", held_json(&s->state.groups_held));
	json_object_set_new(o, "held_examples", texts_json(s->examples, s->example_count));
	json_object_set_new(o, "error", text_json(s->state.error));
	json_object_set_new(o, "rules_error", text_json(s->state.rules_error));
	return o;
}

static json_t *attributes_json(const struct mirror_entry *e)
{
	json_t *o = json_object();

	for (size_t i = 0; i < e->attribute_count; i++) {
		json_t *values = json_array();

		for (size_t j = 0; j < e->attributes[i].n; j++)
			json_array_append_new(values, foreign_json(e->attributes[i].values[j]));
		json_object_set_new(o, e->attributes[i].name, values);
	}
	return o;
}

static json_t *entry_json(const struct mirror_entry *e)
{
	bool person = e->kind == MIRROR_ENTRY_PERSON;
	json_t *o = json_object(), *groups = json_array();

	json_object_set_new(o, "kind", json_string(person ? "person" : "group"));
	json_object_set_new(o, "directory", json_string(e->directory));
	json_object_set_new(o, "dn", text_json(e->dn));
	json_object_set_new(o, "entry_uuid", json_string(e->entry_uuid));
	json_object_set_new(o, person ? "mail" : "name", text_json(e->name));
	if (person) {
		json_object_set_new(o, "disabled", json_boolean(e->disabled));
		json_object_set_new(o, "attributes", attributes_json(e));
	} else {
		json_object_set_new(o, "members", texts_json(e->members, e->member_count));
		json_object_set_new(o, "members_elsewhere", json_integer((json_int_t)e->members_elsewhere));
	}
	for (size_t i = 0; i < e->group_count; i++) {
		json_t *g = json_object();
		int through = e->groups[i].through;

		json_object_set_new(g, "dn", text_json(e->groups[i].dn));
		json_object_set_new(g, "name", text_json(e->groups[i].cn));
		json_object_set_new(g, "through", through < 0 ? json_null() : text_json(e->groups[through].dn));
		json_array_append_new(groups, g);
	}
	json_object_set_new(o, "groups", groups);
	return o;
}

static void print_json(json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(o);
}

/* ---- both ---- */

void mirror_print_status(const struct mirror_status *list, size_t n, const char *path, int64_t bytes, bool json)
{
	json_t *o, *directories;

	if (!json) {
		for (size_t i = 0; i < n; i++)
			print_one_status(&list[i]);
		printf("%s\n  %-12s %.1f MB\n", path, "size", (double)bytes / 1e6);
		return;
	}
	o = json_object();
	directories = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(directories, status_json(&list[i]));
	json_object_set_new(o, "directories", directories);
	json_object_set_new(o, "file", json_string(path));
	json_object_set_new(o, "bytes", json_integer(bytes));
	print_json(o);
	putchar('\n');
}

void mirror_print_accepted(const struct mirror_status *held, bool json)
{
	const struct mirror_removal *people = &held->state.people_held, *groups = &held->state.groups_held;

	if (json) {
		print_json(json_pack("{s:s,s:o,s:o}", "directory", held->name, "people", held_json(people), "groups", held_json(groups)));
		putchar('\n');
		return;
	}
	if (!people->n && !groups->n) {
		printf("%s: nothing is held\n", held->name);
		return;
	}
	printf("%s: accepted for once", held->name);
	if (people->n)
		printf(", %zu of %zu people", people->n, people->known);
	if (groups->n)
		printf(", %zu of %zu groups", groups->n, groups->known);
	puts(":");
	for (size_t i = 0; i < held->example_count; i++)
		print_line("", held->examples[i]);
	if (people->n + groups->n > held->example_count)
		printf("  %-12s … and %zu more\n", "", people->n + groups->n - held->example_count);
	puts("The service reads the directory once more, now or when it is started, and what it still lacks goes: postern mirror status.");
}

static bool is_first;

void mirror_print_begin(bool json)
{
	is_first = true;
	if (json)
		putchar('[');
}

void mirror_print_entry(struct arena *a, const struct mirror_entry *e, const struct mirror_status *of, bool json)
{
	json_t *o;

	(void)a;
	if (!is_first)
		fputs(json ? ",\n" : "\n", stdout);
	is_first = false;
	if (!json) {
		print_one_entry(e, of);
		return;
	}
	o = entry_json(e);
	add_age(o, of);
	print_json(o);
}

void mirror_print_end(bool json)
{
	if (json)
		puts("]");
}

/* ---- dump ---- */

static int dump_one(const struct mirror_entry *e, void *context)
{
	json_t *o = entry_json(e);

	(void)context;
	json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
	return putchar('\n') == EOF;
}

int mirror_dump(struct mirror *copy, const struct settings *s, const char *directory)
{
	struct error err = {.reason = REASON_NONE};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->directory_count; i++) {
		if (!directory || strcmp(directory, s->directories[i].name) == 0)
			rc = mirror_each_entry(copy, &s->directories[i], dump_one, NULL, &err);
	}
	if (rc < 0)
		fprintf(stderr, "postern mirror: %s\n", err.detail);
	else if (rc > 0 || fflush(stdout) != 0)
		fputs("postern mirror: the output cannot be written\n", stderr);
	else
		return 0;
	return 1;
}
