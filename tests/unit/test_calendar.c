/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Days, instants and zones, beside the C library's own. */
#include "tests/unit/arena.h"

#include "base/calendar.h"
#include "base/file.h"

#include <time.h>

static void reads_days(void **state)
{
	static const struct {
		const char *text;
		int64_t day;
	} good[] = {
		{"1970-01-01", 0}, {"1969-12-31", -1}, {"2000-02-29", 11016}, {"2026-12-31", 20818}, {"1601-01-01", -134774}, {"9999-12-31", 2932896},
	};
	static const char *const bad[] = {
		"", "2026-12-3", "2026-13-01", "2026-00-01", "2026-02-29", "2100-02-29", "2026-04-31", "2026/12/31", "1600-12-31", "+026-12-31",
		"2026-12-31Z", "20261231", "2026-12-00",
	};
	int64_t day;
	char back[11];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(calendar_read_day(slice_c(good[i].text), &day), 0);
		assert_int_equal(day, good[i].day);
		calendar_write_day(day, back);
		assert_string_equal(back, good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (calendar_read_day(slice_c(bad[i]), &day) == 0)
			fail_msg("%s", bad[i]);
	assert_int_equal(calendar_weekday(0), 3);
	assert_int_equal(calendar_weekday(-1), 2);
	assert_int_equal(calendar_weekday(20818), 3);
}

static void every_day_is_written_and_read_back(void **state)
{
	char text[11];
	int64_t day;

	(void)state;
	for (int64_t d = -134774; d <= 2932896; d++) {
		calendar_write_day(d, text);
		if (calendar_read_day(slice_c(text), &day) < 0 || day != d)
			fail_msg("%s", text);
	}
}

struct instant_row {
	const char *text;
	int64_t instant;
};

static void reads(int (*read)(struct slice, int64_t *), const struct instant_row *rows, size_t n)
{
	int64_t t;

	for (size_t i = 0; i < n; i++)
		if (read(slice_c(rows[i].text), &t) < 0 || t != rows[i].instant)
			fail_msg("%s", rows[i].text);
}

static void refuses_all(int (*read)(struct slice, int64_t *), const char *const *texts)
{
	int64_t t;

	for (; *texts; texts++)
		if (read(slice_c(*texts), &t) == 0)
			fail_msg("%s", *texts);
}

static void reads_instants(void **state)
{
	static const struct instant_row good[] = {
		{"1970-01-01T00:00Z", 0}, {"1970-01-01T00:00:01Z", 1}, {"1970-01-01T00:00:01.999Z", 1}, {"1970-01-01T01:00:00+01:00", 0},
		{"1969-12-31T18:30:00-05:30", 0},
	};
	static const char *const bad[] = {
		"1970-01-01T00:00", "1970-01-01T00:00:00", "1970-01-01 00:00Z", "1970-01-01T24:00Z", "1970-01-01T00:60Z", "1970-01-01T00:00:60Z",
		"1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00+01", "1970-01-01T00:00:00z", "1970-01-01T00:00.5Z", NULL,
	};

	(void)state;
	reads(calendar_read_instant, good, sizeof(good) / sizeof(good[0]));
	refuses_all(calendar_read_instant, bad);
}

static void reads_generalized_time_and_filetime(void **state)
{
	static const struct instant_row good[] = {
		{"19700101000000Z", 0}, {"19700101000000.0Z", 0}, {"19700101000001,5Z", 1}, {"1970010100Z", 0}, {"197001010001Z", 60},
		{"19700101010000+0100", 0}, {"19700101010000+01", 0}, {"19691231190000-0500", 0}, {"20261231235960Z", 1798761599},
	};
	static const char *const bad[] = {
		"", "19700101Z", "19700101000000", "1970010100.5Z", "19700101000000.Z", "19700101000000+1", "19700101000000+01:00", "19701301000000Z",
		"19700101240000Z", "700101000000Z", "19700101000000ZZ", NULL,
	};
	static const struct instant_row ticks[] = {
		{"0", -11644473600}, {"116444736000000000", 0}, {"133801632000000000", 1735689600}, {"2650467743999999999", 253402300799},
	};
	static const char *const bad_ticks[] = {"", "-1", "9223372036854775807", "2650467744000000000", "1e9", NULL};

	(void)state;
	reads(calendar_read_generalized, good, sizeof(good) / sizeof(good[0]));
	refuses_all(calendar_read_generalized, bad);
	reads(calendar_read_filetime, ticks, sizeof(ticks) / sizeof(ticks[0]));
	refuses_all(calendar_read_filetime, bad_ticks);
}

/* 13 moments a day of 130 years, in zones of both hemispheres, beside localtime_r. */
static void zones_are_what_the_c_library_says(void **state)
{
	static const char *const names[] = {"Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "America/Sao_Paulo", "Etc/UTC",
		"America/Nuuk", "Europe/Dublin", "Pacific/Chatham"};
	const struct zone *zone;
	struct slice bytes;
	struct error err;
	struct tm tm;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_done(file_read(a, arena_printf(a, "/usr/share/zoneinfo/%s", names[i]), FILE_PUBLIC, 65536, &bytes, &err), err);
		assert_int_equal(zone_read(a, names[i], bytes, &zone), 0);
		assert_int_equal(setenv("TZ", names[i], 1), 0);
		tzset();
		for (int64_t t = 0; t < (int64_t)130 * 365 * 86400; t += 86400 / 13) {
			time_t seconds = (time_t)t;

			assert_non_null(localtime_r(&seconds, &tm));
			if (zone_offset(zone, t) != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", names[i], (long long)t, zone_offset(zone, t), tm.tm_gmtoff);
			assert_int_equal(calendar_weekday(zone_day(zone, t)), (tm.tm_wday + 6) % 7);
			assert_int_equal(zone_minute(zone, t), tm.tm_hour * 60 + tm.tm_min);
		}
		for (int64_t day = 0; day < 47000; day++)
			if (zone_day(zone, zone_midnight(zone, day)) != day || zone_day(zone, zone_midnight(zone, day) - 1) != day - 1)
				fail_msg("%s: midnight of day %lld", names[i], (long long)day);
	}
	unsetenv("TZ");
	assert_int_equal(zone_midnight(NULL, 1), 86400);
	assert_int_equal(zone_day(NULL, -1), -1);
	assert_string_equal(zone_name(NULL), "UTC");
}

static void damaged_zone_files_are_refused(void **state)
{
	const struct zone *zone;
	struct slice bytes;
	struct error err;
	char *damaged;
	size_t good = 0;
	uint32_t seed = 1;

	(void)state;
	assert_done(file_read(a, "/usr/share/zoneinfo/Europe/Berlin", FILE_PUBLIC, 65536, &bytes, &err), err);
	for (size_t n = 0; n < bytes.n; n++)
		if (zone_read(a, "x", slice_of(arena_copy(a, slice_of(bytes.p, n)), n), &zone) == 0)
			fail_msg("cut to %zu bytes", n);
	for (int round = 0; round < 20000; round++) {
		damaged = arena_copy(a, bytes);
		seed = seed * 1664525u + 1013904223u;
		damaged[(seed >> 8) % bytes.n] ^= (char)(1u << (seed & 7));
		good += zone_read(a, "x", slice_of(damaged, bytes.n), &zone) == 0;
	}
	assert_true(good < 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST_OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
		TEST_OF(reads_days),
		TEST_OF(every_day_is_written_and_read_back),
		TEST_OF(reads_instants),
		TEST_OF(reads_generalized_time_and_filetime),
		TEST_OF(zones_are_what_the_c_library_says),
		TEST_OF(damaged_zone_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
