/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How provisioning is doing, in STATE_DIR/provision/status.json: for alarms,
 * /metrics and `postern status`, which hold no key and ask Atlassian nothing.
 *
 * Written by whoever makes a plan of everything: the provision role, and
 * `postern apply`.  Counts, no names.
 */
#ifndef GATEWAY_PROVISION_STATUS_H
#define GATEWAY_PROVISION_STATUS_H

#include "gateway/settings/settings.h"
#include "provision/plan.h"

#define PROVISION_FAILING_SECONDS 1800  /* until that is an alarm: a place that is down for some minutes is none */

struct provision_place {
	const char *connection;
	size_t wanted;                  /* people who shall have an account there */
	size_t kept;                    /* accounts that Postern made or adopted */
	size_t waiting;                 /* of those, not wanted and in their grace time */
	size_t licensed;                /* active accounts in a licensed group, once the plan is done */
};

/* A connection that asked for nothing to be sent. */
struct provision_wait {
	const char *connection;
	int64_t until;                  /* seconds since 1970 */
};

struct provision_status {
	int64_t tried;                  /* when a plan was last to be made; 0: never */
	int64_t planned;                /* when one was made */
	int64_t succeeded;              /* when nothing failed, whatever there was to do */
	int64_t failing_since;          /* 0: the last try went well, or was stopped for safety */
	const char *reason, *detail;    /* why not; NULL: it went well */
	const char *plan;               /* id of the last one */
	const char *stopped;            /* why that one waits for somebody; NULL: it does not */
	int64_t stopped_since;
	size_t left;                    /* steps of it that are not done */
	size_t held;                    /* people who are left as they are, since something is in doubt */
	size_t tasks[TASK_KINDS];       /* for humans */
	const struct provision_place *places;
	size_t place_count;
	const struct provision_wait *waits;     /* those that may be over, too */
	size_t wait_count;
};

/* What came of a look; `plan` NULL: there was none. */
struct provision_look {
	const struct plan *plan;
	size_t left;
	const char *stopped;
	const struct error *failure;    /* NULL: none */
	const size_t *kept;             /* of each target of the plan, accounts that Postern keeps now; NULL: as the plan says */
	const struct provision_wait *waits;     /* connections that asked to be left alone */
	size_t wait_count;
};

/* Until when a connection asked to be left alone; 0: it did not, or that is over. */
int64_t provision_status_wait(const struct provision_status *s, const char *connection, int64_t now);

const char *provision_status_path(struct arena *a, const struct settings *s);
/* REASON_FILE: nobody has looked yet, or it cannot be read. */
int provision_status_read(struct arena *a, const struct settings *s, struct provision_status *out, struct error *err);
/* On top of what stands there. */
int provision_status_note(struct arena *a, const struct settings *s, const struct provision_look *look, int64_t now, struct error *err);

#endif
