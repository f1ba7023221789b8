/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The refresh role: keeps the identity providers' metadata on disk fresh.
 *
 * Holds no secret and talks to metadata addresses only.  A document is kept
 * when it can be used and is of the entity that is expected: the one of the
 * settings, or that of the last good document.  Workers look at the file.
 */
#include "base/clock.h"
#include "base/log.h"
#include "gateway/fetch.h"
#include "gateway/role.h"

#include <unistd.h>

#define RETRY_FIRST 1           /* seconds after a failure, doubled each time … */
#define RETRY_MOST 300          /* … up to this, and never beyond the usual interval */
#define LEAST 60                /* never more often because of what the document says */

struct target {
	const struct settings_provider *setting;
	const char *path;
	struct arena *arena;            /* of entity and etag; renewed with each good document */
	const char *entity;             /* of the last good document, NULL: none yet */
	const char *etag;
	int64_t next;                   /* monotonic seconds */
	int64_t retry;                  /* 0: the last try went well */
};

static bool go_on(void *context)
{
	const struct role *role = context;

	role_alive(role);
	return !*role->stop;
}

static int64_t seconds(void)
{
	return clock_monotonic_us() / 1000000;
}

static int judge(const struct target *t, struct slice bytes, struct saml_provider **out, struct error *err)
{
	struct saml_provider_options options = {
		.entity_id = t->setting->entity_id ? t->setting->entity_id : t->entity, .tenant = t->setting->tenant, .now = clock_now(),
	};

	return saml_provider_read(bytes, &options, out, err);
}

/* What is remembered of a good document, in a new arena so that years of them do not add up. */
static void remember(struct target *t, const char *entity, const char *etag)
{
	struct arena *a = arena_new();

	t->entity = arena_strdup(a, entity);
	t->etag = arena_strdup(a, etag);
	arena_free(t->arena);
	t->arena = a;
}

static void read_copy(struct target *t)
{
	struct arena *a = arena_new();
	struct saml_provider *p = NULL;
	struct slice bytes;
	struct error err;

	if (file_read(a, t->path, FILE_PUBLIC, FETCH_LIMIT, &bytes, &err) == 0 && judge(t, bytes, &p, &err) == 0)
		remember(t, saml_provider_info(p)->entity_id, NULL);
	saml_provider_free(p);
	arena_free(a);
}

/* A file that changes is read anew by every worker, so the same bytes are not written again. */
static int keep(struct arena *a, const struct target *t, struct slice bytes, struct error *err)
{
	struct slice before;
	struct error ignored;

	if (file_read(a, t->path, FILE_PUBLIC, FETCH_LIMIT, &before, &ignored) == 0 && slice_equal(before, bytes))
		return 0;
	if (file_write(t->path, 0644, bytes, err) < 0)
		return -1;
	log_info("metadata kept", "provider", t->setting->name, "file", t->path, NULL);
	return 0;
}

/* Until the next fetch: as set, or as the document asks, or before it ends. */
static int64_t interval(const struct target *t, const struct saml_provider_info *info)
{
	int64_t wait = t->setting->refresh_seconds, rest = info->valid_until ? (info->valid_until - clock_now()) / 2 : wait;

	if (info->cache_seconds && info->cache_seconds < wait)
		wait = info->cache_seconds < LEAST ? LEAST : info->cache_seconds;
	if (rest < wait)
		wait = rest < LEAST ? LEAST : rest;
	return wait < t->setting->refresh_seconds ? wait : t->setting->refresh_seconds;
}

static int fetch_once(struct arena *a, const struct role *role, struct target *t, int64_t *wait_out, struct error *err)
{
	struct fetch what = {.url = t->setting->metadata_url, .proxy = t->setting->proxy, .etag = t->etag, .go_on = go_on, .context = (void *)role};
	struct saml_provider *p = NULL;
	struct fetched got;
	int rc = -1;

	if (t->setting->metadata_ca_file &&
		files_get(role->files, t->setting->metadata_ca_file, FILE_PUBLIC, FILES_REFRESH, &what.ca_pem, err) < 0)
		return -1;
	if (fetch(a, &what, &got, err) < 0)
		return -1;
	if (got.unchanged) {
		*wait_out = t->setting->refresh_seconds;
		return 0;
	}
	if (judge(t, got.body, &p, err) < 0 || keep(a, t, got.body, err) < 0)
		goto out;
	*wait_out = interval(t, saml_provider_info(p));
	remember(t, saml_provider_info(p)->entity_id, got.etag);
	rc = 0;
out:
	saml_provider_free(p);
	return rc;
}

/* One line when it stops working and one when it works again, not one a try. */
static void try_target(const struct role *role, struct target *t)
{
	struct arena *a = arena_new();
	int64_t most = t->setting->refresh_seconds < RETRY_MOST ? t->setting->refresh_seconds : RETRY_MOST, wait = RETRY_FIRST;
	struct error err;

	if (fetch_once(a, role, t, &wait, &err) == 0) {
		if (t->retry)
			log_info("metadata is fetched again", "provider", t->setting->name, NULL);
		t->retry = 0;
	} else if (!*role->stop) {
		if (!t->retry)
			log_warning("metadata cannot be fetched, trying again", "provider", t->setting->name, "kept",
				t->entity ? "the last good" : "none", "detail", err.detail, NULL);
		t->retry = t->retry ? t->retry * 2 : RETRY_FIRST;
		wait = t->retry = t->retry < most ? t->retry : most;
	}
	t->next = seconds() + wait;
	arena_free(a);
}

static size_t targets_of(const struct role *role, struct target *targets)
{
	const struct settings *s = role->settings;
	size_t i, n = 0;

	for (i = 0; i < s->provider_count; i++) {
		if (!s->providers[i].metadata_url)
			continue;
		targets[n].setting = &s->providers[i];
		targets[n].path = settings_metadata_path(role->arena, s, s->providers[i].name);
		read_copy(&targets[n++]);
	}
	return n;
}

int role_refresh(const struct role *role)
{
	struct target *targets = arena_alloc(role->arena, (role->settings->provider_count + 1) * sizeof(*targets));
	struct error err;
	size_t i, n;

	if (saml_start(&err) < 0) {
		log_error("cannot start", "detail", err.detail, NULL);
		return 1;
	}
	n = targets_of(role, targets);
	while (go_on((void *)role)) {
		for (i = 0; i < n && !*role->stop; i++) {
			if (targets[i].next <= seconds())
				try_target(role, &targets[i]);
		}
		if (!*role->stop)
			usleep(500000);         /* SIGTERM ends it early */
	}
	for (i = 0; i < n; i++)
		arena_free(targets[i].arena);
	saml_stop();
	return 0;
}
