/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which alarms are on, and the log of it. */
#include "gateway/alarms.h"

#include "base/encode.h"
#include "base/log.h"
#include "gateway/gateway.h"
#include "gateway/ldap_rules_status.h"
#include "gateway/staleness.h"

#include <sys/stat.h>

#define DAY ((int64_t)86400)
#define KEY_SOON (30 * DAY)
#define VALID_SOON (2 * DAY)

static const char *const words[ALARM_COUNT] = {
#define ALARM(name, word, meaning) [ALARM_##name] = word,
#include "gateway/alarms.def"
#undef ALARM
};

const char *alarm_word(enum alarm alarm)
{
	return words[alarm];
}

/* ---- facts ---- */

/* A copy from before there were status files: as old as its file. */
static void guess_status(struct arena *a, const struct settings *s, const char *provider, struct metadata_status *out)
{
	struct stat st;

	if (stat(settings_metadata_path(a, s, provider), &st) == 0)
		out->confirmed = out->taken = (int64_t)st.st_mtim.tv_sec;
}

void alarms_gather(struct arena *a, const struct settings *s, const struct settings_provider *setting,
	const struct saml_provider_info *document, int64_t now, struct alarm_facts *out)
{
	struct alarm_facts facts = {.setting = setting, .document = document, .now = now};
	struct error ignored;

	if (setting->metadata_url) {
		if (metadata_status_read(a, settings_metadata_status_path(a, s, setting->name), &facts.status, &ignored) < 0)
			guess_status(a, s, setting->name, &facts.status);
		else if (!facts.status.url || strcmp(facts.status.url, setting->metadata_url) != 0)
			facts.status = (struct metadata_status){0};     /* of another address */
	}
	if (metadata_key_read(a, settings_metadata_key_path(a, s, setting->name), &facts.key, &ignored) < 0 ||
		(document && strcmp(facts.key.entity, document->entity_id) != 0))
		facts.key = (struct metadata_key){0};
	*out = facts;
}

/* ---- one alarm each: NULL is off ---- */

static const char *day_of(struct arena *a, int64_t t)
{
	char text[21];

	time_write(t, text);
	return arena_printf(a, "%.10s", text);
}

static bool is_valid(const struct alarm_facts *f)
{
	return f->document && (!f->document->valid_until || f->document->valid_until > f->now);
}

static const char *missing(struct arena *a, const struct alarm_facts *f)
{
	if (is_valid(f))
		return NULL;
	if (f->document)
		return arena_printf(a, "its metadata was valid until %s", day_of(a, f->document->valid_until));
	return "there is no usable metadata";
}

static const char *fetch_fails(struct arena *a, const struct alarm_facts *f)
{
	if (!f->status.failing_since || f->now - f->status.failing_since < f->setting->alarm_failing)
		return NULL;
	return arena_printf(a, "its metadata has not been fetched since %s: %s", day_of(a, f->status.failing_since),
		f->status.detail ? f->status.detail : "no reason known");
}

static const char *is_old(struct arena *a, const struct alarm_facts *f)
{
	if (!f->status.confirmed || f->now - f->status.confirmed < f->setting->alarm_age)
		return NULL;
	return arena_printf(a, "its metadata was last confirmed by its address on %s", day_of(a, f->status.confirmed));
}

/* Metadata of a day's validity is renewed within the day; that alone is no alarm. */
static const char *ends(struct arena *a, const struct alarm_facts *f)
{
	int64_t until = f->document ? f->document->valid_until : 0, left = until - f->now;

	if (!until || left >= VALID_SOON || (f->status.taken && left > 0 && left >= (until - f->status.taken) / 3))
		return NULL;
	return arena_printf(a, left > 0 ? "its metadata is valid until %s only" : "its metadata was valid until %s", day_of(a, until));
}

static const struct saml_provider_key *key_in_document(const struct alarm_facts *f)
{
	size_t i;

	for (i = 0; f->document && f->key.fingerprint && i < f->document->keys_listed; i++) {
		if (strcmp(f->document->keys[i].fingerprint, f->key.fingerprint) == 0)
			return &f->document->keys[i];
	}
	return NULL;
}

