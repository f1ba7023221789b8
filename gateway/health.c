/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * /health/live and /health/ready, for load balancers and people.
 *
 * Live: the loop turns.  Ready: every directory was read whole once and is not
 * too old to sign anybody on by it, and every identity provider has usable
 * metadata, so that a sign-on can succeed.  Strangers are told no more than
 * that.  Who asks from health_networks is told the parts, too, and alarms: they
 * make nothing unready, and the log has what is wrong.
 */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "gateway/alarms.h"
#include "gateway/ldap_rules_live.h"
#include "gateway/ldap_rules_status.h"
#include "gateway/staleness.h"

#include <jansson.h>

void health_live(struct http_exchange *x, void *gateway)
{
	(void)gateway;
	x->status = 200;
	x->reply_type = "application/json";
	x->reply_body = slice_c("{\"live\":true}\n");
}

/* ---- whether it is ready ---- */

static enum staleness look_at_directory(struct arena *a, const struct gateway *g, const char *name, struct mirror_state *state)
{
	struct error ignored;

	if (g->mirror)
		mirror_state(a, g->mirror, name, state, &ignored);
	return staleness_of(g->settings, name, staleness_age(state->as_of, clock_now()));
}

/* A host whose people are all refused because its mirror is too old is not ready: another one may be better off. */
static bool is_ready(struct arena *a, const struct gateway *g)
{
	const struct settings *s = g->settings;
	const char *why;
	size_t i;

	for (i = 0; i < s->directory_count; i++) {
		struct mirror_state state = {0};
		enum staleness staleness = look_at_directory(a, g, s->directories[i].name, &state);

		if (!state.filled || staleness == STALE_DENIED)
			return false;
	}
	for (i = 0; i < s->provider_count; i++) {
		if (!providers_get(g->providers, s->providers[i].name, &why))
			return false;
	}
	return true;
}

/* ---- what is told to those who may know ---- */

static json_t *words_of(const struct alarms *alarms)
{
	json_t *out = json_array();
	int i;

	for (i = 0; i < ALARM_COUNT; i++) {
		if (alarms->text[i])
			json_array_append_new(out, json_string(alarm_word((enum alarm)i)));
	}
	return out;
}

static json_t *directories_of(struct arena *a, const struct gateway *g)
{
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < g->settings->directory_count; i++) {
		const char *name = g->settings->directories[i].name;
		struct mirror_state state = {0};
		enum staleness staleness = look_at_directory(a, g, name, &state);
		json_t *o = json_object();
		struct alarms alarms;

		json_object_set_new(o, "filled", json_boolean(state.filled));
		json_object_set_new(o, "connected", json_boolean(state.connected));
		if (state.filled) {
			json_object_set_new(o, "age_s", json_integer(clock_now() - state.as_of));
			json_object_set_new(o, "data", json_string(staleness_word(staleness)));
		}
		if (state.people_held.n || state.groups_held.n) {
			json_object_set_new(o, "people_held", json_integer((json_int_t)state.people_held.n));
			json_object_set_new(o, "groups_held", json_integer((json_int_t)state.groups_held.n));
		}
		alarms_of_directory(a, g->settings, g->mirror, name, clock_now(), &alarms);
		json_object_set_new(o, "alarms", words_of(&alarms));
		json_object_set_new(out, name, o);
	}
	return out;
}

static json_t *alarms_of(struct arena *a, const struct gateway *g, const struct settings_provider *setting)
{
	struct alarm_facts facts;
	struct alarms alarms;

	alarms_gather(a, g->settings, setting, providers_document(g->providers, setting->name), clock_now(), &facts);
	alarms_judge(a, &facts, &alarms);
	return words_of(&alarms);
}

static json_t *providers_of(struct arena *a, const struct gateway *g)
{
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < g->settings->provider_count; i++) {
		const char *name = g->settings->providers[i].name, *why;
		json_t *o = json_object();

		json_object_set_new(o, "metadata", json_boolean(providers_get(g->providers, name, &why) != NULL));
		json_object_set_new(o, "alarms", alarms_of(a, g, &g->settings->providers[i]));
		json_object_set_new(out, name, o);
	}
	return out;
}

/* Connections at which rules keep nobody out, so that nobody forgets. */
static json_t *observing(const struct settings *s)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].observe)
			json_array_append_new(out, json_string(s->connections[i].name));
	}
	return out;
}

/* By which rules of LDAP this very process decides, and whether LDAP holds the same. */
static void add_rules(struct arena *a, const struct gateway *g, json_t *out)
{
	struct ldap_rules_status status = {.state = LDAP_RULES_UNREAD};
	json_t *o;

	if (!g->ldap_rules)
		return;
	ldap_rules_status_read(a, g->settings, &status);
	o = json_object();
	json_object_set_new(o, "version", json_string(ldap_rules_live_version(g->ldap_rules)));
	json_object_set_new(o, "state", json_string(ldap_rules_state_word(status.state)));
	json_object_set_new(out, "ldap_rules", o);
}

static json_t *alarms_of_this_host(struct arena *a, const struct gateway *g)
{
	struct alarms alarms;

	alarms_of_host(a, g->settings, g->metrics, &alarms);
	return words_of(&alarms);
}

static void add_details(struct arena *a, const struct gateway *g, json_t *out)
{
	json_object_set_new(out, "directories", directories_of(a, g));
	json_object_set_new(out, "identity_providers", providers_of(a, g));
	json_object_set_new(out, "observing", observing(g->settings));
	json_object_set_new(out, "alarms", alarms_of_this_host(a, g));
	add_rules(a, g, out);
}

/* Whose names are in it, and what fails and since when, is the operator's business alone. */
static bool may_know(const struct settings *s, const char *client)
{
	unsigned char address[NETWORK_ADDRESS_SIZE];

	return network_address_read(slice_c(client), address) == 0 &&
		network_any_holds(s->health_networks, s->health_network_count, address);
}

void health_ready(struct http_exchange *x, void *gateway)
{
	const struct gateway *g = gateway;
	bool ready = is_ready(x->arena, g);
	json_t *o = json_object();
	char *text;

	json_object_set_new(o, "ready", json_boolean(ready));
	if (may_know(g->settings, x->client))
		add_details(x->arena, g, o);
	text = json_dumps(o, JSON_COMPACT);
	x->status = ready ? 200 : 503;
	x->reply_type = "application/json";
	x->reply_body = slice_c(arena_printf(x->arena, "%s\n", text ? text : "{}"));
	free(text);
	json_decref(o);
}
