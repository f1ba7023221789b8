PROVISION_LIBS += $(JANSSON_LIBS)

noinst_LIBRARIES += provision/libprovision.a
provision_libprovision_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
provision_libprovision_a_SOURCES = \
	provision/account_columns.c provision/account_columns.h \
	provision/account_record.c provision/account_record.h \
	provision/accounts.c provision/accounts.h \
	provision/accounts_import.c \
	provision/csv.c provision/csv.h \
	provision/desired.h \
	provision/step.c provision/step.h \
	provision/world.c provision/world.h

check_PROGRAMS += tests/unit/test_csv tests/unit/test_accounts tests/unit/test_world
tests_unit_test_csv_SOURCES = tests/unit/test_csv.c tests/unit/unit.h
tests_unit_test_csv_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_accounts_SOURCES = tests/unit/test_accounts.c tests/unit/unit.h
tests_unit_test_accounts_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_world_SOURCES = tests/unit/test_world.c tests/unit/unit.h
tests_unit_test_world_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
