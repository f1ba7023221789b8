/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a command begins the census, and what it shows of the mirror that was counted. */
#ifndef GATEWAY_CENSUS_COMMAND_H
#define GATEWAY_CENSUS_COMMAND_H

#include "gateway/census/census.h"

#include <jansson.h>

/* The settings, of which rules and directories are enough; NULL and said why. */
const struct settings *census_settings(struct arena *a, const char *command, struct files *files, const char *path);
/* Becomes their user, for good, and copies the mirror.  0, or -1 and said why. */
int census_open(struct arena *a, const char *command, const struct settings *settings, struct census *out);
/* "postern COMMAND: …"; returns 1. */
int census_fail(const struct census *c, const struct error *err);

/* "corp: 4,012 people and 310 groups, heard of 2026-11-28T21:50:47Z", one line a directory. */
void census_print_mirror(const struct census *c);
void census_json_mirror(const struct census *c, json_t *o);

#endif
