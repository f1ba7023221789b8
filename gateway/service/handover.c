/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing and strictly reading what is handed over: see handover.h. */
#include "gateway/service/handover.h"
#include "base/encode.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#define FIRST_LINE "postern handover 2"
#define FIRST_LINE_BEFORE "postern handover 1"
#define MOST_BYTES (1 << 20)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* ---- writing ---- */

static void write_text(const struct handover *h, struct text *t)
{
	const struct child *c;
	size_t i;

	text_addf(t, FIRST_LINE "\ngeneration %lu\n", h->generation);
	if (h->lock >= 0)
		text_addf(t, "lock %d\n", h->lock);
	if (h->metrics >= 0)
		text_addf(t, "metrics %d %llu\n", h->metrics, (unsigned long long)h->layout);
	for (i = 0; i < h->socket_count; i++)
		text_addf(t, "socket %d %s\n", h->sockets[i].fd, h->sockets[i].address);
	for (c = h->children; c; c = c->next) {
		/* whose pipe is closed already has no more to say: it is waited for, and that is all */
		text_addf(t, "child %ld %d %u %lu %d %d %lld %lld %lld %u %s %s\n", (long)c->pid, c->heartbeat < 0 ? 0 : c->heartbeat, c->area,
			c->generation, c->ready, c->ending, (long long)c->started, (long long)c->silence, (long long)c->kill_at,
			(unsigned)c->uid, c->role, c->instance);
	}
	text_add_c(t, "end\n");
}

static int write_all(int fd, struct slice s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s = slice_of(s.p + n, s.n - (size_t)n);
	}
	return 0;
}

