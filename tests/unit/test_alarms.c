/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which alarms are on for which facts, and the small files that the facts come from. */
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/file.h"
#include "gateway/alarms.h"
#include "gateway/gateway.h"

#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#define NOW INT64_C(1795526356)
#define HOUR INT64_C(3600)
#define DAY INT64_C(86400)

static struct arena *a;
static struct settings_provider setting;
static struct saml_provider_key keys[2];
static struct saml_provider_info document;
static struct alarm_facts facts;
static struct error err;

/* A sound provider: fetched an hour ago, two keys with years to go, the first in use. */
static int begin(void **state)
{
	(void)state;
	a = arena_new();
	setting = (struct settings_provider){.name = "entra", .metadata_url = "https://idp.example/m", .alarm_age = 7 * DAY, .alarm_failing = DAY};
	keys[0] = (struct saml_provider_key){"aaaa", NOW + 900 * DAY};
	keys[1] = (struct saml_provider_key){"bbbb", NOW + 400 * DAY};
	document = (struct saml_provider_info){
		.entity_id = "https://sts.example/", .key_count = 2, .keys_until = NOW + 900 * DAY, .keys = keys, .keys_listed = 2,
	};
	facts = (struct alarm_facts){
		.setting = &setting, .document = &document, .now = NOW,
		.status = {.url = setting.metadata_url, .taken = NOW - 90 * DAY, .confirmed = NOW - HOUR, .tried = NOW - HOUR},
		.key = {.entity = "https://sts.example/", .fingerprint = "aaaa", .seen = NOW - HOUR},
	};
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* The one alarm that is on; ALARM_COUNT: none.  More than one fails. */
static enum alarm on(void)
{
	struct alarms alarms;
	enum alarm found = ALARM_COUNT;
	int i;

	alarms_judge(a, &facts, &alarms);
	for (i = 0; i < ALARM_COUNT; i++) {
		if (!alarms.text[i])
			continue;
		if (found != ALARM_COUNT)
			fail_msg("%s and %s", alarm_word(found), alarm_word((enum alarm)i));
		found = (enum alarm)i;
	}
	return found;
}

static void nothing_is_on_when_all_is_well(void **state)
{
	(void)state;
	assert_int_equal(on(), ALARM_COUNT);
	facts.status = (struct metadata_status){0};     /* metadata in a file */
	facts.key = (struct metadata_key){0};           /* before the first sign-on */
	assert_int_equal(on(), ALARM_COUNT);
}

static void fetches_must_fail_for_as_long_as_is_set(void **state)
{
	(void)state;
	facts.status.failing_since = NOW - DAY + 1;
	assert_int_equal(on(), ALARM_COUNT);
	facts.status.failing_since = NOW - DAY;
	assert_int_equal(on(), ALARM_METADATA_FETCH);
	setting.alarm_failing = 2 * DAY;
	assert_int_equal(on(), ALARM_COUNT);
}

static void metadata_that_nobody_confirmed_for_long_is_old(void **state)
{
	(void)state;
	facts.status.confirmed = NOW - 7 * DAY + 1;
	assert_int_equal(on(), ALARM_COUNT);
	facts.status.confirmed = NOW - 7 * DAY;
	assert_int_equal(on(), ALARM_METADATA_OLD);
}

static void a_validity_that_is_not_renewed_is_told_in_time(void **state)
{
	(void)state;
	document.valid_until = NOW + 2 * DAY;
	assert_int_equal(on(), ALARM_COUNT);
	document.valid_until = NOW + 2 * DAY - 1;
	assert_int_equal(on(), ALARM_METADATA_ENDS);
	/* metadata of a day's validity that is renewed within the day is as it should be */
	facts.status.taken = NOW - 8 * HOUR;
	document.valid_until = NOW + 16 * HOUR;
	assert_int_equal(on(), ALARM_COUNT);
	facts.status.taken = NOW - 20 * HOUR;
	document.valid_until = NOW + 4 * HOUR;
	assert_int_equal(on(), ALARM_METADATA_ENDS);
}

static void no_usable_metadata_is_an_alarm(void **state)
{
	struct alarms alarms;

	(void)state;
	facts.document = NULL;
	assert_int_equal(on(), ALARM_METADATA_MISSING);
	facts.document = &document;
	document.valid_until = NOW;
	alarms_judge(a, &facts, &alarms);
	assert_non_null(alarms.text[ALARM_METADATA_MISSING]);
	assert_non_null(alarms.text[ALARM_METADATA_ENDS]);
}

static void the_key_in_use_must_be_in_the_document(void **state)
{
	(void)state;
	facts.key.fingerprint = "cccc";
	assert_int_equal(on(), ALARM_KEY_LEFT);
	facts.key.fingerprint = "bbbb";
	assert_int_equal(on(), ALARM_COUNT);
	document.keys_listed = 1;
	assert_int_equal(on(), ALARM_KEY_LEFT);
}

/* The file beside the metadata is written by roles with fewer rights, and nobody's clock is right for ever. */
static void times_beyond_the_calendar_end_nobody(void **state)
{
	(void)state;
	facts.key = (struct metadata_key){.entity = "https://sts.example/", .fingerprint = "cccc", .seen = (INT64_C(1) << 40) - 1};
	assert_int_equal(on(), ALARM_KEY_LEFT);
	facts.key = (struct metadata_key){0};
	facts.status.confirmed = -1;
	assert_int_equal(on(), ALARM_METADATA_OLD);
}

static void the_key_in_use_counts_and_not_the_one_that_lasts_longest(void **state)
{
	struct alarms alarms;

	(void)state;
	keys[1].not_after = NOW + 30 * DAY - 1;
	assert_int_equal(on(), ALARM_COUNT);
	facts.key.fingerprint = "bbbb";
	assert_int_equal(on(), ALARM_KEY_ENDS);
	keys[1].not_after = NOW - 1;
	alarms_judge(a, &facts, &alarms);
	assert_non_null(strstr(alarms.text[ALARM_KEY_ENDS], "ended on"));
	/* as long as no sign-on has shown which it is, the last one counts */
	facts.key = (struct metadata_key){0};
	assert_int_equal(on(), ALARM_COUNT);
	document.keys_until = NOW + 29 * DAY;
	assert_int_equal(on(), ALARM_KEY_ENDS);
}

/* ---- the files ---- */

static char folder[] = "/tmp/test_alarms.XXXXXX";
static struct settings settings;

static int begin_folder(void **state)
{
	begin(state);
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(arena_printf(a, "%s/metadata", folder), 0700), 0);
	assert_int_equal(mkdir(arena_printf(a, "%s/seen", folder), 0700), 0);
	settings = (struct settings){.state_dir = folder, .providers = &setting, .provider_count = 1};
	return 0;
}

