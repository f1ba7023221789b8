/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program: its subcommands, each in a file of its own. */
#include "base/log.h"
#include "base/nearest.h"
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
	const char *synopsis;           /* a line for each way, and for what does not fit into it */
	const char *more;
	int misused;                    /* exit status for whoever called it wrongly; 0: 2 */
} commands[] = {
	{"serve", command_serve, "run the gateway in the foreground",
		"usage: postern [-c FILE] serve\n",
		"Runs the gateway until SIGTERM or SIGINT, which answer what is under way and\n"
		"end it.  SIGHUP reads the settings and all files anew; if anything is wrong\n"
		"with them, says so and keeps the old ones.  SIGUSR2: see upgrade.\n"},
	{"upgrade", command_upgrade, "have the running service go over to the program installed now",
		"usage: postern [-c FILE] upgrade\n",
		"For after an update of the package.  The running service (SIGUSR2) tries the\n"
		"program that stands at its path now: if that cannot read the settings and\n"
		"everything that they name, nothing changes.  Otherwise it takes over in the\n"
		"same process, with the listening sockets, and replaces the other processes as\n"
		"a reload does: nobody is refused.  Exit status 1: it did not take over, and\n"
		"why; the service's log has it all.\n"},
	{"prepare", command_prepare, "hand systemd what a unit for each role is to have",
		"usage: postern [-c FILE] prepare [--units | --tree [--beside]] [--folder FOLDER]\n",
		"Is for postern-prepare.service.  Reads and judges everything as serve does,\n"
		"and leaves each role what it may hold in FOLDER,\n"
		UNITS_FOLDER " unless said otherwise.\n"
		"--units: has systemd start the roles, or restart them one after another.  When\n"
		"anything is wrong, says so, and what runs stays as it is.\n"
		"--tree: for postern.service: makes the folders and files that serve cannot\n"
		"make there.  While it runs, what is there is given to nobody else; --beside:\n"
		"it does run, also where it cannot be found since the settings name another\n"
		"runtime_dir by now.\n"},
	{"reload", command_reload, "have the running service read settings and files anew",
		"usage: postern [-c FILE] reload\n",
		"Has the service that runs here, serve or the units, read its settings and all\n"
		"files anew.  Exit status 1: they were not taken and the old ones stay in\n"
		"force, and why; the service's log and `postern check` have it all.\n"},
	{"status", command_status, "how the service is doing",
		"usage: postern [-c FILE] status [--json]\n",
		"Processes, sign-ons of the last minutes, directories, metadata, certificates,\n"
		"disks and alarms of the service that runs here, without asking any of its\n"
		"processes.  Exit status 0: all is well; 1: it runs, with warnings; 2: it is\n"
		"down; 3: that cannot be said.\n", 3},
	{"check", command_check, "say what is wrong with settings, files, directories and metadata",
		"usage: postern [-c FILE] check [--offline]\n",
		"Reads the settings and every file that they name, connects to the directories\n"
		"and metadata addresses (not with --offline), and plays a sign-on through.\n"
		"Prints one line for each finding: ok, warning or error.  Exit status 1: an\n"
		"error, by which serve does not start or people cannot sign on.\n"},
	{"explain", command_explain, "say for a person what would happen, and why",
		"usage: postern [-c FILE] explain PERSON [--door NAME | --link NAME] [--mfa]\n"
		"                       [--guest] [--client ADDRESS] [--claim NAME=VALUE]...\n"
		"                       [--at TIME] [--json]\n"
		"       postern [-c FILE] explain --response FILE [--provider NAME] [--at TIME]\n"
		"                       [--door NAME | --link NAME] [--client ADDRESS] [--json]\n"
		"       postern [-c FILE] explain --audit ID [--audit-file FILE] [--mfa]\n"
		"                       [--guest] [--client ADDRESS] [--claim NAME=VALUE]...\n"
		"                       [--json]\n",
		"PERSON is a mail address, a DN, a uid or an object id.  --response judges a\n"
		"stored Response (XML, its base64, or the posted form; - for standard input):\n"
		"every check, lasso's opinion, and the decision.  --audit judges a sign-on of\n"
		"the audit once more and shows what has changed.  Changes nothing, and claims\n"
		"nothing used.\n"},
	{"fill", command_fill, "read the directories once, without the service",
		"usage: postern [-c FILE] fill\n",
		"Reads people and groups of every directory into the mirror and ends, so that\n"
		"who, seats, what-if and explain can answer before anything is served.\n"
		"Settings with directories and rules are enough.  Exit status 1: a directory\n"
		"could not be read.\n"},
	{"who", command_who, "people of an outcome or a rule, members of a group, and why",
		"usage: postern [-c FILE] who [--outcome | --rule | --group] NAME\n"
		"                       [--csv | --json]\n",
		"NAME is an outcome, a rule, or a group (directory:cn or a DN, nested members\n"
		"too).  Asks a copy of the mirror; needs no keys and no service.  Exit status\n"
		"1: nobody.\n"},
	{"seats", command_seats, "how many people each outcome and rule holds, and what is billed",
		"usage: postern [-c FILE] seats [--managed-accounts FILE.csv] [--idle DAYS]\n"
		"                       [--record] [--csv | --json | --html FILE [--no-names]]\n",
		"Judges everybody of a copy of the mirror; needs no keys and no service.  With\n"
		"Atlassian's export of managed accounts, or the inventory (postern accounts\n"
		"import): what is billed beside what the rules give, who is idle, and what to\n"
		"do about it.  With `prices` in the settings: what it costs, and what it saves.\n"
		"--html: one page to mail and print.  --record: keeps this month's numbers, for\n"
		"the difference to last month.\n"},
	{"what-if", command_what_if, "who would get something else by other rules",
		"usage: postern [-c FILE] what-if --rules FILE [--csv | --json]\n",
		"FILE holds `rules` as the settings file does (sets, conditions, exceptions\n"
		"too).  Judges everybody of a copy of the mirror by both, and says whose\n"
		"outcome changes and how many seats it costs or saves.\n"},
	{"plan", command_plan, "what would change at Atlassian, for whom, and why",
		"usage: postern [-c FILE] plan [--release STAGE [--person MAIL] [--most N]]\n"
		"                       [--all | --json]\n",
		"Reads mirror, ledger and Atlassian; changes nothing.  Says for each connection\n"
		"with `accounts` who would be made, changed, put into groups and taken out of\n"
		"them, by which rule, what a human must do, and what is left as it is.\n"
		"--all: everybody by name.  --release: instead, the way back for who is billed\n"
		"though no rule licenses them, by stages, the least harmful first: groups,\n"
		"products, unlink, delete; for one person, or the first N (20).\n"},
	{"apply", command_apply, "do what the plan says",
		"usage: postern [-c FILE] apply [--release STAGE [--person MAIL] [--most N]]\n"
		"                       [--yes] [--accept] [--plan ID] [--confirm MAIL|GROUP]\n",
		"Makes the plan, shows it, asks, and does exactly that.  Cut short at any\n"
		"point, it goes on where it was when it is called again, and does nothing\n"
		"twice.  --yes: does not ask.  --plan: does it if it is still the plan of this\n"
		"id.  --accept: also what is unusual in it, which else stops it.  --confirm: a\n"
		"mail that was another person's belongs to who has it in the directory now, or\n"
		"what takes a group's place has its products at Atlassian.  Exit status 1:\n"
		"something is left to be done.\n"},
	{"ledger", command_ledger, "for which accounts Postern answers, and what it asked of Atlassian",
		"usage: postern [-c FILE] ledger [list]\n"
		"       postern [-c FILE] ledger calls [MAIL] [--last N] [--failed] [--json]\n"
		"       postern [-c FILE] ledger rename OLD NEW\n"
		"       postern [-c FILE] ledger forget CONNECTION\n",
		"list: how many accounts of each connection.  calls: the last N (20) changes\n"
		"asked for, of all or of one person, with Atlassian's answer.  rename: a\n"
		"connection that is called NEW in the settings now was OLD before.  forget:\n"
		"accounts of a connection that is no more are left to themselves.\n"},
	{"accounts", command_accounts, "the inventory of Atlassian accounts",
		"usage: postern [-c FILE] accounts import FILE.csv\n"
		"       postern [-c FILE] accounts refresh\n"
		"       postern [-c FILE] accounts show MAIL\n",
		"import: takes Atlassian's export of managed accounts; columns are found by\n"
		"their names, and what was not understood is listed.  refresh: reads them by the\n"
		"Organizations API.  show: what is known of one.\n"},
	{"keys", command_keys, "signing keys: made, published, activated, retired",
		"usage: postern [-c FILE] keys list [--json]\n"
		"       postern [-c FILE] keys make NAME [--days N] [--bits N] [--reload]\n"
		"       postern [-c FILE] keys activate CONNECTION|--all|--requests NAME\n"
		"                       [--reload]\n"
		"       postern [-c FILE] keys retire NAME [--reload]\n"
		"       postern [-c FILE] keys instructions CONNECTION|--requests [NAME]\n",
		"A key is published as soon as it is made and the service reloaded; it signs\n"
		"for a connection once it is activated there, and leaves when it is retired.\n"
		"instructions says what to paste where.  --reload has the running service take\n"
		"it over at once, with everything else that was changed in the settings.\n"},
	{"observe", command_observe, "what the rules would have done where they are only tried",
		"usage: postern [-c FILE] observe report [--since TIME] [--door NAME]\n"
		"                       [--json | --csv] [FILE]...\n",
		"At connections with `observe: yes` rules keep nobody out; the audit says what\n"
		"they would have done, and this sums it up: whom they would refuse or send to\n"
		"another door, by which rule.  TIME is as 7d (back from now), 2026-11-24 or\n"
		"2026-11-24T13:19:16Z.  FILE: audit files, where they were rotated; else\n"
		"audit_file.\n"},
	{"mirror", command_mirror, "what is in the mirror of the directories, and how it stands",
		"usage: postern [-c FILE] mirror status [DIRECTORY] [--json]\n"
		"       postern [-c FILE] mirror person|group NAME [--json]\n"
		"       postern [-c FILE] mirror dump [DIRECTORY] [--json]\n"
		"       postern [-c FILE] mirror accept DIRECTORY [--json]\n",
		"status: how old, how many, which server, and what is held.  person, group:\n"
		"what the mirror has of them.  dump: everything, as JSON, a line for each.\n"
		"accept: lets go, once, what a reading of the directory lacked and the mirror\n"
		"held.  Exit status 1: something is held (status), nothing is (accept), nobody\n"
		"was found (person, group).\n"},
	{"scim", command_scim, "what Entra ID provisions here, and its tokens",
		"usage: postern [-c FILE] scim token|secret new NAME [--reload]\n"
		"       postern [-c FILE] scim token|secret list\n"
		"       postern [-c FILE] scim token|secret retire NAME [--reload]\n"
		"       postern [-c FILE] scim status\n",
		"token new: makes a secret token and shows it once, with what else to enter at\n"
		"Entra ID; only its hash is kept.  secret new: the same for an OAuth client.\n"
		"There can be two of each, so that one is changed without a gap.  They count\n"
		"from the next reload on; --reload has the running service take it over at\n"
		"once.  status: how many people and groups came, and when Entra ID was last\n"
		"heard.\n"},
	{"rules", command_rules, "which rules decide, and those that LDAP holds",
		"usage: postern [-c FILE] rules list [--json]\n"
		"       postern [-c FILE] rules status [--json]\n"
		"       postern [-c FILE] rules accept [VERSION]\n",
		"list: all rules in the order in which they are tried, each with where it\n"
		"stands.  status: the rules that LDAP holds, and which of them each process\n"
		"runs.  Exit status 1: LDAP holds others than those in force.  accept: has\n"
		"rules of LDAP come into force that would change the outcome of more people\n"
		"than change_limit.\n"},
	{"pages", command_pages, "write the pages as files, to be looked at",
		"usage: postern [-c FILE] pages FOLDER\n",
		"Every page in every language, with the brand of the settings, as an HTML file;\n"
		"open FOLDER/index.html in a browser.  Needs no keys and no service.\n"},
	{"setup", command_setup, "print every value to paste at Entra ID and Atlassian",
		"usage: postern [-c FILE] setup\n",
		"For the screens of both, in the words that stand there, with the certificates.\n"},
	{"version", command_version, "print the version",
		"usage: postern version\n",
		""},
	{"help", command_help, "say more about a command",
		"usage: postern help [COMMAND]\n",
		""},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void usage(FILE *to)
{
	size_t i;

	fprintf(to, "usage: postern [-c FILE] COMMAND [ARGUMENT]...\n\n");
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].line);
	fprintf(to, "\n  -c FILE    settings, before or behind the command; default:\n             %s\n\n"
		"See `postern help COMMAND`, postern(8), postern.yaml(5).\n", SETTINGS_DEFAULT);
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

