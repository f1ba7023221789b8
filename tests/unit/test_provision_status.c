/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is left of a look at accounts, and the alarms that come of it. */
#include "tests/unit/unit.h"

#include "gateway/alarms.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#define NOW INT64_C(1795526356)         /* 2026-11-24T13:19:16Z */
#define DAY 86400

static struct arena *a;
static char folder[] = "/tmp/postern-status-XXXXXX";
static struct settings settings;
static struct settings_connection connections[2];
static struct settings_target accounts;

static int begin(void **state)
{
	(void)state;
	a = arena_new();
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	if (!mkdtemp(folder) || mkdir(arena_printf(a, "%s/provision", folder), 0755) < 0)
		return -1;
	accounts = (struct settings_target){.key_ends = 0};
	connections[0] = (struct settings_connection){.name = "organisation", .accounts = &accounts};
	connections[1] = (struct settings_connection){.name = "helpdesk"};
	settings = (struct settings){.state_dir = folder, .audit_file = "/a", .provision = PROVISION_AUTO, .connections = connections,
		.connection_count = 2, .accounts = {.refresh = 4 * 3600, .audit_file = "/b"}};
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(provision_status_path(a, &settings));
	rmdir(arena_printf(a, "%s/provision", folder));
	rmdir(folder);
	arena_free(a);
	return 0;
}

static struct provision_status note(const struct provision_look *look, int64_t now)
{
	struct provision_status s = {0};
	struct error err;

	assert_done(provision_status_note(a, &settings, look, now, &err), err);
	assert_done(provision_status_read(a, &settings, &s, &err), err);
	return s;
}

static const char *alarm_of(enum alarm alarm, int64_t now)
{
	struct host_facts f = {.settings = &settings, .now = now};
	struct alarms alarms;
	struct error ignored;

	if (provision_status_read(a, &settings, &f.accounts, &ignored) < 0)
		f.accounts = (struct provision_status){0};
	f.api_key_count = api_keys_look(a, &settings, &f.api_keys);
	alarms_judge_host(a, &f, &alarms);
	assert_true(alarms.judged[alarm]);
	return alarms.text[alarm];
}

static const char *const targets[] = {"organisation"};
static const struct plan_count counts[] = {{.wanted = 45, .ours = 40, .waiting = 3, .seats_after = 13}};
static const struct plan_task tasks[] = {{.kind = TASK_MAIL_MOVED}, {.kind = TASK_MAIL_MOVED}, {.kind = TASK_TO_PORTAL}};
static const struct plan_problem problems[] = {{.kind = PROBLEM_HELD, .person = "p"}, {.kind = PROBLEM_HELD}, {.kind = PROBLEM_NO_MAIL, .person = "q"}};
static const struct plan plan = {.id = "0123", .targets = targets, .target_count = 1, .counts = counts, .tasks = tasks, .task_count = 3,
	.problems = problems, .problem_count = 3};

static void what_a_plan_left_is_read_back(void **state)
{
	struct provision_status s;
	struct error err;

	(void)state;
	assert_refused(provision_status_read(a, &settings, &s, &err), err, REASON_FILE);
	s = note(&(struct provision_look){.plan = &plan, .left = 7}, NOW);
	assert_int_equal(s.tried, NOW);
	assert_int_equal(s.planned, NOW);
	assert_int_equal(s.succeeded, NOW);
	assert_int_equal(s.failing_since, 0);
	assert_int_equal(s.left, 7);
	assert_int_equal(s.held, 1);
	assert_int_equal(s.tasks[TASK_MAIL_MOVED], 2);
	assert_int_equal(s.tasks[TASK_TO_PORTAL], 1);
	assert_string_equal(s.plan, "0123");
	assert_int_equal(s.place_count, 1);
	assert_string_equal(s.places[0].connection, "organisation");
	assert_int_equal(s.places[0].wanted, 45);
	assert_int_equal(s.places[0].kept, 40);
	assert_int_equal(s.places[0].waiting, 3);
	assert_int_equal(s.places[0].licensed, 13);
	assert_null(s.stopped);
}

static void connections_that_asked_to_be_left_alone_are_known_until_that_is_over(void **state)
{
	static const struct provision_wait first[] = {{"organisation", NOW + 3600}}, second[] = {{"helpdesk", NOW + 100}};
	struct provision_status s;

	(void)state;
	note(&(struct provision_look){.plan = &plan, .waits = first, .wait_count = 1}, NOW);
	s = note(&(struct provision_look){.plan = &plan, .waits = second, .wait_count = 1}, NOW + 1);
	assert_int_equal(s.wait_count, 2);
	assert_int_equal(provision_status_wait(&s, "organisation", NOW + 3599), NOW + 3600);
	assert_int_equal(provision_status_wait(&s, "organisation", NOW + 3600), 0);
	assert_int_equal(provision_status_wait(&s, "elsewhere", NOW), 0);
	s = note(&(struct provision_look){.plan = &plan}, NOW + 101);
	assert_int_equal(s.wait_count, 1);
}

