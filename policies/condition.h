/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A condition as a tree, and how it is judged.  Internal to policies/.
 *
 * grammar.c builds it, condition.c judges it.  `and` and `or` hold two or more
 * children, `not` one, a test none; depth is bounded by CONDITION_DEPTH_MAX.
 */
#ifndef POLICIES_CONDITION_H
#define POLICIES_CONDITION_H

#include "base/network.h"
#include "policies/group_index.h"
#include "policies/policies.h"

#define CONDITION_DEPTH_MAX 32
#define PATTERN_MAX 256                 /* bytes; bounds the work of one `like` */
#define CONDITION_TESTS_MAX 5000        /* of a condition with all those that it names */

enum condition_kind {
	CONDITION_NOTHING,              /* never parsed; judged as UNSURE */
	/* joiners */
	CONDITION_OR,
	CONDITION_AND,
	CONDITION_NOT,
	CONDITION_NAMED,                /* one child, which is another condition's root */
	/* tests */
	CONDITION_MEMBER,
	CONDITION_DIRECTORY,
	CONDITION_DN_UNDER,
	CONDITION_MAIL,
	CONDITION_ATTRIBUTE,
	CONDITION_MFA,
	CONDITION_METHOD,
	CONDITION_GUEST,
	CONDITION_DOOR,
	CONDITION_DOOR_KIND,
	CONDITION_CLIENT,
	CONDITION_CLAIM,
	CONDITION_TODAY,
	CONDITION_USER,
	CONDITION_TENANT,
	CONDITION_LINK,
	CONDITION_TIME,
	CONDITION_WEEKDAY
};

enum comparison {
#define OPERATOR(name, word, form, meaning, example) COMPARISON_##name,
#include "policies/words.def"
};

/* What a date is compared with: `at` is a day, an instant, or days from today. */
enum moment_kind { MOMENT_DAY, MOMENT_INSTANT, MOMENT_TODAY };

struct moment {
	enum moment_kind kind;
	int64_t at;
};

/* From the first instant to behind the last one. */
struct span {
	int64_t from, to;
};

struct condition {
	enum condition_kind kind;
	struct condition *child, *next; /* first child; next child of the same parent */
	const char *text;               /* of a test: as written */
	/* mail, attribute, claim */
	enum comparison comparison;
	const char *name;               /* attribute, claim, directory, door, link, tenant or condition; a method's URI */
	const char *const *values;      /* equal, not equal: one; like, in: any number */
	size_t value_count;
	/* member */
	const char *group;              /* as written */
	const char *directory;          /* NULL: any */
	const char *cn;                 /* or dn_key, never both */
	const char *dn_key;             /* also dn under */
	uint32_t hash;                  /* of the one of both that is there */
	enum door_kind door_kind;
	const struct network *networks;
	size_t network_count;
	int64_t number;                 /* of < <= > >= */
	struct moment moment;           /* of before, since, until, after */
	bool guest;                     /* user */
	const struct span *spans;       /* time: minutes of the day, `to` below `from` goes over midnight */
	size_t span_count;
	unsigned weekdays;              /* bit 0: Monday */
	const struct policy_condition *named;
	int column;                     /* of `named` */
	const char *sign_on;            /* the word, when it is a fact of one sign-on */
};

/* UNSURE: the facts do not say.  It stays so under `not`, and whoever asks decides to the refusing side. */
enum truth { TRUTH_NO, TRUTH_UNSURE, TRUTH_YES };

struct evaluation {
	struct arena *arena;
	const struct facts *facts;
	const struct group_index *index;        /* NULL: every group is looked at */
	bool traced;
	struct trace_step *steps;       /* when traced */
	size_t step_count;
	bool collects;                  /* groups that make the condition hold are noted */
	int *groups;
	size_t group_count;
};

void evaluation_begin(struct evaluation *e, struct arena *a, const struct facts *facts, enum policy_trace trace);
/* NULL is UNSURE. */
enum truth condition_evaluate(struct evaluation *e, const struct condition *c);

/* One test (judge.c); its reason in *why when that is not NULL. */
enum truth test_evaluate(struct evaluation *e, const struct condition *c, const char **why);

/* Those on values (judge_values.c) and on the sign-on (judge_signon.c). */
enum truth judge_mail(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_attribute(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_claim_values(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_today(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_mfa(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_method(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_guest(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_user(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_tenant(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_link(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_door(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_door_kind(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_client(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_time(struct evaluation *e, const struct condition *c, const char **why);
enum truth judge_weekday(struct evaluation *e, const struct condition *c, const char **why);

static inline enum truth truth_of(bool b)
{
	return b ? TRUTH_YES : TRUTH_NO;
}

/* The first fact of a sign-on that it uses, with all that it names, or NULL. */
const char *condition_sign_on(const struct condition *c);

/* Both normalized: whether the first is the second, or below it. */
bool condition_dn_is_under(const char *dn, const char *base);
bool comparison_is_date(enum comparison c);
bool comparison_is_number(enum comparison c);
/* [+-]digits; 0 or -1 */
int whole_number_read(struct slice in, int64_t *out);

/* `*` any text, `?` one UTF-8 character, `\` takes the next one as it is. */
enum value_case { VALUE_NOCASE, VALUE_CASE };
bool pattern_fits(const char *pattern, struct slice value, enum value_case with);
bool value_is(const char *wanted, struct slice value, enum value_case with);

#endif
