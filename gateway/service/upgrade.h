/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another version of the program takes the parent's place (SIGUSR2).
 *
 * First the program that stands at our path now is tried: as a child it reads
 * the settings with all files and what would be handed over, and says yes.
 * Whatever else comes, or nothing within half a minute, leaves everything as
 * it is.  Then the parent executes it: the process stays the same, so its
 * children stay its children and the sockets stay open; what the new program
 * must know of them is handed over (handover.h), and it goes on as after a
 * reload (inherit.h).
 */
#ifndef GATEWAY_UPGRADE_H
#define GATEWAY_UPGRADE_H

#include "gateway/service/handover.h"

struct upgrade {
	char path[4096];                /* what was executed at the start; a package puts the new version there */
	const char *settings_path;
	int verdict;                    /* reading end; -1: nothing is tried */
	pid_t pid;
	int64_t until;
	char said[700];                 /* by the trial, a detail of an error; at last why there is no upgrade */
	size_t said_n;
};

enum upgrade_state { UPGRADE_NONE, UPGRADE_TRYING, UPGRADE_REFUSED, UPGRADE_GRANTED };

void upgrade_prepare(struct upgrade *u, const char *settings_path);
/* Starts the trial, unless one is under way.  -1: it could not be started; logged. */
int upgrade_try(struct upgrade *u, const struct handover *h, int64_t now);
/* REFUSED and GRANTED are said once, the first logged. */
enum upgrade_state upgrade_look(struct upgrade *u, int64_t now);
void upgrade_forget(struct upgrade *u);
/* Returns only when it failed; logged. */
void upgrade_execute(struct upgrade *u, const struct handover *h);

/* trial SETTINGS: started by the parent alone, of the program that is to take its place. */
int command_trial(int argc, char **argv);

#endif