static const char *key_left(struct arena *a, const struct alarm_facts *f)
{
	if (!f->document || !f->key.fingerprint || key_in_document(f))
		return NULL;
	return arena_printf(a, "the key that verified sign-ons until %s (certificate %.16s) is no longer in its metadata",
		day_of(a, f->key.seen), f->key.fingerprint);
}

static const char *key_ends(struct arena *a, const struct alarm_facts *f)
{
	const struct saml_provider_key *used = key_in_document(f);
	int64_t until;

	if (!f->document || (f->key.fingerprint && !used))
		return NULL;
	until = used ? used->not_after : f->document->keys_until;
	if (until - f->now >= KEY_SOON)
		return NULL;
	return arena_printf(a, "%s %s on %s", used ? "the key that verifies its sign-ons" : "its last signing key",
		until > f->now ? "ends" : "ended", day_of(a, until));
}

/* Before it was ever read whole there is nothing that could be stale: nobody is signed on. */
static const char *is_stale(struct arena *a, const struct directory_facts *f)
{
	int64_t age = staleness_age(f->as_of, f->now), end = staleness_end(f->settings, f->directory, f->as_of);
	enum staleness staleness = staleness_of(f->settings, f->directory, age);
	char heard[21], until[21];

	if (!f->filled || staleness == STALE_FRESH)
		return NULL;
	if (age == FACTS_AGE_UNKNOWN)
		return "when it was last heard of is not known, so its people are refused: a clock is, or was, wrong";
	time_write(f->as_of, heard);
	time_write(end, until);
	return arena_printf(a, "it was last heard of at %s; its people %s %s%s%s", heard,
		staleness == STALE_SERVED ? "are signed on by that until" : "have been refused since", until, f->error ? ": " : "",
		f->error ? f->error : "");
}

static const char *is_held(struct arena *a, const struct directory_facts *f)
{
	const struct mirror_removal *people = &f->people_held, *groups = &f->groups_held;
	const char *what = NULL;
	char since[21];

	if (people->n)
		what = arena_printf(a, "%zu of %zu people", people->n, people->known);
	if (groups->n)
		what = arena_printf(a, "%s%s%zu of %zu groups", what ? what : "", what ? " and " : "", groups->n, groups->known);
	if (!what)
		return NULL;
	time_write(people->n ? people->since : groups->since, since);
	return arena_printf(a, "since %s it would lose %s, which are kept until postern mirror accept %s, or until they are back", since, what,
		f->directory);
}

void alarms_judge_directory(struct arena *a, const struct directory_facts *facts, struct alarms *out)
{
	*out = (struct alarms){
		.text = {[ALARM_MIRROR_STALE] = is_stale(a, facts), [ALARM_MIRROR_REMOVAL] = is_held(a, facts)},
		.judged = {[ALARM_MIRROR_STALE] = true, [ALARM_MIRROR_REMOVAL] = true},
	};
}

/* What the rules role has written down. */
static void judge_rules(struct arena *a, const struct settings *s, const char *directory, struct alarms *out)
{
	static const enum alarm of_state[] = {
		[LDAP_RULES_UNREAD] = ALARM_RULES_UNREAD, [LDAP_RULES_REFUSED] = ALARM_RULES_REFUSED, [LDAP_RULES_PENDING] = ALARM_RULES_PENDING,
	};
	struct ldap_rules_status status;

	if (!s->ldap_rules.directory || strcmp(s->ldap_rules.directory, directory) != 0)
		return;
	out->judged[ALARM_RULES_UNREAD] = out->judged[ALARM_RULES_REFUSED] = out->judged[ALARM_RULES_PENDING] = true;
	if (ldap_rules_status_read(a, s, &status) == 0 && status.state != LDAP_RULES_CURRENT)
		out->text[of_state[status.state]] = status.detail;
}

void alarms_of_directory(struct arena *a, const struct settings *s, struct mirror *mirror, const char *directory, int64_t now,
	struct alarms *out)
{
	struct directory_facts facts = {.settings = s, .directory = directory, .now = now};
	struct mirror_state state = {0};
	struct error ignored;

