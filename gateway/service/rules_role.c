/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules role: takes the rules that LDAP holds, or leaves them.
 *
 * Looks ten times a second whether the mirror has changed; when what its
 * entries say is another set than the one in force, tries it, counts whose
 * outcome it would change, and writes it to the file that the workers judge by.
 * A set that is refused or waits is told once, and the one in force stays.
 */
#include "gateway/service/role.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/ldap_rules_status.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_NS 100000000L
#define ALIVE_EVERY INT64_C(1000000)
/* What waits is counted anew: people move between groups meanwhile. */
#define PENDING_AGAIN (60 * INT64_C(1000000))

struct watch {
	const struct role *role;
	const struct settings *settings;
	struct mirror *mirror;
	uint64_t generation;            /* of the mirror, when it was last looked at */
	bool looked;
	int64_t alive_at, again_at;     /* monotonic; again_at 0: not before something changes */
	struct ldap_rules_status told;  /* what was last written; texts in `texts` */
	struct arena *texts;
	struct timespec accepted;       /* time of the file that says what was accepted */
};

static int alive(void *context)
{
	struct watch *w = context;
	int64_t now = clock_monotonic_us();

	if (now >= w->alive_at) {
		w->alive_at = now + ALIVE_EVERY;
		role_alive(w->role);
	}
	return *w->role->stop != 0;
}

/* ---- what is told ---- */

static bool is_same_text(const char *x, const char *y)
{
	return x == y || (x && y && strcmp(x, y) == 0);
}

/* The alarm is the refresh role's, from the file; here all that is wrong is said once. */
static void log_change(const struct watch *w, const struct ldap_rules_status *is)
{
	if (w->texts && w->told.state == is->state && is_same_text(w->told.version, is->version))
		return;
	if (is->state == LDAP_RULES_PENDING)
		log_warning("rules of LDAP wait to be accepted", "version", is->version, "detail", is->detail, NULL);
	for (size_t i = 0; is->state == LDAP_RULES_REFUSED && i < is->told_count; i++)
		log_warning("a rule of LDAP is wrong, so those before stay in force", "version", is->version, "detail", is->told[i], NULL);
}

/* Into the file and the log, when it is another than before. */
static void say(struct watch *w, struct arena *a, const struct ldap_rules_status *is)
{
	struct ldap_rules_status kept = *is;
	struct error err;

	if (w->texts && w->told.state == is->state && is_same_text(w->told.version, is->version) && is_same_text(w->told.detail, is->detail))
		return;
	kept.since = clock_now();
	log_change(w, is);
	if (ldap_rules_status_write(a, w->settings, &kept, &err) < 0)
		log_error("the state of the rules cannot be kept", "detail", err.detail, NULL);
	arena_free(w->texts);
	w->texts = arena_new();
	kept.version = arena_strdup(w->texts, is->version);
	kept.detail = arena_strdup(w->texts, is->detail);
	kept.told = NULL;
	kept.told_count = 0;
	w->told = kept;
}

static void say_unread(struct watch *w, struct arena *a, const char *why)
{
	say(w, a, &(struct ldap_rules_status){.state = LDAP_RULES_UNREAD, .version = "", .detail = why});
}

/* ---- one set ---- */

static void refuse(struct watch *w, struct arena *a, const struct ldap_rule_set *set, const struct ldap_rules *rules)
{
	say(w, a, &(struct ldap_rules_status){
		.state = LDAP_RULES_REFUSED, .version = set->version, .told = rules->problems, .told_count = rules->problem_count,
		.detail = arena_printf(a, "%s%s", rules->problems[0],
			rules->problem_count > 1 ? arena_printf(a, " (and %zu more)", rules->problem_count - 1) : ""),
	});
}

static void take(struct watch *w, struct arena *a, struct ldap_rule_set *set, size_t changed)
{
	char people[24], count[24];
	struct error err;

	set->taken = clock_now();
	if (ldap_rules_write(settings_ldap_rules_path(a, w->settings), set, &err) < 0) {
		log_error("rules of LDAP cannot be kept, so those before stay in force", "detail", err.detail, NULL);
		say(w, a, &(struct ldap_rules_status){.state = LDAP_RULES_REFUSED, .version = set->version, .detail = err.detail});
		w->again_at = clock_monotonic_us() + PENDING_AGAIN;
		return;
	}
	/* a yes counts once: to come back to this set later is a change like any other */
	unlink(settings_ldap_rules_accept_path(a, w->settings));
	snprintf(people, sizeof(people), "%zu", changed);
	snprintf(count, sizeof(count), "%zu", set->n);
	log_info("rules of LDAP taken", "version", set->version, "rules", count, "outcomes_changed", people, NULL);
	say(w, a, &(struct ldap_rules_status){.state = LDAP_RULES_CURRENT, .version = set->version});
}

