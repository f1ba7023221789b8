/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who accepts next, of several processes on the same sockets.
 *
 * A client or a proxy keeps its connections with who accepted them, and the
 * kernel gives them to whoever wakes first.  So a process that has more of them
 * than another does not accept at once: it waits until somebody knocks, gives
 * the others a moment, and takes what is still there.
 *
 *	OPEN      accepts
 *	WATCHING  is ahead: only looks whether somebody waits
 *	WAITING   somebody does; the others' moment
 *	TAKING    accepts what they left, for as long again at most
 *	SHUT      no descriptor is left (server.c): accepts nothing for a while
 */
#include "http/connection.h"

#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>

/* Longer than a turn of a busy worker's loop; who finds no other waits no longer than that. */
#define MOMENT_US 5000
/* What is taken of what was left before the others are waited for again: one, and more by who has many, where one matters little. */
#define TAKES(count) (1 + (count) / 8)

static bool is_ahead(struct http_server *s)
{
	bool accepts = s->socket_count > 0 && s->turn != TURN_SHUT;

	return s->options.share && s->options.share(s->count, accepts, s->options.context);
}

static void wait_for(struct http_server *s, int microseconds)
{
	struct timeval t = {.tv_usec = microseconds};

	event_add(s->turn_over, &t);
}

static void enter(struct http_server *s, enum turn turn)
{
	s->turn = turn;
	event_del(s->turn_over);
	for (size_t i = 0; i < s->socket_count; i++) {
		if (turn == TURN_OPEN || turn == TURN_TAKING)
			evconnlistener_enable(s->listeners[i]);
		else
			evconnlistener_disable(s->listeners[i]);
		if (turn == TURN_WATCHING)
			event_add(s->knocks[i], NULL);
		else
			event_del(s->knocks[i]);
	}
	s->taken = 0;
	if (turn == TURN_WAITING || turn == TURN_TAKING)
		wait_for(s, MOMENT_US);
}

static void on_knock(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;

	(void)fd;
	(void)what;
	if (s->turn == TURN_WATCHING)
		enter(s, is_ahead(s) ? TURN_WAITING : TURN_OPEN);
}

static void on_turn_over(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *s = arg;

	(void)fd;
	(void)what;
	if (s->turn == TURN_WAITING)
		enter(s, TURN_TAKING);
	else
		enter(s, TURN_OPEN);
	if (s->turn == TURN_OPEN)
		turns_counted(s, false);
}

void turns_counted(struct http_server *s, bool came)
{
	bool ahead = is_ahead(s);

	if (s->turn == TURN_SHUT || s->socket_count == 0)
		return;
	/* what was knocked for stands, whatever else comes or goes, until it was taken by somebody */
	s->taken += came;
	if (ahead && (s->turn == TURN_OPEN || (s->turn == TURN_TAKING && s->taken >= TAKES(s->count))))
		enter(s, TURN_WATCHING);
	else if (!ahead && s->turn != TURN_OPEN)
		enter(s, TURN_OPEN);
}

void turns_shut(struct http_server *s, int microseconds)
{
	enter(s, TURN_SHUT);
	wait_for(s, microseconds);
	is_ahead(s);
}

void turns_begin(struct http_server *s)
{
	s->turn_over = event_new(s->base, -1, 0, on_turn_over, s);
	if (!s->turn_over)
		abort();
}

void turns_add(struct http_server *s, struct evconnlistener *listener)
{
	s->listeners[s->socket_count] = listener;
	s->knocks[s->socket_count] = event_new(s->base, evconnlistener_get_fd(listener), EV_READ, on_knock, s);
	if (!s->knocks[s->socket_count])
		abort();
	s->socket_count++;
	turns_counted(s, false);
}

void turns_end(struct http_server *s)
{
	if (s->turn_over)
		event_del(s->turn_over);
	for (size_t i = 0; i < s->socket_count; i++)
		event_free(s->knocks[i]);
	s->socket_count = 0;
	is_ahead(s);
}
