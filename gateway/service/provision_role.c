/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The provision role: keeps accounts at Atlassian as the rules want them.
 *
 * Alone holds Atlassian's keys.  Looks once a second whether the mirror has
 * changed; once changes have settled (settle.h), and every `refresh` besides,
 * it makes a plan.  `provision: auto` does it, within the bounds of the settings;
 * `provision: plan` only says that there is something to be done.  Where the
 * settings name the organisation, who is billed is read every `refresh`, too,
 * whatever `provision` says, and once a day the month's numbers are kept
 * (seats_record.h).
 */
#include "gateway/provisioning/provision_audit.h"
#include "gateway/provision_status.h"
#include "gateway/report.h"
#include "gateway/census/seats_record.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"
#include "gateway/service/role.h"
#include "gateway/service/settle.h"
#include "provision/left_alone.h"

#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#define SECOND ((int64_t)1000000)
#define LOOK_EVERY_NS 1000000000L
#define INVENTORY_RETRY_SECONDS 1800    /* a key that was refused is not shown with every plan */
#define FIRST_RETRY_SECONDS 60          /* after a failure; doubles up to `refresh` */

/* What was said last, so that it is said once. */
struct told {
	const char *what;
	struct arena *in;
};

struct watch {
	const struct role *role;
	struct audit *audit;            /* NULL: nothing is changed here */
	struct provision_audit lines;   /* of the plan being done */
	struct provision_look looked;   /* what came of this turn */
	struct plan made;               /* of it */
	uint64_t generation;            /* of the mirror, when last looked at */
	bool seen;
	struct timespec rules;          /* when a set of rules of LDAP was last taken */
	int64_t changed_first, changed_last;    /* monotonic microseconds; 0: it has not */
	int64_t due;                    /* the next plan in any case */
	int64_t retry;                  /* seconds until the next try, after a failure; 0: there was none */
	int64_t inventory_due;          /* monotonic microseconds; 0: at once */
	int64_t month_kept;             /* the day on which the month's numbers were kept last; 0: on none */
	int64_t inventory_left_alone;   /* until when the Organizations API asked for nothing to be sent; 0 */
	bool barred;                    /* a change does not hasten that try: Atlassian refused the key, cannot be read, … */
	struct told plan_told, failure_told;
};

static bool go_on(void *context)
{
	struct watch *w = context;

	role_alive(w->role);
	return !*w->role->stop;
}

/* ---- when ---- */

/* The file is opened for this look alone: a plan opens it again, and a process may have it open once. */
static void look_for_change(struct watch *w)
{
	struct arena *a = arena_new();
	struct mirror *mirror = NULL;
	uint64_t generation = 0;
	bool changed = false;
	struct stat st;
	struct error err;

	/* accepted rules change nothing in the mirror */
	if (stat(settings_ldap_rules_path(a, w->role->settings), &st) == 0) {
		changed = st.st_mtim.tv_sec != w->rules.tv_sec || st.st_mtim.tv_nsec != w->rules.tv_nsec;
		w->rules = st.st_mtim;
	}
	if (mirror_open(settings_mirror_path(a, w->role->settings), &mirror, &err) == 0 && mirror_generation(mirror, &generation, &err) == 0 &&
		(!w->seen || changed || generation != w->generation)) {
		w->changed_last = clock_monotonic_us();
		if (!w->changed_first)
			w->changed_first = w->changed_last;
		w->generation = generation;
		w->seen = true;
	}
	mirror_close(mirror);
	arena_free(a);
}

static bool is_due(const struct watch *w)
{
	int64_t now = clock_monotonic_us();

	if (w->audit && audit_failing(w->audit) && w->role->settings->audit_failure == AUDIT_REFUSE)
		return false;           /* every change would be refused: Atlassian is not asked for that */
	if (w->due && now >= w->due)
		return true;
	return !w->barred && settled(w->changed_first, w->changed_last, now);
}

/* One change that fails over and over must not hold back those of other people. */
static bool bars_changes(enum reason reason)
{
	return reason != REASON_PROVISION_STEP && reason != REASON_PLAN_STOPPED;
}

