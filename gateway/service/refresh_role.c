/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The refresh role: keeps the identity providers' metadata on disk fresh, and
 * says in the log when something about it should be looked at (alarms.h).
 *
 * Holds no secret and talks to metadata addresses only.  A document is kept
 * when it can be used and is of the entity that is expected: the one of the
 * settings, or that of the last good document from this address.  Workers look
 * at the file.  What is not taken leaves the last good one where it is.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/alarms.h"
#include "gateway/fetch.h"
#include "gateway/gateway.h"
#include "gateway/service/refresh_wait.h"
#include "gateway/service/role.h"

#include <unistd.h>

#define RETRY_FIRST 1           /* seconds after a failure, doubled each time … */
#define RETRY_MOST 300          /* … up to this, and never beyond the usual interval */

struct refreshed {
	const struct settings_provider *setting;
	const char *path, *status_path;
	const struct providers *providers;      /* all of them, as they are in force */
	struct arena *arena;            /* of what follows; renewed with each good document */
	struct metadata_status status;
	const char *etag, *modified;    /* of the document at hand, NULL: not said, or not fetched by this process */
	int64_t wait;                   /* seconds until the next fetch while nothing changes */
	int64_t next;                   /* monotonic microseconds */
	int64_t retry;                  /* seconds; 0: the last try went well */
};

static bool go_on(void *context)
{
	const struct role *role = context;

	role_alive(role);
	return !*role->stop;
}

/* Several hosts, and several providers of one, do not ask in step: between three quarters and all of it. */
static int64_t spread(int64_t seconds)
{
	unsigned char byte;

	random_bytes(&byte, sizeof(byte));
	return seconds * 1000000 - seconds * 1000000 / 4 * byte / 255;
}

static int judge(const struct role *role, const struct refreshed *t, struct slice bytes, struct saml_provider **out,
	struct error *err)
{
	struct saml_provider_options options;
	struct saml_provider *p;
	const char *other;

