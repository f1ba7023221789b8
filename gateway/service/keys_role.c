/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The keys role: signs and decrypts for the one worker beside it.
 *
 * It reads nothing but its snapshot and what that worker asks, and parses no
 * XML: libxml2, xmlsec1 and lasso are never started here.  Beside a parent
 * SIGTERM does not end it, since its worker may still be finishing what it has
 * in hand: it ends when nobody holds the other end of the line any more.
 */
#include "gateway/service/role.h"

#include "base/clock.h"
#include "base/log.h"
#include "gateway/keys/keys_line.h"
#include "gateway/keys/keys_wire.h"
#include "gateway/keys/vault.h"

#include <errno.h>
#include <poll.h>

#define SECOND ((int64_t)1000000)
#define COMPLAINTS_MOST 5               /* log lines a second about what a worker asks */

struct desk {
	const struct role *role;
	const struct keeper *keeper;
	struct keys_line line;
	uint64_t last_id;               /* of the last question that was answered */
	int64_t alive_at;
	unsigned complaints;            /* within this second */
	char packet[KEYS_PACKET_MAX];
};

/* A worker of ours never asks for what is refused: somebody should look at it. */
static void complain(struct desk *d, const char *detail)
{
	if (d->complaints++ < COMPLAINTS_MOST)
		log_error("a worker asked for what is not done", "detail", detail, NULL);
}

/* Nobody waits for it any more, or it came again while it was at hand. */
static bool is_stale(const struct desk *d, const struct keys_head *head)
{
	return head->until < clock_monotonic_us() || head->id == d->last_id;
}

static void complain_of_refusal(struct desk *d, struct arena *a, struct slice answer)
{
	struct wire w = {.arena = a, .rest = answer};
	struct keys_head head;
	const char *detail;
	uint64_t reason;

	if (!wire_take_head(&w, &head) || head.what != KEYS_NO)
		return;
	reason = wire_take_number(&w);
	detail = wire_take_text(&w);
	if (reason != REASON_UNSENDABLE && reason != REASON_AUDIT && detail)
		complain(d, detail);
}

/* Who does not take it asks again, or has gone. */
static void give(struct desk *d, struct arena *a, uint64_t id, struct slice reply)
{
	ssize_t n = keys_line_send(&d->line, reply);
	struct error err;

	if (n < 0 && errno == EMSGSIZE) {
		error_set(&err, REASON_UNSENDABLE, "what was signed has %zu bytes, more than the kernel lets through (net.core.wmem_max)", reply.n);
		reply = keys_refusal(a, id, &err);
		n = keys_line_send(&d->line, reply);
	}
	/* a worker may ask without end and take nothing */
	if (n < 0 && errno != EPIPE && d->complaints++ < COMPLAINTS_MOST)
		log_warning("an answer could not be given", "detail", strerror(errno), NULL);
}

static void answer(struct desk *d, size_t n)
{
	struct arena *a = arena_new();
	struct wire w = {.arena = a, .rest = slice_of(d->packet, n)};
	struct keys_head head;
	struct slice reply;

	if (n > sizeof(d->packet) || !wire_take_head(&w, &head)) {
		complain(d, "a packet without a head, or too long");
	} else if (!is_stale(d, &head) && keys_answer(a, d->keeper, slice_of(d->packet, n), &reply) == 0) {
		d->last_id = head.id;
		complain_of_refusal(d, a, reply);
		give(d, a, head.id, reply);
	}
	explicit_bzero(d->packet, n < sizeof(d->packet) ? n : sizeof(d->packet));
	arena_free(a);
}

static void say_alive(struct desk *d)
{
	int64_t now = clock_monotonic_us();

	if (now < d->alive_at)
		return;
	role_alive(d->role);
	d->alive_at = now + SECOND;
	d->complaints = 0;
}

/* An empty packet looks like the end of the line, but is none. */
static bool is_over(const struct desk *d)
{
	struct pollfd fd = {.fd = d->line.fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR));
}

static int serve(struct desk *d, struct error *err)
{
	if (keys_line_open(&d->role->keys, 1000, &d->line, err) < 0)
		return -1;
	/* a named line has no end: there systemd says when, once the worker has ended */
	while (!d->line.named || !*d->role->stop) {
		ssize_t n;

		say_alive(d);
		n = keys_line_receive(&d->line, d->packet, sizeof(d->packet));
		if (n > 0)
			answer(d, (size_t)n);
		else if (n == 0 && is_over(d))
			return 0;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return error_set(err, REASON_INTERNAL, "the line to the worker: %s", strerror(errno));
	}
	return 0;
}

int role_keys(const struct role *role)
{
	struct desk *d = arena_alloc(role->arena, sizeof(*d));
	struct vault *vault = NULL;
	struct error err;
	int rc;

	d->role = role;
	if (vault_open(role->arena, role->files, role->settings, &vault, &err) < 0) {
		log_error("no keys to sign with", "reason", reason_word(err.reason), "detail", err.detail, NULL);
		return 1;
	}
	d->keeper = vault_keeper(vault);
	rc = serve(d, &err);
	if (rc < 0)
		log_error("keys cannot be used", "reason", reason_word(err.reason), "detail", err.detail, NULL);
	vault_close(vault);
	return rc < 0 ? 1 : 0;
}