static int end_folder(void **state)
{
	unlink(settings_metadata_status_path(a, &settings, "entra"));
	unlink(settings_metadata_key_path(a, &settings, "entra"));
	unlink(settings_metadata_path(a, &settings, "entra"));
	rmdir(arena_printf(a, "%s/metadata", folder));
	rmdir(arena_printf(a, "%s/seen", folder));
	rmdir(folder);
	return end(state);
}

static void gather(void)
{
	alarms_gather(a, &settings, &setting, &document, NOW, &facts);
}

static void what_is_written_is_read_again(void **state)
{
	struct metadata_status status = {
		.url = setting.metadata_url, .source = setting.metadata_url, .entity = "https://sts.example/", .taken = 1, .confirmed = 2, .tried = 3,
		.failing_since = 4, .result = "failed", .detail = "with \"quotes\" and \xc3\xa4",
	};
	struct metadata_key key = {.entity = "https://sts.example/", .fingerprint = "aaaa", .not_after = 5, .seen = 6};

	(void)state;
	assert_done(metadata_status_write(settings_metadata_status_path(a, &settings, "entra"), &status, &err), err);
	assert_done(metadata_key_write(settings_metadata_key_path(a, &settings, "entra"), &key, &err), err);
	gather();
	assert_string_equal(facts.status.entity, status.entity);
	assert_string_equal(facts.status.source, status.source);
	assert_string_equal(facts.status.detail, status.detail);
	assert_int_equal(facts.status.confirmed, 2);
	assert_int_equal(facts.status.failing_since, 4);
	assert_string_equal(facts.key.fingerprint, "aaaa");
	assert_int_equal(facts.key.seen, 6);
}

