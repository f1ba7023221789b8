noinst_LIBRARIES += store/libstore.a
store_libstore_a_SOURCES = store/store.c store/claims.c store/damage.c store/damage.h store/replace.c store/replace.h store/store.h

check_PROGRAMS += tests/unit/test_store
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/unit.h
tests_unit_test_store_LDADD = $(STORE_LIBS) $(CMOCKA_LIBS)
