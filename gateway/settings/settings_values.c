/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of settings: addresses, words, numbers, times, paths, from text into the field of a row. */
#include "base/encode.h"
#include "base/nearest.h"
#include "gateway/settings/settings_reader.h"

/* ---- addresses ---- */

int url_split(const char *url, struct url_parts *out)
{
	const char *colon = strstr(url, "://"), *p, *end;
	struct url_parts u = {0};

	if (!colon || colon == url || !utf8_is_clean(slice_c(url)) || strpbrk(url, " \t\r\n\"<>\\^`{|}"))
		return -1;
	u.scheme = slice_of(url, (size_t)(colon - url));
	p = colon + 3;
	end = p + strcspn(p, "/?#");
	u.rest = slice_c(end);
	if (memchr(p, '@', (size_t)(end - p)))
		return -1;
	if (*p == '[') {
		const char *close = memchr(p, ']', (size_t)(end - p));

		if (!close)
			return -1;
		u.host = slice_of(p, (size_t)(close - p + 1));
		p = close + 1;
	} else {
		u.host = slice_of(p, strcspn(p, ":/?#"));
		p += u.host.n;
	}
	if (p < end && *p == ':')
		u.port = slice_of(p + 1, (size_t)(end - p - 1));
	else if (p != end)
		return -1;
	if (!u.host.n)
		return -1;
	*out = u;
	return 0;
}

bool url_host_is_local(const struct url_parts *url)
{
	static const char suffix[] = ".localhost";
	struct slice h = url->host;

	if (slice_is_nocase(h, "localhost") || slice_is(h, "[::1]"))
		return true;
	if (h.n > sizeof(suffix) - 1 && strncasecmp(h.p + h.n - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1) == 0)
		return true;
	/* 127.0.0.0/8 in numbers; 127.evil.example is no number */
	return slice_begins(h, "127.") && strspn(h.p, "0123456789.") >= h.n;
}

const char *url_fault(const char *url)
{
	struct url_parts u;
	uint64_t port;

	if (url_split(url, &u) < 0)
		return "is not an address (https://HOST/...)";
	if (u.port.p && number_read(u.port, 1, 65535, &port) < 0)
		return "has a port that is none";
	if (slice_is(u.scheme, "https"))
		return NULL;
	if (!slice_is(u.scheme, "http"))
		return "must begin with https://";
	return url_host_is_local(&u) ? NULL : "must begin with https:// (http:// is accepted for localhost, *.localhost and 127.0.0.1 only)";
}

/* ---- words ---- */

int words_find(const char *words, const char *word)
{
	size_t n = strlen(word);
	int place;

	for (place = 0;; place++) {
		size_t length = strcspn(words, "|");

		if (n && length == n && memcmp(words, word, n) == 0)
			return place;
		words += length;
		if (*words++ == 0)
			return -1;
	}
}

const char *setting_nearest(enum setting_section section, const char *key)
{
	struct nearest near = nearest_begin(key);
	const struct setting *row;

	for (row = settings_table; row->key; row++) {
		if (row->section == section)
			nearest_consider(&near, row->key);
	}
	return near.word;
}

const char *name_id_format_uri(const char *word)
{
	static const struct { const char *word, *uri; } formats[] = {
		{"email", SAML_FORMAT_EMAIL}, {"persistent", SAML_FORMAT_PERSISTENT}, {"transient", SAML_FORMAT_TRANSIENT},
		{"unspecified", SAML_FORMAT_UNSPECIFIED},
	};
	size_t i;

	for (i = 0; word && i < sizeof(formats) / sizeof(*formats); i++) {
		if (strcmp(formats[i].word, word) == 0)
			return formats[i].uri;
	}
	return NULL;                    /* no word, or one that was refused */
}

const char *claim_full_name(const char *claim)
{
	static const struct { const char *word, *name; } names[] = {
		{"objectidentifier", SAML_CLAIM_OBJECT_ID},
		{"tenantid", SAML_CLAIM_TENANT},
		{"identity", "identity"},
		{"displayname", "http://schemas.microsoft.com/identity/claims/displayname"},
		{"name", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"},
		{"upn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"},
		{"givenname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"},
		{"surname", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname"},
		{"emailaddress", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i].word, claim) == 0)
			return names[i].name;
	}
	return claim;
}

