/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The subcommands, each in a file of its own name; main.c lists them with
 * their usage.
 *
 * argv[0] names the subcommand as errors do: "postern NAME".  Exit status: 0
 * done, 1 the answer is no (refused, not found, not right), CALLED_WRONGLY:
 * main.c shows the usage and ends with 2; `status` has its own.
 */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

#include "base/arena.h"

#define CALLED_WRONGLY 64

typedef int command(struct arena *a, const char *settings_path, int argc, char **argv);

command command_upgrade;
command command_prepare;
command command_reload;
command command_status;
command command_check;
command command_explain;
command command_fill;
command command_who;
command command_seats;
command command_what_if;
command command_plan;
command command_apply;
command command_ledger;
command command_accounts;
command command_keys;
command command_observe;
command command_mirror;
command command_scim;
command command_rules;
command command_pages;
command command_setup;

#endif
