/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The policy of the moment, and who runs which version. */
#include "gateway/ldap_rules_live.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <unistd.h>

#include <sys/stat.h>

#define RUNNING_MOST 1024               /* bytes of a process's file */

/* What is made anew as a whole. */
struct current {
	struct arena *arena;
	struct ldap_rule_set set;
	struct ldap_rules rules;
	struct policy policy;
	int64_t until;                  /* when a date changes it; 0: never */
};

struct ldap_rules_live {
	const struct settings *settings;
	struct arena *arena;
	const char *path, *running_path;        /* running_path NULL: nobody is told */
	struct stat stamp;
	struct current now, before;
};

struct ldap_rules_live *ldap_rules_live_open(const struct settings *s)
{
	struct arena *a = arena_new();
	struct ldap_rules_live *l = arena_alloc(a, sizeof(*l));

	l->settings = s;
	l->arena = a;
	l->path = settings_ldap_rules_path(a, s);
	return l;
}

void ldap_rules_live_close(struct ldap_rules_live *l)
{
	if (!l)
		return;
	if (l->running_path)
		unlink(l->running_path);
	arena_free(l->before.arena);
	arena_free(l->now.arena);
	arena_free(l->arena);
}

const struct policy *ldap_rules_live_policy(const struct ldap_rules_live *l)
{
	return &l->now.policy;
}

void ldap_rules_live_with(struct arena *a, const struct ldap_rules_live *l, const struct policy *file, int64_t now, struct policy *out)
{
	struct settings other = *l->settings;
	const struct policy *own = &l->settings->policy;
	size_t place = l->settings->ldap_rules.place;
	int64_t ignored;

	other.policy = *file;
	other.ldap_rules.place = file->rule_count;
	for (size_t i = 0; place > 0 && place < own->rule_count && i < file->rule_count; i++) {
		if (strcmp(file->rules[i].name, own->rules[place - 1].name) == 0)
			other.ldap_rules.place = i + 1;
	}
	ldap_rules_policy(a, &other, &l->now.rules, now, out, &ignored);
}

const struct ldap_given *ldap_rules_live_given(const struct ldap_rules_live *l, const char *directory, const char *dn_key)
{
	const struct ldap_rules *rules = &l->now.rules;

	if (strcmp(directory, l->settings->ldap_rules.directory) != 0)
		return NULL;
	for (size_t i = 0; i < rules->given_count; i++) {
		if (strcmp(rules->given[i].entry->dn_key, dn_key) == 0)
			return &rules->given[i];
	}
	return NULL;
}

size_t ldap_rules_live_all_given(const struct ldap_rules_live *l, const struct ldap_given **out)
{
	*out = l->now.rules.given;
	return l->now.rules.given_count;
}

const char *ldap_rules_live_version(const struct ldap_rules_live *l)
{
	return l->now.set.version;
}

const char *ldap_rules_live_fault(const struct ldap_rules_live *l)
{
	const struct ldap_rule_set *set = &l->now.set;

	if (!*set->version)
		return "the rules of LDAP were not taken yet";
	return set->n == 1 && set->entries[0].fault && strcmp(set->entries[0].dn, l->path) == 0 ? set->entries[0].fault : NULL;
}

const char *ldap_rules_live_rule_fault(const struct ldap_rules_live *l, const char *name)
{
	for (size_t i = 0; i < l->now.rules.n; i++)
		if (strcmp(l->now.rules.list[i].rule.name, name) == 0)
			return l->now.rules.list[i].fault;
	return NULL;
}

bool ldap_rules_live_are_sound(const struct ldap_rules_live *l)
{
	return l->now.rules.problem_count == 0;
}

static void tell(const struct ldap_rules_live *l)
{
	json_t *o;
	char *text;
	struct error err;

	if (!l->running_path)
		return;
	o = json_pack("{s:I, s:s, s:I}", "pid", (json_int_t)getpid(), "version", l->now.set.version, "since", (json_int_t)clock_now());
	text = json_dumps(o, JSON_COMPACT);
	if (!text || file_write(l->running_path, 0644, slice_c(text), &err) < 0)
		log_warning("which rules run cannot be said", "detail", text ? err.detail : "no memory", NULL);
	free(text);
	json_decref(o);
}

