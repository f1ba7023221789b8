/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When Atlassian's API keys end: as the settings say, or else reckoned from
 * their files, since such a key lives for a year at most and nothing else tells.
 */
#ifndef GATEWAY_API_KEYS_H
#define GATEWAY_API_KEYS_H

#include "gateway/settings/settings.h"

#define API_KEY_LIFE ((int64_t)365 * 86400)     /* seconds */

struct api_key {
	const char *of;                 /* the connection, or "the organisation" */
	const char *setting;            /* that would say when it ends */
	int64_t ends;                   /* 0: not known */
	int64_t written;                /* then its file was, and `ends` is reckoned; 0: the settings say it */
};

/* Of all accounts that are kept, and of the organisation.  How many; the arena's. */
size_t api_keys_look(struct arena *a, const struct settings *s, const struct api_key **out);

#endif
