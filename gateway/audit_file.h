/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of the audit: whole lines, appended by several processes, moved away
 * by others.
 *
 * A line is one write(2) in append mode, so lines never mix.  Before each one
 * the path is looked at: a file that was moved, removed or replaced gets no
 * line more.  A line that ends in the middle (a full disk, a killed process, a
 * host that lost its power) is ended before another one follows; whoever reads
 * finds a line there that is no JSON, or an empty one, and passes over it.
 *
 * While lines cannot be written, that is said in the log once when it begins
 * and once when it is over.  Each line is tried; without any,
 * audit_file_look_again finds out when there is room again.
 */
#ifndef GATEWAY_AUDIT_FILE_H
#define GATEWAY_AUDIT_FILE_H

#include "base/arena.h"

#include <stdint.h>

struct audit_file;

/* Never fails: what is wrong with the file shows with the first line, and may be gone by then. */
struct audit_file *audit_file_open(const char *path);
void audit_file_close(struct audit_file *f);
/* One line with its line end.  REASON_AUDIT: it is not there, or not whole. */
int audit_file_append(struct audit_file *f, struct slice line, struct error *err);
/* Once a second: whether it was moved away, or can be written again. */
void audit_file_look_again(struct audit_file *f);
/* Since when lines cannot be written; 0: they can, as far as is known. */
int64_t audit_file_failing(const struct audit_file *f);

#endif
