/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much room the disks have on which the service writes. */
#ifndef GATEWAY_DISKS_H
#define GATEWAY_DISKS_H

#include "gateway/settings/settings.h"

#define DISKS 3

struct disk {
	const char *setting;            /* "state_dir", "runtime_dir", "audit_file" */
	const char *folder;
	int64_t free, size;             /* bytes, free for the service; -1: not known */
};

void disks_look(struct arena *a, const struct settings *s, struct disk out[DISKS]);
/* Little room in absolute terms and for this disk: a small one that is meant to be small is not low at once. */
bool disk_is_low(const struct disk *d);

#endif
