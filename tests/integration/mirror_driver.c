/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Both sides of the mirror for tests that are not written in C:
 *
 *	mirror_driver follow OPTION=VALUE…              until SIGTERM
 *	mirror_driver person OPTION=VALUE… CLAIM VALUE  "dn: …", "group: …" or "refused: …"
 *	mirror_driver state OPTION=VALUE…
 *	mirror_driver check OPTION=VALUE…
 */
#include "base/log.h"
#include "ldap/mirror.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

static volatile sig_atomic_t stopping;

static void on_term(int number)
{
	(void)number;
	stopping = 1;
}

static bool must_stop(void *context)
{
	(void)context;
	return stopping;
}

static void alive(void *context)
{
	(void)context;
}

static const char *uris[3], *mirror_path;
static struct directory_join joins[] = {{"id", "objectGUID", false}, {"employee", "employeeNumber", false}, {"upn", "userPrincipalName", true}};

static void set(struct directory_options *d, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **field;
	} texts[] = {
		{"mirror", &mirror_path}, {"uri", &uris[0]}, {"uri2", &uris[1]}, {"bind_dn", &d->bind_dn},
		{"people", &d->people_base}, {"groups", &d->groups_base}, {"people_filter", &d->people_filter},
		{"groups_filter", &d->groups_filter}, {"join", &joins[0].attribute}, {"ca_file", &d->ca_file},
		{"rules", &d->rules_base}, {"rules_filter", &d->rules_filter},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(texts[i].name, name) == 0)
			*texts[i].field = value;
	if (strcmp(name, "password") == 0)
		d->password = slice_c(value);
	if (strcmp(name, "timeout") == 0)
		d->network_seconds = strtol(value, NULL, 10);
	if (strcmp(name, "kind") == 0 && strcmp(value, "entra-domain-services") == 0)
		d->kind = DIRECTORY_ENTRA_DOMAIN_SERVICES;
	if (strcmp(name, "compare") == 0)
		d->compare_seconds = strtol(value, NULL, 10);
	if (strcmp(name, "poll") == 0)
		d->poll_seconds = strtol(value, NULL, 10);
	if (strcmp(name, "reread") == 0)
		d->reread_seconds = strtol(value, NULL, 10);
}

static int follow(const struct directory_options *d)
{
	const struct mirror_progress progress = {.alive = alive, .stop = must_stop};
	struct error err = {0};

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGTERM, on_term);
	signal(SIGPIPE, SIG_IGN);
	log_begin("mirror", LOG_LEVEL_INFO);
	if (mirror_follow(mirror_path, d, &progress, &err) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", reason_word(err.reason), err.detail);
	return 1;
}

static int refused(const struct error *err)
{
	printf("refused: %s\ndetail: %s\n", reason_word(err->reason), err->detail);
	return 0;
}

static void print_person(const struct mirror_person *p)
{
	printf("dn: %s\nuuid: %s\nmail: %s\n", p->dn, p->entry_uuid, p->mail ? p->mail : "");
	for (size_t i = 0; i < p->attribute_count; i++)
		for (size_t j = 0; j < p->attributes[i].n; j++)
			printf("attribute: %s %.*s\n", p->attributes[i].name, (int)p->attributes[i].values[j].n,
				p->attributes[i].values[j].p);
	for (size_t i = 0; i < p->group_count; i++)
		printf("group: %s\n", p->groups[i].cn);
}

static int person(struct arena *a, const struct directory_options *d, const char *claim, const char *value)
{
	const struct mirror_claim claims[] = {{claim, value}};
	const struct mirror_query query = {.claims = claims, .claim_count = 1};
	struct mirror_person p;
	struct mirror *m;
	struct error err;
	int rc;

	if (mirror_open(mirror_path, &m, &err) < 0)
		return refused(&err);
	rc = strcmp(claim, "name") == 0 ? mirror_person_named(a, m, d, 1, value, &p, &err) : mirror_person(a, m, d, 1, &query, &p, &err);
	if (rc < 0)
		refused(&err);
	else
		print_person(&p);
	mirror_close(m);
	return 0;
}

static int state(struct arena *a, const struct directory_options *d)
{
	struct mirror_state s;
	struct mirror *m;
	struct error err;

	if (mirror_open(mirror_path, &m, &err) < 0)
		return refused(&err);
	if (mirror_state(a, m, d->name, &s, &err) < 0)
		refused(&err);
	else
		printf("filled: %d\nconnected: %d\npeople: %zu\ngroups: %zu\nas_of: %lld\nerror: %s\n", s.filled, s.connected, s.people,
			s.groups, (long long)s.as_of, s.error ? s.error : "");
	mirror_close(m);
	return 0;
}

static int check(struct arena *a, const struct directory_options *d)
{
	struct directory_check c;
	struct error err;

	if (directory_check(a, d, &c, &err) < 0)
		return refused(&err);
	printf("people: %zu\ngroups: %zu\ncontroller: %s\nsees_deletions: %d\naccounts: %zu\n", c.people, c.groups, c.controller ? c.controller : "none",
		c.sees_deletions, c.people_with_account);
	for (size_t i = 0; i < c.writable_count; i++)
		printf("writable: %s %s\n", c.writable[i].attribute, c.writable[i].who);
	printf("rights_of: %s\n", c.rights_of ? c.rights_of : "");
	if (c.cannot_follow)
		printf("cannot_follow: %s\n", c.cannot_follow);
	return 0;
}

int main(int argc, char **argv)
{
	struct directory_options d = {.name = "corp", .kind = DIRECTORY_ACTIVE_DIRECTORY, .uris = uris,
		.people_filter = "(&(objectCategory=person)(objectClass=user))", .groups_filter = "(objectClass=group)",
		.member_attribute = "member", .group_name_attribute = "cn", .mail_attribute = "mail", .joins = joins,
		.join_count = sizeof(joins) / sizeof(*joins), .poll_seconds = 1};
	struct arena *a = arena_new();
	int at = 2, rc = 2;

	for (; at < argc && strchr(argv[at], '='); at++) {
		char *value = strchr(argv[at], '=');

		*value++ = '\0';
		set(&d, argv[at], value);
	}
	if (argc > 1 && strcmp(argv[1], "follow") == 0)
		rc = follow(&d);
	else if (argc > 1 && strcmp(argv[1], "state") == 0)
		rc = state(a, &d);
	else if (argc > 1 && strcmp(argv[1], "check") == 0)
		rc = check(a, &d);
	else if (argc == at + 2 && strcmp(argv[1], "person") == 0)
		rc = person(a, &d, argv[at], argv[at + 1]);
	arena_free(a);
	return rc;
}
