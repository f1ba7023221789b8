/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One test of a condition against the facts, and the words for why.
 *
 * Where the facts do not say (the browser's address is not known, a group is
 * named by a cn that several groups share), the answer is UNSURE.  An
 * attribute without a value is not such a case: as in LDAP filters (RFC 4511
 * section 4.5.1.7) a comparison with it is false, and its `not` is true.
 */
#include "policies/condition.h"

#include "base/text.h"

/* ---- groups ---- */

static void show_group(struct text *t, const struct fact_group *g)
{
	if (g->cn)
		text_addf(t, "%s:%s", g->directory, g->cn);
	else
		text_add_c(t, g->dn);
}

/* The next group on the way to the person, -1 at its end; a way never goes up, so it ends. */
static int nearer(const struct fact_group *groups, int g)
{
	return groups[g].through < g ? groups[g].through : -1;
}

/* From the person outward: `through corp:team, which is in corp:leads, which is in corp:agents`. */
static const char *why_member(struct evaluation *e, int last)
{
	const struct fact_group *groups = e->facts->groups;
	int *way = arena_alloc(e->arena, e->facts->group_count * sizeof(*way));
	size_t n = 0;
	struct text t;

	for (int g = last; g >= 0; g = nearer(groups, g))
		way[n++] = g;
	text_begin(&t, e->arena, 128);
	text_add_c(&t, n == 1 ? "directly in " : "through ");
	while (n-- > 0) {
		show_group(&t, &groups[way[n]]);
		if (n > 0)
			text_add_c(&t, ", which is in ");
	}
	return t.p;
}

/* The group and those on the way to the person are what made the rule match; each once. */
static void collect(struct evaluation *e, int last)
{
	const struct fact_group *groups = e->facts->groups;
	size_t i;

	if (!e->collects)
		return;
	if (!e->groups)
		e->groups = arena_alloc(e->arena, e->facts->group_count * sizeof(*e->groups));
	for (int g = last; g >= 0; g = nearer(groups, g)) {
		for (i = 0; i < e->group_count && e->groups[i] != g; i++)
			;
		if (i == e->group_count)
			e->groups[e->group_count++] = g;
	}
}

static bool group_fits(const struct condition *c, const struct fact_group *g)
{
	if (c->directory && (!g->directory || strcmp(c->directory, g->directory) != 0))
		return false;
	if (c->dn_key)
		return g->dn_key && strcmp(c->dn_key, g->dn_key) == 0;
	return g->cn && c->cn && strcasecmp(c->cn, g->cn) == 0;
}

static const char *why_not_member(struct evaluation *e, const struct condition *c, bool shared)
{
	if (shared)
		return arena_printf(e->arena, "several groups of %s are called %s: name the one you mean by its DN",
			c->directory, c->cn);
	return arena_printf(e->arena, "not a member, directly or through others (groups of the person: %zu)",
		e->facts->group_count);
}

/* The first group that may be the one of the condition; one more than its number, 0: none is left. */
static size_t first_group(const struct evaluation *e, const struct condition *c)
{
	const struct group_index *index = e->index;

	if (!index)
		return e->facts->group_count > 0;
	return c->dn_key ? index->by_dn[c->hash & index->mask] : index->by_cn[c->hash & index->mask];
}

/* The one behind `i`, which is a number itself. */
static size_t next_group(const struct evaluation *e, const struct condition *c, size_t i)
{
	const struct group_index *index = e->index;

	if (!index)
		return i + 1 < e->facts->group_count ? i + 2 : 0;
	return c->dn_key ? index->next_dn[i] : index->next_cn[i];
}

/* Groups stand nearest first, so the first that fits has the shortest way. */
static enum truth test_member(struct evaluation *e, const struct condition *c, const char **why)
{
	const struct fact_group *groups = e->facts->groups;
	bool shared = false;
	size_t i;

	for (size_t place = first_group(e, c); place; place = next_group(e, c, i)) {
		i = place - 1;
		if (!group_fits(c, &groups[i]))
			continue;
		if (!c->dn_key && groups[i].cn_shared) {
			shared = true;
			continue;
		}
		collect(e, (int)i);
		if (why)
			*why = why_member(e, (int)i);
		return TRUTH_YES;
	}
	if (why)
		*why = why_not_member(e, c, shared);
	return shared ? TRUTH_UNSURE : TRUTH_NO;
}

/* ---- the person's place ---- */

static enum truth test_directory(struct evaluation *e, const struct condition *c, const char **why)
{
	const char *directory = e->facts->directory;

	if (why)
		*why = directory ? arena_printf(e->arena, "directory is %s", directory) : "the directory is not known";
	return directory ? truth_of(strcmp(directory, c->name) == 0) : TRUTH_UNSURE;
}

/* Whether the comma behind `n` bytes of a DN separates RDNs: not behind an odd number of backslashes. */
static bool is_separator(const char *dn, size_t n)
{
	size_t slashes = 0;

	while (slashes < n && dn[n - 1 - slashes] == '\\')
		slashes++;
	return dn[n] == ',' && slashes % 2 == 0;
}

bool condition_dn_is_under(const char *dn, const char *base)
{
	size_t n = strlen(dn), m = strlen(base);

	if (n < m || strcmp(dn + n - m, base) != 0)
		return false;
	return n == m || m == 0 || is_separator(dn, n - m - 1);
}

static enum truth test_dn_under(struct evaluation *e, const struct condition *c, const char **why)
{
	const struct facts *f = e->facts;

	if (why)
		*why = f->dn_key ? arena_printf(e->arena, "the entry is %s", f->dn ? f->dn : f->dn_key)
			: "the entry's DN is not known";
	return f->dn_key ? truth_of(condition_dn_is_under(f->dn_key, c->dn_key)) : TRUTH_UNSURE;
}

enum truth test_evaluate(struct evaluation *e, const struct condition *c, const char **why)
{
	static enum truth (*const tests[])(struct evaluation *, const struct condition *, const char **) = {
		[CONDITION_MEMBER] = test_member,
		[CONDITION_DIRECTORY] = test_directory,
		[CONDITION_DN_UNDER] = test_dn_under,
		[CONDITION_MAIL] = judge_mail,
		[CONDITION_ATTRIBUTE] = judge_attribute,
		[CONDITION_MFA] = judge_mfa,
		[CONDITION_METHOD] = judge_method,
		[CONDITION_GUEST] = judge_guest,
		[CONDITION_DOOR] = judge_door,
		[CONDITION_DOOR_KIND] = judge_door_kind,
		[CONDITION_CLIENT] = judge_client,
		[CONDITION_CLAIM] = judge_claim_values,
		[CONDITION_TODAY] = judge_today,
		[CONDITION_USER] = judge_user,
		[CONDITION_TENANT] = judge_tenant,
		[CONDITION_LINK] = judge_link,
		[CONDITION_TIME] = judge_time,
		[CONDITION_WEEKDAY] = judge_weekday,
	};

	if (c->kind >= sizeof(tests) / sizeof(tests[0]) || !tests[c->kind])
		return TRUTH_UNSURE;
	return tests[c->kind](e, c, why);
}
