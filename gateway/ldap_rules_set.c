/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A set of rules: out of the mirror, its version, its file. */
#include "gateway/ldap_rules.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/sha.h>
#include <unistd.h>

#define FORMAT 1
#define FILE_MOST (8u << 20)
#define VALUES_MAX 64                   /* of one attribute */
#define VALUE_MAX 4096                  /* bytes */

static const char *const field_keys[LDAP_RULE_FIELDS] = {
	[LDAP_RULE_ORDER] = "order", [LDAP_RULE_NAME] = "name", [LDAP_RULE_WHEN] = "when", [LDAP_RULE_OUTCOME] = "outcome",
	[LDAP_RULE_AT] = "at", [LDAP_RULE_BECAUSE] = "because", [LDAP_RULE_ASK] = "ask", [LDAP_RULE_FROM] = "from",
	[LDAP_RULE_UNTIL] = "until", [LDAP_RULE_GUESTS] = "guests", [LDAP_RULE_GROUP] = "group",
	[LDAP_RULE_ORGANIZATION] = "organization", [LDAP_RULE_DESK] = "desk",
};

/* ---- version ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_dn(const void *a, const void *b)
{
	const struct ldap_rule_entry *x = a, *y = b;

	int rc = strcmp(x->dn_key, y->dn_key);

	return rc ? rc : x->is_mark - y->is_mark;
}

/* Each text with the NUL behind it, so that none runs into the next. */
static void add(struct text *t, const char *s)
{
	text_add(t, slice_of(s, strlen(s) + 1));
}

static void set_version(struct arena *a, struct ldap_rule_set *set)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct text t;

	text_begin(&t, a, 4096);
	for (size_t i = 0; i < set->n; i++) {
		const struct ldap_rule_entry *e = &set->entries[i];

		add(&t, e->dn_key);
		add(&t, e->is_mark ? "mark" : "rule");
		add(&t, e->fault ? e->fault : "");
		for (size_t k = 0; k < LDAP_RULE_FIELDS; k++) {
			for (size_t v = 0; v < e->says[k].n; v++) {
				add(&t, field_keys[k]);
				add(&t, e->says[k].list[v]);
			}
		}
	}
	SHA256((const unsigned char *)text_slice(&t).p, text_slice(&t).n, digest);
	hex_encode(digest, LDAP_RULES_VERSION / 2, set->version);
}

/* Servers send entries and values in any order: of several sites the first by its name is the first. */
static void finish(struct arena *a, struct ldap_rule_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		for (size_t k = 0; k < LDAP_RULE_FIELDS; k++) {
			if (set->entries[i].says[k].n > 1)
				qsort((void *)set->entries[i].says[k].list, set->entries[i].says[k].n, sizeof(char *), by_text);
		}
	}
	if (set->n)
		qsort(set->entries, set->n, sizeof(*set->entries), by_dn);
	set_version(a, set);
}

/* ---- out of the mirror ---- */

const char *ldap_rule_attribute(const struct settings *s, bool is_mark, enum ldap_rule_field field)
{
	static const enum ldap_rule_field says[LDAP_MARK_FIELDS] = {
		[LDAP_MARK_OUTCOME] = LDAP_RULE_OUTCOME, [LDAP_MARK_ORDER] = LDAP_RULE_ORDER, [LDAP_MARK_AT] = LDAP_RULE_AT,
		[LDAP_MARK_GROUP] = LDAP_RULE_GROUP, [LDAP_MARK_ORGANIZATION] = LDAP_RULE_ORGANIZATION, [LDAP_MARK_DESK] = LDAP_RULE_DESK,
	};

	if (!is_mark)
		return s->ldap_rules.attribute[field];
	for (size_t i = 0; i < LDAP_MARK_FIELDS; i++) {
		if (says[i] == field)
			return s->ldap_rules.mark[i];
	}
	return NULL;
}