static void a_wait_of_a_clock_that_was_ahead_hides_no_other(void **state)
{
	static const struct provision_wait ahead[] = {{"organisation", NOW + 30 * 86400}}, real[] = {{"organisation", NOW + 3600}};
	struct provision_status s;

	(void)state;
	s = note(&(struct provision_look){.plan = &plan, .waits = ahead, .wait_count = 1}, NOW + 30 * 86400 - 100);
	assert_int_equal(provision_status_wait(&s, "organisation", NOW), 0);
	s = note(&(struct provision_look){.plan = &plan}, NOW);
	assert_int_equal(s.wait_count, 0);
	note(&(struct provision_look){.plan = &plan, .waits = ahead, .wait_count = 1}, NOW + 30 * 86400 - 100);
	s = note(&(struct provision_look){.plan = &plan, .waits = real, .wait_count = 1}, NOW);
	assert_int_equal(s.wait_count, 1);
	assert_int_equal(provision_status_wait(&s, "organisation", NOW), NOW + 3600);
}

static void what_is_kept_is_counted_after_a_plan_was_done(void **state)
{
	static const size_t kept[] = {45};

	(void)state;
	assert_int_equal(note(&(struct provision_look){.plan = &plan, .kept = kept}, NOW).places[0].kept, 45);
}

static void failures_in_a_row_are_an_alarm_after_half_an_hour(void **state)
{
	struct provision_status s;
	struct error why;

	(void)state;
	error_set(&why, REASON_PROVISION_STOP, "organisation: 401");
	assert_null(alarm_of(ALARM_ACCOUNTS_FAIL, NOW));
	note(&(struct provision_look){.plan = &plan}, NOW - DAY);
	note(&(struct provision_look){.failure = &why}, NOW);
	s = note(&(struct provision_look){.failure = &why}, NOW + 1000);
	assert_int_equal(s.failing_since, NOW);
	assert_int_equal(s.succeeded, NOW - DAY);
	assert_string_equal(s.reason, "provision-stop");
	assert_int_equal(s.place_count, 1);             /* of the last plan that there was */
	assert_null(alarm_of(ALARM_ACCOUNTS_FAIL, NOW + PROVISION_FAILING_SECONDS - 1));
	assert_string_equal(alarm_of(ALARM_ACCOUNTS_FAIL, NOW + PROVISION_FAILING_SECONDS),
		"accounts could not be looked after since 2026-11-24T13:19:16Z: organisation: 401");
	s = note(&(struct provision_look){.plan = &plan}, NOW + 2000);
	assert_int_equal(s.failing_since, 0);
	assert_null(s.detail);
	assert_null(alarm_of(ALARM_ACCOUNTS_FAIL, NOW + 2000 + 2 * 4 * 3600 + PROVISION_FAILING_SECONDS));
	assert_non_null(strstr(alarm_of(ALARM_ACCOUNTS_FAIL, NOW + 2001 + 2 * 4 * 3600 + PROVISION_FAILING_SECONDS), "nobody has looked"));
}

static void a_plan_that_is_stopped_is_an_alarm_at_once_and_no_failure(void **state)
{
	struct provision_status s;
	struct error why;

	(void)state;
	error_set(&why, REASON_PLAN_STOPPED, "30 accounts would lose something");
	assert_null(alarm_of(ALARM_ACCOUNTS_STOPPED, NOW));
	note(&(struct provision_look){.failure = &why}, NOW);
	s = note(&(struct provision_look){.failure = &why}, NOW + 60);
	assert_int_equal(s.failing_since, 0);
	assert_int_equal(s.stopped_since, NOW);
	assert_string_equal(alarm_of(ALARM_ACCOUNTS_STOPPED, NOW + 60), "since 2026-11-24T13:19:16Z: 30 accounts would lose something; postern plan "
		"shows it, postern apply --accept does it once");
	/* a place that is down meanwhile takes nothing back */
	error_set(&why, REASON_PROVISION_STOP, "503");
	assert_string_equal(note(&(struct provision_look){.failure = &why}, NOW + 120).stopped, "30 accounts would lose something");
	assert_null(note(&(struct provision_look){.plan = &plan}, NOW + 180).stopped);
	assert_null(alarm_of(ALARM_ACCOUNTS_STOPPED, NOW + 180));
	assert_non_null(note(&(struct provision_look){.plan = &plan, .stopped = "too many"}, NOW + 240).stopped);
	s = note(&(struct provision_look){.plan = &plan, .stopped = "too many", .failure = &why}, NOW + 300);
	assert_string_equal(s.stopped, "too many");
	assert_int_equal(s.failing_since, NOW + 300);
}

