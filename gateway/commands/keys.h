/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `postern keys`, private to its files: one reading of settings and keys.
 *
 * What changes something (keys_change.c) holds a lock on keys_dir from before
 * the keys are read, so two administrators come one after the other, and works
 * within the folder that was opened and judged, whatever becomes of the path.
 */
#ifndef GATEWAY_KEYS_H
#define GATEWAY_KEYS_H

#include "gateway/settings/keyring.h"
#include "gateway/service/running.h"

struct keys {
	struct arena *arena;
	struct files *files;
	const struct settings *settings;
	struct keyring keyring;
	int64_t now;
	int folder;                     /* keys_dir, locked; -1: not opened */
};

struct keys_make {
	const char *name;
	unsigned days, bits;
};

/* Each returns 0, or -1 with err; what was done is said on standard output. */
int keys_make(struct keys *k, const struct keys_make *wish, struct error *err);
enum keys_target { KEYS_CONNECTION, KEYS_ALL, KEYS_REQUESTS };
int keys_activate(struct keys *k, enum keys_target target, const char *connection, const char *name, struct error *err);
int keys_retire(struct keys *k, const char *name, struct error *err);

int keys_list_text(const struct keys *k);
int keys_list_json(const struct keys *k);
/* What to paste where.  connection NULL: for requests.  name NULL: the newest key. */
int keys_instructions(const struct keys *k, const char *connection, const char *name, struct error *err);

/* "organisation, helpdesk", "": nothing. */
const char *keys_used_for(const struct keys *k, const struct keyring_key *key);
/* Whether the running service has read the keys as they are; pid 0: none runs. */
bool keys_are_live(const struct keys *k, struct running *running);

#endif