static void facts_of_another_address_or_entity_are_not_taken(void **state)
{
	struct metadata_status status = {.url = "https://old.example/m", .confirmed = 2, .failing_since = 4};
	struct metadata_key key = {.entity = "https://other.example/", .fingerprint = "cccc", .seen = 6};

	(void)state;
	assert_done(metadata_status_write(settings_metadata_status_path(a, &settings, "entra"), &status, &err), err);
	assert_done(metadata_key_write(settings_metadata_key_path(a, &settings, "entra"), &key, &err), err);
	gather();
	assert_int_equal(facts.status.failing_since, 0);
	assert_null(facts.key.fingerprint);
	assert_int_equal(on(), ALARM_COUNT);
}

static void broken_files_say_nothing(void **state)
{
	static const char *const wrong[] = {
		"", "[]", "{", "{\"entity\":1}", "{\"entity\":\"e\",\"entity\":\"f\",\"fingerprint\":\"x\",\"seen\":1}", "{\"entity\":\"e\",\"seen\":1}",
		"{\"entity\":\"e\",\"fingerprint\":\"x\",\"seen\":-1}",
	};
	const char *path = settings_metadata_key_path(a, &settings, "entra");
	struct metadata_key key = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_done(file_write(path, 0600, slice_c(wrong[i]), &err), err);
		assert_refused(metadata_key_read(a, path, &key, &err), err, REASON_FILE);
		assert_null(key.fingerprint);
	}
}

static void a_copy_without_status_is_as_old_as_its_file(void **state)
{
	(void)state;
	assert_done(file_write(settings_metadata_path(a, &settings, "entra"), 0600, slice_c("x"), &err), err);
	gather();
	assert_true(facts.status.confirmed > NOW - 3650 * DAY);
}

/* ---- a directory ---- */

static const char *stale_text(int64_t age, bool filled)
{
	static const struct directory_options directories[] = {{.name = "corp"}};
	static const struct settings_directory sources[] = {{.stale_after = HOUR, .stale_grace = DAY}};
	static const struct settings s = {.directories = directories, .directory_sources = sources, .directory_count = 1};
	struct directory_facts f = {.settings = &s, .directory = "corp", .filled = filled, .as_of = NOW - age, .error = "no answer", .now = NOW};
	struct alarms alarms;
	int i;

	alarms_judge_directory(a, &f, &alarms);
	for (i = 0; i < ALARM_COUNT; i++) {
		assert_int_equal(alarms.judged[i], i == ALARM_MIRROR_STALE || i == ALARM_MIRROR_REMOVAL);
		assert_true(i == ALARM_MIRROR_STALE || !alarms.text[i]);
	}
	return alarms.text[ALARM_MIRROR_STALE];
}

static void stale_data_is_an_alarm_until_the_directory_is_reached(void **state)
{
	(void)state;
	assert_null(stale_text(0, true));
	assert_null(stale_text(HOUR, true));
	assert_string_equal(stale_text(HOUR + 1, true), "it was last heard of at 2026-11-24T12:19:15Z; its people are signed on by that until "
		"2026-11-25T13:19:15Z: no answer");
	assert_string_equal(stale_text(HOUR + DAY + 1, true), "it was last heard of at 2026-11-23T12:19:15Z; its people have been refused since "
		"2026-11-24T13:19:15Z: no answer");
	assert_non_null(strstr(stale_text(-HOUR, true), "is not known"));
	assert_null(stale_text(HOUR + 1, false));
}

