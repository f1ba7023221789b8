PROVISION_LIBS += $(JANSSON_LIBS) $(CURL_LIBS)

noinst_LIBRARIES += provision/libprovision.a
provision_libprovision_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS)
provision_libprovision_a_SOURCES = \
	provision/account_active.c \
	provision/account_columns.c provision/account_columns.h \
	provision/account_record.c provision/account_record.h \
	provision/accounts.c provision/accounts.h \
	provision/accounts_import.c \
	provision/accounts_news.c provision/accounts_news.h \
	provision/accounts_listed.c \
	provision/accounts_seen.c provision/accounts_seen.h \
	provision/answer.c provision/answer.h \
	provision/apply.c provision/apply.h provision/apply_parts.h \
	provision/apply_brake.c \
	provision/apply_record.c \
	provision/apply_steps.c \
	provision/batches.c provision/batches.h \
	provision/csv.c provision/csv.h \
	provision/desired.h \
	provision/doer.c provision/doer.h \
	provision/jsm_client.h provision/jsm_read.c provision/jsm_step.c provision/jsm_wire.h \
	provision/ledger.c provision/ledger.h \
	provision/ledger_calls.c \
	provision/ledger_clock.c \
	provision/ledger_lost.c \
	provision/ledger_names.c \
	provision/ledger_cut.c \
	provision/ledger_desks.c \
	provision/ledger_record.c provision/ledger_record.h \
	provision/organization_client.h provision/organization_domains.c provision/organization_read.c provision/organization_step.c provision/organization_wire.h \
	provision/plan.c provision/plan.h \
	provision/plan_attach.c \
	provision/plan_beyond.c \
	provision/plan_fingerprint.c \
	provision/plan_groups.c provision/plan_groups.h \
	provision/plan_json.c \
	provision/plan_kinds.c \
	provision/plan_new_groups.c \
	provision/plan_leaving.c \
	provision/plan_match.c \
	provision/plan_moves.c \
	provision/plan_parts.h \
	provision/plan_people.c \
	provision/plan_sides.c \
	provision/plan_words.c \
	provision/scim_client.h provision/scim_read.c provision/scim_step.c provision/scim_wire.h \
	provision/scim_groups.c provision/scim_steps.h provision/scim_users.c \
	provision/sorted.c provision/sorted.h \
	provision/step.c provision/step.h \
	provision/step_check.c provision/step_check.h \
	provision/step_json.c provision/step_json.h \
	provision/way_back.c provision/way_back.h \
	provision/left_alone.h provision/web.c provision/web.h \
	provision/web_pace.c provision/web_pace.h \
	provision/world.c provision/world.h

check_PROGRAMS += tests/unit/test_csv tests/unit/test_accounts tests/unit/test_accounts_seen tests/unit/test_world
ACCOUNTS_SEEN_STAGE = tests/unit/accounts_seen_stage.h tests/unit/inventory.h tests/unit/unit.h
tests_unit_test_accounts_seen_SOURCES = tests/unit/test_accounts_seen.c $(ACCOUNTS_SEEN_STAGE)
tests_unit_test_accounts_seen_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_accounts_seen_file
tests_unit_test_accounts_seen_file_SOURCES = tests/unit/test_accounts_seen_file.c $(ACCOUNTS_SEEN_STAGE)
tests_unit_test_accounts_seen_file_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_csv_SOURCES = tests/unit/test_csv.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_csv_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
ACCOUNTS_STAGE = tests/unit/accounts_stage.h tests/unit/inventory.h tests/unit/unit.h
tests_unit_test_accounts_SOURCES = tests/unit/test_accounts.c $(ACCOUNTS_STAGE)
tests_unit_test_accounts_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_accounts_news tests/unit/test_accounts_file
tests_unit_test_accounts_news_SOURCES = tests/unit/test_accounts_news.c $(ACCOUNTS_STAGE)
tests_unit_test_accounts_news_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_accounts_file_SOURCES = tests/unit/test_accounts_file.c $(ACCOUNTS_STAGE)
tests_unit_test_accounts_file_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_world_SOURCES = tests/unit/test_world.c tests/unit/unit.h
tests_unit_test_world_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_web
WEB_STAGE = tests/unit/web_stage.h tests/unit/scripted_server.c tests/unit/scripted_server.h tests/unit/unit.h
tests_unit_test_web_SOURCES = tests/unit/test_web.c $(WEB_STAGE)
tests_unit_test_web_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_web_pace
tests_unit_test_web_pace_SOURCES = tests/unit/test_web_pace.c $(WEB_STAGE)
tests_unit_test_web_pace_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_scim_client
SCIM_CLIENT_STAGE = tests/unit/scim_client_stage.h tests/unit/doer_fixture.h tests/unit/scripted_server.c tests/unit/scripted_server.h \
	tests/unit/unit.h
