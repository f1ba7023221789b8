/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See step_json.h. */
#include "provision/step_json.h"

#include "base/encode.h"

#include <inttypes.h>

static const struct {
	const char *key;
	size_t at;
} fields_table[] = {
	{"external_id", offsetof(struct step_fields, external_id)},
	{"mail", offsetof(struct step_fields, mail)},
	{"display_name", offsetof(struct step_fields, display_name)},
	{"given_name", offsetof(struct step_fields, given_name)},
	{"family_name", offsetof(struct step_fields, family_name)},
	{"title", offsetof(struct step_fields, title)},
	{"department", offsetof(struct step_fields, department)},
};
#define FIELDS (sizeof(fields_table) / sizeof(fields_table[0]))

/* ---- writing ---- */

/* Names of groups and entries are whatever a directory sends, or cut somewhere; what is no UTF-8 would make all of it unreadable. */
static void add_readable(struct text *t, struct slice value)
{
	size_t n;

	for (; value.n > 0; value = slice_of(value.p + n, value.n - n)) {
		n = utf8_length(value);
		text_add_json(t, n ? slice_of(value.p, n) : slice_c("\xef\xbf\xbd"));
		n = n ? n : 1;
	}
}

static void add_string(struct text *t, const char *value)
{
	if (!value) {
		text_add_c(t, "null");
		return;
	}
	text_add_c(t, "\"");
	if (utf8_is_valid(slice_c(value)))
		text_add_json(t, slice_c(value));
	else
		add_readable(t, slice_c(value));
	text_add_c(t, "\"");
}

void json_add_key(struct text *t, const char *key)
{
	if (t->n > 0 && t->p[t->n - 1] != '{' && t->p[t->n - 1] != '[')
		text_add_c(t, ",");
	add_string(t, key);
	text_add_c(t, ":");
}

void json_add_text(struct text *t, const char *key, const char *value)
{
	if (!value)
		return;
	json_add_key(t, key);
	add_string(t, value);
}

void json_add_number(struct text *t, const char *key, int64_t value)
{
	json_add_key(t, key);
	text_addf(t, "%" PRId64, value);
}

void json_add_list(struct text *t, const char *key, const char *const *list, size_t n)
{
	if (!list || n == 0)
		return;
	json_add_key(t, key);
	text_add_c(t, "[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			text_add_c(t, ",");
		add_string(t, list[i]);
	}
	text_add_c(t, "]");
}

static const char **field_of(struct step_fields *fields, size_t i)
{
	return (const char **)(void *)((char *)fields + fields_table[i].at);
}

static void write_fields(struct text *t, const char *key, const struct step_fields *fields)
{
	struct step_fields copy = *fields;
	bool any = false;

	for (size_t i = 0; i < FIELDS; i++)
		any |= *field_of(&copy, i) != NULL;
	if (!any)
		return;
	json_add_key(t, key);
	text_add_c(t, "{");
	for (size_t i = 0; i < FIELDS; i++)
		json_add_text(t, fields_table[i].key, *field_of(&copy, i));
	text_add_c(t, "}");
}

void step_write(struct text *t, const struct step *s, const char *target)
{
	text_add_c(t, "{");
	json_add_text(t, "step", step_kind_word(s->kind));
	json_add_text(t, "target", target);
	json_add_text(t, "person", s->person);
	json_add_text(t, "user", s->user);
	json_add_text(t, "account", s->account_id);
	json_add_text(t, "name", s->name);
	json_add_text(t, "group", s->group);
	json_add_text(t, "desk", s->desk);
	json_add_list(t, "members", s->members, s->member_count);
	json_add_list(t, "member_users", s->member_users, s->member_count);
	write_fields(t, "fields", &s->fields);
	write_fields(t, "before", &s->before);
	json_add_text(t, "why", s->why);
}

/* ---- reading ---- */

const char *json_get_text(struct arena *a, const json_t *object, const char *key)
{
	return arena_strdup(a, json_string_value(json_object_get(object, key)));
}

int64_t json_get_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* NULL-terminated; NULL inside where the list says null. */
static const char *const *get_list(struct arena *a, const json_t *object, const char *key, size_t *count_out)
{
	const json_t *list = json_object_get(object, key);
	size_t n = json_array_size(list);
	const char **out;

	*count_out = n;
	if (n == 0)
		return NULL;
	out = arena_alloc(a, (n + 1) * sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = arena_strdup(a, json_string_value(json_array_get(list, i)));
	return out;
}

static void read_fields(struct arena *a, const json_t *object, struct step_fields *out)
{
	for (size_t i = 0; i < FIELDS; i++)
		*field_of(out, i) = json_get_text(a, object, fields_table[i].key);
}

static int read_kind(const json_t *object, enum step_kind *out)
{
	const char *word = json_string_value(json_object_get(object, "step"));

	for (int i = 0; word && i < STEP_KINDS; i++)
		if (strcmp(word, step_kind_word((enum step_kind)i)) == 0) {
			*out = (enum step_kind)i;
			return 0;
		}
	return -1;
}

int step_read(struct arena *a, const json_t *object, struct step *out, const char **target_out)
{
	struct step s = {0};
	size_t users;

	if (read_kind(object, &s.kind) < 0)
		return -1;
	s.person = json_get_text(a, object, "person");
	s.user = json_get_text(a, object, "user");
	s.account_id = json_get_text(a, object, "account");
	s.name = json_get_text(a, object, "name");
	s.group = json_get_text(a, object, "group");
	s.desk = json_get_text(a, object, "desk");
	s.members = get_list(a, object, "members", &s.member_count);
	s.member_users = get_list(a, object, "member_users", &users);
	if (users != s.member_count)
		return -1;
	for (size_t i = 0; i < s.member_count; i++)
		if (!s.members || !s.members[i])
			return -1;
	read_fields(a, json_object_get(object, "fields"), &s.fields);
	read_fields(a, json_object_get(object, "before"), &s.before);
	s.why = json_get_text(a, object, "why");
	*target_out = json_get_text(a, object, "target");
	*out = s;
	return *target_out ? 0 : -1;
}
