/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program: its subcommands, each in a file of its own. */
#include "base/log.h"
#include "gateway/commands/commands.h"
#include "gateway/service/parent.h"
#include "gateway/service/role.h"
#include "gateway/service/units.h"
#include "gateway/service/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <unistd.h>

#define SETTINGS_DEFAULT POSTERN_SYSCONFDIR "/postern.yaml"

static command command_serve;
static command command_version;
static command command_help;

static const struct command {
	const char *name;
	command *run;
	const char *line;
	const char *usage;
} commands[] = {
	{"serve", command_serve, "run the gateway in the foreground",
		"usage: postern [-c FILE] serve\n\n"
		"Runs the gateway until SIGTERM or SIGINT, which answer what is under way and\n"
		"end it.  SIGHUP reads the settings and all files anew; if anything is wrong\n"
		"with them, says so and keeps the old ones.  SIGUSR2: see upgrade.\n"},
	{"upgrade", command_upgrade, "have the running service go over to the program installed now",
		"usage: postern [-c FILE] upgrade\n\n"
		"For after an update of the package.  The running service (SIGUSR2) tries the program\n"
		"that stands at its path now: if that cannot read the settings and everything that\n"
		"they name, nothing changes.  Otherwise it takes over in the same process, with the\n"
		"listening sockets, and replaces the other processes as a reload does: nobody is\n"
		"refused.  Exit status 1: it did not take over; the service's log says why.\n"},
	{"prepare", command_prepare, "hand systemd what a unit for each role is to have",
		"usage: postern [-c FILE] prepare [--units | --tree] [--folder DIR]\n\n"
		"Is for postern-prepare.service.  Reads and judges everything as serve does, and leaves\n"
		"each role what it may hold in DIR, " UNITS_FOLDER " unless said otherwise.\n"
		"--units: has systemd start the roles, or restart them one after another.  When\n"
		"anything is wrong, says so, and what runs stays as it is.\n"
		"--tree: for postern.service: makes the folders and files that serve cannot make there.\n"
		"While it runs, what is there is given to nobody else.\n"},
	{"reload", command_reload, "have the running service read settings and files anew",
		"usage: postern [-c FILE] reload\n\n"
		"serve or the units, whichever runs here.  Exit status 1: they were not taken, and the\n"
		"old ones stay in force; the service's log and `postern check` say why.\n"},
	{"status", command_status, "how the service is doing",
		"usage: postern [-c FILE] status [--json]\n\n"
		"Processes, sign-ons of the last minutes, directories, metadata, certificates, disks\n"
		"and alarms of the service that runs here, without asking any of its processes.\n"
		"Exit status 0: all is well; 1: it runs, with warnings; 2: it is down; 3: that cannot\n"
		"be said.\n"},
	{"check", command_check, "say what is wrong with settings, files, directories and metadata",
		"usage: postern [-c FILE] check [--offline]\n\n"
		"Reads the settings and every file that they name, connects to the directories\n"
		"and metadata addresses (not with --offline), and plays a sign-on through.\n"
		"Prints one line for each finding: ok, warning or error.  Exit status 1: an error.\n"},
	{"explain", command_explain, "say for a person what would happen, and why",
		"usage: postern [-c FILE] explain PERSON [--door NAME | --link NAME] [--mfa] [--guest]\n"
		"                       [--client ADDRESS] [--claim NAME=VALUE]... [--at TIME] [--json]\n"
		"       postern [-c FILE] explain --response FILE [--provider NAME] [--at TIME]\n"
		"                       [--door NAME | --link NAME] [--client ADDRESS] [--json]\n"
		"       postern [-c FILE] explain --audit ID [--audit-file FILE] [--mfa] [--guest]\n"
		"                       [--client ADDRESS] [--claim NAME=VALUE]... [--json]\n\n"
		"PERSON is a mail address, a DN, a uid or an object id.  --response judges a stored\n"
		"Response (XML, its base64, or the posted form; - for standard input): every check,\n"
		"lasso's opinion, and the decision.  --audit judges a sign-on of the audit once more\n"
		"and shows what has changed.  Changes nothing, and claims nothing used.\n"},
	{"fill", command_fill, "read the directories once, without the service",
		"usage: postern [-c FILE] fill\n\n"
		"Reads people and groups of every directory into the mirror and ends, so that who,\n"
		"seats, what-if and explain can answer before anything is served.  Settings with\n"
		"directories and rules are enough.  Exit status 1: a directory could not be read.\n"},
	{"who", command_who, "people of an outcome or a rule, members of a group, and why",
		"usage: postern [-c FILE] who [--outcome | --rule | --group] NAME [--csv | --json]\n\n"
		"NAME is an outcome, a rule, or a group (directory:cn or a DN, nested members too).\n"
		"Asks a copy of the mirror; needs no keys and no service.  Exit status 1: nobody.\n"},
	{"seats", command_seats, "how many people each outcome and rule holds, and what is billed",
		"usage: postern [-c FILE] seats [--managed-accounts FILE.csv] [--idle DAYS] [--record]\n"
		"                     [--csv | --json | --html FILE [--no-names]]\n\n"
		"Judges everybody of a copy of the mirror; needs no keys and no service.  With\n"
		"Atlassian's export of managed accounts, or the inventory (postern accounts import):\n"
		"what is billed beside what the rules give, who is idle, and what to do about it.\n"
		"With `prices` in the settings: what it costs, and what it saves.  --html: one page to\n"
		"mail and print.  --record: keeps this month's numbers, for the difference to last month.\n"},
	{"what-if", command_what_if, "who would get something else by other rules",
		"usage: postern [-c FILE] what-if --rules FILE [--csv | --json]\n\n"
		"FILE holds `rules` as the settings file does (sets, conditions, exceptions too).  Judges everybody of a copy of the\n"
		"mirror by both, and says whose outcome changes and how many seats it costs or saves.\n"},
	{"plan", command_plan, "what would change at Atlassian so that accounts are as the rules want them",
		"usage: postern [-c FILE] plan [--release STAGE [--person MAIL] [--most N]] [--all | --json]\n\n"
		"Reads mirror, ledger and Atlassian; changes nothing.  Says for each connection with\n"
		"`accounts` who would be made, changed, put into groups and taken out of them, by which\n"
		"rule, what a human must do, and what is left as it is.  --all: everybody by name.\n"
		"--release: instead, the way back for who is billed though no rule licenses them, by stages,\n"
		"the least harmful first: groups, products, unlink, delete; for one person, or the first N (20).\n"},
	{"apply", command_apply, "do what the plan says",
		"usage: postern [-c FILE] apply [--release STAGE [--person MAIL] [--most N]]\n"
		"               [--yes] [--accept] [--plan ID] [--confirm MAIL|GROUP]\n\n"
		"Makes the plan, shows it, asks, and does exactly that.  Cut short at any point, it goes on\n"
		"where it was when it is called again, and does nothing twice.  --yes: does not ask.\n"
		"--plan: does it if it is still the plan of this id.  --accept: also what is unusual in\n"
		"it, which else stops it.  --confirm: a mail that was another person's belongs to who\n"
		"has it in the directory now, or what takes a group's place has its products at Atlassian.\n"
		"Exit status 1: something is left to be done.\n"},
	{"ledger", command_ledger, "for which accounts Postern answers, and what it asked of Atlassian",
		"usage: postern [-c FILE] ledger [list]\n"
		"       postern [-c FILE] ledger calls [--last N] [--failed]\n"
		"       postern [-c FILE] ledger rename OLD NEW\n"
		"       postern [-c FILE] ledger forget CONNECTION\n\n"
		"list: how many accounts of each connection.  calls: the last N (20) changes asked for,\n"
		"with Atlassian's answer.  rename: a connection that is called NEW in the settings now\n"
		"was OLD before.  forget: accounts of a connection that is no more are left to themselves.\n"},
	{"accounts", command_accounts, "the inventory of Atlassian accounts",
		"usage: postern [-c FILE] accounts import FILE.csv\n"
		"       postern [-c FILE] accounts refresh\n"
		"       postern [-c FILE] accounts show MAIL\n\n"
		"import: takes Atlassian's export of managed accounts; columns are found by\n"
		"their names, and what was not understood is listed.  refresh: reads them by the\n"
		"Organizations API.  show: what is known of one.\n"},
	{"keys", command_keys, "signing keys: made, published, activated, retired",
		"usage: postern [-c FILE] keys list [--json]\n"
		"       postern [-c FILE] keys make NAME [--days N] [--bits N] [--reload]\n"
		"       postern [-c FILE] keys activate CONNECTION|--all|--requests NAME [--reload]\n"
		"       postern [-c FILE] keys retire NAME [--reload]\n"
		"       postern [-c FILE] keys instructions CONNECTION|--requests [NAME]\n\n"
		"A key is published as soon as it is made and the service reloaded; it signs for a\n"
		"connection once it is activated there, and leaves when it is retired.  instructions\n"
		"says what to paste where.  --reload has the running service take it over at once,\n"
		"with everything else that was changed in the settings.\n"},
	{"observe", command_observe, "what the rules would have done where they are only tried",
		"usage: postern [-c FILE] observe report [--since TIME] [--door NAME] [--json | --csv] [FILE]...\n\n"
		"At connections with `observe: yes` rules keep nobody out; the audit says what they\n"
		"would have done, and this sums it up: whom they would refuse or send to another\n"
		"door, by which rule.  TIME is as 7d (back from now), 2026-11-24 or\n"
		"2026-11-24T13:19:16Z.  FILE: audit files, where they were rotated.\n"},
	{"mirror", command_mirror, "what is in the mirror of the directories, and how it stands",
		"usage: postern [-c FILE] mirror status [DIRECTORY] [--json]\n"
		"       postern [-c FILE] mirror person|group NAME [--json]\n"
		"       postern [-c FILE] mirror dump [DIRECTORY] [--json]\n"
		"       postern [-c FILE] mirror accept DIRECTORY [--json]\n\n"
		"status: how old, how many, which server, and what is held.  person, group: what the\n"
		"mirror has of them.  dump: everything, as JSON, a line for each.  accept: lets go,\n"
		"once, what a reading of the directory lacked and the mirror held.  Exit status 1:\n"
		"something is held (status), nothing is (accept), nobody was found (person, group).\n"},
	{"scim", command_scim, "what Entra ID provisions here, and its tokens",
		"usage: postern [-c FILE] scim token new NAME [--reload]\n"
		"       postern [-c FILE] scim token list\n"
		"       postern [-c FILE] scim token retire NAME [--reload]\n"
		"       postern [-c FILE] scim status\n\n"
		"token new: makes a secret token and shows it once, with what else to enter at Entra\n"
		"ID; only its hash is kept.  There can be two, so that one is changed without a gap.\n"
		"Both count from the next reload on; --reload has the running service take it over at\n"
		"once.  status: how many people and groups came, and when Entra ID was last heard.\n"},
	{"rules", command_rules, "which rules decide, and those that LDAP holds",
		"usage: postern [-c FILE] rules list [--json]\n"
		"       postern [-c FILE] rules status [--json]\n"
		"       postern [-c FILE] rules accept [VERSION]\n\n"
		"list: all rules in the order in which they are tried, each with where it stands.\n"
		"status: the rules that LDAP holds, and which of them each process runs.  Exit\n"
		"status 1: LDAP holds others than those in force.  accept: has rules of LDAP come\n"
		"into force that would change the outcome of more people than change_limit.\n"},
	{"pages", command_pages, "write the pages as files, to be looked at",
		"usage: postern [-c FILE] pages FOLDER\n\n"
		"Every page in every language, with the brand of the settings, as an HTML file; open\n"
		"FOLDER/index.html in a browser.  Needs no keys and no service.\n"},
	{"setup", command_setup, "print every value to paste at Entra ID and Atlassian",
		"usage: postern [-c FILE] setup\n"},
	{"version", command_version, "print the version", "usage: postern version\n"},
	{"help", command_help, "say more about a command", "usage: postern help [COMMAND]\n"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void usage(FILE *to)
{
	size_t i;

	fprintf(to, "usage: postern [-c FILE] COMMAND [ARGUMENT]...\n\n");
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].line);
	fprintf(to, "\n  -c FILE    settings, before or behind the command; default %s\n\nSee `postern help COMMAND`, postern(8), postern.yaml(5).\n", SETTINGS_DEFAULT);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static int command_serve(struct arena *a, const char *settings_path, int argc, char **argv)
{
	(void)a;
	(void)argv;
	if (argc != 1) {
		const struct command *serve = find("serve");

		fputs(serve ? serve->usage : "", stderr);
		return 2;
	}
	return parent_serve(settings_path);
}

static int command_version(struct arena *a, const char *settings_path, int argc, char **argv)
{
	(void)a;
	(void)settings_path;
	(void)argc;
	(void)argv;
	puts(PACKAGE_NAME " " PACKAGE_VERSION);
	return 0;
}

static int command_help(struct arena *a, const char *settings_path, int argc, char **argv)
{
	const struct command *c = argc > 1 ? find(argv[1]) : NULL;

	(void)a;
	(void)settings_path;
	if (argc > 1 && !c) {
		fprintf(stderr, "postern help: there is no command %s\n", argv[1]);
		return 2;
	}
	if (c)
		fputs(c->usage, stdout);
	else
		usage(stdout);
	return 0;
}

/* Roles and reloads must mean the same file, whatever folder they run in. */
static const char *whole_path(struct arena *a, const char *path)
{
	char folder[4096];

	if (*path == '/' || !getcwd(folder, sizeof(folder)))
		return path;
	return arena_printf(a, "%s/%s", folder, path);
}

static bool asks_for_help(int argc, char **argv)
{
	return argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
}

/* `-c FILE` may also stand directly behind the command. */
static const char *take_settings_path(const char *usual, int *argc, char ***argv)
{
	const char *path;

	if (*argc < 3 || (strcmp((*argv)[1], "-c") != 0 && strcmp((*argv)[1], "--config") != 0))
		return usual;
	path = (*argv)[2];
	(*argv)[2] = (*argv)[0];
	*argv += 2;
	*argc -= 2;
	return path;
}

static int run(struct arena *a, const char *settings_path, int argc, char **argv)
{
	const struct command *c;

	if (strcmp(argv[0], "role") == 0)
		return command_role(a, argc, argv);
	if (strcmp(argv[0], "trial") == 0)
		return command_trial(argc, argv);
	c = find(argv[0]);
	if (!c) {
		fprintf(stderr, "postern: there is no command %s\n\n", argv[0]);
		usage(stderr);
		return 2;
	}
	settings_path = take_settings_path(settings_path, &argc, &argv);
	if (asks_for_help(argc, argv)) {
		fputs(c->usage, stdout);
		return 0;
	}
	return c->run(a, whole_path(a, settings_path), argc, argv);
}

/* Started without standard descriptors, the next file opened would be one: log lines would go into the claims. */
static void hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'}, {0},
	};
	const char *settings_path = SETTINGS_DEFAULT;
	struct arena *a;
	int c, rc;

	hold_standard_descriptors();
	while ((c = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			settings_path = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'v':
			return command_version(NULL, NULL, 0, NULL);
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return 2;
	}
	/* a directory or a pipe that goes away is an error of a call, not the end of the program */
	signal(SIGPIPE, SIG_IGN);
	log_begin(argv[optind], LOG_LEVEL_WARNING);
	a = arena_new();
	rc = run(a, settings_path, argc - optind, argv + optind);
	arena_free(a);
	return rc;
}
