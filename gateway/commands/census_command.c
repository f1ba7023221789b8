/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See census_command.h. */
#include "gateway/commands/census_command.h"

#include "base/encode.h"
#include "gateway/host_user.h"
#include "gateway/report.h"

static void say_fault(const char *command, const struct error *err)
{
	fprintf(stderr, "postern %s: %s%s\n", command, err->detail,
		err->reason == REASON_MIRROR_EMPTY ? "; `postern fill` reads the directories once, without the service" : "");
}

int census_fail(const struct census *c, const struct error *err)
{
	say_fault(c->command, err);
	return 1;
}

const struct settings *census_settings(struct arena *a, const char *command, struct files *files, const char *path)
{
	const char *const *problems = NULL;
	const struct settings *settings;
	struct error err;

	if (settings_read_for(SETTINGS_TO_ANSWER, a, files, path, &settings, &problems, &err) == 0)
		return settings;
	for (; problems && *problems; problems++)
		fprintf(stderr, "postern %s: %s\n", command, *problems);
	return NULL;
}

int census_open(struct arena *a, const char *command, const struct settings *settings, struct census *out)
{
	struct error err;

	if (host_user_step_down(settings->user, &err) == 0 && census_begin(a, command, settings, out, &err) == 0)
		return 0;
	say_fault(command, &err);
	return -1;
}

/* ---- the mirror itself ---- */

void census_print_mirror(const struct census *c)
{
	const struct settings *s = c->gateway.settings;
	char as_of[21];

	for (size_t i = 0; i < s->directory_count; i++) {
		time_write(c->states[i].as_of, as_of);
		printf("%-10s %s: %s and %s, as of %s\n", i ? "" : "Mirror", s->directories[i].name,
			report_count(c->arena, c->states[i].people, "person", "people"), report_count(c->arena, c->states[i].groups, "group", "groups"), as_of);
	}
}

void census_json_mirror(const struct census *c, json_t *o)
{
	const struct settings *s = c->gateway.settings;
	json_t *list = json_array(), *one;

	for (size_t i = 0; i < s->directory_count; i++) {
		const struct mirror_state *state = &c->states[i];

		one = json_object();
		report_json(c->arena, one, "directory", s->directories[i].name);
		json_object_set_new(one, "people", json_integer((json_int_t)state->people));
		json_object_set_new(one, "groups", json_integer((json_int_t)state->groups));
		json_object_set_new(one, "as_of", json_integer(state->as_of));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "mirror", list);
}
