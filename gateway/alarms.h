/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alarms: what somebody should look at before it refuses sign-ons.
 *
 * Facts in, alarms out, by one function without memory, so that the log
 * (refresh role), /metrics (metrics role), /health/ready (workers) and
 * `postern check` say the same.  Only the log needs to know what was on
 * before: it says once when an alarm begins and once when it ends, and after
 * a restart or reload once more what is on.
 */
#ifndef GATEWAY_ALARMS_H
#define GATEWAY_ALARMS_H

#include "gateway/api_keys.h"
#include "gateway/disks.h"
#include "gateway/metadata_status.h"
#include "gateway/provision_status.h"
#include "gateway/settings/settings.h"
#include "provision/accounts_news.h"

enum alarm {
#define ALARM(name, word, meaning) ALARM_##name,
#include "gateway/alarms.def"
#undef ALARM
	ALARM_COUNT
};

const char *alarm_word(enum alarm alarm);

struct alarm_facts {
	const struct settings_provider *setting;
	const struct saml_provider_info *document;      /* in force; NULL: none */
	struct metadata_status status;  /* all zero: nothing known, as of metadata in a file */
	struct metadata_key key;        /* fingerprint NULL: no sign-on yet, or one of another entity */
	int64_t now;
};

/* Of a directory. */
struct directory_facts {
	const struct settings *settings;
	const char *directory;
	bool filled;
	int64_t as_of;
	struct mirror_removal people_held, groups_held;
	const char *error;              /* the last one of its connection; NULL: none */
	int64_t now;
};

/* Of this host: what the service writes to. */
struct host_facts {
	const struct settings *settings;
	int64_t audit_failing_since;    /* of any worker; 0: of none */
	struct disk disks[DISKS];
	struct accounts_news billed;
	struct provision_status accounts;       /* all zero: nobody has looked yet */
	const struct api_key *api_keys;
	size_t api_key_count;
	int64_t now;
};

struct alarms {
	const char *text[ALARM_COUNT];  /* what is wrong, for an administrator; NULL: off */
	bool judged[ALARM_COUNT];       /* false: not an alarm of such a subject */
	int64_t newest;                 /* of a host: the last news among who is billed newly; told again when there are others */
};

/* Reads what is on disk about the provider; `document` may be NULL. */
void alarms_gather(struct arena *a, const struct settings *s, const struct settings_provider *setting,
	const struct saml_provider_info *document, int64_t now, struct alarm_facts *out);
void alarms_judge(struct arena *a, const struct alarm_facts *facts, struct alarms *out);
/* The same for a directory; `mirror` NULL: its file is not there yet, and nothing is on. */
void alarms_of_directory(struct arena *a, const struct settings *s, struct mirror *mirror, const char *directory, int64_t now,
	struct alarms *out);
void alarms_judge_directory(struct arena *a, const struct directory_facts *facts, struct alarms *out);

/* `metrics` NULL, as in a command: nobody says here whether the audit can be written. */
struct metrics;
void alarms_of_host(struct arena *a, const struct settings *s, const struct metrics *metrics, struct alarms *out);
/* Who is billed newly, and how provisioning is doing. */
void alarms_gather_accounts(struct arena *a, const struct settings *s, struct host_facts *facts);
void alarms_judge_host(struct arena *a, const struct host_facts *facts, struct alarms *out);

/* ---- the log ---- */

struct providers;
struct alarm_watch;

struct alarm_watch *alarm_watch_new(struct arena *a, const struct settings *s, const struct providers *providers,
	const struct metrics *metrics);
/* Logs what began and what ended since the last call. */
void alarm_watch_turn(struct alarm_watch *w, int64_t now);
void alarm_watch_close(struct alarm_watch *w);

#endif
