/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of another file, against the directories and connections that are set up: for `postern what-if`. */
#include "gateway/settings/settings_reader.h"

struct kept {
	struct settings_reader *r;
	const struct settings *settings;
	const struct rule *rule;
};

static bool keeps(const struct directory_options *d, const char *attribute)
{
	for (size_t i = 0; d->attributes[i]; i++) {
		if (strcasecmp(d->attributes[i], attribute) == 0)
			return true;
	}
	return false;
}

static void require_kept(const char *attribute, void *context)
{
	const struct kept *k = context;
	struct yaml_node place = *k->r->root;

	place.line = k->rule->line;
	for (size_t i = 0; i < k->settings->directory_count; i++) {
		const struct directory_options *d = &k->settings->directories[i];

		if (!keeps(d, attribute))
			settings_problem_key(k->r, &place, k->rule->name, "uses %.100s, which the mirror does not keep: name it under attributes of "
				"directory %s in %s, and read the directory again (postern fill)", attribute, d->name, k->settings->file);
	}
}

int settings_read_other_rules(struct arena *a, struct files *files, const char *path, const struct settings *s, struct policy *out,
	const char *const **problems, struct error *err)
{
	struct settings_reader r = {.arena = a, .files = files, .file = arena_strdup(a, path), .use = SETTINGS_TO_ANSWER};
	int rc = settings_read_tree(&r, err);

	*problems = r.problems;
	if (rc < 0)
		return -1;
	*r.settings = *s;
	r.settings->policy = (struct policy){0};
	r.directories = arena_alloc(a, (s->directory_count + 1) * sizeof(*r.directories));
	for (size_t i = 0; i < s->directory_count; i++)
		r.directories[i].options = s->directories[i];
	if (!yaml_get(r.root, "rules"))
		settings_problem_key(&r, r.root, "rules", "is missing");
	/* names that rules use, and exceptions: the file's own, or else those of the settings */
	if (yaml_get(r.root, "sets") || yaml_get(r.root, "conditions"))
		settings_read_conditions(&r);
	if (yaml_get(r.root, "exceptions")) {
		settings_read_exceptions(&r);
	} else {
		r.settings->policy.exceptions = s->policy.exceptions;
		r.settings->policy.exception_count = s->policy.exception_count;
	}
	settings_read_rules(&r);
	for (size_t i = 0; i < r.settings->policy.rule_count && !r.problem_count; i++) {
		const struct rule *rule = &r.settings->policy.rules[i];

		condition_attributes(rule->when, require_kept, &(struct kept){&r, s, rule});
	}
	if (r.problem_count) {
		*err = r.first;
		return -1;
	}
	*out = r.settings->policy;
	return 0;
}
