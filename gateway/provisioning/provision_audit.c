/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See provision_audit.h. */
#include "gateway/provisioning/provision_audit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define LOGIN_UID "/proc/self/loginuid"
#define NOBODY_LOGGED_IN UINT32_MAX

/* ---- who ---- */

static const char *user_name(struct arena *a, uid_t uid)
{
	const struct passwd *p = getpwuid(uid);

	return p ? arena_strdup(a, p->pw_name) : arena_printf(a, "uid %lu", (unsigned long)uid);
}

/* Of the kernel; its file says that it has no bytes.  0 or -1. */
static int login_uid(uint64_t *out)
{
	int fd = open(LOGIN_UID, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : number_read(slice_of(text, (size_t)n), 0, NOBODY_LOGGED_IN - 1, out);
}

/* The kernel remembers who logged in, whoever he became since; sudo says it where the kernel does not. */
const char *provision_audit_caller(struct arena *a)
{
	const char *by_sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	uint64_t uid;

	if (login_uid(&uid) == 0)
		return user_name(a, (uid_t)uid);
	return by_sudo && *by_sudo ? arena_strdup(a, by_sudo) : user_name(a, getuid());
}

/* ---- what ---- */

/* As sign-ons have it. */
static const char *outcome_of(const struct desired_person *p)
{
	return p->kind == DESIRED_NOTHING ? outcome_word(OUTCOME_DENY) : desired_kind_word(p->kind);
}

static void tell_person(struct audit_account *line, const struct desired_person *p, const struct step *step)
{
	line->mail = step->fields.mail ? step->fields.mail : step->before.mail;
	line->why = step->why;
	if (!p)
		return;
	line->directory = p->directory;
	line->dn = p->dn;
	line->mail = p->mail;
	line->outcome = outcome_of(p);
	line->rule = p->rule;
	if (step->member_count > 0)     /* the step says it of all of them together */
		line->why = p->why ? p->why : p->rule;
}

/* Names as in plans and the ledger. */
static const char *const *fields_of(struct arena *a, const struct step *step)
{
	const struct step_fields *f = &step->fields;
	const struct { const char *name, *value; } all[] = {
		{"external_id", f->external_id}, {"mail", f->mail}, {"display_name", f->display_name}, {"given_name", f->given_name},
		{"family_name", f->family_name}, {"title", f->title}, {"department", f->department},
	};
	const char **out = arena_alloc(a, (sizeof(all) / sizeof(*all) + 1) * sizeof(*out));
	size_t n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].value)
			out[n++] = all[i].name;
	return n > 0 ? out : NULL;
}

static const char *event_word(enum apply_event event)
{
	static const char *const words[] = {
		[APPLY_BEGINS] = "account-begin", [APPLY_DONE] = "account-change", [APPLY_FAILED] = "account-failed",
	};

	return words[event];
}

static const char *detail_of(struct arena *a, const struct error *failure)
{
	return failure ? arena_strdup(a, failure->detail) : NULL;
}

/* 0, or -1 with `audit_failure: refuse`. */
static int write_line(const struct provision_audit *w, struct audit_account *line, struct error *err)
{
	line->id = w->id;
	line->ran = w->by ? "apply" : "provision";
	line->by = w->by;
	line->accepted = w->accepted ? "yes" : NULL;
	if (audit_write_account(w->audit, line, err) == 0)
		return 0;
	if (w->provisioning->settings->audit_failure == AUDIT_REFUSE)
		return -1;
	log_error("account change not in the audit file", "id", line->id, "change", line->change, "detail", err->detail, NULL);
	return 0;
}

int provision_audit_record(struct provision_audit *w, const struct apply_change *c, struct error *err)
{
	const struct provisioning *p = w->provisioning;
	const struct target *target = &p->desired.targets[c->step->target];
	struct arena *a = arena_new();
	struct audit_account line = {
		.event = event_word(c->event), .reason = c->failure ? reason_word(c->failure->reason) : NULL, .detail = detail_of(a, c->failure),
		.change = step_kind_word(c->step->kind), .door = target->name, .person = c->person, .user = c->user, .account_id = c->account_id,
		.group = c->step->name, .desk = c->step->desk, .fields = fields_of(a, c->step), .plan = c->plan, .status = c->status,
	};
	int rc;

	if (c->event == APPLY_BEGINS)
		w->began_us = clock_monotonic_us();
	line.total_us = clock_monotonic_us() - w->began_us;
	if (!line.account_id && target->kind == TARGET_PORTAL_REST)
		line.account_id = c->user;      /* a site knows nobody by another one */
	if (c->step->fields.mail && c->step->kind == STEP_USER_UPDATE)
		line.mail_before = c->step->before.mail;
	tell_person(&line, c->person ? desired_person_by_id(&p->desired, c->person) : NULL, c->step);
	rc = write_line(w, &line, err);
	arena_free(a);
	return rc;
}

int provision_audit_confirm(struct provision_audit *w, const struct plan_task *task, struct error *err)
{
	const struct provisioning *p = w->provisioning;
	const struct step step = {.fields = {.mail = task->mail}, .why = task->what};
	struct audit_account line = {
		.event = "account-change", .change = "mail-confirm", .door = p->targets[task->target].name, .person = task->person, .plan = p->plan.id,
	};

	tell_person(&line, desired_person_by_id(&p->desired, task->person), &step);
	return write_line(w, &line, err);
}

void provision_audit_begin(struct provision_audit *out, struct audit *audit, const struct provisioning *p, const char *by, bool accepted)
{
	*out = (struct provision_audit){.audit = audit, .provisioning = p, .by = by, .accepted = accepted};
	random_spoken(out->id);
}