/* A file is made anew by rename, so another one has another number, or at least another time. */
static bool has_changed(struct ldap_rules_live *l)
{
	struct stat st = {0};

	if (stat(l->path, &st) < 0 && errno != ENOENT)
		return false;           /* what is in force stays */
	if (st.st_ino == l->stamp.st_ino && st.st_mtim.tv_sec == l->stamp.st_mtim.tv_sec && st.st_mtim.tv_nsec == l->stamp.st_mtim.tv_nsec &&
		st.st_size == l->stamp.st_size)
		return false;
	/* nobody takes rules out of force by taking their file away while we run */
	if (st.st_ino == 0)
		return false;
	l->stamp = st;
	return true;
}

/* A date has come, or another time is asked about: of the set that is in force, whatever has become of its file. */
static void make_of_today(struct ldap_rules_live *l, int64_t now)
{
	ldap_rules_policy(l->now.arena, l->settings, &l->now.rules, now, &l->now.policy, &l->now.until);
}

static void make(struct ldap_rules_live *l, int64_t now)
{
	struct current c = {.arena = arena_new()};
	char count[24];

	ldap_rules_in_force(c.arena, l->settings, &c.set);
	ldap_rules_compile(c.arena, l->settings, NULL, &c.set, &c.rules);
	ldap_rules_policy(c.arena, l->settings, &c.rules, now, &c.policy, &c.until);
	arena_free(l->before.arena);
	l->before = l->now;
	l->now = c;
	snprintf(count, sizeof(count), "%zu", c.rules.n);
	log_info("rules of LDAP in force", "version", *c.set.version ? c.set.version : "none", "rules", count, NULL);
	for (size_t i = 0; i < c.rules.problem_count; i++)
		log_error("a rule of LDAP denies, since the settings no longer allow it", "detail", c.rules.problems[i], NULL);
}

void ldap_rules_live_look(struct ldap_rules_live *l, int64_t now)
{
	bool is_new = has_changed(l), is_first = !l->now.arena;

	if (is_new || is_first)
		make(l, now);
	else if (l->now.until && now >= l->now.until)
		make_of_today(l, now);
	if (is_new)
		tell(l);
}

void ldap_rules_live_at(struct ldap_rules_live *l, int64_t t)
{
	make_of_today(l, t);
	l->now.until = 1;               /* the next look makes those of its own time */
}

void ldap_rules_live_say(struct ldap_rules_live *l)
{
	struct error err;
	const char *folder = settings_ldap_rules_running_path(l->arena, l->settings);

	if (folder_make(folder, 0750, &err) < 0) {
		log_warning("which rules run cannot be said", "detail", err.detail, NULL);
		return;
	}
	l->running_path = arena_printf(l->arena, "%s/%ld", folder, (long)getpid());
	tell(l);
}

/* ---- asked by commands ---- */

static int read_running(struct arena *a, const char *path, struct ldap_rules_running *out)
{
	struct slice bytes;
	struct error ignored;
	const char *version;
	json_t *o;
	int rc = -1;

	if (file_read(a, path, FILE_PUBLIC, RUNNING_MOST, &bytes, &ignored) < 0)
		return -1;
	o = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES, NULL);
	version = json_string_value(json_object_get(o, "version"));
	out->pid = json_integer_value(json_object_get(o, "pid"));
	out->since = json_integer_value(json_object_get(o, "since"));
	if (version && strlen(version) <= LDAP_RULES_VERSION && strspn(version, "0123456789abcdef") == strlen(version) && out->pid > 1) {
		out->version = arena_strdup(a, version);
		rc = 0;
	}
	json_decref(o);
	return rc;
}

size_t ldap_rules_running(struct arena *a, const struct settings *s, struct ldap_rules_running **out)
{
	const char *folder = settings_ldap_rules_running_path(a, s);
	DIR *dir = opendir(folder);
	struct dirent *d;
	size_t n = 0;

	*out = NULL;
	while (dir && (d = readdir(dir))) {
		const char *path = arena_printf(a, "%s/%s", folder, d->d_name);
		struct ldap_rules_running one = {0};

		if (strspn(d->d_name, "0123456789") != strlen(d->d_name) || read_running(a, path, &one) < 0)
			continue;
		if (kill((pid_t)one.pid, 0) < 0 && errno == ESRCH) {
			unlink(path);
			continue;
		}
		*out = arena_grow(a, *out, n, sizeof(**out));
		(*out)[n++] = one;
	}
	if (dir)
		closedir(dir);
	return n;
}
