/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audit lines as JSON, appended with one write each. */
#include "gateway/audit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

struct audit {
	char *path;
	int fd;
	int64_t room_us;                /* of lines that name nobody: each takes its part of a second */
	int64_t room_at;                /* when that was so */
	unsigned long left_out;         /* since the log was last told */
};

#define NAMELESS_US (1000000 / AUDIT_NAMELESS_PER_SECOND)
#define NAMELESS_MOST_US ((int64_t)AUDIT_NAMELESS_BURST * NAMELESS_US)

static int open_file(struct audit *a, struct error *err)
{
	int fd = open(a->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0)
		return error_set(err, REASON_AUDIT, "%s: cannot open it for writing: %s", a->path, strerror(errno));
	if (a->fd >= 0)
		close(a->fd);
	a->fd = fd;
	return 0;
}

int audit_open(const char *path, struct audit **out, struct error *err)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (!a || !(a->path = strdup(path)))
		abort();
	a->fd = -1;
	a->room_us = NAMELESS_MOST_US;
	a->room_at = clock_monotonic_us();
	if (open_file(a, err) < 0) {
		audit_close(a);
		return -1;
	}
	*out = a;
	return 0;
}

void audit_close(struct audit *a)
{
	if (!a)
		return;
	if (a->fd >= 0)
		close(a->fd);
	free(a->path);
	free(a);
}

bool audit_has_room(struct audit *a, int64_t now_us)
{
	char count[24];

	a->room_us += now_us > a->room_at ? now_us - a->room_at : 0;
	a->room_at = now_us;
	if (a->room_us > NAMELESS_MOST_US)
		a->room_us = NAMELESS_MOST_US;
	if (a->room_us < NAMELESS_US) {
		a->left_out++;
		return false;
	}
	a->room_us -= NAMELESS_US;
	if (a->left_out > 0 && a->room_us > NAMELESS_MOST_US / 50) {
		snprintf(count, sizeof(count), "%lu", a->left_out);
		log_warning("refusals that named nobody were too many to be written", "left_out", count, NULL);
		a->left_out = 0;
	}
	return true;
}

void audit_look_again(struct audit *a)
{
	struct stat now, ours;
	struct error err;

	if (stat(a->path, &now) == 0 && fstat(a->fd, &ours) == 0 && now.st_ino == ours.st_ino && now.st_dev == ours.st_dev)
		return;
	if (open_file(a, &err) < 0)
		log_error("audit file cannot be opened anew", "detail", err.detail, NULL);
}

static void add(json_t *o, const char *key, const char *value)
{
	if (value && json_object_set_new(o, key, json_string(value)) < 0)
		json_object_set_new(o, key, json_string("(not text)"));
}

static void add_number(json_t *o, const char *key, int64_t value)
{
	if (value >= 0)
		json_object_set_new(o, key, json_integer(value));
}

static json_t *to_json(const struct audit_line *l)
{
	json_t *o = json_object(), *groups = json_array();
	char time[21];
	size_t i;

	time_write(clock_now(), time);
	add(o, "time", time);
	add(o, "id", l->id);
	add(o, "event", l->event);
	add(o, "reason", l->reason);
	add(o, "detail", l->detail);
	add(o, "provider_code", l->provider_code);
	add(o, "provider_trace", l->provider_trace);
	add(o, "client", l->client);
	add(o, "door", l->door);
	add(o, "link", l->link);
	add(o, "provider", l->provider);
	add(o, "tenant", l->tenant);
	add(o, "object_id", l->object_id);
	add(o, "name_id", l->name_id);
	add(o, "groups_claim", l->groups_claim);
	add(o, "directory", l->directory);
	add(o, "dn", l->dn);
	add(o, "mail", l->mail);
	add(o, "outcome", l->outcome);
	add(o, "rule", l->rule);
	add(o, "requirement", l->requirement);
	for (i = 0; l->groups && l->groups[i]; i++)
		json_array_append_new(groups, json_string(l->groups[i]));
	json_object_set_new(o, "groups", groups);
	add(o, "account", l->account);
	add(o, "passage", l->passage);
	add(o, "to", l->to);
	add(o, "assertion_in", l->assertion_in);
	add(o, "assertion_out", l->assertion_out);
	add_number(o, "mirror_age_s", l->mirror_age);
	add_number(o, "read_us", l->read_us);
	add_number(o, "person_us", l->person_us);
	add_number(o, "decide_us", l->decide_us);
	add_number(o, "write_us", l->write_us);
	add_number(o, "total_us", l->total_us);
	return o;
}

int audit_write(struct audit *a, const struct audit_line *line, struct error *err)
{
	json_t *o = to_json(line);
	char *text = json_dumps(o, JSON_COMPACT);
	size_t n;
	ssize_t written;
	int rc = 0;

	json_decref(o);
	if (!text)
		return error_set(err, REASON_AUDIT, "%s: the line could not be made", a->path);
	n = strlen(text);
	text[n] = '\n';                 /* in place of the NUL: one write, one line */
	written = write(a->fd, text, n + 1);
	if (written != (ssize_t)n + 1)
		rc = error_set(err, REASON_AUDIT, "%s: cannot write to it: %s", a->path, written < 0 ? strerror(errno) : "the disk is full");
	free(text);
	return rc;
}