/* wait: seconds until the first connection that asked to be left alone may be asked again; 0: none did. */
static void set_due(struct watch *w, bool failed, enum reason reason, int64_t wait)
{
	int64_t refresh = w->role->settings->accounts.refresh;

	w->changed_first = 0;
	w->barred = failed && bars_changes(reason);
	if (!failed)
		w->retry = 0;
	else if (!w->retry)
		w->retry = FIRST_RETRY_SECONDS;
	else
		w->retry *= 2;
	if (w->retry && w->retry < wait)
		w->retry = wait;        /* what could not be done for that is not possible earlier */
	if (w->retry > refresh)
		w->retry = refresh;
	w->due = clock_monotonic_us() + (w->retry ? w->retry : refresh) * SECOND;
}

/* ---- what ---- */

static void forget(struct told *t)
{
	arena_free(t->in);
	*t = (struct told){.what = NULL};
}

static bool is_news(struct told *t, const char *what)
{
	if (t->what && strcmp(t->what, what) == 0)
		return false;
	forget(t);
	t->in = arena_new();
	t->what = arena_strdup(t->in, what);
	return true;
}

static const char *number(struct arena *a, size_t n)
{
	return arena_printf(a, "%zu", n);
}

static void say_plan(struct watch *w, const struct provisioning *p, const struct plan *plan)
{
	struct arena *a = p->arena;

	if (!is_news(&w->plan_told, plan->id))
		return;
	if (plan->stopped) {
		metrics_count(w->role->metrics, METRIC_ACCOUNT_STOPS, NULL);
		log_error("plan for accounts is stopped: see postern plan", "plan", plan->id, "detail", plan->stopped, NULL);
	}
	if (!plan->stopped && (plan->step_count || plan->task_count))
		log_info(w->role->settings->provision == PROVISION_AUTO ? "plan for accounts" : "accounts are not as the rules want them: see postern plan",
			"plan", plan->id, "steps", number(a, plan->step_count), "tasks", number(a, plan->task_count), NULL);
}

static int64_t now(void *context)
{
	(void)context;
	return clock_now();
}

