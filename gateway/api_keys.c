/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When keys end is looked up in the settings, else reckoned from their files. */
#include "gateway/api_keys.h"

#include <sys/stat.h>

/* What systemd hands over is written anew at every start. */
static bool is_of_this_start(const char *path)
{
	return strncmp(path, "/run/", 5) == 0;
}

static struct api_key key_of(const char *of, const char *setting, const char *file, int64_t ends)
{
	struct api_key key = {.of = of, .setting = setting, .ends = ends};
	struct stat st;

	if (ends || !file || is_of_this_start(file) || stat(file, &st) < 0)
		return key;
	key.written = (int64_t)st.st_mtime;
	key.ends = key.written + API_KEY_LIFE;
	return key;
}

size_t api_keys_look(struct arena *a, const struct settings *s, const struct api_key **out)
{
	struct api_key *keys = arena_alloc(a, (s->connection_count + 2) * sizeof(*keys));
	size_t n = 0;

	for (size_t i = 0; i < s->connection_count; i++) {
		const struct settings_target *t = s->connections[i].accounts;

		if (t)
			keys[n++] = key_of(s->connections[i].name, "key_ends", t->key_file, t->key_ends);
	}
	if (s->accounts.organization || s->accounts.organization_key_ends)
		keys[n++] = key_of("the organisation", "organization_key_ends", s->accounts.organization_key_file, s->accounts.organization_key_ends);
	*out = keys;
	return n;
}
