/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `postern upgrade`: the running service goes over to the program that is installed now. */
#include "gateway/commands/commands.h"
#include "gateway/settings/settings.h"
#include "gateway/service/running.h"

int command_upgrade(struct arena *a, const char *settings_path, int argc, char **argv)
{
	const struct settings *s;
	const char *const *problems = NULL;
	struct running now;
	struct error err;

	(void)argv;
	if (argc != 1)
		return CALLED_WRONGLY;
	if (settings_read(a, files_from_disk(a), settings_path, &s, &problems, &err) < 0) {
		for (; problems && *problems; problems++)
			fprintf(stderr, "postern upgrade: %s\n", *problems);
		return 1;
	}
	if (running_upgrade(s, &now, &err) < 0) {
		fprintf(stderr, "postern upgrade: %s\n", err.detail);
		return 1;
	}
	if (now.units)
		puts("the units were prepared by the installed program and restarted with it, behind their sockets");
	else
		printf("process %ld went over to the installed program and kept its sockets\n", (long)now.pid);
	return 0;
}