/* For whoever called it wrongly: one line, so that what was wrong is not lost above a list. */
static int misused(void)
{
	fputs("usage: postern [-c FILE] COMMAND [ARGUMENT]...; `postern help` lists the commands\n", stderr);
	return 2;
}

static int no_such_command(const char *asker, const char *name)
{
	struct nearest near = nearest_begin(name);

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		nearest_consider(&near, commands[i].name);
	fprintf(stderr, "%s: there is no command %s%s%s%s\n", asker, name, near.word ? "; did you mean " : "", near.word ? near.word : "",
		near.word ? "?" : "");
	return misused();
}

static void help(const struct command *c)
{
	printf("%s%s%s", c->synopsis, *c->more ? "\n" : "", c->more);
}

static int command_serve(struct arena *a, const char *settings_path, int argc, char **argv)
{
	(void)a;
	(void)argv;
	return argc == 1 ? parent_serve(settings_path) : CALLED_WRONGLY;
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
	if (argc > 1 && !c)
		return no_such_command("postern help", argv[1]);
	if (c)
		help(c);
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
	int rc;

	if (strcmp(argv[0], "role") == 0)
		return command_role(a, argc, argv);
	if (strcmp(argv[0], "trial") == 0)
		return command_trial(argc, argv);
	c = find(argv[0]);
	if (!c)
		return no_such_command("postern", argv[0]);
	settings_path = take_settings_path(settings_path, &argc, &argv);
	if (asks_for_help(argc, argv)) {
		help(c);
		return 0;
	}
	argv[0] = arena_printf(a, "postern %s", c->name);
	rc = c->run(a, whole_path(a, settings_path), argc, argv);
	if (rc != CALLED_WRONGLY)
		return rc;
	fputs(c->synopsis, stderr);
	return c->misused ? c->misused : 2;
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
			return misused();
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
