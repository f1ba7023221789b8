# What a person calls.
noinst_LIBRARIES += gateway/libcommands.a
gateway_libcommands_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS)
gateway_libcommands_a_SOURCES = \
	gateway/commands/accounts_command.c \
	gateway/commands/apply_command.c \
	gateway/commands/census_command.c gateway/commands/census_command.h \
	gateway/commands/check.c gateway/commands/check.h \
	gateway/commands/check_accounts.c \
	gateway/commands/check_exceptions.c \
	gateway/commands/check_ledger.c \
	gateway/commands/check_listen.c \
	gateway/commands/check_mirror.c \
	gateway/commands/check_people.c \
	gateway/commands/check_providers.c \
	gateway/commands/check_rules.c \
	gateway/commands/check_scim.c \
	gateway/commands/commands.h \
	gateway/commands/explain.c gateway/commands/explain.h \
	gateway/commands/explain_audit.c \
	gateway/commands/explain_json.c \
	gateway/commands/explain_response.c \
	gateway/commands/explain_text.c \
	gateway/commands/fill_command.c \
	gateway/commands/keys.h \
	gateway/commands/keys_change.c \
	gateway/commands/keys_command.c \
	gateway/commands/keys_list.c \
	gateway/commands/ledger_command.c \
	gateway/commands/ledger_history.c gateway/commands/ledger_history.h \
	gateway/commands/mirror_command.c \
	gateway/commands/mirror_print.c gateway/commands/mirror_print.h \
	gateway/commands/observe_command.c \
	gateway/commands/observe_report.c gateway/commands/observe_report.h \
	gateway/commands/pages_command.c \
	gateway/commands/plan_bill.c gateway/commands/plan_bill.h \
	gateway/commands/plan_command.c \
	gateway/commands/plan_data.c \
	gateway/commands/plan_print.c \
	gateway/commands/prepare_command.c \
	gateway/commands/rules_command.c \
	gateway/commands/scim_command.c \
	gateway/commands/seats_command.c \
	gateway/commands/seats_data.c \
	gateway/commands/seats_html.c \
	gateway/commands/seats_print.c gateway/commands/seats_print.h \
	gateway/commands/setup.c gateway/commands/setup.h \
	gateway/commands/status.c gateway/commands/status.h \
	gateway/commands/status_audit.c \
	gateway/commands/status_command.c \
	gateway/commands/status_json.c \
	gateway/commands/status_print.c \
	gateway/commands/status_processes.c \
	gateway/commands/upgrade_command.c \
	gateway/commands/what_if_command.c \
	gateway/commands/who_command.c

PROGRAM_LIBS = gateway/libcommands.a $(SERVICE_LIBS)

bin_PROGRAMS += postern
postern_SOURCES = gateway/main.c
postern_LDADD = $(PROGRAM_LIBS)

check_PROGRAMS += tests/unit/test_keys
tests_unit_test_keys_SOURCES = tests/unit/test_keys.c tests/unit/keys_stage.h tests/unit/keys.h tests/unit/unit.h
tests_unit_test_keys_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_keys_service
tests_unit_test_keys_service_SOURCES = tests/unit/test_keys_service.c tests/unit/keys_stage.h tests/unit/keys.h tests/unit/unit.h
tests_unit_test_keys_service_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_observe_report
tests_unit_test_observe_report_SOURCES = tests/unit/test_observe_report.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_observe_report_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_observe_report_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_status_table
tests_unit_test_status_table_SOURCES = tests/unit/test_status_table.c tests/unit/unit.h
tests_unit_test_status_table_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)
