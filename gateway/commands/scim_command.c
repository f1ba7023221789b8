/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern scim`: the tokens and client secrets of Entra ID's provisioning, and what it sent. */
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "gateway/settings/files.h"
#include "gateway/service/folders.h"
#include "gateway/report.h"
#include "gateway/service/running.h"
#include "scim/scim.h"

#include <unistd.h>

#define LONGEST 65536

struct scim_query {
	struct arena *arena;
	const struct settings *settings;
	struct scim_token tokens[SCIM_TOKENS_MAX];
	size_t n;
	enum scim_token_kind kind;
	const char *name;
	bool reload;
};

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

static const char *const nouns[] = {[SCIM_TOKEN] = "token", [SCIM_SECRET] = "client secret"};

static size_t find(const struct scim_query *q)
{
	size_t i;

	for (i = 0; i < q->n && strcmp(q->tokens[i].name, q->name) != 0; i++)
		;
	return i;
}

/* Those of the kind that is asked for: at most two. */
static size_t of_kind(const struct scim_query *q, const struct scim_token *out[SCIM_TOKENS_OF_KIND])
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++)
		if (q->tokens[i].kind == q->kind)
			out[n++] = &q->tokens[i];
	return n;
}

static int require_free(const struct scim_query *q, struct error *err)
{
	const struct scim_token *same[SCIM_TOKENS_OF_KIND];

	if (!scim_token_name_is_good(q->name))
		return error_set(err, REASON_SETTINGS, "\"%.60s\" is not a name for a %s (letters, digits, -, _ and ., at most %d)", q->name,
			nouns[q->kind], SCIM_TOKEN_NAME_MAX);
	if (find(q) < q->n)
		return error_set(err, REASON_SETTINGS, "there is a %s %s already", nouns[q->tokens[find(q)].kind], q->name);
	if (of_kind(q, same) == SCIM_TOKENS_OF_KIND)
		return error_set(err, REASON_SETTINGS, "there are two %ss, %s and %s: retire the one that Entra ID no longer uses", nouns[q->kind],
			same[0]->name, same[1]->name);
	return 0;
}

static int make(struct scim_query *q, struct error *err)
{
	const char *url = q->settings->scim_url;
	char text[SCIM_TOKEN_SIZE];

	if (require_free(q, err) < 0)
		return -1;
	scim_token_make(q->kind, q->name, clock_now(), text, &q->tokens[q->n++]);
	if (write_tokens(q, err) < 0)
		return -1;
	printf("In Entra ID, Provisioning, Admin credentials (it is shown only now, and kept nowhere):\n");
	if (q->kind == SCIM_TOKEN)
		printf("  Tenant URL         %s/scim/v2\n"
		       "  Secret token       %s\n", url, text);
	else
		printf("  Authentication     OAuth 2.0 client credentials\n"
		       "  Tenant URL         %s/scim/v2\n"
		       "  Token endpoint     %s/scim/v2/token\n"
		       "  Client identifier  %s\n"
		       "  Client secret      %s\n", url, url, SCIM_CLIENT, text);
	printf("Under Mappings, Users: map objectId to externalId (the default is mailNickname).\n");
	explicit_bzero(text, sizeof(text));
	return say_live(q, err);
}

static int list(struct scim_query *q, struct error *err)
{
	const struct scim_token *same[SCIM_TOKENS_OF_KIND];
	size_t n = of_kind(q, same);

	(void)err;
	for (size_t i = 0; i < n; i++) {
		char made[21];

		time_write(same[i]->made, made);
		printf("%-*s  made %s\n", SCIM_TOKEN_NAME_MAX, same[i]->name, made);
	}
	if (!n)
		printf("There is no %s: postern scim %s new NAME\n", nouns[q->kind], q->kind == SCIM_TOKEN ? "token" : "secret");
	return 0;
}

static int retire(struct scim_query *q, struct error *err)
{
	size_t at = find(q);

	if (at == q->n || q->tokens[at].kind != q->kind)
		return error_set(err, REASON_SETTINGS, "there is no %s %.60s", nouns[q->kind], q->name);
	for (q->n--; at < q->n; at++)
		q->tokens[at] = q->tokens[at + 1];
	if (write_tokens(q, err) < 0)
		return -1;
	printf("%s is known no more%s%s.\n", q->name, q->kind == SCIM_SECRET ? ", nor what it bought" : "",
		q->n ? "" : "; nobody can provision until there is another");
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
	enum scim_token_kind kind;
	bool named, may_reload, keeps_rights;
	int (*run)(struct scim_query *q, struct error *err);
} actions[] = {
	{{"token", "new"}, SCIM_TOKEN, true, true, true, make}, {{"token", "list"}, SCIM_TOKEN, false, false, true, list},
	{{"token", "retire"}, SCIM_TOKEN, true, true, true, retire},
	{{"secret", "new"}, SCIM_SECRET, true, true, true, make}, {{"secret", "list"}, SCIM_SECRET, false, false, true, list},
	{{"secret", "retire"}, SCIM_SECRET, true, true, true, retire},
	{{"status", NULL}, SCIM_TOKEN, false, false, false, status},
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
		q->kind = action->kind;
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
		return CALLED_WRONGLY;
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
