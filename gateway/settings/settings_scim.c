/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What concerns SCIM: where Entra ID reaches us, and the directory that is filled by it. */
#include "gateway/settings/settings_reader.h"
#include "scim/scim.h"

#include <unistd.h>

const char *settings_scim_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/scim/scim.mdb", s->state_dir);
}

const char *settings_scim_key_path(struct arena *a, const struct settings *s)
{
	return arena_printf(a, "%s/scim/access.key", s->state_dir);
}

static void read_url(struct settings_reader *r, struct settings *s)
{
	const struct yaml_node *node = yaml_get(r->root, "scim_url");
	struct url_parts u;

	if (!s->scim_url)
		s->scim_url = s->public_url;
	if (!s->scim_url || url_split(s->scim_url, &u) < 0)     /* a problem was noted */
		return;
	if (node && u.rest.n && !slice_is(u.rest, "/"))
		settings_problem(r, node, "\"%.200s\" must end after its host and port: /scim/v2 is put behind it", s->scim_url);
	s->scim_url = arena_printf(r->arena, "%.*s", (int)(strlen(s->scim_url) - u.rest.n), s->scim_url);
	s->scim_host = strstr(s->scim_url, "://") + 3;
	if (node && strpbrk(s->scim_host, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		settings_problem(r, node, "\"%.200s\" must be in lower case", s->scim_url);
}

/* Two listeners on one port would share what comes to it. */
static void require_own_port(struct settings_reader *r, const struct yaml_node *node, const struct settings *s, const char *other, const char *key)
{
	const char *port = strrchr(s->scim_listen, ':'), *others = other ? strrchr(other, ':') : NULL;

	if (strcmp(s->scim_listen, other ? other : "") == 0 || (others && !http_unix_path(s->scim_listen) && !http_unix_path(other) &&
		strcmp(port, others) == 0 && strcmp(port, ":0") != 0))
		settings_problem(r, node, "\"%.120s\" must have a port of its own, not that of %s", s->scim_listen, key);
}

void settings_read_scim(struct settings_reader *r)
{
	struct settings *s = r->settings;
	const struct yaml_node *node = yaml_get(r->root, "scim_listen");
	const char *fault;
	size_t i;

	read_url(r, s);
	for (i = 0; !s->scim_listen && i < 2; i++) {
		static const char *const of_it[] = {"scim_url", "scim_tokens"};

		if (yaml_get(r->root, of_it[i]))
			settings_problem(r, yaml_get(r->root, of_it[i]), "does nothing without scim_listen");
	}
	if (!node || !s->scim_listen)
		return;
	fault = settings_listen_fault(s, s->scim_listen);
	if (fault) {
		settings_problem(r, node, "\"%.120s\" %s", s->scim_listen, fault);
		return;
	}
	require_own_port(r, node, s, s->metrics_listen, "metrics_listen");
	for (i = 0; s->listen && s->listen[i]; i++)
		require_own_port(r, node, s, s->listen[i], "listen");
}

/* What comes must go somewhere, and only to one place. */
void settings_require_scim(struct settings_reader *r)
{
	const struct settings *s = r->settings;
	size_t i, n = 0;

	for (i = 0; i < s->directory_count; i++) {
		if (r->directories[i].options.kind == DIRECTORY_SCIM && ++n > 1)
			settings_problem_key(r, yaml_get(yaml_get(r->root, "directories"), r->directories[i].options.name), "kind",
				"scim is there twice: what Entra ID sends is one directory");
	}
	if (n && !s->scim_listen)
		settings_problem_key(r, r->root, "scim_listen", "is missing: a directory of kind scim is filled by what comes there");
	if (!n && s->scim_listen)
		settings_problem(r, yaml_get(r->root, "scim_listen"), "needs a directory of kind scim, which shows what came to rules: "
			"directories: {entra: {kind: scim}}");
}

/* A directory without a server. */
void settings_read_scim_directory(struct settings_reader *r, const struct yaml_node *map, struct directory_source *d)
{
	if (section_read(r, SECTION_scim_directory, map, d) < 0)
		return;
	scim_directory_options(r->arena, &d->options);
}

/* Not there yet is no mistake: `postern scim token new` needs the settings to make it. */
void settings_load_scim(struct settings_reader *r)
{
	const struct settings *s = r->settings;
	struct scim_token list[SCIM_TOKENS_MAX];
	struct slice text;
	struct error err;
	size_t n;

	if (!s->scim_listen || access(s->scim_tokens, F_OK) < 0)
		return;
	if (files_get(r->files, s->scim_tokens, FILE_SECRET, FILES_SCIM, &text, &err) < 0)
		settings_problem_key(r, r->root, "scim_tokens", "%s", err.detail);
	else if (scim_tokens_read(r->arena, text, list, &n, &err) < 0)
		settings_problem_key(r, r->root, "scim_tokens", "%s: %s", s->scim_tokens, err.detail);
}
