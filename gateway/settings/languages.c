/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which language a page is shown in. */
#include "gateway/settings/languages.h"

#include <ctype.h>

#define RANGES_MAX 32           /* of Accept-Language; browsers send a handful */
#define TAG_MAX 35              /* RFC 5646 section 4.4.1 */

/* ---- what there is ---- */

/* Scripts that run from right to left: by the language, or by a script in the tag. */
static bool is_rtl(const char *tag)
{
	static const char *const languages[] = {"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"};
	static const char *const scripts[] = {"arab", "hebr", "thaa", "nkoo", "adlm"};
	const char *subtag = strchr(tag, '-');
	size_t n = subtag ? (size_t)(subtag - tag) : strlen(tag);

	if (subtag && strcspn(subtag + 1, "-") == 4 && isalpha((unsigned char)subtag[1])) {
		for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
			if (slice_is_nocase(slice_of(subtag + 1, 4), scripts[i]))
				return true;
		}
		return false;
	}
	for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++) {
		if (slice_is_nocase(slice_of(tag, n), languages[i]))
			return true;
	}
	return false;
}

bool language_tag_is_good(const char *tag)
{
	size_t n = strcspn(tag, "-");

	if (strlen(tag) > TAG_MAX || n < 2 || n > 3)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!islower((unsigned char)tag[i]))
			return false;
	}
	for (tag += n; *tag; tag += n) {
		n = 1 + strcspn(tag + 1, "-");
		if (n < 3 || n > 9)
			return false;
		for (size_t i = 1; i < n; i++) {
			if (!isalnum((unsigned char)tag[i]))
				return false;
		}
	}
	return true;
}

static struct language *add(struct languages *l, const char *tag)
{
	const struct language *old = l->list;
	size_t fallback = l->fallback ? (size_t)(l->fallback - old) : 0;

	l->list = arena_grow(l->arena, l->list, l->count, sizeof(*l->list));
	l->list[l->count] = (struct language){.tag = arena_strdup(l->arena, tag), .rtl = is_rtl(tag)};
	l->fallback = &l->list[fallback];
	return &l->list[l->count++];
}

void languages_start(struct arena *a, struct languages *out)
{
	const struct catalogue_file *file;
	struct error err;

	*out = (struct languages){.arena = a};
	add(out, "en");
	for (file = catalogues_compiled_in; file->language; file++) {
		if (catalogue_open(slice_of(file->bytes, file->n), &add(out, file->language)->shipped, &err) < 0)
			abort();        /* our own bytes */
	}
}

int languages_add(struct languages *l, const char *tag, struct slice bytes, struct error *err)
{
	struct catalogue catalogue;
	struct language *language = NULL;

	if (catalogue_open(bytes, &catalogue, err) < 0)
		return -1;
	for (size_t i = 0; i < l->count; i++) {
		if (strcasecmp(l->list[i].tag, tag) == 0)
			language = &l->list[i];
	}
	if (!language)
		language = add(l, tag);
	language->own = catalogue;
	return 0;
}

const char *languages_list(struct arena *a, const struct languages *l)
{
	const char *list = l->list[0].tag;

	for (size_t i = 1; i < l->count; i++)
		list = arena_printf(a, "%s, %s", list, l->list[i].tag);
	return list;
}

const struct language *languages_find(const struct languages *l, struct slice tag)
{
	for (size_t i = 0; i < l->count; i++) {
		if (slice_is_nocase(tag, l->list[i].tag))
			return &l->list[i];
	}
	return NULL;
}

const char *language_say(const struct language *l, const char *text)
{
	const char *found = NULL;

	if (!text || !*text)
		return text;
	if (l->own.count)
		found = catalogue_find(&l->own, text);
	if (!found && l->shipped.count)
		found = catalogue_find(&l->shipped, text);
	return found ? found : text;
}

/* ---- what a browser wants ---- */

struct range {
	struct slice tag;
	unsigned weight;                /* thousandths; 0: not wanted, or used up */
};