static void take_values(struct arena *a, const struct mirror_attribute *from, struct ldap_rule_entry *entry, enum ldap_rule_field field)
{
	const char **list;
	size_t n = from->n < VALUES_MAX ? from->n : VALUES_MAX;

	if (from->n > VALUES_MAX)
		entry->fault = arena_printf(a, "%s has more than %d values", from->name, VALUES_MAX);
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		struct slice v = from->values[i];

		if (v.n > VALUE_MAX || !utf8_is_clean(v)) {
			entry->fault = arena_printf(a, "%s holds what is no text, or one of more than %d bytes", from->name, VALUE_MAX);
			v = slice_c("");
		}
		list[i] = arena_copy(a, v);
	}
	entry->says[field] = (struct ldap_rule_values){list, n};
}

static void take_entry(struct arena *a, const struct settings *s, const struct mirror_rule *from, struct ldap_rule_entry *entry)
{
	*entry = (struct ldap_rule_entry){.dn = from->dn, .dn_key = from->dn_key, .is_mark = from->is_group};
	if (strlen(from->dn) > VALUE_MAX || strlen(from->dn_key) > VALUE_MAX)
		entry->fault = arena_printf(a, "its DN has more than %d bytes", VALUE_MAX);
	if (!utf8_is_clean(slice_c(from->dn)) || !utf8_is_clean(slice_c(from->dn_key))) {
		entry->dn = "(a DN that is no text)";
		entry->fault = "its DN is no text";
	}
	for (size_t i = 0; i < from->attribute_count; i++) {
		for (size_t k = 0; k < LDAP_RULE_FIELDS; k++) {
			const char *name = ldap_rule_attribute(s, from->is_group, (enum ldap_rule_field)k);

			if (name && strcasecmp(from->attributes[i].name, name) == 0)
				take_values(a, &from->attributes[i], entry, (enum ldap_rule_field)k);
		}
	}
}

int ldap_rules_mirrored(struct arena *a, const struct settings *s, struct mirror *mirror, struct ldap_rule_set *out, struct error *err)
{
	const struct mirror_rule *rules = NULL;
	struct ldap_rule_set set = {0};
	size_t n = 0;
	int rc = mirror_rules(a, mirror, settings_directory(s, s->ldap_rules.directory), &rules, &n, err);

	if (rc <= 0)
		return rc;
	set.entries = arena_alloc(a, (n + 1) * sizeof(*set.entries));
	for (size_t i = 0; i < n; i++)
		take_entry(a, s, &rules[i], &set.entries[set.n++]);
	finish(a, &set);
	*out = set;
	return 1;
}

/* ---- its file ---- */

static json_t *entry_out(const struct ldap_rule_entry *entry)
{
	json_t *o = json_object();

	json_object_set_new(o, "dn", json_string(entry->dn));
	json_object_set_new(o, "dn_key", json_string(entry->dn_key));
	json_object_set_new(o, "mark", json_boolean(entry->is_mark));
	for (size_t k = 0; k < LDAP_RULE_FIELDS; k++) {
		json_t *values = entry->says[k].n ? json_array() : NULL;

		for (size_t i = 0; i < entry->says[k].n; i++)
			json_array_append_new(values, json_string(entry->says[k].list[i]));
		if (values)
			json_object_set_new(o, field_keys[k], values);
	}
	return o;
}

/* NULL: not there, or no clean text. */
static const char *text_of(struct arena *a, const json_t *v)
{
	const char *text = json_string_value(v);

	return text && strlen(text) <= VALUE_MAX && utf8_is_clean(slice_c(text)) ? arena_strdup(a, text) : NULL;
}

static int values_in(struct arena *a, const json_t *from, struct ldap_rule_values *out)
{
	const char **list;
	size_t n = json_array_size(from);

	if (!from)
		return 0;
	if (!json_is_array(from) || n == 0 || n > VALUES_MAX)
		return -1;
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		list[i] = text_of(a, json_array_get(from, i));
		if (!list[i])
			return -1;
	}
	*out = (struct ldap_rule_values){list, n};
	return 0;
}

