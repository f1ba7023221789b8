/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mirror and a directory server, for `make bench-mirror`.  Prints JSON.
 *
 *	mirror_feed read URI                            what a plain client needs to get the same entries: the floor
 *	mirror_feed fill URI FILE                       a new file, until it is whole
 *	mirror_feed change URI FILE PEOPLE GROUPS COUNT changes, each until a reader sees it
 *
 * `fill` and `change` run mirror_follow in a process of its own, as the
 * mirror role does.
 */
#include "base/clock.h"
#include "base/log.h"
#include "ldap/mirror.h"
#include "tests/bench/mirror_company.h"

#include <ldap.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)
#define PATIENCE (600 * SECOND)
#define NAP_US 2000

static const char *const *uris_of(const char *uri)
{
	static const char *uris[2];

	uris[0] = uri;
	return uris;
}

static int fail(const char *what, int rc)
{
	fprintf(stderr, "%s: %s\n", what, ldap_err2string(rc));
	exit(1);
}

static LDAP *bound_to(const char *uri)
{
	struct berval password = {strlen(COMPANY_PASSWORD), (char *)COMPANY_PASSWORD};
	int version = LDAP_VERSION3, rc;
	LDAP *ld;

	rc = ldap_initialize(&ld, uri);
	if (rc == LDAP_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	if (rc == LDAP_SUCCESS)
		rc = ldap_sasl_bind_s(ld, COMPANY_ROOT, LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);
	if (rc != LDAP_SUCCESS)
		fail(uri, rc);
	return ld;
}

/* ---- read: every value looked at, nothing kept ---- */

struct sum {
	size_t entries, values, bytes;
};

static void add_values(LDAP *ld, LDAPMessage *message, struct sum *sum)
{
	struct berval dn, name, *values;
	BerElement *ber;
	int rc = ldap_get_dn_ber(ld, message, &ber, &dn);

	sum->entries++;
	while (rc == LDAP_SUCCESS) {
		rc = ldap_get_attribute_ber(ld, message, ber, &name, &values);
		if (rc != LDAP_SUCCESS || !name.bv_val)
			break;
		for (size_t i = 0; values && values[i].bv_val; i++) {
			sum->values++;
			sum->bytes += values[i].bv_len;
		}
		ber_memfree(values);
	}
	ber_free(ber, 0);
}

static void read_below(LDAP *ld, const char *base, const char *filter, const char *const *attributes, struct sum *sum)
{
	int id, rc = ldap_search_ext(ld, base, LDAP_SCOPE_SUBTREE, filter, (char **)attributes, 0, NULL, NULL, NULL, LDAP_NO_LIMIT,
		&id);

	for (bool over = false; rc == LDAP_SUCCESS && !over;) {
		LDAPMessage *message = NULL;
		int type = ldap_result(ld, id, LDAP_MSG_ONE, NULL, &message);

		if (type == LDAP_RES_SEARCH_ENTRY)
			add_values(ld, message, sum);
		else
			over = true;
		if (type != LDAP_RES_SEARCH_ENTRY && type != LDAP_RES_SEARCH_RESULT)
			rc = LDAP_OTHER;
		if (type == LDAP_RES_SEARCH_RESULT)
			ldap_parse_result(ld, message, &rc, NULL, NULL, NULL, NULL, 0);
		ldap_msgfree(message);
	}
	if (rc != LDAP_SUCCESS)
		fail(base, rc);
}

/* Seconds that a process was ready and had no core: what others on the machine take from it. */
static double seconds_without_core(pid_t pid)
{
	unsigned long long waited = 0;
	char path[64], line[128], *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof(line), f)) {
		strtoull(line, &end, 10);       /* what it ran */
		waited = strtoull(end, NULL, 10);
	}
	if (f)
		fclose(f);
	return (double)waited / 1e9;
}