int handover_write(const struct handover *h, int *fd_out, struct error *err)
{
	int fd = memfd_create("postern-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING), rc = -1;
	struct arena *a = arena_new();
	struct text t;

	text_begin(&t, a, 4096);
	write_text(h, &t);
	if (fd >= 0 && write_all(fd, text_slice(&t)) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		rc = 0;
	else
		error_set(err, REASON_FILE, "cannot write a memory file: %s", strerror(errno));
	arena_free(a);
	if (rc == 0)
		*fd_out = fd;
	else if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- reading ---- */

struct reader {
	struct slice rest;              /* lines not yet read */
	struct slice line;              /* what is left of this one */
};

/* The next line, when it begins with this word; without the word. */
static bool next_is(struct reader *r, const char *word)
{
	const char *end = memchr(r->rest.p, '\n', r->rest.n);
	size_t n = strlen(word);
	struct slice line;

	if (!end)
		return false;
	line = slice_of(r->rest.p, (size_t)(end - r->rest.p));
	if (!slice_begins(line, word) || (line.n > n && line.p[n] != ' '))
		return false;
	r->rest = slice_of(end + 1, r->rest.n - line.n - 1);
	r->line = slice_of(line.p + n, line.n - n);
	return true;
}

/* The next field: after one blank, up to the next or the end. */
static int take_field(struct reader *r, struct slice *out)
{
	const char *end;

	if (r->line.n < 2 || *r->line.p != ' ')
		return -1;
	r->line = slice_of(r->line.p + 1, r->line.n - 1);
	end = memchr(r->line.p, ' ', r->line.n);
	*out = slice_of(r->line.p, end ? (size_t)(end - r->line.p) : r->line.n);
	r->line = slice_of(r->line.p + out->n, r->line.n - out->n);
	return out->n > 0 ? 0 : -1;
}

static int take_number(struct reader *r, uint64_t most, uint64_t *out)
{
	struct slice field;

	return take_field(r, &field) < 0 ? -1 : number_read(field, 0, most, out);
}

static int take_fd(struct reader *r, int *out)
{
	uint64_t n;

	if (take_number(r, 1 << 20, &n) < 0 || n <= STDERR_FILENO)
		return -1;
	*out = (int)n;
	return 0;
}

/* What is left of the line, with a blank before it, as a C string of at most `size` bytes. */
static int take_text(struct reader *r, char *out, size_t size)
{
	size_t n = r->line.n;

	if (n < 2 || *r->line.p != ' ' || n > size || memchr(r->line.p, '\0', n))
		return -1;
	memcpy(out, r->line.p + 1, n - 1);
	out[n - 1] = '\0';
	r->line.n = 0;
	return 0;
}

static int take_word(struct reader *r, char *out, size_t size)
{
	struct reader one = {0};
	struct slice field;

	if (take_field(r, &field) < 0)
		return -1;
	one.line = slice_of(field.p - 1, field.n + 1);
	return take_text(&one, out, size);
}

static int read_socket(struct reader *r, struct handover *h)
{
	struct listener *l = &h->sockets[h->socket_count];

	if (h->socket_count == HANDOVER_SOCKETS_MAX || take_fd(r, &l->fd) < 0 || take_text(r, l->address, sizeof(l->address)) < 0)
		return -1;
	h->socket_count++;
	return 0;
}

static int read_numbers(struct reader *r, bool knows_users, struct child *c)
{
	uint64_t pid, heartbeat, area, generation, ready, ending, started, silence, kill_at, uid = 0;

	if (take_number(r, INT32_MAX, &pid) < 0 || pid < 2 || take_number(r, 1 << 20, &heartbeat) < 0 ||
		take_number(r, METRICS_AREAS, &area) < 0 || take_number(r, UINT32_MAX, &generation) < 0 ||
		take_number(r, 1, &ready) < 0 || take_number(r, 1, &ending) < 0 || take_number(r, INT64_MAX, &started) < 0 ||
		take_number(r, INT64_MAX, &silence) < 0 || take_number(r, INT64_MAX, &kill_at) < 0 ||
		(knows_users && take_number(r, UINT32_MAX - 1, &uid) < 0))
		return -1;
	if (heartbeat != 0 && heartbeat <= STDERR_FILENO)
		return -1;
	c->pid = (pid_t)pid;
	c->heartbeat = heartbeat ? (int)heartbeat : -1;
	c->area = (unsigned)area;
	c->generation = (unsigned long)generation;
	c->ready = ready == 1;
	c->ending = ending == 1;
	c->started = (int64_t)started;
	c->silence = (int64_t)silence;
	c->kill_at = (int64_t)kill_at;
	c->uid = (uid_t)uid;
	return 0;
}

/* A second one would be waited for without end. */
static bool is_named(const struct handover *h, pid_t pid)
{
	const struct child *c;

	for (c = h->children; c && c->pid != pid; c = c->next)
		;
	return c != NULL;
}

static int read_child(struct reader *r, struct handover *h)
{
	struct child *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	if (read_numbers(r, h->knows_users, c) < 0 || is_named(h, c->pid) || take_word(r, c->role, sizeof(c->role)) < 0 ||
		take_text(r, c->instance, sizeof(c->instance)) < 0) {
		free(c);
		return -1;
	}
	c->next = h->children;
	h->children = c;
	return 0;
}

static int read_lines(struct reader *r, struct handover *h)
{
	uint64_t generation;

	if (!next_is(r, "generation") || take_number(r, UINT32_MAX, &generation) < 0 || r->line.n)
		return -1;
	h->generation = (unsigned long)generation;
	if (next_is(r, "lock") && (take_fd(r, &h->lock) < 0 || r->line.n))
		return -1;
	if (next_is(r, "metrics") && (take_fd(r, &h->metrics) < 0 || take_number(r, INT64_MAX, &h->layout) < 0 || r->line.n))
		return -1;
	while (next_is(r, "socket")) {
		if (read_socket(r, h) < 0)
			return -1;
	}
	while (next_is(r, "child")) {
		if (read_child(r, h) < 0)
			return -1;
	}
	return next_is(r, "end") && !r->line.n && !r->rest.n ? 0 : -1;
}

int handover_parse(struct slice text, struct handover *out, struct error *err)
{
	struct handover h = {.lock = -1, .metrics = -1};
	struct reader r = {.rest = text};

	h.knows_users = next_is(&r, FIRST_LINE);
	if ((!h.knows_users && !next_is(&r, FIRST_LINE_BEFORE)) || r.line.n)
		return error_set(err, REASON_FILE, "it is of a version that this program does not know");
	if (read_lines(&r, &h) < 0) {
		handover_free(&h);
		return error_set(err, REASON_FILE, "it is damaged");
	}
	*out = h;
	return 0;
}

int handover_read(int fd, struct handover *out, struct error *err)
{
	struct stat st;
	char *bytes;
	int rc = -1;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > MOST_BYTES || fcntl(fd, F_GET_SEALS) != SEALS)
		return error_set(err, REASON_FILE, "the descriptor is none that was handed over");
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		abort();
	if (pread(fd, bytes, (size_t)st.st_size, 0) == (ssize_t)st.st_size)
		rc = handover_parse(slice_of(bytes, (size_t)st.st_size), out, err);
	else
		error_set(err, REASON_FILE, "it cannot be read: %s", strerror(errno));
	free(bytes);
	return rc;
}

void handover_free(struct handover *h)
{
	struct child *c;

	while ((c = h->children)) {
		h->children = c->next;
		free(c);
	}
}