/* What Atlassian said to it: by hundreds, and what asks for patience by itself. */
static void count_request(const char *name, int status, void *context)
{
	static const char *const results[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
	const struct watch *w = context;

	metrics_count(w->role->metrics, METRIC_ATLASSIAN_REQUESTS, name, status == 429 ? "429" : results[status < 600 ? status / 100 : 0], NULL);
}

static void count_step(const struct watch *w, const struct apply_progress *at)
{
	struct metrics *m = w->role->metrics;
	const char *kind = step_kind_word(at->step->kind);
	int status = at->result ? at->result->status : 0;
	char number[16] = "none";

	metrics_count(m, METRIC_ACCOUNT_STEPS, at->target, kind,
		at->failure ? "failed" : at->result || at->step->kind == STEP_ADOPT ? "done" : "left-out", NULL);
	if (!at->failure)
		return;
	if (status > 0)
		snprintf(number, sizeof(number), "%d", status);
	metrics_count(m, METRIC_ACCOUNT_FAILURES, at->target, reason_word(at->failure->reason), number, NULL);
}

static void say_step(const struct apply_progress *at, void *context)
{
	struct watch *w = context;

	role_alive(w->role);
	count_step(w, at);
	if (at->failure)
		log_warning("a step for accounts failed", "connection", at->target, "step", step_kind_word(at->step->kind), "person",
			at->step->person ? at->step->person : "", "name", at->step->name ? at->step->name : "", "reason", reason_word(at->failure->reason),
			"detail", at->failure->detail, NULL);
	else if (at->result)
		log_info("account step", "connection", at->target, "step", step_kind_word(at->step->kind), "person",
			at->step->person ? at->step->person : "", "name", at->step->name ? at->step->name : "", NULL);
}

static int record(const struct apply_change *change, void *context, struct error *err)
{
	struct watch *w = context;

	return provision_audit_record(&w->lines, change, err);
}

static void take_plan(struct watch *w, const struct provisioning *p, const struct plan *plan, size_t left)
{
	say_plan(w, p, plan);
	w->made = *plan;
	w->looked = (struct provision_look){.plan = &w->made, .left = left, .stopped = plan->stopped};
}

/* Does what the plan is now. */
static int keep(struct watch *w, struct provisioning *p, struct error *err)
{
	const struct apply_options options = {.now = now, .go_on = go_on, .progress = say_step, .record = record, .context = w};
	struct apply_result result = {.stop = {.reason = REASON_NONE}};
	struct arena *a = p->arena;
	int rc;

	/* ahead of the plan, which may be stopped: who is not wanted any more is in grace from this look on, whatever becomes of it */
	if (ledger_note(a, p->ledger, &p->desired, clock_now(), err) < 0)
		return -1;
	provision_audit_begin(&w->lines, w->audit, p, NULL, false);
	rc = apply(a, &p->desired, &p->limits, p->ledger, doer_steps(p->doer), &options, &result, err);
	p->world = result.world;
	if (rc < 0) {
		if (err->reason == REASON_PLAN_STOPPED)
			take_plan(w, p, &result.plan, result.plan.step_count);
		return -1;
	}
	take_plan(w, p, &result.plan, result.plan.step_count - result.done);
	w->looked.kept = result.kept;
	if (result.done || result.failed || result.left_out)
		log_info("accounts looked after", "done", number(a, result.done), "failed", number(a, result.failed), "left_out",
			number(a, result.left_out), "requests", number(a, result.requests), NULL);
	for (size_t i = 0; i < result.braked_count; i++)
		log_error("steps for accounts were left out", "detail", result.braked[i], NULL);
	if (result.stop.reason == REASON_NONE)
		return result.failed || !result.ended ? error_set(err, REASON_PROVISION_STEP, "%zu steps failed", result.failed) : 0;
	*err = result.stop;
	return -1;
}

static int look(struct watch *w, struct provisioning *p, struct error *err)
{
	if (ledger_note(p->arena, p->ledger, &p->desired, clock_now(), err) < 0 || provisioning_plan(p, err) < 0)
		return -1;
	take_plan(w, p, &p->plan, p->plan.step_count);
	return 0;
}

/* Whatever became of the plan: sign-ons are refused by what is known of accounts, so that should be of today. */
static void note_seen(struct provisioning *p)
{
	struct error err;

	if (provisioning_note_seen(p, &p->world, SEEN_DOUBTED, &err) < 0)
		log_error("where accounts were seen cannot be written", "reason", reason_word(err.reason), "detail", err.detail, NULL);
}

/* Where something could not be read, as with a key that was revoked, the rest is done, and yet it is a failure: nobody would see it otherwise. */
static int work(struct watch *w, struct provisioning *p, struct error *err)
{
	int rc;

	if (provisioning_open(p, LEDGER_WRITE, go_on, w, err) < 0)
		return -1;
	rc = w->role->settings->provision == PROVISION_AUTO ? keep(w, p, err) : look(w, p, err);
	note_seen(p);
	if (!w->looked.plan || (rc < 0 && bars_changes(err->reason)))
		return rc;
	return plan_require_read(&w->made, err) < 0 ? -1 : rc;
}

/* ---- what Atlassian counts ---- */

static int read_inventory(struct watch *w, struct arena *a, struct error *err)
{
	const struct settings *s = w->role->settings;
	struct accounts_import done;
	struct organization o;
	int rc = provisioning_organization(w->role->files, s, &o, err);

	if (rc <= 0)
		return rc;
	o.go_on = go_on;
	o.left_alone = &w->inventory_left_alone;
	o.answered = count_request;
	o.context = w;
	if (provisioning_inventory(a, s, &o, &done, err) < 0)
		return -1;
	log_info("inventory of accounts read", "managed", number(a, done.managed), "billed", number(a, done.billable), NULL);
	if (done.problem_count > 0)
		log_warning("accounts that no mail leads to: see postern accounts refresh", "count", number(a, done.problem_count), "first",
			done.problems[0], NULL);
	return 0;
}

/* Ahead of a plan, so that one never works with an older list than it could have; what fails is told and tried again later. */
static void read_inventory_when_due(struct watch *w, struct arena *a)
{
	int64_t next = w->role->settings->accounts.refresh;
	struct error err;

	if (clock_monotonic_us() < w->inventory_due)
		return;
	if (read_inventory(w, a, &err) < 0 && !*w->role->stop) {
		next = next < INVENTORY_RETRY_SECONDS ? next : INVENTORY_RETRY_SECONDS;
		log_error("inventory of accounts could not be read", "reason", reason_word(err.reason), "detail", err.detail, NULL);
	}
	if (left_alone_still(w->inventory_left_alone, clock_now()) && w->inventory_left_alone - clock_now() > next)
		next = w->inventory_left_alone - clock_now();
	w->inventory_due = clock_monotonic_us() + next * SECOND;
}

/* Once a day, so that the last day of a month stands for it: what people cost then can be compared later. */
static void keep_month(struct watch *w, struct arena *a)
{
	int64_t today = clock_now() / CALENDAR_DAY;
	struct error err;

	if (today == w->month_kept)
		return;
	if (seats_keep_month(a, w->role->settings, go_on, w, &err) == 0)
		log_info("numbers of the month kept: see postern seats", NULL);
	else if (err.reason == REASON_MIRROR_EMPTY)     /* there is nothing to count yet */
		return;
	else
		log_error("numbers of the month could not be kept", "reason", reason_word(err.reason), "detail", err.detail, NULL);
	w->month_kept = today;
}

static void say_failure(struct watch *w, const struct error *err)
{
	if (err->reason != REASON_PLAN_STOPPED && is_news(&w->failure_told, err->detail))       /* of a plan that is stopped say_plan tells */
		log_error("accounts could not be looked after", "reason", reason_word(err->reason), "detail", err->detail, NULL);
}

/* For alarms, /metrics and postern status: what came of it, on top of what was. */
static void note_look(struct watch *w, struct arena *a, const struct error *failure)
{
	struct error clean, err;

	if (failure) {
		clean.reason = failure->reason;
		snprintf(clean.detail, sizeof(clean.detail), "%s", report_clean(a, failure->detail));
		w->looked.failure = &clean;
	}
	if (provision_status_note(a, w->role->settings, &w->looked, clock_now(), &err) < 0)
		log_error("how accounts are looked after cannot be written", "detail", err.detail, NULL);
	w->looked = (struct provision_look){0};
}

static int64_t shortest(const struct provision_wait *waits, size_t n)
{
	int64_t until = n ? waits[0].until : 0;

	for (size_t i = 1; i < n; i++)
		if (waits[i].until < until)
			until = waits[i].until;
	return n ? until - clock_now() : 0;
}

static void work_when_due(struct watch *w)
{
	const struct role *role = w->role;
	struct arena *a = arena_new();
	struct provisioning p;
	struct error err;
	int64_t wait = 0;
	int lock = -1, rc = provisioning_lock(a, role->settings, &lock, &err);
	bool is_busy = rc < 0;          /* somebody's postern apply is no failure, and leaves what comes of it itself */

	if (rc == 0)
		read_inventory_when_due(w, a);
	if (rc == 0 && role->settings->provision != PROVISION_OFF &&
		(rc = provisioning_secrets(a, "provision", role->files, role->settings, &p, &err)) == 0) {
		p.answered = count_request;
		p.unattended = role->settings->provision == PROVISION_AUTO;
		rc = work(w, &p, &err);
		w->looked.waits = provisioning_waits(&p, &w->looked.wait_count);
		wait = shortest(w->looked.waits, w->looked.wait_count);
		provisioning_end(&p);
	}
	if (role->settings->provision != PROVISION_OFF && !*role->stop && !is_busy)
		note_look(w, a, rc < 0 ? &err : NULL);
	if (!is_busy && !*role->stop)
		keep_month(w, a);
	if (lock >= 0)
		close(lock);
	if (rc == 0)
		forget(&w->failure_told);
	else if (!*role->stop)
		say_failure(w, &err);
	set_due(w, rc < 0, rc < 0 ? err.reason : REASON_NONE, wait);
	arena_free(a);
}

int role_provision(const struct role *role)
{
	const struct timespec nap = {.tv_nsec = LOOK_EVERY_NS - 1};
	struct watch w = {.role = role};

	if (role->settings->provision == PROVISION_AUTO)
		w.audit = audit_open(role->settings->accounts.audit_file, role->metrics);
	while (go_on(&w)) {
		if (w.audit)
			audit_look_again(w.audit);
		look_for_change(&w);
		if (is_due(&w))
			work_when_due(&w);
		if (!*role->stop)
			nanosleep(&nap, NULL);  /* SIGTERM ends it early */
	}
	forget(&w.plan_told);
	forget(&w.failure_told);
	audit_close(w.audit);
	return 0;
}