static int entry_in(struct arena *a, const json_t *from, struct ldap_rule_entry *out)
{
	out->dn = text_of(a, json_object_get(from, "dn"));
	out->dn_key = text_of(a, json_object_get(from, "dn_key"));
	out->is_mark = json_is_true(json_object_get(from, "mark"));
	if (!out->dn || !out->dn_key)
		return -1;
	for (size_t k = 0; k < LDAP_RULE_FIELDS; k++) {
		if (values_in(a, json_object_get(from, field_keys[k]), &out->says[k]) < 0)
			return -1;
	}
	return 0;
}

/* The version is counted anew: a file that was changed by hand is not what was taken. */
static int set_in(struct arena *a, const json_t *o, struct ldap_rule_set *out)
{
	const json_t *entries = json_object_get(o, "entries");
	const char *version = json_string_value(json_object_get(o, "version"));
	struct ldap_rule_set set = {.n = json_array_size(entries), .taken = json_integer_value(json_object_get(o, "taken"))};

	if (json_integer_value(json_object_get(o, "format")) != FORMAT || !json_is_array(entries) || set.n > LDAP_RULES_MAX || !version)
		return -1;
	set.entries = arena_alloc(a, (set.n + 1) * sizeof(*set.entries));
	for (size_t i = 0; i < set.n; i++) {
		if (entry_in(a, json_array_get(entries, i), &set.entries[i]) < 0)
			return -1;
	}
	finish(a, &set);
	if (strcmp(version, set.version) != 0)
		return -1;
	*out = set;
	return 0;
}

/* What would not be read again is not written: a set that nobody can read denies whoever comes to it. */
static bool is_readable(const char *text)
{
	struct arena *a = arena_new();
	struct ldap_rule_set ignored;
	json_t *o = strlen(text) <= FILE_MOST ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	bool is = o && set_in(a, o, &ignored) == 0;

	json_decref(o);
	arena_free(a);
	return is;
}

int ldap_rules_write(const char *path, const struct ldap_rule_set *set, struct error *err)
{
	json_t *o = json_object(), *entries = json_array();
	char *text;
	int rc;

	for (size_t i = 0; i < set->n; i++)
		json_array_append_new(entries, entry_out(&set->entries[i]));
	json_object_set_new(o, "format", json_integer(FORMAT));
	json_object_set_new(o, "version", json_string(set->version));
	json_object_set_new(o, "taken", json_integer(set->taken));
	json_object_set_new(o, "entries", entries);
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	if (!text)
		return error_set(err, REASON_INTERNAL, "%s: cannot be written as JSON", path);
	if (!is_readable(text)) {
		free(text);
		return error_set(err, REASON_FILE, "%s: the set is larger than what can be kept there (%u bytes)", path, FILE_MOST);
	}
	rc = file_write(path, 0640, slice_c(text), err);
	free(text);
	return rc;
}

int ldap_rules_read(struct arena *a, const char *path, struct ldap_rule_set *out, struct error *err)
{
	struct slice bytes;
	json_t *o;
	int rc;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (file_read(a, path, FILE_PUBLIC, FILE_MOST, &bytes, err) < 0)
		return -1;
	o = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	rc = o ? set_in(a, o, out) : -1;
	json_decref(o);
	return rc < 0 ? error_set(err, REASON_FILE, "%s: is not what Postern writes there", path) : 1;
}

void ldap_rules_in_force(struct arena *a, const struct settings *s, struct ldap_rule_set *out)
{
	const char *path = settings_ldap_rules_path(a, s);
	struct ldap_rule_set set = {0};
	struct error err;

	if (ldap_rules_read(a, path, &set, &err) < 0) {
		log_error("the rules of LDAP cannot be read: whoever comes to them is denied", "detail", err.detail, NULL);
		set = (struct ldap_rule_set){.entries = arena_alloc(a, sizeof(*set.entries)), .n = 1};
		set.entries[0] = (struct ldap_rule_entry){.dn = path, .dn_key = path, .fault = arena_strdup(a, err.detail)};
		set_version(a, &set);
	}
	*out = set;
}