static void hold(struct watch *w, struct arena *a, const struct ldap_rule_set *set, const struct ldap_rules_change *change, const char *why)
{
	w->again_at = clock_monotonic_us() + PENDING_AGAIN;
	say(w, a, &(struct ldap_rules_status){
		.state = LDAP_RULES_PENDING, .version = set->version, .detail = why, .told = change->told, .told_count = change->told_count,
		.changed = change->changed, .people = change->people,
	});
}

/* A good set: in force now, or waiting. */
static void weigh(struct watch *w, struct arena *a, const struct ldap_rule_set *kept, struct ldap_rule_set *set, const struct ldap_rules *rules)
{
	bool is_accepted = strcmp(ldap_rules_accepted(a, w->settings), set->version) == 0;
	struct ldap_rules_change change;
	struct ldap_rules before;
	struct error err;

	ldap_rules_compile(a, w->settings, NULL, kept, &before);
	if (ldap_rules_compare(a, w->settings, w->mirror, &before, rules, clock_now(), alive, w, &change, &err) < 0) {
		/* a directory is being read anew: when it was, the mirror has changed */
		if (err.reason == REASON_MIRROR_EMPTY)
			return;
		if (!*w->role->stop)
			log_error("whose outcome rules of LDAP would change cannot be found out, so those before stay in force", "detail",
				err.detail, NULL);
		w->again_at = clock_monotonic_us() + PENDING_AGAIN;
		return;
	}
	if (!is_accepted && kept->n && !set->n)
		hold(w, a, set, &change, arena_printf(a, "all %zu rules are gone", kept->n));
	else if (!is_accepted && change.changed > w->settings->ldap_rules.change_limit)
		hold(w, a, set, &change, arena_printf(a, "the outcome of %zu of %zu people would change, change_limit is %zu", change.changed,
			change.people, w->settings->ldap_rules.change_limit));
	else
		take(w, a, set, change.changed);
}

/* ---- one look ---- */

static bool is_filled(struct watch *w, struct arena *a, const char **why)
{
	const struct settings *s = w->settings;
	struct mirror_state state;
	struct error err;

	for (size_t i = 0; i < s->directory_count; i++) {
		if (mirror_state(a, w->mirror, s->directories[i].name, &state, &err) < 0) {
			*why = arena_strdup(a, err.detail);
			return false;
		}
		if (strcmp(s->directories[i].name, s->ldap_rules.directory) == 0)
			*why = state.rules_error;
		if (!state.filled)
			return false;
	}
	return true;
}

static void look(struct watch *w, struct arena *a)
{
	struct ldap_rule_set set, kept;
	struct ldap_rules rules;
	const char *why = NULL;
	struct error err;
	int rc;

	if (!is_filled(w, a, &why)) {
		say_unread(w, a, why);
		return;
	}
	rc = ldap_rules_mirrored(a, w->settings, w->mirror, &set, &err);
	if (rc <= 0 || why) {
		say_unread(w, a, rc < 0 ? err.detail : why);
		return;
	}
	ldap_rules_in_force(a, w->settings, &kept);
	if (strcmp(kept.version, set.version) == 0) {
		say(w, a, &(struct ldap_rules_status){.state = LDAP_RULES_CURRENT, .version = set.version});
		return;
	}
	ldap_rules_compile(a, w->settings, w->mirror, &set, &rules);
	if (rules.problem_count)
		refuse(w, a, &set, &rules);
	else if (w->again_at <= clock_monotonic_us() || !is_same_text(w->told.version, set.version) || w->told.state != LDAP_RULES_PENDING)
		weigh(w, a, &kept, &set, &rules);
}

/* An administrator has accepted something since the last look. */
static bool is_accepted_anew(struct watch *w, struct arena *a)
{
	struct stat st;

	if (stat(settings_ldap_rules_accept_path(a, w->settings), &st) < 0)
		return false;
	if (st.st_mtim.tv_sec == w->accepted.tv_sec && st.st_mtim.tv_nsec == w->accepted.tv_nsec)
		return false;
	w->accepted = st.st_mtim;
	return true;
}

static void look_when_due(struct watch *w)
{
	struct arena *a = arena_new();
	bool due = is_accepted_anew(w, a) || (w->again_at && w->again_at <= clock_monotonic_us());
	uint64_t generation = w->generation;
	struct error err;

	if (due)
		w->again_at = 0;
	if (mirror_open_again(settings_mirror_path(a, w->settings), &w->mirror, &err) < 0)
		goto out;
	if (mirror_generation(w->mirror, &generation, &err) < 0) {
		log_error("mirror cannot be read", "detail", err.detail, NULL);
		goto out;
	}
	if (!due && w->looked && generation == w->generation)
		goto out;
	w->generation = generation;
	w->looked = true;
	look(w, a);
out:
	arena_free(a);
}

int role_rules(const struct role *role)
{
	const struct timespec nap = {.tv_nsec = LOOK_EVERY_NS};
	struct watch w = {.role = role, .settings = role->settings};

	while (alive(&w) == 0) {
		look_when_due(&w);
		if (!*role->stop)
			nanosleep(&nap, NULL);  /* SIGTERM ends it early */
	}
	mirror_close(w.mirror);
	arena_free(w.texts);
	return 0;
}
