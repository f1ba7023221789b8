/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern apply`: makes the plan, shows it, asks, and does exactly that. */
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/service/folders.h"
#include "gateway/provisioning/provision_audit.h"
#include "gateway/provision_status.h"

#include "base/clock.h"
#include "gateway/commands/census_command.h"
#include "gateway/report.h"

#include <getopt.h>
#include <signal.h>
#include <unistd.h>

struct asked {
	bool yes, accept;
	const char *release, *person, *most;
	struct way_back_options way_back;
	const char *confirm;            /* a mail that moved to another person is theirs, or what takes a group's place has its products; NULL */
	const char *by;                 /* who asks */
	const char *plan;               /* id of the plan that somebody saw; NULL: it is shown now */
};

struct work {
	struct provisioning *p;
	struct provision_audit audit;
	struct progress progress;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int read_arguments(int argc, char **argv, struct asked *q)
{
	static const struct option options[] = {
		{"yes", no_argument, NULL, 'y'}, {"accept", no_argument, NULL, 'a'}, {"plan", required_argument, NULL, 'p'},
		{"release", required_argument, NULL, 'r'}, {"person", required_argument, NULL, 'o'}, {"most", required_argument, NULL, 'm'},
		{"confirm", required_argument, NULL, 'c'}, {0},
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'y': q->yes = true; break;
		case 'a': q->accept = true; break;
		case 'p': q->plan = optarg; break;
		case 'r': q->release = optarg; break;
		case 'o': q->person = optarg; break;
		case 'm': q->most = optarg; break;
		case 'c': q->confirm = optarg; break;
		default: return CALLED_WRONGLY;
		}
	}
	if (optind != argc)
		return CALLED_WRONGLY;
	return provisioning_way_back("apply", q->release, q->person, q->most, &q->way_back) < 0 ? CALLED_WRONGLY : 0;
}

/* Names and ids of other systems may be in it. */
static int fail(struct arena *a, const struct error *err)
{
	fprintf(stderr, "postern apply: %s\n", report_clean(a, err->detail));
	return 1;
}

/* What was to be done is done; where nobody could look it is not. */
static int require_read(const struct provisioning *p)
{
	struct error err;

	return plan_require_read(&p->plan, &err) < 0 ? fail(p->arena, &err) : 0;
}

/* ---- while it goes on ---- */

static bool go_on(void *context)
{
	(void)context;
	return !stop;
}

static int64_t now(void *context)
{
	(void)context;
	return clock_now();
}

/* What failed is said at once: it may be hours until the end. */
static void show_progress(const struct apply_progress *at, void *context)
{
	struct work *w = context;

	if (at->failure) {
		progress_end(&w->progress);
		fprintf(stderr, "postern apply: %s: %s %s: %s\n", at->target, step_kind_word(at->step->kind),
			at->step->person ? provisioning_who(w->p->arena, w->p, at->step->person) : report_clean(w->p->arena, at->step->name),
			report_clean(w->p->arena, at->failure->detail));
		progress_begin(&w->progress, "doing the plan", at->total);
	}
	progress_at(&w->progress, at->done + at->failed + at->left_out);
}

static int record(const struct apply_change *change, void *context, struct error *err)
{
	struct work *w = context;

	return provision_audit_record(&w->audit, change, err);
}

/* For alarms, /metrics and postern status, as the role does it; a plan of the way back is not one of everything. */
static void note_result(struct provisioning *p, const struct apply_result *result)
{
	struct provision_look look = {.plan = &result->plan, .left = result->plan.step_count - result->done, .kept = result->kept};
	struct error failure = {.reason = result->stop.reason}, unread, err;

	if (p->way_back)
		return;
	if (result->stop.reason != REASON_NONE)
		snprintf(failure.detail, sizeof(failure.detail), "%s", report_clean(p->arena, result->stop.detail));
	else if (plan_require_read(&result->plan, &unread) < 0)
		error_set(&failure, unread.reason, "%s", report_clean(p->arena, unread.detail));
	else if (result->failed)
		error_set(&failure, REASON_PROVISION_STEP, "%zu steps failed", result->failed);
	look.waits = provisioning_waits(p, &look.wait_count);
	look.failure = failure.reason != REASON_NONE ? &failure : NULL;
	if (provision_status_note(p->arena, p->settings, &look, clock_now(), &err) < 0)
		fail(p->arena, &err);
}

static int do_plan(struct provisioning *p, const struct asked *q, struct audit *audit, struct error *err)
{
	struct work w = {.p = p};
	const struct apply_options options = {
		.way_back = p->way_back, .given = &p->plan, .accept_stopped = q->accept, .now = now, .go_on = go_on, .progress = show_progress,
		.record = record, .context = &w,
		.world = q->yes || q->plan ? &p->world : NULL,  /* while somebody thought about it the world may have moved */
	};
	struct apply_result result = {.stop = {.reason = REASON_NONE}};
	struct arena *a = p->arena;
	int rc;

	provision_audit_begin(&w.audit, audit, p, q->by, q->accept);
	progress_begin(&w.progress, "doing the plan", p->plan.step_count);
	rc = apply(a, &p->desired, &p->limits, p->ledger, doer_steps(p->doer), &options, &result, err);
	progress_end(&w.progress);
	if (rc < 0)
		return fail(a, err);
	p->world = result.world;
	printf("%s of %s done, %s failed, %s left out; %s%s\n", report_number(a, result.done),
		report_count(a, result.plan.step_count, "step", "steps"), report_number(a, result.failed), report_number(a, result.left_out),
		report_count(a, result.requests, "request", "requests"),
		result.resumed ? "; went on with what was cut short" : "");
	note_result(p, &result);
	for (size_t i = 0; i < result.braked_count; i++)
		fprintf(stderr, "postern apply: %s\n", report_clean(a, result.braked[i]));
	if (result.people_failed)
		printf("%s not taken into their groups; the ledger says who and why\n",
			report_count(a, result.people_failed, "person was", "people were"));
	if (result.stop.reason != REASON_NONE)
		fprintf(stderr, "postern apply: stopped: %s\n", report_clean(a, result.stop.detail));
	if (result.cut_short)
		puts("Cut short during a change: whether it was done is found out next time.");
	if (!result.ended)
		puts("Call postern apply again to go on.");
	return result.ended && !result.failed && !result.people_failed && result.stop.reason == REASON_NONE ? 0 : 1;
}

/* ---- before ---- */

static bool is_confirmed(const struct asked *q)
{
	char line[16];

	if (q->yes || q->plan)
		return true;
	if (!isatty(STDIN_FILENO)) {
		fputs("postern apply: nobody to ask: say --yes, or --plan with the id of the plan that you saw\n", stderr);
		return false;
	}
	fputs("\nDo it? Only `yes` does. ", stdout);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) && strcmp(line, "yes\n") == 0)
		return true;
	puts("Nothing was changed.");
	return false;
}

static bool asks_about(const struct plan *plan, const char *group)
{
	for (size_t i = 0; i < plan->task_count; i++)
		if (plan->tasks[i].kind == TASK_GROUP_PRODUCTS && strcmp(plan->tasks[i].group, group) == 0)
			return true;
	return false;
}

/* Holds for this plan alone, which leaves the group.  What that changes has lines of its own in the audit. */
static int confirm_group(struct provisioning *p, const char *group, struct error *err)
{
	p->limits.confirmed_group = group;
	if (provisioning_plan(p, err) < 0)
		return -1;
	if (asks_about(&p->plan, group))
		return error_set(err, REASON_SETTINGS, "--confirm: what takes the place of %.200s is not there yet: postern apply makes it, then give "
			"it its products at Atlassian, and confirm", group);
	return 0;
}

/* What the plan asks about this mail is answered: it belongs to who has it in the directory.  The plan is made anew. */
static int confirm_mail(struct provisioning *p, const struct asked *q, struct audit *audit, struct error *err)
{
	const char *mail = q->confirm;
	const struct desired_person *person;
	struct provision_audit lines;
	size_t n = 0;

	provision_audit_begin(&lines, audit, p, q->by, false);
	for (size_t i = 0; i < p->plan.task_count; i++) {
		const struct plan_task *t = &p->plan.tasks[i];

		if (t->kind != TASK_MAIL_MOVED || !t->mail || strcasecmp(t->mail, mail) != 0)
			continue;
		if (provision_audit_confirm(&lines, t, err) < 0 ||
			ledger_confirm_mail(p->ledger, p->targets[t->target].name, t->mail, t->person, err) < 0)
			return -1;
		person = desired_person_by_id(&p->desired, t->person);
		printf("%s at %s is that of %s%s%s (%s) now.\n", report_clean(p->arena, t->mail), p->targets[t->target].name,
			person && person->display_name ? report_clean(p->arena, person->display_name) : "", person && person->display_name ? ", " : "",
			person ? report_clean(p->arena, person->dn) : "nobody in the directory", report_clean(p->arena, t->person));
		n++;
	}
	if (n == 0)
		return error_set(err, REASON_SETTINGS, "--confirm: the plan asks about no mail and no group %.200s", mail);
	return provisioning_plan(p, err);
}

static int confirm(struct provisioning *p, const struct asked *q, struct audit *audit, struct error *err)
{
	return asks_about(&p->plan, q->confirm) ? confirm_group(p, q->confirm, err) : confirm_mail(p, q, audit, err);
}

/* Whoever was deleted could not be activated again without it. */
static int require_organization(const struct provisioning *p, struct error *err)
{
	if (!p->way_back || !way_back_asks_organization(p->way_back->stage) || p->organization.id)
		return 0;
	return error_set(err, REASON_SETTINGS, "--release %s asks the Organizations API: the settings name no accounts: organization, organization_key",
		way_back_word(p->way_back->stage));
}

/*
 * Who is not wanted any more is in their grace time from the first look on, also when that look has nothing else to do; and what failed
 * before is over.
 */
static int note_nothing_to_do(struct provisioning *p, struct error *err)
{
	if (!p->way_back && ledger_note(p->arena, p->ledger, &p->desired, clock_now(), err) < 0)
		return -1;
	note_result(p, &(struct apply_result){.plan = p->plan, .stop = {.reason = REASON_NONE}});
	return 0;
}

/* For sign-ons, of what was read last, whether something was to be done or not. */
static int note_seen(struct provisioning *p, enum seen_trust trust)
{
	struct error err;

	return provisioning_note_seen(p, &p->world, trust, &err) < 0 ? fail(p->arena, &err) : 0;
}

static int work(struct provisioning *p, const struct asked *q, struct audit *audit)
{
	struct error err;

	if (require_organization(p, &err) < 0 || provisioning_open(p, LEDGER_WRITE, go_on, NULL, &err) < 0 || provisioning_plan(p, &err) < 0 ||
		(q->confirm && confirm(p, q, audit, &err) < 0))
		return fail(p->arena, &err);
	if (q->plan && strcmp(q->plan, p->plan.id) != 0) {
		error_set(&err, REASON_PLAN_MOVED, "the plan is %s now, not %s any more: look at it with postern plan", p->plan.id, q->plan);
		return fail(p->arena, &err);
	}
	provisioning_print(p, PLAN_SOME);
	if (p->plan.step_count == 0)
		return note_nothing_to_do(p, &err) < 0 ? fail(p->arena, &err) : report_end("apply") != 0 ? 1 : require_read(p);
	if (p->plan.stopped && !q->accept) {
		error_set(&err, REASON_PLAN_STOPPED, "nothing was done: %s", p->plan.stopped);
		return fail(p->arena, &err);
	}
	if (!is_confirmed(q) || do_plan(p, q, audit, &err) != 0)
		return 1;
	return require_read(p);
}

int command_apply(struct arena *a, const char *settings_path, int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct files *files = files_from_disk(a);
	const struct settings *settings;
	struct provisioning p;
	struct asked q = {.yes = false};
	struct audit *audit;
	struct error err;
	int lock, rc = read_arguments(argc, argv, &q);

	if (rc != 0)
		return rc;
	settings = census_settings(a, "apply", files, settings_path);
	if (!settings)
		return 1;
	q.by = provision_audit_caller(a);
	if (provisioning_secrets(a, "apply", files, settings, &p, &err) < 0 ||
		folders_step_down(settings, provisioning_ledger_path(a, settings), &err) < 0 || provisioning_lock(a, settings, &lock, &err) < 0)
		return fail(a, &err);
	/* what is under way is ended and written down first */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	p.way_back = q.release ? &q.way_back : NULL;
	audit = audit_open(settings->accounts.audit_file, NULL);
	rc = work(&p, &q, audit);
	if (note_seen(&p, q.accept && rc == 0 ? SEEN_TRUSTED : SEEN_DOUBTED) != 0)
		rc = 1;
	audit_close(audit);
	provisioning_end(&p);
	close(lock);
	return rc;
}
