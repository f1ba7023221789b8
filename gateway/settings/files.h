/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the bytes of files come from: the disk, or a snapshot.
 *
 * The parent and `postern check` read from the disk.  A reload must be all or
 * nothing, and each role may hold only its own secrets; so the parent keeps
 * every file that it read, and hands each role a snapshot (a sealed memory
 * file, by descriptor) of those that are this role's business.  A role reads
 * from its snapshot only: what is not in it does not exist for it.
 */
#ifndef GATEWAY_FILES_H
#define GATEWAY_FILES_H

#include "base/arena.h"
#include "base/file.h"

/* Which roles may be handed the file. */
enum files_audience {
	FILES_ALL = 0,                  /* settings, certificates, metadata */
	FILES_WORKER = 1,               /* TLS key, cookie secret */
	FILES_MIRROR = 2,               /* all directory processes */
	FILES_REFRESH = 4,
	FILES_METRICS = 8,              /* nothing but what all have */
	FILES_RULES = 16,               /* the same */
	FILES_KEYS = 32,                /* signing keys, decryption keys */
	FILES_PROVISION = 64,           /* Atlassian's API keys */
	FILES_SCIM = 128,               /* hashes of tokens, TLS key */
	FILES_MIRROR_FIRST = 1 << 8     /* this and the bits above: one directory's password for its own process */
};
#define FILES_MIRROR_MAX 20             /* directories */
#define FILES_MIRROR_OF(directory) ((unsigned)FILES_MIRROR_FIRST << (directory))

struct files;

struct files *files_from_disk(struct arena *a);
/* fd: a snapshot made by files_snapshot; it is read whole and closed. */
int files_from_snapshot(struct arena *a, int fd, struct files **out, struct error *err);

/*
 * From the disk: read (once), kept.  FILE_SECRET files are refused when group
 * or others may read them, FILE_PUBLIC ones when they hold a private key.  From
 * a snapshot: REASON_FILE when it is not in it.
 */
int files_get(struct files *f, const char *path, enum file_kind kind, unsigned audience, struct slice *out, struct error *err);
/*
 * Names, without `suffix`, of the files right in a folder that end with it, in
 * order, NULL-terminated; a folder that is not there holds none.  From the
 * disk: REASON_FILE unless it is one that only root and we can change.  From a
 * snapshot: of the files that are in it.
 */
int files_list(struct files *f, const char *folder, const char *suffix, const char *const **out, struct error *err);
/* Path of a secret for this audience with the same bytes, whatever it is called; NULL: there is none. */
const char *files_twin(const struct files *f, unsigned audience, struct slice bytes);
/* Puts bytes that were made here (a cookie secret) among the files. */
void files_put(struct files *f, const char *path, unsigned audience, struct slice bytes);

/* A descriptor, positioned at 0, of a sealed memory file with all files for `audience` (and FILES_ALL). */
int files_snapshot(const struct files *f, unsigned audience, int *fd_out, struct error *err);
/* The bytes of one, to be kept in a file; fd is closed. */
int files_snapshot_bytes(struct arena *a, int fd, struct slice *out, struct error *err);
/* The path of the file that was read first: the settings.  NULL: there is none. */
const char *files_first(const struct files *f);

#endif
