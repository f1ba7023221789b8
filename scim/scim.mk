noinst_LIBRARIES += scim/libscim.a
scim_libscim_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
scim_libscim_a_SOURCES = \
	scim/access.c scim/scim.h \
	scim/answer.c \
	scim/changes.c \
	scim/common.c scim/internal.h \
	scim/data.c \
	scim/discovery.c \
	scim/entry.c scim/entry.h \
	scim/filter.c \
	scim/follow.c \
	scim/group.c \
	scim/json.c \
	scim/list.c \
	scim/match.c \
	scim/patch.c \
	scim/reindex.c \
	scim/resource.c \
	scim/standing.c scim/standing.h \
	scim/tokens.c \
	scim/user.c \
	scim/value.c

check_PROGRAMS += tests/unit/test_scim_filter tests/unit/test_scim_patch tests/unit/test_scim_access tests/unit/test_scim \
	tests/unit/test_scim_again tests/unit/test_scim_follow tests/unit/test_scim_limits
tests_unit_test_scim_filter_SOURCES = tests/unit/test_scim_filter.c tests/unit/unit.h
tests_unit_test_scim_filter_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scim_patch_SOURCES = tests/unit/test_scim_patch.c tests/unit/unit.h
tests_unit_test_scim_patch_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scim_access_SOURCES = tests/unit/test_scim_access.c tests/unit/unit.h
tests_unit_test_scim_access_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scim_SOURCES = tests/unit/test_scim.c tests/unit/scim_server.h tests/unit/unit.h
tests_unit_test_scim_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scim_again_SOURCES = tests/unit/test_scim_again.c tests/unit/scim_server.h tests/unit/unit.h
tests_unit_test_scim_again_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scim_follow_SOURCES = tests/unit/test_scim_follow.c tests/unit/scim_server.h tests/unit/unit.h
tests_unit_test_scim_follow_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scim_limits_SOURCES = tests/unit/test_scim_limits.c tests/unit/scim_server.h tests/unit/unit.h
tests_unit_test_scim_limits_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)
