/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fresh, stale and served, stale and denied. */
#include "gateway/staleness.h"

#include "base/encode.h"

/* Two processes of one host read one clock, but it may be set back by a little between them. */
#define AHEAD_MOST 60

int64_t staleness_age(int64_t as_of, int64_t now)
{
	if (as_of <= 0 || now < 0 || as_of > now + AHEAD_MOST)
		return FACTS_AGE_UNKNOWN;
	return now > as_of ? now - as_of : 0;
}

static const struct settings_directory *find(const struct settings *s, const char *directory)
{
	size_t i;

	for (i = 0; directory && i < s->directory_count; i++) {
		if (strcmp(s->directories[i].name, directory) == 0)
			return &s->directory_sources[i];
	}
	return NULL;
}

enum staleness staleness_of(const struct settings *s, const char *directory, int64_t age)
{
	const struct settings_directory *d = find(s, directory);

	if (!d || age < 0)
		return STALE_DENIED;
	if (age <= d->stale_after)
		return STALE_FRESH;
	return age - d->stale_after <= d->stale_grace ? STALE_SERVED : STALE_DENIED;
}

int64_t staleness_end(const struct settings *s, const char *directory, int64_t as_of)
{
	const struct settings_directory *d = find(s, directory);

	return d && as_of <= TIME_LAST ? as_of + d->stale_after + d->stale_grace : as_of;
}

const char *staleness_word(enum staleness staleness)
{
	static const char *const words[] = {[STALE_DENIED] = "denied", [STALE_SERVED] = "served", [STALE_FRESH] = "fresh"};

	return words[staleness];
}
