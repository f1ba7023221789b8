# Everybody of the mirror, judged, counted and priced.
noinst_LIBRARIES += gateway/libcensus.a
gateway_libcensus_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
gateway_libcensus_a_SOURCES = \
	gateway/census/bill.c gateway/census/bill.h \
	gateway/census/census.c gateway/census/census.h \
	gateway/census/seats.h \
	gateway/census/seats_accounts.c \
	gateway/census/seats_count.c \
	gateway/census/seats_lines.c \
	gateway/census/seats_reckon.c \
	gateway/census/seats_record.c gateway/census/seats_record.h

CENSUS_LIBS = gateway/libcensus.a $(GATEWAY_LIBS)

check_PROGRAMS += tests/unit/test_bill
tests_unit_test_bill_SOURCES = tests/unit/test_bill.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_bill_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_bill_LDADD = $(CENSUS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_census
tests_unit_test_census_SOURCES = tests/unit/test_census.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_census_LDADD = $(CENSUS_LIBS) $(CMOCKA_LIBS)