	if (mirror && mirror_state(a, mirror, directory, &state, &ignored) == 0) {
		facts.filled = state.filled;
		facts.as_of = state.as_of;
		facts.error = state.error;
		facts.people_held = state.people_held;
		facts.groups_held = state.groups_held;
	}
	alarms_judge_directory(a, &facts, out);
	judge_rules(a, s, directory, out);
}

void alarms_judge(struct arena *a, const struct alarm_facts *facts, struct alarms *out)
{
	static const char *(*const judges[ALARM_COUNT])(struct arena *, const struct alarm_facts *) = {
		[ALARM_METADATA_MISSING] = missing, [ALARM_METADATA_FETCH] = fetch_fails, [ALARM_METADATA_OLD] = is_old,
		[ALARM_METADATA_ENDS] = ends, [ALARM_KEY_LEFT] = key_left, [ALARM_KEY_ENDS] = key_ends,
	};
	int i;

	for (i = 0; i < ALARM_COUNT; i++) {
		out->judged[i] = judges[i] != NULL;
		out->text[i] = judges[i] ? judges[i](a, facts) : NULL;
	}
}

/* ---- the log ---- */

struct alarm_watch {
	const struct settings *settings;
	const struct providers *providers;
	const struct metrics *metrics;
	struct mirror *mirror;          /* NULL until the file is there */
	bool (*on)[ALARM_COUNT];        /* of each provider, then of each directory, then of the host */
	int64_t newest;                 /* who is billed newly was told of up to here */
};

struct alarm_watch *alarm_watch_new(struct arena *a, const struct settings *s, const struct providers *providers,
	const struct metrics *metrics)
{
	struct alarm_watch *w = arena_alloc(a, sizeof(*w));

	w->settings = s;
	w->providers = providers;
	w->metrics = metrics;
	w->on = arena_alloc(a, (s->provider_count + s->directory_count + 1) * sizeof(*w->on));
	return w;
}

void alarm_watch_close(struct alarm_watch *w)
{
	mirror_close(w->mirror);
	w->mirror = NULL;
}

/* "provider", "directory" or "host", its name, and what was on of it before. */
static void tell(const char *kind, const char *subject, const struct alarms *now, bool on[ALARM_COUNT])
{
	int i;

	for (i = 0; i < ALARM_COUNT; i++) {
		bool is_on = now->text[i] != NULL;

		if (is_on && !on[i])
			log_error("alarm", "alarm", alarm_word((enum alarm)i), kind, subject, "detail", now->text[i], NULL);
		else if (!is_on && on[i])
			log_info("alarm is over", "alarm", alarm_word((enum alarm)i), kind, subject, NULL);
		on[i] = is_on;
	}
}

void alarm_watch_turn(struct alarm_watch *w, int64_t now)
{
	const struct settings *s = w->settings;
	struct arena *a = arena_new();
	struct alarms alarms;
	struct error ignored;
	size_t i;

	for (i = 0; i < s->provider_count; i++) {
		const struct settings_provider *setting = &s->providers[i];
		struct alarm_facts facts;

		alarms_gather(a, s, setting, providers_document(w->providers, setting->name), now, &facts);
		alarms_judge(a, &facts, &alarms);
		tell("provider", setting->name, &alarms, w->on[i]);
	}
	if (mirror_open_again(settings_mirror_path(a, s), &w->mirror, &ignored) < 0)
		w->mirror = NULL;
	for (i = 0; i < s->directory_count; i++) {
		alarms_of_directory(a, s, w->mirror, s->directories[i].name, now, &alarms);
		tell("directory", s->directories[i].name, &alarms, w->on[s->provider_count + i]);
	}
	alarms_of_host(a, s, w->metrics, &alarms);
	/* others by name are not what was told already */
	if (alarms.newest > w->newest)
		w->on[s->provider_count + s->directory_count][ALARM_BILLED_NEWLY] = false;
	w->newest = alarms.newest;
	tell("host", s->host, &alarms, w->on[s->provider_count + s->directory_count]);
	arena_free(a);
}
