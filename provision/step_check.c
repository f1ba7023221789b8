/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a step must say, by its kind.  Ids go into paths and filters, texts into
 * JSON: what cannot be written there is refused here, so no client has to.
 */
#include "provision/step_check.h"

#include "base/encode.h"
#include "provision/answer.h"

#define BIT(n) (1U << (n))

enum need { NEED_USER = BIT(0), NEED_ACCOUNT = BIT(1), NEED_NAME = BIT(2), NEED_GROUP = BIT(3), NEED_MEMBERS = BIT(4), NEED_MAIL = BIT(5), NEED_FIELD = BIT(6),
	NEED_DESK = BIT(7) };

static const unsigned needs[STEP_KINDS] = {
	[STEP_USER_CREATE] = NEED_MAIL,
	[STEP_USER_UPDATE] = NEED_USER | NEED_FIELD,
	[STEP_USER_ACTIVATE] = NEED_USER,
	[STEP_USER_DEACTIVATE] = NEED_USER,
	[STEP_GROUP_CREATE] = NEED_NAME,
	[STEP_MEMBERS_ADD] = NEED_GROUP | NEED_MEMBERS,
	[STEP_MEMBERS_REMOVE] = NEED_GROUP | NEED_MEMBERS,
	[STEP_GROUP_DELETE] = NEED_GROUP,
	[STEP_CUSTOMER_CREATE] = NEED_MAIL,
	[STEP_CUSTOMER_REVOKE] = NEED_USER,
	[STEP_DESK_ADD] = NEED_NAME | NEED_MEMBERS,
	[STEP_DESK_REMOVE] = NEED_NAME | NEED_MEMBERS,
	[STEP_ORGANIZATION_CREATE] = NEED_NAME,
	[STEP_ORGANIZATION_ADD] = NEED_GROUP | NEED_MEMBERS,
	[STEP_ORGANIZATION_REMOVE] = NEED_GROUP | NEED_MEMBERS,
	[STEP_UNLINK] = NEED_USER | NEED_ACCOUNT,        /* an account by its own id, or unlinking says that it is missing */
	[STEP_USER_DELETE] = NEED_USER,
	[STEP_RESTORE] = NEED_ACCOUNT,
	[STEP_DESK_ATTACH] = NEED_GROUP | NEED_DESK,
	[STEP_DESK_DETACH] = NEED_GROUP | NEED_DESK,
};

static int bad(const struct step *s, const char *what, struct error *err)
{
	return error_set(err, REASON_PROVISION_STEP, "%s: %s", step_kind_word(s->kind), what);
}

static bool is_id(const char *id)
{
	return id && answer_id_is_good(id);
}

static bool is_text(const char *text)
{
	return !text || (strlen(text) <= ANSWER_TEXT_MOST && utf8_is_clean(slice_c(text)) && !strpbrk(text, "\t\r\n"));
}

static int check_texts(const struct step *s, struct error *err)
{
	const struct step_fields *f = &s->fields;
	const char *const texts[] = {
		s->name, s->desk, f->external_id, f->mail, f->display_name, f->given_name, f->family_name, f->title, f->department,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!is_text(texts[i]))
			return bad(s, "a name, mail or id is longer than can be sent, or holds control characters", err);
	return 0;
}

static bool has_field(const struct step_fields *f)
{
	return f->external_id || f->mail || f->display_name || f->given_name || f->family_name || f->title || f->department;
}

static int check_members(const struct step *s, struct error *err)
{
	if (!s->members || !s->members[0])
		return bad(s, "nobody is named", err);
	for (const char *const *m = s->members; *m; m++)
		if (!is_id(*m))
			return error_set(err, REASON_PROVISION_STEP, "%s: `%.60s` is no id", step_kind_word(s->kind), *m);
	return 0;
}

int step_check(const struct step *s, struct error *err)
{
	unsigned need = s->kind < STEP_KINDS ? needs[s->kind] : 0;

	if (need == 0)
		return bad(s, "no call does that", err);
	if (check_texts(s, err) < 0)
		return -1;
	if ((need & NEED_USER) && !is_id(s->user))
		return bad(s, "no user is named, or by what is no id", err);
	if ((need & NEED_ACCOUNT) && !is_id(s->account_id ? s->account_id : s->user))
		return bad(s, "no account is named, or by what is no id", err);
	if ((need & NEED_GROUP) && !is_id(s->group))
		return bad(s, "no group is named, or by what is no id", err);
	if ((need & NEED_NAME) && (!s->name || !*s->name))
		return bad(s, "no name", err);
	if ((need & NEED_DESK) && (!s->desk || !*s->desk))
		return bad(s, "no desk", err);
	if ((need & NEED_MAIL) && (!s->fields.mail || !*s->fields.mail))
		return bad(s, "no mail", err);
	if ((need & NEED_FIELD) && !has_field(&s->fields))
		return bad(s, "nothing is to be changed", err);
	return need & NEED_MEMBERS ? check_members(s, err) : 0;
}
