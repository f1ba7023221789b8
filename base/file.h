/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole files: read with a limit, written all or nothing. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/arena.h"

#include <sys/types.h>

/*
 * FILE_SECRET: refused when group or others may read it or it is not a regular file.
 * FILE_SECRET_UNLINKED: the same, and no link, for a folder that processes with fewer rights may write: they could
 * have us read another file of ours for them.
 */
enum file_kind { FILE_PUBLIC, FILE_SECRET, FILE_SECRET_UNLINKED };

/* REASON_FILE on failure, the detail names the path. */
int file_read(struct arena *a, const char *path, enum file_kind kind, size_t limit, struct slice *out, struct error *err);
/* A temporary file beside `path`, fsync, rename, fsync of the folder. */
int file_write(const char *path, mode_t mode, struct slice bytes, struct error *err);
/* The same, but never over a file or link that is there: that is REASON_FILE. */
int file_write_new(const char *path, mode_t mode, struct slice bytes, struct error *err);
/* The folder and what is missing above it, with `mode`. */
int folder_make(const char *path, mode_t mode, struct error *err);
/*
 * A folder whose files only root and we can change: of root or of who we are,
 * not writable by group or others, no link.  1: *fd_out is open; 0: it is not
 * there; -1: REASON_FILE.
 */
int folder_open_own(const char *path, int *fd_out, struct error *err);
/*
 * That nobody but root and we can put something else where `path` stands, or will: each folder above it, links followed,
 * is of root or of who we are. Others may write only to one with the sticky bit (/tmp), and only above a folder that is there.
 */
int path_require_own(const char *path, struct error *err);
/* What was made, moved or removed in it is on the disk. */
int folder_sync(int fd, const char *path, struct error *err);

#endif
