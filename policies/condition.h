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
#include "policies/policies.h"

#define CONDITION_DEPTH_MAX 32
#define PATTERN_MAX 256                 /* bytes; bounds the work of one `like` */

enum condition_kind {
	CONDITION_NOTHING,              /* never parsed; judged as UNSURE */
	/* joiners */
	CONDITION_OR,
	CONDITION_AND,
	CONDITION_NOT,
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
	CONDITION_CLAIM
};

enum comparison {
#define OPERATOR(name, word, form, meaning, example) COMPARISON_##name,
#include "policies/words.def"
};

struct condition {
	enum condition_kind kind;
	struct condition *child, *next; /* first child; next child of the same parent */
	const char *text;               /* of a test: as written */
	/* mail, attribute, claim */
	enum comparison comparison;
	const char *name;               /* attribute, claim, directory or door; a method's URI */
	const char *const *values;      /* equal, not equal, like: one; in: any number */
	size_t value_count;
	/* member */
	const char *group;              /* as written */
	const char *directory;          /* NULL: any */
	const char *cn;                 /* or dn_key, never both */
	const char *dn_key;             /* also dn under */
	enum door_kind door_kind;
	const struct network *networks;
	size_t network_count;
};

/* UNSURE: the facts do not say.  It stays so under `not`, and whoever asks decides to the refusing side. */
enum truth { TRUTH_NO, TRUTH_UNSURE, TRUTH_YES };

struct evaluation {
	struct arena *arena;
	const struct facts *facts;
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

/* One test (tests.c); its reason in *why when that is not NULL. */
enum truth test_evaluate(struct evaluation *e, const struct condition *c, const char **why);

/* `*` any text, `?` one UTF-8 character, `\` takes the next one as it is. */
enum value_case { VALUE_NOCASE, VALUE_CASE };
bool pattern_fits(const char *pattern, struct slice value, enum value_case with);
bool value_is(const char *wanted, struct slice value, enum value_case with);

#endif
