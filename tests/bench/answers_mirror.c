/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mirror for `make bench-answers`, as the settings want it, without any server.
 *
 *	answers_mirror SETTINGS PEOPLE GROUPS
 */
#include "base/clock.h"
#include "gateway/settings/settings.h"
#include "tests/bench/mirror_company.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
	struct arena *arena = arena_new(), *a;
	const struct settings *s;
	struct mirror_writer *w;
	struct company company;
	struct error err;
	struct entry e;
	size_t waiting = 0;

	if (argc != 4 || !company_make((size_t)strtoull(argv[2], NULL, 10), (size_t)strtoull(argv[3], NULL, 10), &company)) {
		fputs("usage: answers_mirror SETTINGS PEOPLE GROUPS\n", stderr);
		return 2;
	}
	must(settings_read_for(SETTINGS_TO_ANSWER, arena, files_from_disk(arena), argv[1], &s, NULL, &err), &err);
	must(mirror_writer_open(settings_mirror_path(arena, s), &s->directories[0], &w, &err), &err);
	for (size_t i = 0; i < company.people + company.groups; i++) {
		a = arena_new();
		if (i < company.people)
			company_person(a, i, &e);
		else
			company_group(a, &company, i - company.people, &e);
		must(mirror_writer_put(w, i < company.people ? MIRROR_PEOPLE : MIRROR_GROUPS, &e, &err), &err);
		waiting += e.attributes[e.attribute_count - 1].n;
		arena_free(a);
		if (waiting < 100000)
			continue;
		must(mirror_writer_commit(w, &err), &err);
		waiting = 0;
	}
	mirror_writer_whole(w, MIRROR_PEOPLE);
	mirror_writer_whole(w, MIRROR_GROUPS);
	mirror_writer_heard(w, clock_now());
	must(mirror_writer_commit(w, &err), &err);
	mirror_writer_close(w);
	arena_free(arena);
	return 0;
}
