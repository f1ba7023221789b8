/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read when /metrics is asked for: mirrors, keys of our own and of others, metadata, alarms. */
#include "gateway/metrics_gauges.h"

#include "base/clock.h"
#include "gateway/alarms.h"
#include "gateway/provision_status.h"
#include "gateway/staleness.h"

#include <sys/stat.h>

/* What others encrypt for: some identity providers take none that has ended. */
static void add_decryption_keys(struct gauges *out, const struct gateway *g, int64_t now)
{
	for (size_t i = 0; i < g->settings->decryption_key_count; i++) {
		const char *file = g->settings->decryption_keys[i].certificate_file, *base64;
		struct slice pem;
		struct error ignored;
		int64_t until;

		if (files_get(g->files, file, FILE_PUBLIC, FILES_ALL, &pem, &ignored) == 0 &&
			saml_certificate_read(out->arena, pem, &base64, &until, &ignored) == 0)
			gauge_add(out, METRIC_DECRYPTION_KEY, until - now, file, NULL);
	}
}

/* What browsers are shown, where we do TLS. */
static void add_tls_certificate(struct gauges *out, const struct gateway *g, int64_t now)
{
	const char *file = g->settings->tls_certificate_file, *base64;
	struct slice pem;
	struct error ignored;
	int64_t until;

	if (file && files_get(g->files, file, FILE_PUBLIC, FILES_ALL, &pem, &ignored) == 0 &&
		saml_certificate_read(out->arena, pem, &base64, &until, &ignored) == 0)
		gauge_add(out, METRIC_TLS_CERTIFICATE, until - now, file, NULL);
}

/* Each alarm that a subject of this kind can have: what is off is a 0, not a gap. */
static void add_alarms(struct gauges *out, const struct alarms *alarms, const char *subject)
{
	int i;

	for (i = 0; i < ALARM_COUNT; i++) {
		if (alarms->judged[i])
			gauge_add(out, METRIC_ALARM, alarms->text[i] != NULL, alarm_word((enum alarm)i), subject, NULL);
	}
}

static void add_directory_alarms(struct gauges *out, const struct gateway *g, int64_t now)
{
	struct alarms alarms;
	size_t i;

	for (i = 0; i < g->settings->directory_count; i++) {
		alarms_of_directory(out->arena, g->settings, g->mirror, g->settings->directories[i].name, now, &alarms);
		add_alarms(out, &alarms, g->settings->directories[i].name);
	}
}

static void add_directories(struct gauges *out, const struct gateway *g, int64_t now)
{
	size_t i;

	for (i = 0; g->mirror && i < g->settings->directory_count; i++) {
		const char *name = g->settings->directories[i].name;
		struct mirror_state state = {0};
		struct error ignored;

		if (mirror_state(out->arena, g->mirror, name, &state, &ignored) < 0)
			continue;
		gauge_add(out, METRIC_MIRROR_CONNECTED, state.connected, name, NULL);
		if (!state.filled)
			continue;
		gauge_add(out, METRIC_MIRROR_AGE, now > state.as_of ? now - state.as_of : 0, name, NULL);
		gauge_add(out, METRIC_MIRROR_STALE, staleness_of(g->settings, name, staleness_age(state.as_of, now)) != STALE_FRESH, name,
			NULL);
		gauge_add(out, METRIC_MIRROR_LEFT, staleness_end(g->settings, name, state.as_of) - now, name, NULL);
		gauge_add(out, METRIC_MIRROR_PEOPLE, (int64_t)state.people, name, NULL);
		gauge_add(out, METRIC_MIRROR_GROUPS, (int64_t)state.groups, name, NULL);
		gauge_add(out, METRIC_MIRROR_HELD, (int64_t)state.people_held.n, name, "people", NULL);
		gauge_add(out, METRIC_MIRROR_HELD, (int64_t)state.groups_held.n, name, "groups", NULL);
		if (state.changed)
			gauge_add(out, METRIC_MIRROR_CHANGED, state.changed, name, NULL);
	}
}

static void add_host(struct gauges *out, const struct gateway *g)
{
	struct disk disks[DISKS];
	struct alarms alarms;
	struct stat st;
	size_t i;

	if (stat(settings_mirror_path(out->arena, g->settings), &st) == 0)
		gauge_add(out, METRIC_MIRROR_BYTES, (int64_t)st.st_blocks * 512, NULL);
	disks_look(out->arena, g->settings, disks);
	for (i = 0; i < DISKS; i++) {
		if (disks[i].free >= 0)
			gauge_add(out, METRIC_DISK_FREE, disks[i].free, disks[i].setting, NULL);
	}
	if (g->metrics)
		gauge_add(out, METRIC_CONNECTIONS, (int64_t)metrics_open_connections(g->metrics), NULL);
	alarms_of_host(out->arena, g->settings, g->metrics, &alarms);
	add_alarms(out, &alarms, "host");
}

/* ---- accounts at Atlassian ---- */