/* RFC 9110 section 12.4.2: 0 or 1, with up to three digits behind a point.  -1: it is none. */
static int read_weight(struct slice s, unsigned *out)
{
	unsigned v, unit = 100;

	if (!s.n || s.n > 5 || (*s.p != '0' && *s.p != '1') || (s.n > 1 && s.p[1] != '.'))
		return -1;
	v = (unsigned)(*s.p - '0') * 1000;
	for (size_t i = 2; i < s.n; i++, unit /= 10) {
		if (!isdigit((unsigned char)s.p[i]))
			return -1;
		v += (unsigned)(s.p[i] - '0') * unit;
	}
	*out = v;
	return v <= 1000 ? 0 : -1;
}

/* "de-CH;q=0.8"; -1: not of this form, and not looked at. */
static int read_range(struct slice s, struct range *out)
{
	const char *semicolon = memchr(s.p, ';', s.n);
	struct slice weight;

	*out = (struct range){.tag = slice_trimmed(slice_of(s.p, semicolon ? (size_t)(semicolon - s.p) : s.n)), .weight = 1000};
	if (!out->tag.n || out->tag.n > TAG_MAX)
		return -1;
	if (!semicolon)
		return 0;
	weight = slice_trimmed(slice_of(semicolon + 1, (size_t)(s.p + s.n - semicolon - 1)));
	if (weight.n < 2 || (*weight.p | 0x20) != 'q' || weight.p[1] != '=')
		return -1;
	return read_weight(slice_of(weight.p + 2, weight.n - 2), &out->weight);
}

static size_t read_ranges(const char *accept, struct range *ranges)
{
	size_t n = 0;

	while (*accept && n < RANGES_MAX) {
		size_t length = strcspn(accept, ",");

		if (read_range(slice_trimmed(slice_of(accept, length)), &ranges[n]) == 0)
			n++;
		accept += length + (accept[length] == ',');
	}
	return n;
}

static bool is_unwanted(const struct range *ranges, const bool *unwanted, size_t n, const struct language *l)
{
	for (size_t i = 0; i < n; i++) {
		if (unwanted[i] && slice_is_nocase(ranges[i].tag, l->tag))
			return true;
	}
	return false;
}

/* RFC 4647 section 3.4: cut at the last hyphen, and a subtag of one letter that then stands last as well. */
static struct slice cut(struct slice tag)
{
	while (tag.n && tag.p[tag.n - 1] != '-')
		tag.n--;
	tag.n -= tag.n > 0;
	if (tag.n > 2 && tag.p[tag.n - 2] == '-')
		tag.n -= 2;
	return tag;
}

static const struct language *find_for(const struct languages *l, struct slice tag)
{
	const struct language *found;

	if (slice_is(tag, "*"))
		return l->fallback;
	for (struct slice t = tag; t.n; t = cut(t)) {
		found = languages_find(l, t);
		if (found)
			return found;
	}
	for (size_t i = 0; i < l->count; i++) {
		if (strncasecmp(l->list[i].tag, tag.p, tag.n) == 0 && l->list[i].tag[tag.n] == '-')
			return &l->list[i];
	}
	return NULL;
}

const struct language *languages_choose(const struct languages *l, const char *accept)
{
	struct range ranges[RANGES_MAX];
	bool unwanted[RANGES_MAX];
	size_t n = accept ? read_ranges(accept, ranges) : 0;

	for (size_t i = 0; i < n; i++)
		unwanted[i] = ranges[i].weight == 0;
	for (;;) {
		struct range *best = NULL;
		const struct language *found;

		for (size_t i = 0; i < n; i++) {
			if (ranges[i].weight && (!best || ranges[i].weight > best->weight))
				best = &ranges[i];
		}
		if (!best)
			return l->fallback;
		best->weight = 0;
		found = find_for(l, best->tag);
		if (found && !is_unwanted(ranges, unwanted, n, found))
			return found;
	}
}
