/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what only a sign-on knows, and the words for why. */
#include "policies/condition.h"

#include "base/text.h"

enum truth judge_mfa(struct evaluation *e, const struct condition *c, const char **why)
{
	(void)c;
	if (why)
		*why = e->facts->mfa ? "more than one factor was used"
			: "the identity provider does not say that more than one factor was used";
	return truth_of(e->facts->mfa);
}

/* `signed on by .../password, .../multipleauthn` */
static const char *why_method(struct evaluation *e, const char *found)
{
	struct text t;

	if (found)
		return arena_printf(e->arena, "signed on by %s", found);
	text_begin(&t, e->arena, 128);
	text_add_c(&t, "signed on by ");
	for (const char *const *method = e->facts->methods; *method; method++)
		text_addf(&t, "%s%s", method == e->facts->methods ? "" : ", ", *method);
	return t.p;
}

enum truth judge_method(struct evaluation *e, const struct condition *c, const char **why)
{
	const char *const *method = e->facts->methods;

	if (!method) {
		if (why)
			*why = "the identity provider does not say how the person signed on";
		return TRUTH_UNSURE;
	}
	while (*method && strcmp(*method, c->name) != 0)
		method++;
	if (why)
		*why = why_method(e, *method);
	return truth_of(*method);
}

enum truth judge_guest(struct evaluation *e, const struct condition *c, const char **why)
{
	(void)c;
	if (why)
		*why = e->facts->guest ? "a guest in the tenant" : "not a guest in the tenant";
	return truth_of(e->facts->guest);
}

static const char *why_door(struct evaluation *e)
{
	const struct facts *f = e->facts;

	if (!f->door)
		return "there is no door";
	return arena_printf(e->arena, "the door is %s (%s)", f->door, f->door_kind == DOOR_MANAGED ? "managed" : "portal");
}

enum truth judge_door(struct evaluation *e, const struct condition *c, const char **why)
{
	if (why)
		*why = why_door(e);
	return truth_of(e->facts->door && strcmp(e->facts->door, c->name) == 0);
}

enum truth judge_door_kind(struct evaluation *e, const struct condition *c, const char **why)
{
	if (why)
		*why = why_door(e);
	return truth_of(e->facts->door && e->facts->door_kind == c->door_kind);
}

enum truth judge_client(struct evaluation *e, const struct condition *c, const char **why)
{
	unsigned char address[NETWORK_ADDRESS_SIZE];
	bool held = false;

	if (network_address_read(slice_c(e->facts->client), address) < 0) {
		if (why)
			*why = "the browser's address is not known";
		return TRUTH_UNSURE;
	}
	for (size_t i = 0; i < c->network_count && !held; i++)
		held = network_holds(&c->networks[i], address);
	if (why)
		*why = arena_printf(e->arena, "the browser's address is %s", e->facts->client);
	return truth_of(held);
}

enum truth judge_user(struct evaluation *e, const struct condition *c, const char **why)
{
	enum truth guest = judge_guest(e, c, why);

	return c->guest ? guest : truth_of(guest == TRUTH_NO);
}

enum truth judge_tenant(struct evaluation *e, const struct condition *c, const char **why)
{
	const char *tenant = e->facts->tenant;

	if (why)
		*why = tenant ? arena_printf(e->arena, "the tenant is %s", tenant) : "the identity provider names no tenant";
	return tenant ? truth_of(strcasecmp(tenant, c->name) == 0) : TRUTH_UNSURE;
}

enum truth judge_link(struct evaluation *e, const struct condition *c, const char **why)
{
	const char *link = e->facts->link;

	if (why)
		*why = link ? arena_printf(e->arena, "the link is %s", link) : "there is no link";
	return truth_of(link && strcmp(link, c->name) == 0);
}

/* ---- when ---- */

static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

static const char *why_time(const struct evaluation *e)
{
	const struct facts *f = e->facts;
	int minute = zone_minute(f->zone, f->now);

	if (f->now == 0)
		return "the time is not known";
	return arena_printf(e->arena, "it is %02d:%02d on a %s (%s)", minute / 60, minute % 60,
		weekdays[calendar_weekday(zone_day(f->zone, f->now))], zone_name(f->zone));
}

static bool minute_is_in(int minute, const struct span *s)
{
	return s->from < s->to ? minute >= s->from && minute < s->to : minute >= s->from || minute < s->to;
}

enum truth judge_time(struct evaluation *e, const struct condition *c, const char **why)
{
	const struct facts *f = e->facts;
	bool held = false;

	if (why)
		*why = why_time(e);
	if (f->now == 0)
		return TRUTH_UNSURE;
	for (size_t i = 0; i < c->span_count && !held; i++)
		held = minute_is_in(zone_minute(f->zone, f->now), &c->spans[i]);
	return truth_of(held);
}

enum truth judge_weekday(struct evaluation *e, const struct condition *c, const char **why)
{
	const struct facts *f = e->facts;

	if (why)
		*why = why_time(e);
	if (f->now == 0)
		return TRUTH_UNSURE;
	return truth_of(c->weekdays >> calendar_weekday(zone_day(f->zone, f->now)) & 1);
}