static void a_key_that_ends_is_an_alarm_thirty_days_before(void **state)
{
	(void)state;
	assert_null(alarm_of(ALARM_API_KEY_ENDS, NOW));         /* nobody said when, and there is no file */
	accounts.key_ends = NOW + 30 * DAY + 1;
	assert_null(alarm_of(ALARM_API_KEY_ENDS, NOW));
	assert_string_equal(alarm_of(ALARM_API_KEY_ENDS, NOW + 1), "the key of organisation ends on 2026-12-24");
	settings.accounts.organization_key_ends = NOW - 1;
	assert_string_equal(alarm_of(ALARM_API_KEY_ENDS, NOW), "the key of the organisation ended on 2026-11-24");
}

static void a_key_of_which_nobody_says_when_it_ends_lives_for_a_year_at_most(void **state)
{
	const struct timespec times[2] = {{.tv_sec = NOW}, {.tv_sec = NOW}};
	const char *path = arena_printf(a, "%s/key", folder);

	(void)state;
	accounts.key_file = path;
	assert_null(alarm_of(ALARM_API_KEY_ENDS, NOW + 1000 * DAY));
	assert_int_equal(close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_null(alarm_of(ALARM_API_KEY_ENDS, NOW + API_KEY_LIFE - 31 * DAY));
	assert_string_equal(alarm_of(ALARM_API_KEY_ENDS, NOW + API_KEY_LIFE - 1), "the key of organisation ends on 2027-11-24 at the latest (reckoned: "
		"its file is of 2026-11-24, and such a key lives for a year at most; key_ends says it exactly)");
	accounts.key_ends = NOW + 2000 * (int64_t)DAY;
	assert_null(alarm_of(ALARM_API_KEY_ENDS, NOW + API_KEY_LIFE));
	unlink(path);
}

static void who_is_billed_must_have_been_read_lately_where_a_key_reads_it(void **state)
{
	struct host_facts f = {.settings = &settings, .now = NOW};
	struct alarms alarms;

	(void)state;
	alarms_judge_host(a, &f, &alarms);
	assert_false(alarms.judged[ALARM_INVENTORY_OLD]);       /* somebody imports it when they like */
	settings.accounts.organization = "o";
	settings.provision = PROVISION_OFF;
	alarms_judge_host(a, &f, &alarms);
	assert_true(alarms.judged[ALARM_INVENTORY_OLD]);
	assert_non_null(strstr(alarms.text[ALARM_INVENTORY_OLD], "was never read"));
	f.billed.as_of = NOW - 8 * 3600;
	alarms_judge_host(a, &f, &alarms);
	assert_null(alarms.text[ALARM_INVENTORY_OLD]);
	f.now++;
	alarms_judge_host(a, &f, &alarms);
	assert_non_null(strstr(alarms.text[ALARM_INVENTORY_OLD], "who is billed is known as of 2026-11-24T05:19:16Z"));
}

static void where_no_accounts_are_made_there_are_no_such_alarms(void **state)
{
	struct host_facts f = {.settings = &settings, .now = NOW, .accounts = {.stopped = "x", .failing_since = 1}};
	struct alarms alarms;

	(void)state;
	settings.provision = PROVISION_OFF;
	accounts.key_ends = NOW;
	alarms_judge_host(a, &f, &alarms);
	assert_false(alarms.judged[ALARM_ACCOUNTS_STOPPED] || alarms.judged[ALARM_ACCOUNTS_FAIL] || alarms.judged[ALARM_API_KEY_ENDS]);
	assert_null(alarms.text[ALARM_ACCOUNTS_STOPPED]);
	settings.accounts.organization = "o";           /* who is billed is still read */
	alarms_judge_host(a, &f, &alarms);
	assert_true(alarms.judged[ALARM_API_KEY_ENDS]);
	assert_false(alarms.judged[ALARM_ACCOUNTS_FAIL]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_plan_left_is_read_back),
		TEST(connections_that_asked_to_be_left_alone_are_known_until_that_is_over),
		TEST(a_wait_of_a_clock_that_was_ahead_hides_no_other),
		TEST(what_is_kept_is_counted_after_a_plan_was_done),
		TEST(failures_in_a_row_are_an_alarm_after_half_an_hour),
		TEST(a_plan_that_is_stopped_is_an_alarm_at_once_and_no_failure),
		TEST(a_key_that_ends_is_an_alarm_thirty_days_before),
		TEST(a_key_of_which_nobody_says_when_it_ends_lives_for_a_year_at_most),
		TEST(who_is_billed_must_have_been_read_lately_where_a_key_reads_it),
		TEST(where_no_accounts_are_made_there_are_no_such_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
