/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See disks.h. */
#include "gateway/disks.h"

#include <sys/statvfs.h>

#define LOW_BYTES (INT64_C(256) << 20)
#define LOW_PART 10                     /* of its size */

static const char *folder_of(struct arena *a, const char *path)
{
	const char *end = strrchr(path, '/');

	return !end ? "." : end == path ? "/" : arena_printf(a, "%.*s", (int)(end - path), path);
}

static struct disk look(const char *setting, const char *folder)
{
	struct disk d = {.setting = setting, .folder = folder, .free = -1, .size = -1};
	struct statvfs st;

	if (statvfs(folder, &st) == 0) {
		d.free = (int64_t)(st.f_bavail * st.f_frsize);
		d.size = (int64_t)(st.f_blocks * st.f_frsize);
	}
	return d;
}

void disks_look(struct arena *a, const struct settings *s, struct disk out[DISKS])
{
	out[0] = look("state_dir", s->state_dir);
	out[1] = look("runtime_dir", s->runtime_dir);
	out[2] = look("audit_file", folder_of(a, s->audit_file));
}

bool disk_is_low(const struct disk *d)
{
	return d->size > 0 && d->free < LOW_BYTES && d->free < d->size / LOW_PART;
}
