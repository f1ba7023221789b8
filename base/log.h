/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: one line an event on standard error.  Where that is the journal of
 * systemd, an entry with fields: PRIORITY, POSTERN_ROLE, and one for each key,
 * as POSTERN_DETAIL, with the value as it is.
 *
 * A fixed message, then key=value pairs with foreign text quoted and control
 * characters escaped, closed by NULL:
 *
 *	log_warning("directory lost", "directory", name, "detail", err.detail, NULL);
 *
 * Error: someone must act.  Warning: refused or degraded.  Info: one line a
 * sign-on, starts and ends.  No secrets at any level, no attribute values
 * above debug.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_begin(const char *role, enum log_level most);  /* role: "worker 2"; kept, not copied */
int log_level_read(const char *word, enum log_level *out);      /* 0 or -1 */
int log_wants(enum log_level level);

void log_error(const char *message, ...) __attribute__((sentinel));
void log_warning(const char *message, ...) __attribute__((sentinel));
void log_info(const char *message, ...) __attribute__((sentinel));
void log_debug(const char *message, ...) __attribute__((sentinel));
/* For what may not be done unseen.  -1: it is wanted, and could not be written whole. */
int log_info_surely(const char *message, ...) __attribute__((sentinel, warn_unused_result));

#endif
