/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of `postern check` about what Entra ID provisions. */
#include "base/clock.h"
#include "gateway/commands/check.h"
#include "scim/scim.h"

#define QUIET ((int64_t)2 * 86400)

static void warn_of_two(struct check *c, const char *what, const struct scim_token *list, size_t n, enum scim_token_kind kind)
{
	const char *names[SCIM_TOKENS_OF_KIND];
	size_t same = 0;

	for (size_t i = 0; i < n; i++)
		if (list[i].kind == kind)
			names[same++] = list[i].name;
	if (same > 1)
		say(c, FINDING_WARNING, "scim: there are two %s, %s and %s: retire the one that Entra ID no longer uses", what, names[0], names[1]);
}

static void check_tokens(struct check *c)
{
	const struct settings *s = c->settings;
	struct scim_token list[SCIM_TOKENS_MAX];
	struct error err;
	struct slice text;
	size_t n = 0, tokens = 0;

	/* what is wrong with it, is said among keys and files */
	if (files_get(c->files, s->scim_tokens, FILE_SECRET, FILES_SCIM, &text, &err) < 0 || scim_tokens_read(c->arena, text, list, &n, &err) < 0 || n == 0)
		say(c, FINDING_WARNING, "scim: nobody can provision: there is no token in %s; postern scim token new NAME makes one", s->scim_tokens);
	for (size_t i = 0; i < n; i++)
		tokens += list[i].kind == SCIM_TOKEN;
	warn_of_two(c, "tokens", list, n, SCIM_TOKEN);
	warn_of_two(c, "client secrets", list, n, SCIM_SECRET);
	if (tokens && tokens < n)
		say(c, FINDING_WARNING, "scim: there are tokens and client secrets: Entra ID uses one of the two, retire the others");
}

static void check_file(struct check *c)
{
	struct scim_state state;
	struct error err;
	int found = scim_state(settings_scim_path(c->arena, c->settings), &state, &err);

	if (found < 0)
		say(c, FINDING_ERROR, "scim: %s", err.detail);
	else if (found == 0 || !state.heard)
		say(c, FINDING_WARNING, "scim: nothing has come from Entra ID yet");
	else if (clock_now() - state.heard > QUIET)
		say(c, FINDING_WARNING, "scim: Entra ID was last heard %lld days ago: is provisioning on, and not in quarantine?",
			(long long)((clock_now() - state.heard) / 86400));
	else
		say(c, FINDING_OK, "scim: %zu people, of whom %zu are switched off, and %zu groups", state.users, state.disabled, state.groups);
}

void check_scim(struct check *c)
{
	if (!c->settings->scim_listen)
		return;
	check_tokens(c);
	check_file(c);
}
