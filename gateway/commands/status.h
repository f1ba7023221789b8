/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the service is doing, for `postern status`: gathered from outside, by
 * reading only, whoever asks.
 *
 * Nothing of it asks a role: a service that hangs is told of as well as one
 * that is down.  The kernel says which processes there are; counters are in the
 * memory that the parent made, which root alone may read; sign-ons of the last
 * minutes come from the audit.  What may not be read is named as such, and is
 * no fault of the service.
 */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include "gateway/alarms.h"
#include "gateway/settings/keyring.h"
#include "gateway/metrics.h"
#include "gateway/service/running.h"

#define STATUS_MINUTES 15               /* of sign-ons that are looked at */

/*
 * Processes, counters and lines of the audit are written by roles with fewer rights, one of which may have been taken over:
 * names of theirs are cut to so many bytes, and lists of them to so many, behind which stands STATUS_OTHERS.
 */
#define STATUS_NAME 40
#define STATUS_NAMES 150                /* more than there are reasons */
#define STATUS_PROCESSES 200
#define STATUS_SENTENCE 900
#define STATUS_OTHERS "(others)"

/* As exit status: 0, 1, 2, 3.  Not known: whoever asks may not see whether it runs. */
enum status_verdict { STATUS_OK, STATUS_WARNING, STATUS_DOWN, STATUS_NOT_KNOWN };

struct status_process {
	pid_t pid;
	const char *role, *instance;
	int64_t started;
};

/* How often something was seen: a reason, a role. */
struct status_count {
	const char *name;
	uint64_t n;
};

struct status_counts {
	struct status_count *list;
	size_t n;
};

struct status_door {
	const char *name;               /* "": nobody knows who asked, or a link */
	uint64_t signed_on, refused, again;
	struct status_counts outcomes, reasons;
};

struct status_directory {
	const char *name;
	struct mirror_state state;
	int64_t age;                    /* FACTS_AGE_UNKNOWN: not known */
	const char *staleness;
};

struct status_provider {
	const char *name;
	bool known;                     /* its metadata may be read by whoever asks */
	bool usable;
	int64_t confirmed;              /* 0: never, or a file */
	int64_t key_until;              /* of the key in use, else the last one; 0: none */
};

struct status_certificate {
	const char *use, *name;         /* "signing", "2026" */
	int64_t until;
	bool in_use;
};

struct status_alarm {
	const char *word, *subject, *detail;
};

struct status {
	struct arena *arena;
	const struct settings *settings;
	int64_t now;

	struct running running;
	int64_t started;                /* 0: not known */
	bool settings_changed;          /* since they were read */
	struct status_process *processes;
	size_t process_count;
	bool counted;                   /* the counters could be read */
	struct status_counts restarts;  /* processes that died, by role */
	int64_t audit_failing;          /* since when; 0: it is not, or that could not be read */

	bool audited;                   /* the audit could be read */
	int64_t audited_since;
	struct status_door *doors;
	size_t door_count;

	bool mirrored;
	struct status_directory *directories;   /* as many as in the settings */
	int64_t mirror_bytes;
	struct status_provider *providers;      /* as many as in the settings */
	struct status_certificate *certificates;
	size_t certificate_count;
	struct disk disks[DISKS];
	struct provision_status accounts;       /* tried 0: nobody has looked yet */
	struct status_alarm *alarms;
	size_t alarm_count;

	const char **warnings;          /* for a person, besides alarms */
	size_t warning_count;
	const char **unread;            /* what may not be read, and why */
	size_t unread_count;
	enum status_verdict verdict;
};

/* All of it.  Gives up root's rights on the way, before it opens what roles write to. */
int status_gather(struct status *s, struct files *files, struct error *err);
void status_print(const struct status *s, bool colours);
int status_print_json(const struct status *s);

/* ---- parts of it ---- */

void status_processes(struct status *s);
/* The lines of the last minutes at the end of audit_file. */
void status_audit(struct status *s);
/* Adds n to the count of that name. */
void status_count(struct arena *a, struct status_counts *counts, const char *name, uint64_t n);
void status_warn(struct status *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void status_cannot_read(struct status *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