static int measure_read(const char *uri)
{
	const struct directory_options d = company_options("corp", uris_of(uri));
	const char *const group_attributes[] = {d.group_name_attribute, d.member_attribute, NULL};
	struct arena *a = arena_new();
	struct sum sum = {0, 0, 0};
	LDAP *ld = bound_to(uri);
	double waited = seconds_without_core(getpid());
	int64_t begin = clock_monotonic_us();
	struct usage before = usage_now();

	read_below(ld, d.people_base, d.people_filter, kept_attributes(a, &d), &sum);
	read_below(ld, d.groups_base, d.groups_filter, group_attributes, &sum);
	printf("{\"waited_seconds\": %.3f, ", seconds_without_core(getpid()) - waited);
	printf("\"seconds\": %.3f, \"cpu_seconds\": %.3f, \"entries\": %zu, \"values\": %zu, \"bytes\": %zu}\n",
		(double)(clock_monotonic_us() - begin) / 1e6, (usage_now().cpu_us - before.cpu_us) / 1e6, sum.entries, sum.values,
		sum.bytes);
	ldap_unbind_ext_s(ld, NULL, NULL);
	arena_free(a);
	return 0;
}

/* ---- the process that follows ---- */

static volatile sig_atomic_t stopping;

static void on_term(int number)
{
	(void)number;
	stopping = 1;
}

static bool must_stop(void *context)
{
	(void)context;
	return stopping;
}

static void alive(void *context)
{
	(void)context;
}

static pid_t follow(const char *path, const struct directory_options *d)
{
	const struct mirror_progress progress = {alive, must_stop, NULL};
	struct error err = {0};
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGTERM, on_term);
	log_begin("mirror", LOG_LEVEL_ERROR);
	must(mirror_follow(path, d, &progress, &err), &err);
	_exit(0);
}

static struct rusage end_follower(pid_t pid)
{
	struct rusage u = {{0}, {0}};
	int status = 0;

	kill(pid, SIGTERM);
	wait4(pid, &status, 0, &u);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "the follower ended with status %d\n", status);
		exit(1);
	}
	return u;
}