	if (settings_provider_options(role->files, t->setting, clock_now(), &options, err) < 0)
		return -1;
	if (!options.entity_id)
		options.entity_id = t->status.entity;
	if (saml_provider_read(bytes, &options, &p, err) < 0)
		return -1;
	other = providers_with_entity(t->providers, saml_provider_info(p)->entity_id, t->setting->name);
	if (other) {
		error_set(err, REASON_METADATA, "the document is of the entity %.200s, which is that of %s",
			saml_provider_info(p)->entity_id, other);
		saml_provider_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

/* Everything that is remembered of a target moves to a new arena, so that years of it do not add up. */
static void remember(struct refreshed *t, const struct metadata_status *status, const char *etag, const char *modified)
{
	struct arena *a = arena_new();

	t->status = *status;
	t->status.url = t->setting->metadata_url;
	t->status.source = arena_strdup(a, status->source);
	t->status.entity = arena_strdup(a, status->entity);
	t->status.result = arena_strdup(a, status->result);
	t->status.detail = arena_strdup(a, status->detail);
	t->etag = arena_strdup(a, etag);
	t->modified = arena_strdup(a, modified);
	arena_free(t->arena);
	t->arena = a;
}

/*
 * The entity is known even where the copy can no longer be used (past its
 * validUntil), so that an address cannot change it by waiting.  A status of
 * another address says nothing: the administrator has chosen anew.
 */
static void read_state(const struct role *role, struct refreshed *t)
{
	struct arena *a = arena_new();
	struct metadata_status status = {0};
	struct saml_provider *p = NULL;
	struct slice bytes;
	struct error err;

	if (metadata_status_read(a, t->status_path, &status, &err) == 0) {
		if (!status.url || strcmp(status.url, t->setting->metadata_url) != 0)
			status = (struct metadata_status){.source = status.source};
	} else if (file_read(a, t->path, FILE_PUBLIC, FETCH_LIMIT, &bytes, &err) == 0 && judge(role, t, bytes, &p, &err) == 0) {
		status.entity = saml_provider_info(p)->entity_id;
		status.source = t->setting->metadata_url;
	}
	t->retry = status.failing_since ? RETRY_FIRST : 0;
	remember(t, &status, NULL, NULL);
	saml_provider_free(p);
	arena_free(a);
}

/* A file that changes is read anew by every worker, so the same bytes are not written again. */
static int keep(struct arena *a, const struct refreshed *t, struct slice bytes, bool *new_out, struct error *err)
{
	struct slice before;
	struct error ignored;

	*new_out = file_read(a, t->path, FILE_PUBLIC, FETCH_LIMIT, &before, &ignored) < 0 || !slice_equal(before, bytes);
	if (!*new_out)
		return 0;
	if (file_write(t->path, 0644, bytes, err) < 0)
		return -1;
	log_info("metadata kept", "provider", t->setting->name, "file", t->path, NULL);
	return 0;
}

static int get(struct arena *a, const struct role *role, const struct refreshed *t, struct fetched *out, struct error *err)
{
	bool at_hand = access(t->path, R_OK) == 0;
	struct fetch what = {
		.url = t->setting->metadata_url, .proxy = t->setting->proxy, .etag = at_hand ? t->etag : NULL,
		.modified = at_hand ? t->modified : NULL, .seconds = t->setting->fetch_seconds, .go_on = go_on, .context = (void *)role,
	};

	if (t->setting->metadata_ca_file &&
		files_get(role->files, t->setting->metadata_ca_file, FILE_PUBLIC, FILES_REFRESH, &what.ca_pem, err) < 0)
		return -1;
	return fetch(a, &what, out, err);
}

/* Judges what came and keeps it; *status is changed to what is so from now on. */
static int take(struct arena *a, const struct role *role, struct refreshed *t, const struct fetched *got, struct metadata_status *status,
	struct error *err)
{
	const struct saml_provider_info *info;
	struct saml_provider *p = NULL;
	bool is_new;
	int rc = -1;

	if (judge(role, t, got->body, &p, err) < 0 || keep(a, t, got->body, &is_new, err) < 0)
		goto out;
	info = saml_provider_info(p);
	status->entity = arena_strdup(a, info->entity_id);
	status->source = t->setting->metadata_url;
	status->result = is_new ? "taken" : "unchanged";
	if (is_new || !status->taken)
		status->taken = clock_now();
	t->wait = refresh_wait(&(struct refresh_wishes){.refresh = t->setting->refresh_seconds, .cache = info->cache_seconds,
		.max_age = got->max_age, .valid_until = info->valid_until}, clock_now());
	rc = 0;
out:
	saml_provider_free(p);
	return rc;
}

static int fetch_once(struct arena *a, const struct role *role, struct refreshed *t, struct metadata_status *status, struct error *err)
{
	struct fetched got;

	status->result = "failed";
	if (get(a, role, t, &got, err) < 0)
		return -1;
	status->result = got.unchanged ? "unchanged" : "refused";
	if (!got.unchanged && take(a, role, t, &got, status, err) < 0)
		return -1;
	status->detail = NULL;
	status->failing_since = 0;
	status->confirmed = clock_now();
	if (got.unchanged)
		remember(t, status, t->etag, t->modified);
	else
		remember(t, status, got.etag, got.modified);
	return 0;
}

/* One line when it stops working and one when it works again, not one a try. */
static void note_failure(struct refreshed *t, struct metadata_status *status, const struct error *err)
{
	int64_t most = t->setting->refresh_seconds < RETRY_MOST ? t->setting->refresh_seconds : RETRY_MOST;

	if (!t->status.failing_since)
		log_warning("metadata cannot be fetched, trying again", "provider", t->setting->name, "kept",
			t->status.confirmed || t->status.entity ? "the last good" : "none", "detail", err->detail, NULL);
	t->retry = t->retry ? t->retry * 2 : RETRY_FIRST;
	t->retry = t->retry < most ? t->retry : most;
	status->detail = err->detail;
	if (!status->failing_since)
		status->failing_since = status->tried;
	remember(t, status, t->etag, t->modified);
}

static void try_target(const struct role *role, struct refreshed *t)
{
	struct arena *a = arena_new();
	struct metadata_status status = t->status;
	struct error err;

	status.tried = clock_now();
	if (fetch_once(a, role, t, &status, &err) == 0) {
		if (t->retry)
			log_info("metadata is fetched again", "provider", t->setting->name, NULL);
		t->retry = 0;
	} else if (*role->stop) {
		goto out;
	} else {
		note_failure(t, &status, &err);
	}
	metrics_count(role->metrics, METRIC_FETCHES, t->setting->name, t->status.result, NULL);
	if (metadata_status_write(t->status_path, &t->status, &err) < 0)
		log_error("the state of metadata cannot be kept", "provider", t->setting->name, "detail", err.detail, NULL);
	t->next = clock_monotonic_us() + spread(t->retry ? t->retry : t->wait);
out:
	arena_free(a);
}

static size_t targets_of(const struct role *role, const struct providers *providers, struct refreshed *targets)
{
	const struct settings *s = role->settings;
	size_t i, n = 0;

	for (i = 0; i < s->provider_count; i++) {
		struct refreshed *t = &targets[n];

		if (!s->providers[i].metadata_url)
			continue;
		t->setting = &s->providers[i];
		t->providers = providers;
		t->path = settings_metadata_path(role->arena, s, t->setting->name);
		t->status_path = settings_metadata_status_path(role->arena, s, t->setting->name);
		t->wait = t->setting->refresh_seconds;
		read_state(role, t);
		n++;
	}
	return n;
}

static void watch(const struct role *role, struct providers *providers, struct refreshed *targets, size_t n)
{
	struct alarm_watch *alarms = alarm_watch_new(role->arena, role->settings, providers, role->metrics);
	size_t i;

	while (go_on((void *)role)) {
		for (i = 0; i < n && !*role->stop; i++) {
			if (targets[i].next > clock_monotonic_us())
				continue;
			try_target(role, &targets[i]);
			/* the next one must not be of the same entity */
			providers_look_again(providers);
		}
		providers_look_again(providers);
		alarm_watch_turn(alarms, clock_now());
		if (!*role->stop)
			usleep(500000);         /* SIGTERM ends it early */
	}
	alarm_watch_close(alarms);
}

int role_refresh(const struct role *role)
{
	struct refreshed *targets = arena_alloc(role->arena, (role->settings->provider_count + 1) * sizeof(*targets));
	struct providers *providers;
	struct error err;
	size_t i, n;

	if (saml_start(&err) < 0) {
		log_error("cannot start", "detail", err.detail, NULL);
		return 1;
	}
	providers = providers_open(role->settings, role->files);
	n = targets_of(role, providers, targets);
	watch(role, providers, targets, n);
	providers_close(providers);
	for (i = 0; i < n; i++)
		arena_free(targets[i].arena);
	saml_stop();
	return 0;
}
