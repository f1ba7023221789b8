noinst_LIBRARIES += base/libbase.a
base_libbase_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS) $(SYSTEMD_CFLAGS) $(CURL_CFLAGS)
base_libbase_a_SOURCES = \
	base/arena.c base/arena.h \
	base/buckets.c base/buckets.h \
	base/builtin_groups.c base/builtin_groups.h \
	base/calendar.c base/zone.c base/calendar.h \
	base/clock.c base/clock.h \
	base/encode.c base/encode.h \
	base/error.c base/error.h base/reasons.def \
	base/file.c base/file.h \
	base/fold.c base/fold.h \
	base/hash.c base/hash.h \
	base/log.c base/log.h \
	base/nearest.c base/nearest.h \
	base/network.c base/network.h \
	base/random.c base/random.h \
	base/seal.c base/seal.h \
	base/text.c base/text.h \
	base/transfer.c base/transfer.h \
	base/yaml.c base/yaml.h \
	base/sanitized.h base/slice.h base/forbid.h

check_PROGRAMS += tests/unit/test_base
tests_unit_test_base_SOURCES = tests/unit/test_base.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_base_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_encode
tests_unit_test_encode_SOURCES = tests/unit/test_encode.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_encode_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_fold
tests_unit_test_fold_SOURCES = tests/unit/test_fold.c tests/unit/unit.h
tests_unit_test_fold_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_path
tests_unit_test_path_SOURCES = tests/unit/test_path.c tests/unit/unit.h
tests_unit_test_path_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_buckets
tests_unit_test_buckets_SOURCES = tests/unit/test_buckets.c tests/unit/unit.h
tests_unit_test_buckets_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_network
tests_unit_test_network_SOURCES = tests/unit/test_network.c tests/unit/unit.h
tests_unit_test_network_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_calendar
tests_unit_test_calendar_SOURCES = tests/unit/test_calendar.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_calendar_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_log
tests_unit_test_log_SOURCES = tests/unit/test_log.c tests/unit/unit.h
tests_unit_test_log_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_log_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
