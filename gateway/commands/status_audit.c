/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sign-ons of the last minutes, from the end of the audit. */
#include "gateway/commands/status.h"

#include "base/encode.h"
#include "gateway/report.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#define TAIL_MAX ((off_t)16 << 20)      /* some 12,000 lines */

static struct status_count *find_count(const struct status_counts *counts, const char *name)
{
	for (size_t i = 0; i < counts->n; i++)
		if (strcmp(counts->list[i].name, name) == 0)
			return &counts->list[i];
	return NULL;
}

void status_count(struct arena *a, struct status_counts *counts, const char *name, uint64_t n)
{
	struct status_count *found;

	name = report_cell(a, name, STATUS_NAME);
	found = find_count(counts, name);
	if (!found && counts->n >= STATUS_NAMES) {
		name = STATUS_OTHERS;
		found = find_count(counts, name);
	}
	if (!found) {
		counts->list = arena_grow(a, counts->list, counts->n, sizeof(*counts->list));
		found = &counts->list[counts->n++];
		*found = (struct status_count){arena_strdup(a, name), 0};
	}
	found->n += n;
}

static struct status_door *find_door(const struct status *s, const char *name)
{
	for (size_t i = 0; i < s->door_count; i++)
		if (strcmp(s->doors[i].name, name) == 0)
			return &s->doors[i];
	return NULL;
}

static struct status_door *door_of(struct status *s, const char *name)
{
	struct status_door *found = find_door(s, name);

	if (!found && s->door_count >= STATUS_NAMES) {
		name = STATUS_OTHERS;
		found = find_door(s, name);
	}
	if (found)
		return found;
	s->doors = arena_grow(s->arena, s->doors, s->door_count, sizeof(*s->doors));
	s->doors[s->door_count] = (struct status_door){.name = arena_strdup(s->arena, name)};
	return &s->doors[s->door_count++];
}

static const char *text_of(const struct status *s, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? report_cell(s->arena, text, STATUS_NAME) : "";
}

/* A link is a way in like a door. */
static const char *way_in(const struct status *s, const json_t *o)
{
	const char *door = text_of(s, o, "door"), *link = text_of(s, o, "link");

	return *door || !*link ? door : arena_printf(s->arena, "link %s", link);
}

static void take_line(struct status *s, const json_t *o)
{
	const char *event = text_of(s, o, "event");
	struct status_door *door;

	if (strcmp(event, "logout") == 0 || strncmp(event, "account-", 8) == 0)
		return;
	door = door_of(s, way_in(s, o));
	if (strcmp(event, "assertion") == 0 || strcmp(event, "redirect") == 0) {
		door->signed_on++;
		status_count(s->arena, &door->outcomes, json_object_get(o, "outcome") ? text_of(s, o, "outcome") : "observed", 1);
	} else if (strcmp(event, "refusal") == 0) {
		door->refused++;
		status_count(s->arena, &door->reasons, text_of(s, o, "reason"), 1);
	} else {
		door->again++;
	}
}

/* A line that does not parse was cut short, or is the rest of one at which the reading began. */
static void take(struct status *s, struct slice line)
{
	json_t *o = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	const char *time = json_string_value(json_object_get(o, "time"));
	int64_t at;

	if (time && time_read(slice_c(time), &at) == 0) {
		if (!s->audited_since || at < s->audited_since)
			s->audited_since = at;
		if (at >= s->now - STATUS_MINUTES * 60)
			take_line(s, o);
	}
	json_decref(o);
}

/* Most asked for first. */
static int compare(const void *x, const void *y)
{
	const struct status_count *a = x, *b = y;

	return a->n != b->n ? (a->n > b->n ? -1 : 1) : strcmp(a->name, b->name);
}

static void read_tail(struct status *s, int fd, off_t size)
{
	off_t from = size > TAIL_MAX ? size - TAIL_MAX : 0;
	char *text = arena_alloc(s->arena, (size_t)(size - from) + 1);
	ssize_t n = pread(fd, text, (size_t)(size - from), from);
	const char *p = text, *end = text + (n > 0 ? n : 0), *newline;
	size_t i;

	for (; (newline = memchr(p, '\n', (size_t)(end - p))); p = newline + 1)
		take(s, slice_of(p, (size_t)(newline - p)));
	for (i = 0; i < s->door_count; i++) {
		struct status_door *d = &s->doors[i];

		if (d->reasons.n)
			qsort(d->reasons.list, d->reasons.n, sizeof(*d->reasons.list), compare);
		if (d->outcomes.n)
			qsort(d->outcomes.list, d->outcomes.n, sizeof(*d->outcomes.list), compare);
	}
}

void status_audit(struct status *s)
{
	/* its folder is a role's: whatever stands there is only read, and never waited for */
	int fd = open(s->settings->audit_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		s->audited = true;      /* nobody came yet */
		return;
	}
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		status_cannot_read(s, "%s: %s", s->settings->audit_file, fd < 0 ? strerror(errno) : "is no file");
	} else {
		s->audited = true;
		read_tail(s, fd, st.st_size);
	}
	if (fd >= 0)
		close(fd);
}
