noinst_LIBRARIES += ldap/libmirror.a
ldap_libmirror_a_CFLAGS = $(AM_CFLAGS) $(LDAP_CFLAGS)
ldap_libmirror_a_SOURCES = \
	ldap/account.c \
	ldap/ad.c ldap/ad.h \
	ldap/ad_dirsync.c \
	ldap/ad_filter.c \
	ldap/ad_rights.c ldap/ad_rights.h \
	ldap/ad_search.c ldap/ad_search.h \
	ldap/ad_server.c \
	ldap/ad_task.c ldap/ad_side.h \
	ldap/ad_usn.c \
	ldap/ad_values.c ldap/ad_values.h \
	ldap/addresses.c ldap/addresses.h \
	ldap/check.c \
	ldap/connection.c ldap/connection.h \
	ldap/container_list.c ldap/container_list.h \
	ldap/containers.c ldap/containers.h \
	ldap/dn.c ldap/mirror.h \
	ldap/feed.c ldap/feed.h \
	ldap/everyone.c \
	ldap/follow.c ldap/follow.h \
	ldap/join.c ldap/reader.h \
	ldap/mirror_edges.c \
	ldap/mirror_entry.c ldap/mirror_write.h ldap/writer.h \
	ldap/mirror_guid.c \
	ldap/mirror_members.c \
	ldap/mirror_read.c \
	ldap/mirror_refresh.c \
	ldap/mirror_rows.c \
	ldap/mirror_rules.c \
	ldap/mirror_show.c \
	ldap/mirror_state.c \
	ldap/mirror_write.c \
	ldap/poll.c ldap/poll.h \
	ldap/poll_values.c ldap/poll_values.h \
	ldap/record.c ldap/record.h \
	ldap/refresh.c \
	ldap/scout.c \
	ldap/sync.c ldap/sync.h \
	ldap/tables.c ldap/tables.h \
	ldap/uuid_set.c ldap/uuid_set.h \
	ldap/walk.c

check_PROGRAMS += tests/unit/test_dn
tests_unit_test_dn_SOURCES = tests/unit/test_dn.c tests/unit/unit.h
tests_unit_test_dn_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_containers
tests_unit_test_containers_SOURCES = tests/unit/test_containers.c tests/unit/unit.h
tests_unit_test_containers_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_everyone
tests_unit_test_everyone_SOURCES = tests/unit/test_everyone.c tests/unit/unit.h
tests_unit_test_everyone_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_poll_values
tests_unit_test_poll_values_SOURCES = tests/unit/test_poll_values.c tests/unit/unit.h
tests_unit_test_poll_values_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

# A directory that is polled; starts slapd as well.
check_PROGRAMS += tests/integration/test_mirror_poll
tests_integration_test_mirror_poll_SOURCES = tests/integration/test_mirror_poll.c tests/integration/slapd.c \
	tests/integration/slapd.h tests/unit/unit.h
tests_integration_test_mirror_poll_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_record
tests_unit_test_record_SOURCES = tests/unit/test_record.c tests/unit/unit.h
tests_unit_test_record_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

# Starts slapd on loopback; see tests/integration/slapd.h.
check_PROGRAMS += tests/integration/test_mirror_slapd
MIRROR_SLAPD_STAGE = tests/integration/mirror_slapd_stage.h tests/integration/slapd.c tests/integration/slapd.h tests/unit/unit.h
tests_integration_test_mirror_slapd_SOURCES = tests/integration/test_mirror_slapd.c $(MIRROR_SLAPD_STAGE)
tests_integration_test_mirror_slapd_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/integration/test_mirror_outages
tests_integration_test_mirror_outages_SOURCES = tests/integration/test_mirror_outages.c $(MIRROR_SLAPD_STAGE)
tests_integration_test_mirror_outages_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_mirror
tests_unit_test_mirror_SOURCES = tests/unit/test_mirror.c tests/unit/mirror_stage.h tests/unit/unit.h
tests_unit_test_mirror_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_mirror_changes
tests_unit_test_mirror_changes_SOURCES = tests/unit/test_mirror_changes.c tests/unit/mirror_stage.h tests/unit/unit.h
tests_unit_test_mirror_changes_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_mirror_state
tests_unit_test_mirror_state_SOURCES = tests/unit/test_mirror_state.c tests/unit/mirror_stage.h tests/unit/unit.h
tests_unit_test_mirror_state_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_removals
tests_unit_test_removals_SOURCES = tests/unit/test_removals.c tests/unit/removals_stage.h tests/unit/unit.h
tests_unit_test_removals_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_removals_held
tests_unit_test_removals_held_SOURCES = tests/unit/test_removals_held.c tests/unit/removals_stage.h tests/unit/unit.h
tests_unit_test_removals_held_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

# For `make bench-mirror`; a test runs it in small.
check_PROGRAMS += tests/bench/mirror_lookup tests/bench/mirror_feed
tests_bench_mirror_lookup_SOURCES = tests/bench/mirror_lookup.c tests/bench/mirror_company.c tests/bench/mirror_company.h
tests_bench_mirror_lookup_LDADD = $(LDAP_MIRROR_LIBS)
tests_bench_mirror_feed_SOURCES = tests/bench/mirror_feed.c tests/bench/mirror_company.c tests/bench/mirror_company.h
tests_bench_mirror_feed_LDADD = $(LDAP_MIRROR_LIBS)

# A server that lies, written with liblber.
check_PROGRAMS += tests/integration/test_mirror_lies
tests_integration_test_mirror_lies_SOURCES = tests/integration/test_mirror_lies.c tests/integration/slapd.h tests/unit/unit.h
tests_integration_test_mirror_lies_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

# Both sides of the mirror for the tests in Python.
check_PROGRAMS += tests/integration/mirror_driver
tests_integration_mirror_driver_SOURCES = tests/integration/mirror_driver.c
tests_integration_mirror_driver_LDADD = $(LDAP_MIRROR_LIBS)

check_PROGRAMS += tests/unit/test_ad_values
tests_unit_test_ad_values_SOURCES = tests/unit/test_ad_values.c tests/unit/unit.h
tests_unit_test_ad_values_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)


check_PROGRAMS += tests/integration/test_mirror_servers
tests_integration_test_mirror_servers_SOURCES = tests/integration/test_mirror_servers.c tests/integration/slapd.c \
	tests/integration/slapd.h tests/unit/unit.h
tests_integration_test_mirror_servers_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/integration/test_mirror_addresses
tests_integration_test_mirror_addresses_SOURCES = tests/integration/test_mirror_addresses.c tests/integration/slapd.c \
	tests/integration/slapd.h tests/unit/unit.h
tests_integration_test_mirror_addresses_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/integration/test_mirror_corners
tests_integration_test_mirror_corners_SOURCES = tests/integration/test_mirror_corners.c tests/integration/slapd.c \
	tests/integration/slapd.h tests/unit/unit.h
tests_integration_test_mirror_corners_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/integration/test_mirror_units
tests_integration_test_mirror_units_SOURCES = tests/integration/test_mirror_units.c tests/integration/slapd.c \
	tests/integration/slapd.h tests/unit/unit.h
tests_integration_test_mirror_units_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)