static double seconds_of(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) + (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static void nap(void)
{
	const struct timespec t = {0, NAP_US * 1000L};

	nanosleep(&t, NULL);
}

/* Opens the mirror as soon as it is there, and waits until it is whole and connected. */
static struct mirror *when_filled(const char *path, int64_t begin, struct mirror_state *state)
{
	struct mirror *m = NULL;
	struct error err;

	do {
		struct arena *a = arena_new();

		nap();
		*state = (struct mirror_state){0};
		if (m || mirror_open(path, &m, &err) == 0)
			must(mirror_state(a, m, "corp", state, &err), &err);
		if (state->error)
			fprintf(stderr, "%s\n", state->error);
		arena_free(a);
	} while (!(state->filled && state->connected) && clock_monotonic_us() - begin < PATIENCE);
	if (!state->filled) {
		fprintf(stderr, "not filled in time\n");
		exit(1);
	}
	return m;
}

static int measure_fill(const char *uri, const char *path)
{
	const struct directory_options d = company_options("corp", uris_of(uri));
	int64_t begin = clock_monotonic_us(), took;
	pid_t pid = follow(path, &d);
	struct mirror_state state;
	struct mirror *m = when_filled(path, begin, &state);
	struct rusage used;
	double waited = seconds_without_core(pid);

	took = clock_monotonic_us() - begin;
	mirror_close(m);
	used = end_follower(pid);
	printf("{\"seconds\": %.3f, \"waited_seconds\": %.3f, \"cpu_seconds\": %.3f, \"entries\": %zu, \"most_kib\": %ld}\n",
		(double)took / 1e6, waited, seconds_of(&used), state.people + state.groups, used.ru_maxrss);
	return 0;
}

/* ---- change ---- */

struct changing {
	LDAP *ld;
	struct mirror *mirror;
	struct directory_options options;
	struct company company;
};

static void modify(struct changing *c, int op, const char *dn, const char *attribute, const char *value)
{
	char *values[] = {(char *)value, NULL};
	LDAPMod mod = {.mod_op = op, .mod_type = (char *)attribute, .mod_vals = {.modv_strvals = values}};
	LDAPMod *mods[] = {&mod, NULL};
	int rc = ldap_modify_ext_s(c->ld, dn, mods, NULL, NULL);

	if (rc != LDAP_SUCCESS)
		fail(dn, rc);
}

static bool sees(struct changing *c, size_t person, const char *mail, size_t groups)
{
	char object_id[37];
	const struct mirror_claim claim = {"objectidentifier", object_id};
	const struct mirror_query query = {.claims = &claim, .claim_count = 1};
	struct arena *a = arena_new();
	struct mirror_person p;
	struct error err;
	bool yes;

	company_object_id(person, object_id);
	must(mirror_person(a, c->mirror, &c->options, 1, &query, &p, &err), &err);
	yes = mail ? p.mail && strcmp(p.mail, mail) == 0 : p.group_count == groups;
	arena_free(a);
	return yes;
}

static int64_t until_seen(struct changing *c, int64_t begin, size_t person, const char *mail, size_t groups)
{
	while (!sees(c, person, mail, groups)) {
		nap();
		if (clock_monotonic_us() - begin > PATIENCE) {
			fprintf(stderr, "a change was not seen\n");
			exit(1);
		}
	}
	return clock_monotonic_us() - begin;
}

static int64_t change_mail(struct changing *c, size_t person, size_t turn)
{
	int64_t begin = clock_monotonic_us();
	struct arena *a = arena_new();
	struct entry e;
	char *mail = arena_printf(a, "new.%zu.%zu@example.org", turn, person);

	company_person(a, person, &e);
	modify(c, LDAP_MOD_REPLACE, e.dn, "mail", mail);
	begin = until_seen(c, begin, person, mail, 0);
	arena_free(a);
	return begin;
}

/* Out of a group and back: the first is timed. */
static int64_t change_member(struct changing *c, size_t person, size_t group, size_t groups_after)
{
	int64_t begin = clock_monotonic_us(), took;
	struct arena *a = arena_new();
	struct entry p, g;

	company_person(a, person, &p);
	company_group(a, &c->company, group, &g);
	modify(c, LDAP_MOD_DELETE, g.dn, "member", p.dn);
	took = until_seen(c, begin, person, NULL, groups_after);
	modify(c, LDAP_MOD_ADD, g.dn, "member", p.dn);
	until_seen(c, begin, person, NULL, COMPANY_GROUPS_EACH);
	arena_free(a);
	return took;
}

static void print_times(const char *name, int64_t *times, size_t n, const char *after)
{
	qsort(times, n, sizeof(*times), by_number);
	printf("\"%s\": {\"p50_us\": %lld, \"most_us\": %lld}%s", name, (long long)times[n / 2], (long long)times[n - 1], after);
}

static int measure_change(const char *uri, const char *path, const struct company *company, size_t count)
{
	struct changing c = {.options = company_options("corp", uris_of(uri)), .company = *company, .ld = bound_to(uri)};
	int64_t *mail = calloc(count, sizeof(*mail)), *member = calloc(count, sizeof(*member)), *all = calloc(count, sizeof(*all));
	pid_t pid = follow(path, &c.options);
	struct mirror_state state;

	if (!mail || !member || !all)
		abort();
	c.mirror = when_filled(path, clock_monotonic_us(), &state);
	for (size_t i = 0; i < count; i++) {
		/* of the first column, whose groups lead to five more */
		size_t person = (i * 7919 + 1) % company->people;

		mail[i] = change_mail(&c, person, i);
		member[i] = change_member(&c, person, person % company->width, COMPANY_GROUPS_EACH - 6);
		all[i] = change_member(&c, person, company_everybody(company), COMPANY_GROUPS_EACH - 1);
	}
	mirror_close(c.mirror);
	ldap_unbind_ext_s(c.ld, NULL, NULL);
	end_follower(pid);
	printf("{");
	print_times("mail", mail, count, ", ");
	print_times("member", member, count, ", ");
	print_times("member_of_all", all, count, "}\n");
	free(mail);
	free(member);
	free(all);
	return 0;
}

int main(int argc, char **argv)
{
	struct company c;

	if (argc == 3 && strcmp(argv[1], "read") == 0)
		return measure_read(argv[2]);
	if (argc == 4 && strcmp(argv[1], "fill") == 0)
		return measure_fill(argv[2], argv[3]);
	if (argc != 7 || strcmp(argv[1], "change") != 0 ||
		!company_make(strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10), &c))
		return 2;
	return measure_change(argv[2], argv[3], &c, strtoul(argv[6], NULL, 10));
}
