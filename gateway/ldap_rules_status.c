/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small files beside the rules of LDAP. */
#include "gateway/ldap_rules_status.h"

#include "base/encode.h"
#include "base/file.h"

#include <jansson.h>

#define FILE_MOST 65536
#define TEXT_MOST 2048

static const char *const words[] = {
	[LDAP_RULES_UNREAD] = "unread", [LDAP_RULES_CURRENT] = "current", [LDAP_RULES_REFUSED] = "refused", [LDAP_RULES_PENDING] = "pending",
};
#define WORD_COUNT (sizeof(words) / sizeof(*words))

const char *ldap_rules_state_word(enum ldap_rules_state state)
{
	return words[state];
}

static bool is_version(const char *text)
{
	return strspn(text, "0123456789abcdef") == strlen(text) && (!*text || strlen(text) == LDAP_RULES_VERSION);
}

/* Roles with fewer rights write these files: texts are as bounded and clean as any from outside. */
static const char *text_of(struct arena *a, const json_t *v)
{
	const char *text = json_string_value(v);

	return text && strlen(text) <= TEXT_MOST && utf8_is_clean(slice_c(text)) ? arena_strdup(a, text) : NULL;
}

static int status_in(struct arena *a, const json_t *o, struct ldap_rules_status *out)
{
	const char *word = json_string_value(json_object_get(o, "state")), *version = json_string_value(json_object_get(o, "version"));
	const json_t *told = json_object_get(o, "told");
	const char **list;
	size_t state = 0;

	while (word && state < WORD_COUNT && strcmp(words[state], word) != 0)
		state++;
	if (!word || state == WORD_COUNT || !version || !is_version(version))
		return -1;
	*out = (struct ldap_rules_status){
		.state = (enum ldap_rules_state)state, .version = arena_strdup(a, version), .since = json_integer_value(json_object_get(o, "since")),
		.detail = text_of(a, json_object_get(o, "detail")), .changed = (size_t)json_integer_value(json_object_get(o, "changed")),
		.people = (size_t)json_integer_value(json_object_get(o, "people")),
	};
	list = arena_alloc(a, (LDAP_RULES_TOLD + 1) * sizeof(*list));
	for (size_t i = 0; i < json_array_size(told) && out->told_count < LDAP_RULES_TOLD; i++) {
		const char *text = text_of(a, json_array_get(told, i));

		if (text)
			list[out->told_count++] = text;
	}
	out->told = list;
	return 0;
}

int ldap_rules_status_read(struct arena *a, const struct settings *s, struct ldap_rules_status *out)
{
	struct slice bytes;
	struct error ignored;
	json_t *o;
	int rc;

	if (file_read(a, settings_ldap_rules_status_path(a, s), FILE_PUBLIC, FILE_MOST, &bytes, &ignored) < 0)
		return -1;
	o = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	rc = o ? status_in(a, o, out) : -1;
	json_decref(o);
	return rc;
}

static void add_text(struct arena *a, json_t *to, const char *text)
{
	const char *cut = arena_printf(a, "%.*s", 1000, text);

	json_array_append_new(to, json_string(utf8_is_clean(slice_c(cut)) ? cut : "(no text)"));
}

int ldap_rules_status_write(struct arena *a, const struct settings *s, const struct ldap_rules_status *status, struct error *err)
{
	json_t *o = json_object(), *told = json_array();
	char *text;
	int rc;

	for (size_t i = 0; i < status->told_count && i < LDAP_RULES_TOLD; i++)
		add_text(a, told, status->told[i]);
	json_object_set_new(o, "state", json_string(words[status->state]));
	json_object_set_new(o, "version", json_string(status->version));
	json_object_set_new(o, "since", json_integer(status->since));
	if (status->detail)
		json_object_set_new(o, "detail", json_string(status->detail));
	json_object_set_new(o, "changed", json_integer((json_int_t)status->changed));
	json_object_set_new(o, "people", json_integer((json_int_t)status->people));
	json_object_set_new(o, "told", told);
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	if (!text)
		return error_set(err, REASON_INTERNAL, "the state of the rules cannot be written as JSON");
	rc = file_write(settings_ldap_rules_status_path(a, s), 0640, slice_c(text), err);
	free(text);
	return rc;
}

const char *ldap_rules_accepted(struct arena *a, const struct settings *s)
{
	struct slice bytes;
	struct error ignored;
	const char *version;

	if (file_read(a, settings_ldap_rules_accept_path(a, s), FILE_PUBLIC, LDAP_RULES_VERSION, &bytes, &ignored) < 0)
		return "";
	version = arena_copy(a, bytes);
	return is_version(version) ? version : "";
}

int ldap_rules_accept(struct arena *a, const struct settings *s, const char *version, struct error *err)
{
	if (!*version || !is_version(version))
		return error_set(err, REASON_FILE, "\"%.40s\" is not a version (%d hexadecimal digits)", version, LDAP_RULES_VERSION);
	return file_write(settings_ldap_rules_accept_path(a, s), 0640, slice_c(version), err);
}
