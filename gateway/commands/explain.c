/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern explain PERSON | --response FILE | --audit ID`: why, by the very
 * code that decides.
 *
 * Reads the mirror and the inventory, holds no key that signs, writes nothing.
 * What only a sign-on knows (claims, MFA, client) comes from the Response or
 * the audit, is given on the command line, or taken as absent, and said so.
 */
#include "gateway/commands/explain.h"

#include "base/clock.h"
#include "base/encode.h"
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/decision.h"
#include "gateway/host_user.h"
#include "gateway/settings/domains.h"
#include "gateway/release.h"

#include <getopt.h>

static int wrongly(const char *problem, const char *what)
{
	fprintf(stderr, "postern explain: %s%s\n", problem, what ? what : "");
	return CALLED_WRONGLY;
}

static int add_claim(struct arena *a, struct explain_asked *q, const char *text)
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

/* What is said of the person belongs to a name; a Response says it itself, and so does the audit, as far as it goes. */
static int require_fitting(struct explain_asked *q)
{
	if (q->door && q->link)
		return wrongly("--door or --link, not both", NULL);
	if (q->audit_id && (q->door || q->link))
		return wrongly("the audit says which door or link it was", NULL);
	if (q->response && (q->claim_count || q->identity.mfa || q->identity.guest))
		return wrongly("--claim, --mfa and --guest are for a person that is named; the Response says them itself", NULL);
	if (!q->response && q->provider)
		return wrongly("--provider belongs to --response", NULL);
	if (q->audit_id && q->at)
		return wrongly("--at belongs to a person that is named or to --response; a line of the audit is held against now", NULL);
	if (!q->audit_id && q->audit_file)
		return wrongly("--audit-file belongs to --audit", NULL);
	q->identity.attributes = q->claims;
	q->identity.attribute_count = q->claim_count;
	q->identity.tenant = judge_claim(&q->identity, SAML_CLAIM_TENANT);
	return 0;
}

static int read_arguments(struct arena *a, int argc, char **argv, struct explain_asked *q)
{
	static const struct option options[] = {
		{"door", required_argument, NULL, 'd'}, {"link", required_argument, NULL, 'l'}, {"client", required_argument, NULL, 'c'},
		{"claim", required_argument, NULL, 'k'}, {"mfa", no_argument, NULL, 'm'}, {"guest", no_argument, NULL, 'g'},
		{"json", no_argument, NULL, 'j'}, {"response", required_argument, NULL, 'r'}, {"audit", required_argument, NULL, 'a'},
		{"audit-file", required_argument, NULL, 'f'}, {"provider", required_argument, NULL, 'p'}, {"at", required_argument, NULL, 't'}, {0},
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
		case 'r': q->response = optarg; break;
		case 'a': q->audit_id = optarg; break;
		case 'f': q->audit_file = optarg; break;
		case 'p': q->provider = optarg; break;
		case 't': q->at = optarg; break;
		case 'k':
			if (add_claim(a, q, optarg) < 0)
				return wrongly("--claim wants NAME=VALUE, not ", optarg);
			break;
		default: return CALLED_WRONGLY;
		}
	}
	if (!q->response && !q->audit_id && optind == argc)
		return wrongly("whom?", NULL);
	if ((q->response != NULL) + (q->audit_id != NULL) + (argc - optind) != 1)
		return wrongly("one person, one Response or one line of the audit at a time", NULL);
	q->person = argv[optind];
	return require_fitting(q);
}

/* The line that the audit would have; of a refusal by the SAML or of a person who was not found, without a judgement. */
static void note_decision(struct arena *a, const struct explanation *e, struct explained_door *d)
{
	struct audit_line *line = &d->line;

	*line = (struct audit_line){
		.client = e->client, .door = d->connection ? d->connection->name : NULL, .link = d->link ? d->link->name : NULL,
		.provider = e->provider ? e->provider->name : NULL,
	};
	if (!e->response || e->response->rc == 0)
		decision_identity(a, line, &e->identity);
	if (e->found < 0) {
		decision_refusal(a, line, &e->err);
		return;
	}
	decision_person(line, &e->person);
	decision_judgement(a, line, &d->judgement);
	if (d->rc < 0)
		decision_refusal(a, line, &d->err);
	else
		line->event = decision_event(&d->judgement);
}

static void explain_at(struct arena *a, const struct gateway *g, const struct explanation *e, struct explained_door *d)
{
	struct judge_question question = {
		.door = d->connection, .link = d->link, .provider = e->provider ? e->provider->name : NULL, .identity = &e->identity,
		.client = e->client, .now = e->now,
	};

	if (!d->connection && !d->link) {
		d->rc = judge_standing(a, g, gateway_policy(g), &e->person, e->now, TRACE_YES, &d->judgement, &d->err);
		return;
	}
	d->rc = judge(a, g, &question, &e->person, TRACE_YES, &d->judgement, &d->err);
	if (d->rc == 0 && e->provider)
		d->rc = judge_way(&question, &d->judgement, &d->err);
	if (d->rc == 0 && d->judgement.passage == PASSAGE_ASSERT)
		d->attribute_count = release_attributes(a, g, d->judgement.door, &e->identity, &e->person, &d->attributes);
}

/* The doors and links asked for; all of them when none was named.  Where there are none yet: one that is neither. */
static int choose_doors(struct arena *a, const struct settings *s, const struct explain_asked *q, struct explained_door **out, size_t *n_out)
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
	if (!s->connection_count && !q->door && !q->link)
		n = 1;
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

/*
 * There is only the mirror of today.  Judged at an instant before it was last
 * known to be so, it is new; at one to come, as old as it is now.
 */
static void take_mirror_of_today(struct explanation *e, int64_t today)
{
	if (e->now > today)
		e->person.as_of += e->now - today;
	else if (e->person.as_of > e->now && e->person.as_of <= today)
		e->person.as_of = e->now;
}

/* Of a Response by its claims, as a sign-on does; else by the name that was given. */
static void find_person(struct arena *a, const struct gateway *g, const struct explain_asked *q, struct explanation *e)
{
	const struct settings *s = g->settings;

	if (e->found < 0)               /* the Response was refused */
		return;
	if (!g->mirror)
		e->found = error_set(&e->err, REASON_MIRROR_EMPTY, e->response ? "the mirror file is not there yet" :
			"%s is not there yet: has `postern serve` run, or `postern fill`?", settings_mirror_path(a, s));
	else if (e->response)
		e->found = judge_person(a, g, e->provider, &e->identity, &e->person, &e->err);
	else
		e->found = mirror_person_named(a, g->mirror, s->directories, s->directory_count, q->person, &e->person, &e->err);
	if (e->found < 0)
		return;
	take_mirror_of_today(e, clock_now());
	e->provider_count = providers_of_person(a, s, e->person.directory, e->person.mail, &e->providers);
	find_age(s, e);
}

static int explain(struct arena *a, const struct gateway *g, const struct explain_asked *q, struct explanation *e)
{
	struct explained_door *doors;
	size_t i;
	int refused = 0;

	if (choose_doors(a, g->settings, q, &doors, &e->door_count) < 0)
		return wrongly("there is no connection or link named ", q->door ? q->door : q->link);
	e->no_providers = g->settings->provider_count == 0;
	find_person(a, g, q, e);
	for (i = 0; i < e->door_count; i++) {
		if (e->found == 0)
			explain_at(a, g, e, &doors[i]);
		refused += e->found < 0 || doors[i].rc < 0;
		note_decision(a, e, &doors[i]);
	}
	e->doors = doors;
	if (q->json)
		explain_print_json(a, e);
	else
		explain_print_text(a, e);
	return (size_t)refused == e->door_count ? 1 : 0;
}

/* The time that conditions are judged at; of a Response its own reader says it. */
static int read_at(const struct explain_asked *q, struct explanation *e, struct error *err)
{
	if (!q->at || strcmp(q->at, "now") == 0)
		return 0;
	return time_read(slice_c(q->at), &e->now) == 0 ? 0 :
		error_set(err, REASON_SETTINGS, "--at wants now or a time as 2026-11-24T13:19:16Z, not %.40s", q->at);
}

static int explain_all(struct arena *a, struct files *files, struct gateway *g, struct explain_asked *q, struct explanation *e,
	struct error *err)
{
	*e = (struct explanation){.asked = q->person, .now = clock_now()};

	if (!q->response && read_at(q, e, err) < 0)
		return -1;
	if (q->response && explain_response_load(a, q, files, g, e, err) < 0)
		return -1;
	if (host_user_step_down(g->settings->user, err) < 0)
		return -1;
	if (q->response) {
		e->asked = q->response;
		g->providers = providers_open(g->settings, files);
		if (explain_response_judge(a, q, g, e, err) < 0)
			return -1;
	}
	if (q->audit_id && explain_audit_find(a, g->settings, q, e, err) < 0)
		return -1;
	if (q->audit_id && !q->person)
		return error_set(err, REASON_FILE, "the line of %.40s names nobody, so there is nothing to judge now; a stored Response can be judged "
			"with --response", q->audit_id);
	if (!q->response)
		e->identity = q->identity;
	if (q->audit_id)
		e->asked = q->audit_id;
	e->client = q->client;
	gateway_open_stores(g);
	gateway_rules_at(g, e->now);
	return explain(a, g, q, e);
}

int command_explain(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct files *files = files_from_disk(a);
	struct explain_asked q = {0};
	struct gateway g = {.arena = a};
	struct explanation e = {.audit = NULL};
	struct error err;
	int rc;

	rc = read_arguments(a, argc, argv, &q);
	if (rc != 0)
		return rc;
	/* of a person that is named, directories and rules alone can say something */
	if (settings_read_for(q.person ? SETTINGS_TO_ANSWER : SETTINGS_TO_SERVE, a, files, settings_path, &g.settings, NULL, &err) < 0 ||
		saml_start(&err) < 0) {
		fprintf(stderr, "postern explain: %s\n", err.detail);
		return 1;
	}
	rc = explain_all(a, files, &g, &q, &e, &err);
	if (rc < 0)
		fprintf(stderr, "postern explain: %s\n", err.detail);
	explain_audit_free(e.audit);
	gateway_close(&g);
	saml_stop();
	return rc < 0 ? 1 : rc;
}
