/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One process of a role: started by executing this very program anew, heard by
 * its heartbeat, ended.
 *
 * A child inherits nothing but its snapshot of files, the pipe it writes its
 * heartbeat to, the memory of the metrics, a worker that of the limits, its
 * sockets and its line, each at a fixed descriptor.  It dies with the parent.
 * Whether and when a child is replaced is the parent's business.
 */
#ifndef GATEWAY_CHILD_H
#define GATEWAY_CHILD_H

#include "gateway/host_user.h"
#include "gateway/service/role.h"

#include <sys/types.h>

/* The descriptors of a role; its sockets follow. */
#define CHILD_FILES_FD 3
#define CHILD_HEARTBEAT_FD 4
#define CHILD_METRICS_FD 5
#define CHILD_LIMITS_FD 6
#define CHILD_LINK_FD 7                /* worker, keys: the line between them */
#define CHILD_SOCKETS_FD 8

/* What to start. */
struct child_order {
	const char *role, *instance;
	const char *settings_path;
	const struct files *files;
	unsigned audience;
	int snapshot;                   /* what it is handed, ready made; -1: it is made of `files` for `audience` */
	int metrics;                    /* the memory file */
	unsigned area;                  /* which of its areas is the child's; METRICS_AREAS: none */
	int limits;                     /* the memory file of limits.h; -1: not this role's business */
	const int *sockets;
	size_t socket_count;
	int link;                       /* its end of the line; -1: it has none */
	int64_t silence;                /* microseconds: longer without a heartbeat is stuck */
	const struct host_user *user;
};

struct child {
	pid_t pid;
	uid_t uid;                      /* as whom it is signalled where root may not (no CAP_KILL); 0: as ourselves */
	int heartbeat;                  /* reading end, non-blocking */
	char role[16], instance[40];
	bool ready;                     /* it was heard at least once */
	int64_t started;                /* microseconds, monotonic */
	int64_t heard;                  /* when last, or when it was started */
	int64_t silence;
	unsigned area;                  /* of the metrics */
	bool ending;                    /* SIGTERM was sent */
	int64_t kill_at;                /* when SIGKILL follows; 0: not decided */
	size_t post, line;              /* the parent's: which of its posts and lines, and of which reading of the settings */
	unsigned long generation;
	struct child *next;
};

/* "worker" and "keys" have one. */
bool child_has_link(const char *role);
/* NULL: err says why. */
struct child *child_start(const struct child_order *order, struct error *err);
/* Reads what was written to the pipe; true when the child became ready by it. */
bool child_hear(struct child *c, int64_t now);
void child_end(struct child *c, int64_t now, int64_t patience);  /* SIGTERM, and SIGKILL after `patience` */
bool child_kill(struct child *c);         /* false: it could not be told, which was logged */
void child_free(struct child *c);
/* In a new process, before it executes anything: no handler, nothing blocked. */
void child_usual_signals(void);
/* There: standard error, where it is a pipe or a file, opened for this process alone. */
void child_own_log(void);
/* How it ended, in words, from waitpid. */
const char *child_cause(int status, char *text, size_t size);

/* Seconds before the next try of what failed `failures` times before it was ready: 0, 1, 2, 4 … 30. */
int64_t child_back_off(unsigned failures);

#endif
