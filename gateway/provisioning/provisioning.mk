# What everybody is to have at Atlassian, and what `plan`, `apply` and the provision role share.
noinst_LIBRARIES += gateway/libprovisioning.a
gateway_libprovisioning_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
gateway_libprovisioning_a_SOURCES = \
	gateway/provisioning/desired_census.c gateway/provisioning/desired_census.h \
	gateway/provisioning/desired_parts.h \
	gateway/provisioning/desired_targets.c \
	gateway/provisioning/provision_audit.c gateway/provisioning/provision_audit.h \
	gateway/provisioning/provisioning.c gateway/provisioning/provisioning.h

PROVISIONING_LIBS = gateway/libprovisioning.a $(CENSUS_LIBS)

check_PROGRAMS += tests/unit/test_desired_census
tests_unit_test_desired_census_SOURCES = tests/unit/test_desired_census.c tests/unit/unit.h
tests_unit_test_desired_census_LDADD = $(PROVISIONING_LIBS) $(CMOCKA_LIBS)
