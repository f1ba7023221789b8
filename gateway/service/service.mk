# The parent and its roles.
noinst_LIBRARIES += gateway/libservice.a
gateway_libservice_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS) $(SECCOMP_CFLAGS) $(CURL_CFLAGS)
gateway_libservice_a_SOURCES = \
	gateway/service/child.c gateway/service/child.h \
	gateway/service/confine.c gateway/service/confine.h \
	gateway/service/folders.c gateway/service/folders.h \
	gateway/service/handover.c gateway/service/handover.h \
	gateway/service/inherit.c gateway/service/inherit.h \
	gateway/service/keys_role.c \
	gateway/service/lines.c gateway/service/lines.h \
	gateway/service/listener_role.c gateway/service/listener_role.h \
	gateway/service/listeners.c gateway/service/listeners.h \
	gateway/service/loaded.c gateway/service/loaded.h \
	gateway/service/metrics_role.c \
	gateway/service/mirror_role.c \
	gateway/service/notify.c gateway/service/notify.h \
	gateway/service/parent.c gateway/service/parent.h \
	gateway/service/posts.c gateway/service/posts.h \
	gateway/service/provision_role.c \
	gateway/service/refresh_role.c \
	gateway/service/refresh_wait.c gateway/service/refresh_wait.h \
	gateway/service/role.c gateway/service/role.h \
	gateway/service/rules_role.c \
	gateway/service/running.c gateway/service/running.h \
	gateway/service/scim_role.c \
	gateway/service/settle.c gateway/service/settle.h \
	gateway/service/units.c gateway/service/units.h \
	gateway/service/units_systemd.c \
	gateway/service/upgrade.c gateway/service/upgrade.h \
	gateway/service/worker.c

SERVICE_LIBS = gateway/libservice.a gateway/libprovisioning.a gateway/libcensus.a $(KEYS_LIBS)

check_PROGRAMS += tests/unit/test_child
tests_unit_test_child_SOURCES = tests/unit/test_child.c tests/unit/unit.h
tests_unit_test_child_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_confine
tests_unit_test_confine_SOURCES = tests/unit/test_confine.c tests/unit/unit.h
tests_unit_test_confine_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_handover
tests_unit_test_handover_SOURCES = tests/unit/test_handover.c tests/unit/unit.h
tests_unit_test_handover_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_keys_role
tests_unit_test_keys_role_SOURCES = tests/unit/test_keys_role.c tests/unit/keys_role_stage.h tests/unit/keys.h tests/unit/unit.h
tests_unit_test_keys_role_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_keys_link
tests_unit_test_keys_link_SOURCES = tests/unit/test_keys_link.c tests/unit/keys_role_stage.h tests/unit/keys.h tests/unit/unit.h
tests_unit_test_keys_link_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_lines
tests_unit_test_lines_SOURCES = tests/unit/test_lines.c tests/unit/unit.h
tests_unit_test_lines_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_folders
tests_unit_test_folders_SOURCES = tests/unit/test_folders.c tests/unit/loaded_stage.h tests/unit/keys.h tests/unit/unit.h
tests_unit_test_folders_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_loaded
tests_unit_test_loaded_SOURCES = tests/unit/test_loaded.c tests/unit/loaded_stage.h tests/unit/keys.h tests/unit/unit.h
tests_unit_test_loaded_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_loaded_refusals
tests_unit_test_loaded_refusals_SOURCES = tests/unit/test_loaded_refusals.c tests/unit/loaded_stage.h tests/unit/keys.h tests/unit/unit.h
tests_unit_test_loaded_refusals_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_refresh_wait
tests_unit_test_refresh_wait_SOURCES = tests/unit/test_refresh_wait.c tests/unit/unit.h
tests_unit_test_refresh_wait_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settle
tests_unit_test_settle_SOURCES = tests/unit/test_settle.c tests/unit/unit.h
tests_unit_test_settle_LDADD = $(SERVICE_LIBS) $(CMOCKA_LIBS)