static void what_is_held_is_an_alarm_with_counts(void **state)
{
	static const struct directory_options directories[] = {{.name = "corp"}};
	static const struct settings_directory sources[] = {{.stale_after = HOUR, .stale_grace = DAY}};
	static const struct settings s = {.directories = directories, .directory_sources = sources, .directory_count = 1};
	struct directory_facts f = {.settings = &s, .directory = "corp", .filled = true, .as_of = NOW, .now = NOW};
	struct alarms alarms;

	(void)state;
	alarms_judge_directory(a, &f, &alarms);
	assert_null(alarms.text[ALARM_MIRROR_REMOVAL]);
	f.groups_held = (struct mirror_removal){7, 9, NOW - HOUR};
	alarms_judge_directory(a, &f, &alarms);
	assert_string_equal(alarms.text[ALARM_MIRROR_REMOVAL], "since 2026-11-24T12:19:16Z it would lose 7 of 9 groups, which are kept "
		"until postern mirror accept corp, or until they are back");
	f.people_held = (struct mirror_removal){50, 90, NOW - DAY};
	alarms_judge_directory(a, &f, &alarms);
	assert_non_null(strstr(alarms.text[ALARM_MIRROR_REMOVAL], "since 2026-11-23T13:19:16Z it would lose 50 of 90 people and 7 of 9 groups, "));
	assert_null(alarms.text[ALARM_MIRROR_STALE]);
}

static void an_alarm_of_a_directory_is_none_of_a_provider(void **state)
{
	struct alarms alarms;

	(void)state;
	alarms_judge(a, &facts, &alarms);
	assert_false(alarms.judged[ALARM_MIRROR_STALE]);
	assert_true(alarms.judged[ALARM_METADATA_OLD]);
}

static void an_audit_that_cannot_be_written_is_an_alarm(void **state)
{
	struct settings s = {.audit_file = "/var/lib/postern/audit.jsonl"};
	struct host_facts f = {.settings = &s};
	struct alarms alarms;

	(void)state;
	alarms_judge_host(a, &f, &alarms);
	assert_null(alarms.text[ALARM_AUDIT_FAILS]);
	assert_true(alarms.judged[ALARM_AUDIT_FAILS]);
	assert_false(alarms.judged[ALARM_MIRROR_STALE]);
	f.audit_failing_since = NOW;
	alarms_judge_host(a, &f, &alarms);
	assert_string_equal(alarms.text[ALARM_AUDIT_FAILS], "lines for /var/lib/postern/audit.jsonl are lost since 2026-11-24T13:19:16Z; sign-ons "
		"are refused until it can be written");
	s.audit_failure = AUDIT_CONTINUE;
	alarms_judge_host(a, &f, &alarms);
	assert_non_null(strstr(alarms.text[ALARM_AUDIT_FAILS], "sign-ons go on unrecorded"));
}

static void who_is_billed_newly_is_named(void **state)
{
	struct accounts_newly people[60] = {{"ada@example.org", "Trello", NOW - 5}, {"bob@example.org", "", NOW - 9}};
	struct settings s = {.audit_file = "x"};
	struct host_facts f = {.settings = &s};
	struct alarms alarms;

	(void)state;
	alarms_judge_host(a, &f, &alarms);
	assert_null(alarms.text[ALARM_BILLED_NEWLY]);
	assert_true(alarms.judged[ALARM_BILLED_NEWLY]);
	f.billed = (struct accounts_news){.people = people, .count = 1, .newest = NOW - 5};
	alarms_judge_host(a, &f, &alarms);
	assert_string_equal(alarms.text[ALARM_BILLED_NEWLY], "1 person is billed since a day at most: ada@example.org (Trello)");
	f.billed.count = 2;
	alarms_judge_host(a, &f, &alarms);
	assert_string_equal(alarms.text[ALARM_BILLED_NEWLY], "2 people are billed since a day at most: ada@example.org (Trello), "
		"bob@example.org (product not said)");
	for (size_t i = 2; i < 60; i++)
		people[i] = (struct accounts_newly){arena_printf(a, "%zu@example.org", i), "Trello", NOW - 5};
	f.billed = (struct accounts_news){.people = people, .count = 60, .more = 30, .newest = NOW - 5};
	alarms_judge_host(a, &f, &alarms);
	assert_non_null(strstr(alarms.text[ALARM_BILLED_NEWLY], "90 people"));
	assert_non_null(strstr(alarms.text[ALARM_BILLED_NEWLY], ", 49@example.org (Trello) and 40 more; postern seats --csv names everybody"));
	/* and a line of the log holds it */
	for (size_t i = 0; i < 60; i++)
		people[i].products = arena_printf(a, "%0300d", 0);
	alarms_judge_host(a, &f, &alarms);
	assert_true(strlen(alarms.text[ALARM_BILLED_NEWLY]) < 3500);
	assert_non_null(strstr(alarms.text[ALARM_BILLED_NEWLY], " more; postern seats --csv names everybody"));
}

