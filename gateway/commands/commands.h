/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The subcommands that main.c lists, each in a file of its own name.
 *
 * argv[0] is the subcommand's name.  Exit status: 0 done, 1 the answer is no
 * (refused, not found, not right), 2 wrongly called.
 */
#ifndef GATEWAY_COMMANDS_H
#define GATEWAY_COMMANDS_H

#include "gateway/settings/settings.h"

/*
 * explain PERSON [--door NAME | --link NAME] [--mfa] [--guest] [--client ADDRESS] [--claim NAME=VALUE]… [--json]
 * explain --response FILE [--provider NAME] [--at TIME] [--door NAME | --link NAME] [--client ADDRESS] [--json]
 * explain --audit ID [--audit-file FILE] [--mfa] [--guest] [--client ADDRESS] [--claim NAME=VALUE]… [--json]
 */
int command_explain(struct arena *a, const char *settings_path, int argc, char **argv);
/* setup [CONNECTION]: every value to paste, for Entra's screen and for Atlassian's */
int command_setup(struct arena *a, const char *settings_path, int argc, char **argv);
/* check [--offline] */
int command_check(struct arena *a, const char *settings_path, int argc, char **argv);
/* accounts import FILE.csv | accounts show MAIL */
int command_accounts(struct arena *a, const char *settings_path, int argc, char **argv);
/* observe report [--since TIME] [--door NAME] [--json | --csv] [FILE]… */
int command_observe(struct arena *a, const char *settings_path, int argc, char **argv);
/* keys list [--json] | make NAME … | activate CONNECTION|--all|--requests NAME | retire NAME | instructions CONNECTION [NAME] */
/* status [--json]; exit status 0 ok, 1 warnings, 2 down, 3 it cannot be said */
int command_status(struct arena *a, const char *settings_path, int argc, char **argv);
int command_mirror(struct arena *a, const char *settings_path, int argc, char **argv);
/* scim token new NAME | list | retire NAME; scim status */
int command_scim(struct arena *a, const char *settings_path, int argc, char **argv);
int command_keys(struct arena *a, const char *settings_path, int argc, char **argv);
/* pages FOLDER: every page in every language, to be looked at */
int command_pages(struct arena *a, const char *settings_path, int argc, char **argv);
/* fill: the directories read once, without the service */
int command_fill(struct arena *a, const char *settings_path, int argc, char **argv);
/* who [--outcome | --rule | --group] NAME [--csv | --json] */
int command_who(struct arena *a, const char *settings_path, int argc, char **argv);
/* seats [--managed-accounts FILE.csv] [--csv | --json] */
int command_seats(struct arena *a, const char *settings_path, int argc, char **argv);
/* plan [--all | --json]: what would change at Atlassian */
int command_plan(struct arena *a, const char *settings_path, int argc, char **argv);
/* apply [--yes] [--accept] [--plan ID]: does that */
int command_apply(struct arena *a, const char *settings_path, int argc, char **argv);
/* ledger [list] | calls [--last N] [--failed] | rename OLD NEW | forget CONNECTION */
int command_ledger(struct arena *a, const char *settings_path, int argc, char **argv);
/* what-if --rules FILE [--csv | --json] */
int command_what_if(struct arena *a, const char *settings_path, int argc, char **argv);
/* rules list [--json] | status [--json] | accept [VERSION] */
int command_rules(struct arena *a, const char *settings_path, int argc, char **argv);
/* prepare [--folder DIR] [--units]: for roles that systemd starts */
int command_prepare(struct arena *a, const char *settings_path, int argc, char **argv);
/* reload: whoever runs reads everything again */
int command_reload(struct arena *a, const char *settings_path, int argc, char **argv);
/* role NAME INSTANCE SETTINGS SOCKETS AREA by the parent, NAME INSTANCE FOLDER by systemd */
int command_role(struct arena *a, int argc, char **argv);

/* trial SETTINGS: started by the parent alone, of the program that is to take its place */
int command_trial(int argc, char **argv);
/* upgrade: the running service executes the program that is installed now */
int command_upgrade(struct arena *a, const char *settings_path, int argc, char **argv);

#endif
