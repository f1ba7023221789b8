/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern explain --audit ID`: a sign-on of the past beside what it would come
 * to now.
 *
 * The line says who it was, at which door, by which provider, from where, with
 * a second factor or not, as a guest or not.  It does not have the claims, so
 * requirements on them are judged as if none had been sent, unless --claim says
 * otherwise.  The line may have been written by a worker that was taken over:
 * what is printed of it is plain text.
 */
#include "gateway/commands/explain.h"

#include "base/clock.h"
#include "gateway/report.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define LINE_MOST ((size_t)1 << 20)

/* What of a line is no decision: when, under which id, in what time, and what was made of it. */
static const char *const not_decided[] = {
	"time", "id", "assertion_out", "answer", "status", "response_out", "mirror_age_s", "read_us", "person_us", "decide_us", "write_us",
	"total_us", NULL,
};

static bool is_decided(const char *key)
{
	const char *const *name = not_decided;

	while (*name && strcmp(*name, key) != 0)
		name++;
	return !*name;
}

static json_t *decision_of(const json_t *line)
{
	json_t *o = json_object(), *value;
	const char *key;

	json_object_foreach((json_t *)line, key, value) {
		if (is_decided(key))
			json_object_set(o, key, value);
	}
	return o;
}

/* ---- finding the line ---- */

static json_t *read_if_wanted(const char *line, size_t n, const char *wanted, const char *id)
{
	const char *found;
	json_t *o;

	if (n > LINE_MOST || !memmem(line, n, wanted, strlen(wanted)))
		return NULL;
	o = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	found = json_string_value(json_object_get(o, "id"));
	if (found && strcmp(found, id) == 0)
		return o;
	json_decref(o);
	return NULL;
}

static int find_line(struct arena *a, const char *path, const char *id, json_t **out, struct error *err)
{
	const char *wanted = arena_printf(a, "\"id\":\"%s\"", id);
	FILE *f = fopen(path, "re");
	struct progress progress;
	char *line = NULL;
	size_t size = 0, lines = 0;
	json_t *found = NULL;
	ssize_t n;

	if (!f)
		return error_set(err, REASON_FILE, "%s: cannot be read: %s", path, strerror(errno));
	progress_begin(&progress, "reading the audit", 0);
	while (!found && (n = getline(&line, &size, f)) > 0) {
		found = read_if_wanted(line, (size_t)n, wanted, id);
		progress_at(&progress, ++lines);
	}
	progress_end(&progress);
	free(line);
	fclose(f);
	if (!found)
		return error_set(err, REASON_FILE, "%s: no line has the id %.40s (a file that was rotated: --audit-file FILE)", path, id);
	*out = found;
	return 0;
}

/* ---- what it says ---- */

static const char *text_of(struct arena *a, const json_t *o, const char *key)
{
	return arena_strdup(a, json_string_value(json_object_get(o, key)));
}

static void add_claim(struct arena *a, struct explain_asked *q, const char *name, const char *value)
{
	const char **values;

	if (!value)
		return;
	values = arena_alloc(a, sizeof(*values));
	values[0] = value;
	q->claims = arena_grow(a, q->claims, q->claim_count, sizeof(*q->claims));
	q->claims[q->claim_count++] = (struct saml_attribute){name, values, 1};
}

static void take_identity(struct arena *a, const json_t *line, struct explain_asked *q)
{
	struct saml_identity *i = &q->identity;

	i->name_id = text_of(a, line, "name_id");
	i->tenant = text_of(a, line, "tenant");
	i->object_id = text_of(a, line, "object_id");
	i->assertion_id = text_of(a, line, "assertion_in");
	i->guest = i->guest || json_object_get(line, "guest");
	i->mfa = i->mfa || json_object_get(line, "mfa");
	add_claim(a, q, SAML_CLAIM_OBJECT_ID, i->object_id);
	add_claim(a, q, SAML_CLAIM_TENANT, i->tenant);
	i->attributes = q->claims;
	i->attribute_count = q->claim_count;
}

/* As the line knows the person best; a person who was not found is looked for once more. */
static const char *person_of(struct arena *a, const json_t *line)
{
	static const char *const keys[] = {"dn", "mail", "object_id", "name_id"};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = text_of(a, line, keys[i]);

		if (value && *value)
			return value;
	}
	return NULL;
}

int explain_audit_find(struct arena *a, const struct settings *s, struct explain_asked *q, struct explanation *e, struct error *err)
{
	struct explained_audit *audit = arena_alloc(a, sizeof(*audit));
	const char *provider;

	if (find_line(a, q->audit_file ? q->audit_file : s->audit_file, q->audit_id, &audit->line, err) < 0)
		return -1;
	audit->recorded = decision_of(audit->line);
	e->audit = audit;
	e->now = clock_now();
	q->link = text_of(a, audit->line, "link");
	q->door = q->link ? NULL : text_of(a, audit->line, "door");
	q->client = q->client ? q->client : text_of(a, audit->line, "client");
	provider = text_of(a, audit->line, "provider");
	e->provider = provider ? settings_provider(s, provider) : NULL;
	take_identity(a, audit->line, q);
	e->identified = q->identity.name_id != NULL;
	q->person = person_of(a, audit->line);
	return 0;
}

void explain_audit_free(struct explained_audit *audit)
{
	if (!audit)
		return;
	json_decref(audit->line);
	json_decref(audit->recorded);
}

/* ---- side by side ---- */

static const char *shown(struct arena *a, const json_t *value)
{
	char *text;
	const char *copy;

	if (!value)
		return "";
	if (json_is_string(value))
		return report_clean(a, json_string_value(value));
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	copy = report_clean(a, arena_strdup(a, text));
	free(text);
	return copy;
}

static void print_row(struct arena *a, const char *key, const json_t *then, const json_t *now)
{
	bool same = then && now && json_equal(then, now);

	printf("  %c %-14s %s\n", same ? ' ' : '*', report_clean(a, key), then ? shown(a, then) : "(nothing)");
	if (!same)
		printf("    %-14s %s\n", "now", now ? shown(a, now) : "(nothing)");
}

void explain_print_audit(struct arena *a, const struct explanation *e)
{
	const struct explained_audit *audit = e->audit;
	json_t *now = json_object(), *value;
	struct slice text;
	const char *key;

	if (e->door_count) {
		text = audit_decision(a, &e->doors[0].line);
		json_decref(now);
		now = json_loadb(text.p, text.n, 0, NULL);
	}
	printf("Recorded   %s, id %s; what is not so now has a star, and below it what is\n",
		shown(a, json_object_get(audit->line, "time")), report_clean(a, e->asked));
	json_object_foreach(audit->recorded, key, value) {
		print_row(a, key, value, json_object_get(now, key));
	}
	json_object_foreach(now, key, value) {
		if (!json_object_get(audit->recorded, key))
			print_row(a, key, NULL, value);
	}
	printf("Now        %s\n", json_equal(audit->recorded, now) ? "the same" : "not the same");
	json_decref(now);
}
