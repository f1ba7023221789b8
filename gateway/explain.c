/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern explain PERSON`: why, by the very code that decides.
 *
 * Reads the mirror and the inventory, holds no key, writes nothing.  What only
 * a sign-on knows (claims, MFA, client) is given on the command line, or taken
 * as absent, and said so.
 */
#include "gateway/explain.h"

#include "base/clock.h"
#include "gateway/child.h"
#include "gateway/commands.h"
#include "gateway/domains.h"
#include "gateway/release.h"

#include <getopt.h>

struct asked {
	const char *person, *door, *link, *client;
	bool json;
	struct saml_identity identity;
	struct saml_attribute *claims;
	size_t claim_count;
};

static int usage(const char *problem, const char *what)
{
	if (problem)
		fprintf(stderr, "postern explain: %s%s\n", problem, what ? what : "");
	fputs("usage: postern explain PERSON [--door NAME | --link NAME] [--mfa] [--guest]\n"
	      "                       [--client ADDRESS] [--claim NAME=VALUE]... [--json]\n"
	      "PERSON is a mail address, a DN, a uid or an object id.\n", stderr);
	return 2;
}

static int add_claim(struct arena *a, struct asked *q, const char *text)
{
	/* a claim's name is a URL and may hold `=` in theory; its value does more often, so the first one divides */
	const char *equals = strchr(text, '=');
	const char **values;

	if (!equals || equals == text)
		return -1;
	values = arena_alloc(a, sizeof(*values));
	values[0] = equals + 1;
	q->claims = arena_grow(a, q->claims, q->claim_count, sizeof(*q->claims));
	q->claims[q->claim_count++] = (struct saml_attribute){arena_copy(a, slice_of(text, (size_t)(equals - text))), values, 1};
	return 0;
}

static int read_arguments(struct arena *a, int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"door", required_argument, NULL, 'd'}, {"link", required_argument, NULL, 'l'}, {"client", required_argument, NULL, 'c'},
		{"claim", required_argument, NULL, 'k'}, {"mfa", no_argument, NULL, 'm'}, {"guest", no_argument, NULL, 'g'},
		{"json", no_argument, NULL, 'j'}, {0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'd': q->door = optarg; break;
		case 'l': q->link = optarg; break;
		case 'c': q->client = optarg; break;
		case 'm': q->identity.mfa = true; break;
		case 'g': q->identity.guest = true; break;
		case 'j': q->json = true; break;
		case 'k':
			if (add_claim(a, q, optarg) < 0)
				return usage("--claim wants NAME=VALUE, not ", optarg);
			break;
		default: return usage(NULL, NULL);
		}
	}
	if (optind + 1 != argc)
		return usage(optind == argc ? "whom?" : "one person at a time", NULL);
	if (q->door && q->link)
		return usage("--door or --link, not both", NULL);
	q->person = argv[optind];
	q->identity.attributes = q->claims;
	q->identity.attribute_count = q->claim_count;
	return 0;
}

static void explain_at(struct arena *a, const struct gateway *g, const struct explanation *e, struct explained_door *d)
{
	struct judge_question question = {
		.door = d->connection, .link = d->link, .identity = e->identity, .client = e->client, .now = e->now,
	};

	d->rc = judge(a, g, &question, &e->person, TRACE_YES, &d->judgement, &d->err);
	if (d->rc == 0 && d->judgement.passage == PASSAGE_ASSERT)
		d->attribute_count = release_attributes(a, d->judgement.door, e->identity, &e->person, &d->attributes);
}

/* The doors and links asked for; all of them when none was named. */
static int choose_doors(struct arena *a, const struct settings *s, const struct asked *q, struct explained_door **out, size_t *n_out)
{
	struct explained_door *doors = arena_alloc(a, (s->connection_count + s->link_count + 1) * sizeof(*doors));
	size_t i, n = 0;

	for (i = 0; i < s->connection_count && !q->link; i++) {
		if (!q->door || strcmp(q->door, s->connections[i].name) == 0)
			doors[n++].connection = &s->connections[i];
	}
	for (i = 0; i < s->link_count && !q->door; i++) {
		if (!q->link || strcmp(q->link, s->links[i].name) == 0)
			doors[n++].link = &s->links[i];
	}
	*out = doors;
	*n_out = n;
	return n ? 0 : -1;
}

static void find_age(const struct settings *s, struct explanation *e)
{
	e->age = staleness_age(e->person.as_of, e->now);
	e->staleness = staleness_of(s, e->person.directory, e->age);
	e->stale_end = staleness_end(s, e->person.directory, e->person.as_of);
}

static int explain(struct arena *a, const struct gateway *g, const struct asked *q)
{
	struct explanation e = {.asked = q->person, .now = clock_now(), .identity = &q->identity, .client = q->client};
	struct explained_door *doors;
	size_t i;
	int refused = 0;

	if (choose_doors(a, g->settings, q, &doors, &e.door_count) < 0)
		return usage("there is no connection or link named ", q->door ? q->door : q->link);
	if (!g->mirror)
		e.found = error_set(&e.err, REASON_MIRROR_EMPTY, "%s is not there yet: has `postern serve` run?",
			settings_mirror_path(a, g->settings));
	else
		e.found = mirror_person_named(a, g->mirror, g->settings->directories, g->settings->directory_count, q->person, &e.person, &e.err);
	if (e.found == 0)
		e.provider_count = providers_of_person(a, g->settings, e.person.directory, e.person.mail, &e.providers);
	if (e.found == 0)
		find_age(g->settings, &e);
	for (i = 0; e.found == 0 && i < e.door_count; i++) {
		explain_at(a, g, &e, &doors[i]);
		refused += doors[i].rc < 0;
	}
	e.doors = doors;
	if (q->json)
		explain_print_json(&e);
	else
		explain_print_text(&e);
	return e.found < 0 || (size_t)refused == e.door_count ? 1 : 0;
}

int command_explain(struct arena *a, const char *settings_path, int argc, char **argv)
{
	const struct settings *settings;
	struct asked q = {0};
	struct gateway g = {0};
	struct error err;
	int rc;

	rc = read_arguments(a, argc, argv, &q);
	if (rc != 0)
		return rc;
	if (settings_read(a, files_from_disk(a), settings_path, &settings, NULL, &err) < 0 || child_user_step_down(settings->user, &err) < 0) {
		fprintf(stderr, "postern explain: %s\n", err.detail);
		return 1;
	}
	g = (struct gateway){.arena = a, .settings = settings};
	gateway_open_stores(&g);
	rc = explain(a, &g, &q);
	gateway_close(&g);
	return rc;
}