static void add_places(struct gauges *out, const struct provision_status *s)
{
	for (size_t i = 0; i < s->place_count; i++) {
		const struct provision_place *p = &s->places[i];

		gauge_add(out, METRIC_ACCOUNTS, (int64_t)p->wanted, p->connection, "wanted", NULL);
		gauge_add(out, METRIC_ACCOUNTS, (int64_t)p->kept, p->connection, "kept", NULL);
		gauge_add(out, METRIC_ACCOUNTS, (int64_t)p->waiting, p->connection, "waiting", NULL);
		gauge_add(out, METRIC_ACCOUNTS, (int64_t)p->licensed, p->connection, "licensed", NULL);
	}
}

static void add_last_plan(struct gauges *out, const struct settings *settings)
{
	struct provision_status s;
	struct error ignored;

	if (settings->provision == PROVISION_OFF || provision_status_read(out->arena, settings, &s, &ignored) < 0)
		return;
	if (s.succeeded)
		gauge_add(out, METRIC_ACCOUNT_SUCCEEDED, s.succeeded, NULL);
	if (!s.planned)
		return;
	gauge_add(out, METRIC_ACCOUNT_PLANNED, s.planned, NULL);
	gauge_add(out, METRIC_ACCOUNT_LEFT, (int64_t)s.left, NULL);
	gauge_add(out, METRIC_ACCOUNT_HELD, (int64_t)s.held, NULL);
	for (int i = 0; i < TASK_KINDS; i++)
		gauge_add(out, METRIC_ACCOUNT_TASKS, (int64_t)s.tasks[i], plan_task_word((enum plan_task_kind)i), NULL);
	add_places(out, &s);
}

static void add_api_keys(struct gauges *out, const struct settings *s, int64_t now)
{
	struct arena *a = arena_new();
	const struct api_key *keys;
	size_t n = api_keys_look(a, s, &keys);

	for (size_t i = 0; i < n; i++)
		if (keys[i].ends)
			gauge_add(out, METRIC_API_KEY, keys[i].ends - now, keys[i].of, NULL);
	arena_free(a);
}

static void add_accounts(struct gauges *out, const struct settings *s, int64_t now)
{
	struct accounts_news news;
	struct error ignored;

	add_last_plan(out, s);
	add_api_keys(out, s, now);
	if (accounts_news_read(out->arena, settings_accounts_path(out->arena, s), now, &news, &ignored) == 0)
		gauge_add(out, METRIC_BILLED_NEWLY, (int64_t)(news.count + news.more), NULL);
}

static void add_doors(struct gauges *out, const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].kind == DOOR_MANAGED)
			gauge_add(out, METRIC_OBSERVES, s->connections[i].observe, s->connections[i].name, NULL);
	}
}

static void add_status(struct gauges *out, const struct alarm_facts *f)
{
	const struct metadata_status *s = &f->status;
	const char *name = f->setting->name;

	if (s->confirmed)
		gauge_add(out, METRIC_METADATA_AGE, f->now > s->confirmed ? f->now - s->confirmed : 0, name, NULL);
	if (s->tried)
		gauge_add(out, METRIC_METADATA_TRIED, s->tried, name, NULL);
	if (s->tried)
		gauge_add(out, METRIC_METADATA_GOOD, s->failing_since == 0, name, NULL);
	if (f->document && f->document->valid_until)
		gauge_add(out, METRIC_METADATA_VALID, f->document->valid_until, name, NULL);
}

static void add_keys(struct gauges *out, const struct alarm_facts *f)
{
	size_t i;

	for (i = 0; f->document && i < f->document->keys_listed; i++) {
		const struct saml_provider_key *key = &f->document->keys[i];
		bool used = f->key.fingerprint && strcmp(f->key.fingerprint, key->fingerprint) == 0;

		gauge_add(out, METRIC_PROVIDER_KEY, key->not_after - f->now, f->setting->name,
			arena_printf(out->arena, "%.16s", key->fingerprint), used ? "yes" : "no", NULL);
	}
}

static void add_own_keys(struct gauges *out, const struct gateway *g, int64_t now)
{
	size_t i;

	for (i = 0; i < g->keyring.n; i++) {
		const struct keyring_key *key = &g->keyring.keys[i];

		if (key->certificate.base64)
			gauge_add(out, METRIC_OWN_KEY, key->certificate.not_after - now, key->name,
				keyring_is_used(&g->keyring, g->settings, key) ? "yes" : "no", NULL);
	}
}

void metrics_gauges(struct gauges *out, const struct gateway *g)
{
	int64_t now = clock_now();
	size_t i;

	gauge_add(out, METRIC_BUILD, 1, PACKAGE_VERSION, NULL);
	add_directories(out, g, now);
	add_directory_alarms(out, g, now);
	add_doors(out, g->settings);
	add_own_keys(out, g, now);
	add_decryption_keys(out, g, now);
	add_tls_certificate(out, g, now);
	add_host(out, g);
	add_accounts(out, g->settings, now);
	for (i = 0; i < g->settings->provider_count; i++) {
		const struct settings_provider *setting = &g->settings->providers[i];
		struct alarm_facts facts;
		struct alarms alarms;

		alarms_gather(out->arena, g->settings, setting, providers_document(g->providers, setting->name), now, &facts);
		add_status(out, &facts);
		add_keys(out, &facts);
		alarms_judge(out->arena, &facts, &alarms);
		add_alarms(out, &alarms, setting->name);
	}
}