/* ---- one value into its field ---- */

/* "LOW..HIGH" of a row, each read by `read`; no limits: all. */
static int limits_read(const char *limits, int64_t *low, int64_t *high)
{
	const char *dots = limits ? strstr(limits, "..") : NULL;

	*low = 0;
	*high = INT64_MAX;
	if (!dots)
		return 0;
	if (duration_read(slice_of(limits, (size_t)(dots - limits)), low) < 0 || duration_read(slice_c(dots + 2), high) < 0)
		abort();                /* our own table */
	return 0;
}

static const char *parse_time(struct settings_reader *r, const struct setting *row, const char *text, int64_t *out)
{
	int64_t low, high, v;

	limits_read(row->limits, &low, &high);
	if (duration_read(slice_c(text), &v) < 0)
		return "is not a time (as 90s, 15m, 8h or 30d)";
	if (v < low || v > high)
		return arena_printf(r->arena, "must be within %s", row->limits);
	*out = v;
	return NULL;
}

static const char *parse_number(struct settings_reader *r, const struct setting *row, const char *text, size_t *out)
{
	int64_t low, high;
	uint64_t v;

	limits_read(row->limits, &low, &high);
	if (number_read(slice_c(text), 0, INT32_MAX, &v) < 0)
		return "is not a number";
	if (v < (uint64_t)low || v > (uint64_t)high)
		return arena_printf(r->arena, "must be within %s", row->limits);
	*out = (size_t)v;
	return NULL;
}

/* As long as it is off, nothing is counted: 0 says so, which is no limit that could be meant. */
static const char *parse_limit(struct settings_reader *r, const struct setting *row, const char *text, size_t *out)
{
	if (strcmp(text, "off") != 0)
		return parse_number(r, row, text, out);
	*out = 0;
	return NULL;
}

static const char *parse_yes(const char *text, bool *out)
{
	/* what YAML itself calls a boolean; nothing else, so that "nope" is no yes */
	int place = words_find("no|yes|false|true|off|on", text);

	if (place < 0)
		return "must be yes or no";
	*out = place % 2 == 1;
	return NULL;
}

static const char *wrong_word(struct settings_reader *r, const struct setting *row)
{
	char *words = arena_strdup(r->arena, row->limits + (*row->limits == '|')), *p;

	for (p = words; (p = strchr(p, '|'));)
		*p = ' ';
	return arena_printf(r->arena, "must be one of: %s", words);
}

/* Relative paths are beside the settings file, so that a folder can be moved as one. */
static const char *beside(struct settings_reader *r, const char *path)
{
	const char *slash = strrchr(r->file, '/');

	if (*path == '/' || !slash)
		return arena_strdup(r->arena, path);
	return arena_printf(r->arena, "%.*s/%s", (int)(slash - r->file), r->file, path);
}

const char *const *settings_paths(struct settings_reader *r, const char *const *list)
{
	const char **out;
	size_t n = 0;

	while (list[n])
		n++;
	out = arena_alloc(r->arena, (n + 1) * sizeof(*out));
	for (n = 0; list[n]; n++)
		out[n] = beside(r, list[n]);
	return out;
}

const char *setting_parse(struct settings_reader *r, const struct setting *row, const char *text, void *target)
{
	void *field = (char *)target + row->offset;
	const char *fault = NULL;

	if (!*text)
		return "is empty";
	switch (row->type) {
	case SETTING_TIME:
		return parse_time(r, row, text, field);
	case SETTING_NUMBER:
		return parse_number(r, row, text, field);
	case SETTING_LIMIT:
		return parse_limit(r, row, text, field);
	case SETTING_YES:
		return parse_yes(text, field);
	case SETTING_WORD:
		if (words_find(row->limits, text) < 0)
			return wrong_word(r, row);
		*(unsigned *)field = (unsigned)words_find(row->limits, text);
		return NULL;
	case SETTING_CHOICE:
		fault = words_find(row->limits, text) < 0 ? wrong_word(r, row) : NULL;
		break;
	case SETTING_URL:
		fault = url_fault(text);
		break;
	case SETTING_PATH:
		*(const char **)field = beside(r, text);
		return NULL;
	default:
		break;
	}
	if (!fault)
		*(const char **)field = arena_strdup(r->arena, text);
	return fault;
}
