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

#define SHOWN_VALUES 3
#define SHOWN_BYTES 80

static enum truth truth_of(bool b)
{
	return b ? TRUTH_YES : TRUTH_NO;
}

/* ---- values ---- */

struct subject {
	const char *name;               /* for `why` */
	enum value_case with;
	const struct slice *values;
	size_t n;
};

static void find_values(const struct fact_attribute *list, size_t n, struct subject *s)
{
	for (size_t i = 0; i < n; i++)
		if (s->with == VALUE_CASE ? strcmp(list[i].name, s->name) == 0 : strcasecmp(list[i].name, s->name) == 0) {
			s->values = list[i].values;
			s->n = list[i].n;
			return;
		}
}

static bool value_fits(const struct condition *c, const struct subject *s, struct slice value)
{
	if (c->comparison == COMPARISON_PRESENT)
		return true;
	if (c->comparison == COMPARISON_LIKE)
		return pattern_fits(c->values[0], value, s->with);
	for (size_t i = 0; i < c->value_count; i++)
		if (value_is(c->values[i], value, s->with))
			return true;
	return false;
}

static void show_value(struct text *t, struct slice value)
{
	size_t n = value.n;

	if (n > SHOWN_BYTES)
		for (n = SHOWN_BYTES; n > 0 && ((unsigned char)value.p[n] & 0xc0) == 0x80;)
			n--;
	text_add_c(t, "\"");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
			text_addf(t, "\\x%02x", (unsigned char)value.p[i]);
		else
			text_add(t, slice_of(value.p + i, 1));
	text_add_c(t, n < value.n ? "…\"" : "\"");
}

/* `department is "Sales"`: the value that fits, or what is there instead. */
static const char *why_values(struct arena *a, const struct subject *s, const struct slice *fits)
{
	size_t shown = s->n < SHOWN_VALUES ? s->n : SHOWN_VALUES;
	struct text t;

	text_begin(&t, a, 128);
	text_add_c(&t, s->name);
	if (s->n == 0) {
		text_add_c(&t, " has no value");
		return t.p;
	}
	text_add_c(&t, fits && s->n > 1 ? " has the value " : " is ");
	if (fits) {
		show_value(&t, *fits);
		return t.p;
	}
	for (size_t i = 0; i < shown; i++) {
		text_add_c(&t, i ? ", " : "");
		show_value(&t, s->values[i]);
	}
	if (shown < s->n)
		text_addf(&t, " and %zu more", s->n - shown);
	return t.p;
}

static enum truth test_values(struct evaluation *e, const struct condition *c, const struct subject *s, const char **why)
{
	const struct slice *fits = NULL;

	for (size_t i = 0; i < s->n && !fits; i++)
		if (value_fits(c, s, s->values[i]))
			fits = &s->values[i];
	if (why)
		*why = why_values(e->arena, s, fits);
	if (c->comparison == COMPARISON_NOT_EQUAL)
		return truth_of(s->n > 0 && !fits);
	return truth_of(fits);
}

static enum truth test_attribute(struct evaluation *e, const struct condition *c, const char **why)
{
	struct subject s = {.name = c->name, .with = VALUE_NOCASE};

	find_values(e->facts->attributes, e->facts->attribute_count, &s);
	return test_values(e, c, &s, why);
}

/* A claim that may be missing because it would have been too long says nothing, under `not` either. */
static enum truth test_claim(struct evaluation *e, const struct condition *c, const char **why)
{
	struct subject s = {.name = c->name, .with = VALUE_CASE};

	find_values(e->facts->claims, e->facts->claim_count, &s);
	if (s.n == 0 && e->facts->claims_left_out) {
		if (why)
			*why = arena_printf(e->arena, "the identity provider left a claim out that would hold too much: %s perhaps", c->name);
		return TRUTH_UNSURE;
	}
	return test_values(e, c, &s, why);
}

static enum truth test_mail(struct evaluation *e, const struct condition *c, const char **why)
{
	struct slice mail = slice_c(e->facts->mail);
	struct subject s = {.name = "mail", .with = VALUE_NOCASE, .values = &mail, .n = mail.n > 0};

	return test_values(e, c, &s, why);
}

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

/* Groups stand nearest first, so the first that fits has the shortest way. */
static enum truth test_member(struct evaluation *e, const struct condition *c, const char **why)
{
	const struct fact_group *groups = e->facts->groups;
	bool shared = false;

	for (size_t i = 0; i < e->facts->group_count; i++) {
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

static bool dn_is_under(const char *dn, const char *base)
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
	return f->dn_key ? truth_of(dn_is_under(f->dn_key, c->dn_key)) : TRUTH_UNSURE;
}

/* ---- this sign-on ---- */

static enum truth test_mfa(struct evaluation *e, const struct condition *c, const char **why)
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

static enum truth test_method(struct evaluation *e, const struct condition *c, const char **why)
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

static enum truth test_guest(struct evaluation *e, const struct condition *c, const char **why)
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

static enum truth test_door(struct evaluation *e, const struct condition *c, const char **why)
{
	if (why)
		*why = why_door(e);
	return truth_of(e->facts->door && strcmp(e->facts->door, c->name) == 0);
}

static enum truth test_door_kind(struct evaluation *e, const struct condition *c, const char **why)
{
	if (why)
		*why = why_door(e);
	return truth_of(e->facts->door && e->facts->door_kind == c->door_kind);
}

static enum truth test_client(struct evaluation *e, const struct condition *c, const char **why)
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

enum truth test_evaluate(struct evaluation *e, const struct condition *c, const char **why)
{
	static enum truth (*const tests[])(struct evaluation *, const struct condition *, const char **) = {
		[CONDITION_MEMBER] = test_member,
		[CONDITION_DIRECTORY] = test_directory,
		[CONDITION_DN_UNDER] = test_dn_under,
		[CONDITION_MAIL] = test_mail,
		[CONDITION_ATTRIBUTE] = test_attribute,
		[CONDITION_MFA] = test_mfa,
		[CONDITION_METHOD] = test_method,
		[CONDITION_GUEST] = test_guest,
		[CONDITION_DOOR] = test_door,
		[CONDITION_DOOR_KIND] = test_door_kind,
		[CONDITION_CLIENT] = test_client,
		[CONDITION_CLAIM] = test_claim,
	};

	if (c->kind >= sizeof(tests) / sizeof(tests[0]) || !tests[c->kind])
		return TRUTH_UNSURE;
	return tests[c->kind](e, c, why);
}
