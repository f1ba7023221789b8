/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opening, keeping and closing both ends of each line. */
#include "gateway/service/lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

void lines_make(struct lines **all, size_t n, unsigned long generation)
{
	struct lines *l = malloc(sizeof(*l));

	if (!l)
		abort();
	*l = (struct lines){.generation = generation, .files = -1, .list = calloc(n, sizeof(*l->list)), .n = n, .before = *all};
	if (n && !l->list)
		abort();
	for (size_t i = 0; i < n; i++)
		l->list[i] = (struct line){{-1, -1}};
	*all = l;
}

struct lines *lines_of(struct lines *all, unsigned long generation)
{
	while (all && all->generation != generation)
		all = all->before;
	return all;
}

static bool is_open(const struct line *line)
{
	return line->ends[0] >= 0;
}

int lines_open(struct lines *l, size_t i, struct error *err)
{
	struct line *line = &l->list[i];

	if (is_open(line))
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line->ends) < 0) {
		*line = (struct line){{-1, -1}};
		return error_set(err, REASON_INTERNAL, "no socket pair: %s", strerror(errno));
	}
	return 0;
}

void lines_close(struct lines *l, size_t i)
{
	struct line *line = &l->list[i];

	if (!is_open(line))
		return;
	close(line->ends[0]);
	close(line->ends[1]);
	*line = (struct line){{-1, -1}};
}

static bool has_any(const struct lines *l)
{
	size_t i = 0;

	while (i < l->n && !is_open(&l->list[i]))
		i++;
	return i < l->n;
}

static void forget(struct lines **at)
{
	struct lines *l = *at;

	*at = l->before;
	for (size_t i = 0; i < l->n; i++)
		lines_close(l, i);
	if (l->files >= 0)
		close(l->files);
	free(l->list);
	free(l);
}

void lines_forget(struct lines **all, unsigned long generation)
{
	while (*all) {
		if ((*all)->generation != generation && !has_any(*all))
			forget(all);
		else
			all = &(*all)->before;
	}
}

void lines_free(struct lines **all)
{
	while (*all)
		forget(all);
}