tests_unit_test_scim_client_SOURCES = tests/unit/test_scim_client.c $(SCIM_CLIENT_STAGE)
tests_unit_test_scim_client_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_scim_step
tests_unit_test_scim_step_SOURCES = tests/unit/test_scim_step.c $(SCIM_CLIENT_STAGE)
tests_unit_test_scim_step_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_jsm_client
tests_unit_test_jsm_client_SOURCES = tests/unit/test_jsm_client.c tests/unit/doer_fixture.h \
	tests/unit/scripted_server.c tests/unit/scripted_server.h tests/unit/unit.h
tests_unit_test_jsm_client_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_organization_client
tests_unit_test_organization_client_SOURCES = tests/unit/test_organization_client.c tests/unit/doer_fixture.h \
	tests/unit/scripted_server.c tests/unit/scripted_server.h tests/unit/unit.h
tests_unit_test_organization_client_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_plan tests/unit/test_ledger tests/unit/test_apply tests/unit/test_way_back
tests_unit_test_way_back_SOURCES = tests/unit/test_way_back.c tests/unit/way_back_stage.h tests/unit/unit.h
tests_unit_test_way_back_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_way_back_done
tests_unit_test_way_back_done_SOURCES = tests/unit/test_way_back_done.c tests/unit/way_back_stage.h tests/unit/unit.h
tests_unit_test_way_back_done_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
APPLY_STAGE = tests/unit/apply_stage.h tests/unit/atlassian_model.c tests/unit/atlassian_model.h tests/unit/list.h tests/unit/unit.h
tests_unit_test_apply_SOURCES = tests/unit/test_apply.c $(APPLY_STAGE)
tests_unit_test_apply_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_apply_killed tests/unit/test_apply_random
tests_unit_test_apply_killed_SOURCES = tests/unit/test_apply_killed.c $(APPLY_STAGE)
tests_unit_test_apply_killed_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_apply_random_SOURCES = tests/unit/test_apply_random.c $(APPLY_STAGE)
tests_unit_test_apply_random_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
PLAN_STAGE = tests/unit/plan_stage.h tests/unit/list.h tests/unit/unit.h
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c $(PLAN_STAGE)
tests_unit_test_plan_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_plan_leaving tests/unit/test_plan_groups tests/unit/test_plan_json
tests_unit_test_plan_leaving_SOURCES = tests/unit/test_plan_leaving.c $(PLAN_STAGE)
tests_unit_test_plan_leaving_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_groups_SOURCES = tests/unit/test_plan_groups.c $(PLAN_STAGE)
tests_unit_test_plan_groups_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_json_SOURCES = tests/unit/test_plan_json.c $(PLAN_STAGE)
tests_unit_test_plan_json_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_apply_brake
tests_unit_test_apply_brake_SOURCES = tests/unit/test_apply_brake.c tests/unit/unit.h
tests_unit_test_apply_brake_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_plan_new_groups
tests_unit_test_plan_new_groups_SOURCES = tests/unit/test_plan_new_groups.c tests/unit/unit.h
tests_unit_test_plan_new_groups_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_plan_domains
tests_unit_test_plan_domains_SOURCES = tests/unit/test_plan_domains.c tests/unit/unit.h
tests_unit_test_plan_domains_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_plan_attach
tests_unit_test_plan_attach_SOURCES = tests/unit/test_plan_attach.c tests/unit/unit.h
tests_unit_test_plan_attach_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_plan_property
tests_unit_test_plan_property_SOURCES = tests/unit/test_plan_property.c tests/unit/plan_stage.h tests/unit/list.h tests/unit/unit.h
tests_unit_test_plan_property_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_plan_limits
tests_unit_test_plan_limits_SOURCES = tests/unit/test_plan_limits.c tests/unit/unit.h
tests_unit_test_plan_limits_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ledger_SOURCES = tests/unit/test_ledger.c tests/unit/ledger_stage.h tests/unit/unit.h
tests_unit_test_ledger_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_ledger_desks
tests_unit_test_ledger_desks_SOURCES = tests/unit/test_ledger_desks.c tests/unit/ledger_stage.h tests/unit/unit.h
tests_unit_test_ledger_desks_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)
