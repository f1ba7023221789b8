/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern scim`: the tokens of Entra ID's provisioning, and what it sent. */
#include "gateway/commands.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "gateway/files.h"
#include "gateway/folders.h"
#include "gateway/report.h"
#include "gateway/running.h"
#include "scim/scim.h"

#include <unistd.h>

#define LONGEST 65536

struct scim_query {
	struct arena *arena;
	const struct settings *settings;
	struct scim_token tokens[SCIM_TOKENS_MAX];
	size_t n;
	const char *name;
	bool reload;
};

static int usage(void)
{
	fputs("usage: postern scim token new NAME [--reload]\n"
	      "       postern scim token list\n"
	      "       postern scim token retire NAME [--reload]\n"
	      "       postern scim status\n", stderr);
	return 2;
}

/* ---- the file ---- */

static int read_tokens(struct scim_query *q, struct error *err)
{
	const char *path = q->settings->scim_tokens;
	struct slice text;

	if (access(path, F_OK) < 0)
		return 0;
	if (file_read(q->arena, path, FILE_SECRET, LONGEST, &text, err) < 0)
		return -1;
	return scim_tokens_read(q->arena, text, q->tokens, &q->n, err) < 0 ? error_prefix(err, "%s: ", path) : 0;
}

static int write_tokens(const struct scim_query *q, struct error *err)
{
	return file_write(q->settings->scim_tokens, 0600, scim_tokens_write(q->arena, q->tokens, q->n), err);
}

static int say_live(const struct scim_query *q, struct error *err)
{
	struct running running;

	if (q->reload) {
		if (running_reload(q->settings, &running, err) < 0)
			return -1;
		puts("Live: the service took it over.");
		return 0;
	}
	running_look(q->settings, &running);
	puts(running.pid || running.units ? "Not live yet.  When you want it to be: postern reload"
		: "Live at the next start or reload; no running service can be seen from here.");
	return 0;
}

/* ---- the actions ---- */

static size_t find(const struct scim_query *q)
{
	size_t i;

	for (i = 0; i < q->n && strcmp(q->tokens[i].name, q->name) != 0; i++)
		;
	return i;
}

static int token_new(struct scim_query *q, struct error *err)
{
	char text[SCIM_TOKEN_SIZE];

	if (!scim_token_name_is_good(q->name))
		return error_set(err, REASON_SETTINGS, "\"%.60s\" is not a name for a token (letters, digits, -, _ and ., at most %d)", q->name,
			SCIM_TOKEN_NAME_MAX);
	if (find(q) < q->n)
		return error_set(err, REASON_SETTINGS, "there is a token %s already", q->name);
	if (q->n == SCIM_TOKENS_MAX)
		return error_set(err, REASON_SETTINGS, "there are two tokens, %s and %s: retire the one that Entra ID no longer uses", q->tokens[0].name,
			q->tokens[1].name);
	scim_token_make(q->name, clock_now(), text, &q->tokens[q->n++]);
	if (write_tokens(q, err) < 0)
		return -1;
	printf("In Entra ID, Provisioning, Admin credentials (it is shown only now, and kept nowhere):\n"
	       "  Tenant URL    %s/scim/v2\n"
	       "  Secret token  %s\n"
	       "Under Mappings, Users: map objectId to externalId (the default is mailNickname).\n", q->settings->scim_url, text);
	explicit_bzero(text, sizeof(text));
	return say_live(q, err);
}

static int token_list(struct scim_query *q, struct error *err)
{
	size_t i;

	(void)err;
	for (i = 0; i < q->n; i++) {
		char made[21];

		time_write(q->tokens[i].made, made);
		printf("%-*s  made %s\n", SCIM_TOKEN_NAME_MAX, q->tokens[i].name, made);
	}
	if (!q->n)
		puts("There is no token: postern scim token new NAME");
	return 0;
}

static int token_retire(struct scim_query *q, struct error *err)
{
	size_t at = find(q);

	if (at == q->n)
		return error_set(err, REASON_SETTINGS, "there is no token %.60s", q->name);
	for (q->n--; at < q->n; at++)
		q->tokens[at] = q->tokens[at + 1];
	if (write_tokens(q, err) < 0)
		return -1;
	printf("%s is known no more%s.\n", q->name, q->n ? "" : "; nobody can provision until there is another");
	return say_live(q, err);
}

static const char *when(struct arena *a, int64_t t)
{
	char text[21];

	time_write(t, text);
	return t ? arena_strdup(a, text) : "never";
}

static int status(struct scim_query *q, struct error *err)
{
	const char *path = settings_scim_path(q->arena, q->settings);
	struct scim_state state;
	int found;

	if (folders_step_down(q->settings, path, err) < 0)
		return -1;
	found = scim_state(path, &state, err);
	if (found < 0)
		return -1;
	if (!found) {
		puts("Nothing has come yet: the service makes its file when it first runs with scim_listen.");
		return 1;
	}
	printf("people   %s, of whom %s are switched off\ngroups   %s\nheard    %s\nchanged  %s\n", report_number(q->arena, state.users),
		report_number(q->arena, state.disabled), report_number(q->arena, state.groups), when(q->arena, state.heard), when(q->arena, state.changed));
	return 0;
}

/* ---- the command line ---- */

static const struct action {
	const char *words[2];
	bool named, may_reload, keeps_rights;
	int (*run)(struct scim_query *q, struct error *err);
} actions[] = {
	{{"token", "new"}, true, true, true, token_new}, {{"token", "list"}, false, false, true, token_list},
	{{"token", "retire"}, true, true, true, token_retire}, {{"status", NULL}, false, false, false, status},
};

static const struct action *action_of(struct scim_query *q, int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		const struct action *action = &actions[i];
		int at = action->words[1] ? 3 : 2;

		if (argc < at || strcmp(argv[1], action->words[0]) != 0 || (action->words[1] && strcmp(argv[2], action->words[1]) != 0))
			continue;
		if (argc > at && strcmp(argv[argc - 1], "--reload") == 0 && action->may_reload) {
			q->reload = true;
			argc--;
		}
		if (argc != at + action->named)
			return NULL;
		q->name = action->named ? argv[at] : NULL;
		return action;
	}
	return NULL;
}

int command_scim(struct arena *a, const char *settings_path, int argc, char **argv)
{
	struct scim_query q = {.arena = a};
	const struct action *action = action_of(&q, argc, argv);
	const char *const *problems = NULL;
	struct error err;
	int rc;

	if (!action)
		return usage();
	if (settings_read_for(SETTINGS_TO_ANSWER, a, files_from_disk(a), settings_path, &q.settings, &problems, &err) < 0) {
		for (; problems && *problems; problems++)
			fprintf(stderr, "postern scim: %s\n", *problems);
		return 1;
	}
	if (!q.settings->scim_listen || !q.settings->scim_url) {
		fputs("postern scim: the settings lack scim_listen, or an address for it (scim_url or public_url)\n", stderr);
		return 1;
	}
	rc = action->keeps_rights && read_tokens(&q, &err) < 0 ? -1 : action->run(&q, &err);
	if (rc < 0)
		fprintf(stderr, "postern scim: %s\n", err.detail);
	return rc < 0 ? 1 : rc;
}