#define MIB (INT64_C(1) << 20)

static void a_disk_is_low_in_itself_and_for_its_size(void **state)
{
	struct settings s = {.audit_file = "/a"};
	struct host_facts f = {.settings = &s, .disks = {{"state_dir", "/state", 255 * MIB, 100000 * MIB}}};
	struct alarms alarms;

	(void)state;
	alarms_judge_host(a, &f, &alarms);
	assert_string_equal(alarms.text[ALARM_DISK_LOW], "the disk of /state (state_dir) has 255 of 100000 MiB left");
	f.disks[0].free = 256 * MIB;
	f.disks[1] = (struct disk){"runtime_dir", "/run", 20 * MIB, 200 * MIB};       /* small, and meant to be */
	f.disks[2] = (struct disk){"audit_file", "/", -1, -1};
	alarms_judge_host(a, &f, &alarms);
	assert_null(alarms.text[ALARM_DISK_LOW]);
	f.disks[1].free--;
	alarms_judge_host(a, &f, &alarms);
	assert_non_null(alarms.text[ALARM_DISK_LOW]);
}

static void the_disks_that_are_looked_at_are_those_of_the_settings(void **state)
{
	const struct settings s = {.state_dir = "/", .runtime_dir = "/there/is/no/such/folder", .audit_file = "/audit.jsonl"};
	struct disk disks[DISKS];

	(void)state;
	disks_look(a, &s, disks);
	assert_true(disks[0].size > 0 && disks[0].free >= 0 && disks[0].free <= disks[0].size);
	assert_int_equal(disks[1].free, -1);
	assert_string_equal(disks[2].folder, "/");
	assert_int_equal(disks[2].size, disks[0].size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_on_when_all_is_well, begin, end),
		cmocka_unit_test_setup_teardown(fetches_must_fail_for_as_long_as_is_set, begin, end),
		cmocka_unit_test_setup_teardown(metadata_that_nobody_confirmed_for_long_is_old, begin, end),
		cmocka_unit_test_setup_teardown(a_validity_that_is_not_renewed_is_told_in_time, begin, end),
		cmocka_unit_test_setup_teardown(no_usable_metadata_is_an_alarm, begin, end),
		cmocka_unit_test_setup_teardown(the_key_in_use_must_be_in_the_document, begin, end),
		cmocka_unit_test_setup_teardown(times_beyond_the_calendar_end_nobody, begin, end),
		cmocka_unit_test_setup_teardown(the_key_in_use_counts_and_not_the_one_that_lasts_longest, begin, end),
		cmocka_unit_test_setup_teardown(stale_data_is_an_alarm_until_the_directory_is_reached, begin, end),
		cmocka_unit_test_setup_teardown(what_is_held_is_an_alarm_with_counts, begin, end),
		cmocka_unit_test_setup_teardown(an_alarm_of_a_directory_is_none_of_a_provider, begin, end),
		cmocka_unit_test_setup_teardown(an_audit_that_cannot_be_written_is_an_alarm, begin, end),
		cmocka_unit_test_setup_teardown(who_is_billed_newly_is_named, begin, end),
		cmocka_unit_test_setup_teardown(a_disk_is_low_in_itself_and_for_its_size, begin, end),
		cmocka_unit_test_setup_teardown(the_disks_that_are_looked_at_are_those_of_the_settings, begin, end),
		cmocka_unit_test_setup_teardown(what_is_written_is_read_again, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(facts_of_another_address_or_entity_are_not_taken, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(broken_files_say_nothing, begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(a_copy_without_status_is_as_old_as_its_file, begin_folder, end_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
