# Settings and files, the parent, the frame of the roles, the program; gateway.mk has what judges sign-ons.

# The settings alone, for their tests and for all roles.
noinst_LIBRARIES += gateway/libsettings.a
gateway_libsettings_a_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
gateway_libsettings_a_SOURCES = \
	gateway/settings/brand.c gateway/settings/brand.h \
	gateway/settings/catalogue.c gateway/settings/catalogue.h \
	gateway/settings/colours.c gateway/settings/colours.h \
	gateway/settings/domains.c gateway/settings/domains.h \
	gateway/settings/files.c gateway/settings/files.h \
	gateway/settings/keyring.c gateway/settings/keyring.h \
	gateway/settings/languages.c gateway/settings/languages.h \
	gateway/settings/mail.c gateway/settings/mail.h \
	gateway/settings/prices.c gateway/settings/prices.h gateway/settings/products.def \
	gateway/settings/settings.c gateway/settings/settings.h \
	gateway/settings/settings_brand.c \
	gateway/settings/settings_claims.c \
	gateway/settings/settings_limits.c \
	gateway/settings/settings_accounts.c \
	gateway/settings/settings_connections.c \
	gateway/settings/settings_directories.c \
	gateway/settings/settings_files.c \
	gateway/settings/settings_ldap_rules.c \
	gateway/settings/settings_links.c \
	gateway/settings/settings_other_rules.c \
	gateway/settings/settings_prices.c \
	gateway/settings/settings_decryption.c \
	gateway/settings/settings_providers.c \
	gateway/settings/settings_reader.c gateway/settings/settings_reader.h \
	gateway/settings/settings_conditions.c \
	gateway/settings/settings_exceptions.c \
	gateway/settings/settings_rules.c \
	gateway/settings/settings_table.def \
	gateway/settings/settings_scim.c \
	gateway/settings/settings_values.c \
	gateway/settings/svg.c gateway/settings/svg_values.c gateway/settings/svg.h
nodist_gateway_libsettings_a_SOURCES = po/catalogues.c
SETTINGS_LIBS = gateway/libsettings.a scim/libscim.a $(JANSSON_LIBS) $(HTTP_LIBS) $(SAML_LIBS) $(LDAP_MIRROR_LIBS) $(POLICIES_LIBS) -lm

check_PROGRAMS += tests/unit/test_domains tests/unit/test_files tests/unit/test_mail tests/unit/test_settings \
	tests/unit/test_prices tests/unit/test_settings_providers tests/unit/test_settings_conditions tests/unit/test_settings_accounts
tests_unit_test_prices_SOURCES = tests/unit/test_prices.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_prices_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_svg
tests_unit_test_svg_SOURCES = tests/unit/test_svg.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_svg_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_mail_SOURCES = tests/unit/test_mail.c tests/unit/unit.h
tests_unit_test_mail_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_settings_providers_SOURCES = tests/unit/test_settings_providers.c tests/unit/settings_lines.h tests/unit/unit.h
tests_unit_test_settings_providers_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_settings_accounts_SOURCES = tests/unit/test_settings_accounts.c tests/unit/settings_lines.h tests/unit/unit.h
tests_unit_test_settings_accounts_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_domains_SOURCES = tests/unit/test_domains.c tests/unit/unit.h
tests_unit_test_domains_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_files_SOURCES = tests/unit/test_files.c tests/unit/unit.h
tests_unit_test_files_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c tests/unit/settings_lines.h tests/unit/unit.h
tests_unit_test_settings_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += doc/postern.yaml.sample doc/brand/brand.yaml doc/brand/logo.svg doc/brand/logo-dark.svg

# The program: in a library too, so that tests link what they test.
noinst_LIBRARIES += gateway/libprogram.a
gateway_libprogram_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(SECCOMP_CFLAGS) $(CURL_CFLAGS)
gateway_libprogram_a_SOURCES = \
	gateway/commands/accounts_command.c \
	gateway/commands/bill.c gateway/commands/bill.h \
	gateway/census.c gateway/census.h \
	gateway/desired_census.c gateway/desired_census.h \
	gateway/desired_parts.h \
	gateway/desired_targets.c \
	gateway/commands/apply_command.c \
	gateway/commands/plan_bill.c gateway/commands/plan_bill.h \
	gateway/commands/plan_command.c gateway/commands/plan_data.c gateway/commands/plan_print.c \
	gateway/provision_audit.c gateway/provision_audit.h \
	gateway/service/provision_role.c \
	gateway/provisioning.c gateway/provisioning.h \
	gateway/commands/check.c gateway/commands/check.h \
	gateway/commands/check_exceptions.c gateway/commands/check_ledger.c gateway/commands/check_listen.c gateway/commands/check_mirror.c gateway/commands/check_scim.c \
	gateway/commands/check_people.c \
	gateway/commands/check_providers.c \
	gateway/commands/check_rules.c \
	gateway/service/child.c gateway/service/child.h \
	gateway/service/confine.c gateway/service/confine.h \
	gateway/fetch.c gateway/fetch.h \
	gateway/commands/fill_command.c \
	gateway/service/folders.c gateway/service/folders.h \
	gateway/service/handover.c gateway/service/handover.h \
	gateway/service/inherit.c gateway/service/inherit.h \
	gateway/commands/keys.h \
	gateway/commands/keys_change.c \
	gateway/commands/keys_command.c gateway/commands/scim_command.c gateway/service/scim_role.c \
	gateway/commands/keys_list.c \
	gateway/service/lines.c gateway/service/lines.h \
	gateway/service/listeners.c gateway/service/listeners.h \
	gateway/commands/ledger_command.c \
	gateway/service/loaded.c gateway/service/loaded.h \
	gateway/commands/mirror_command.c \
	gateway/commands/mirror_print.c gateway/commands/mirror_print.h \
	gateway/service/mirror_role.c \
	gateway/service/notify.c gateway/service/notify.h \
	gateway/commands/observe_command.c \
	gateway/commands/observe_report.c gateway/commands/observe_report.h \
	gateway/commands/pages_command.c \
	gateway/service/parent.c gateway/service/parent.h \
	gateway/service/posts.c gateway/service/posts.h \
	gateway/commands/prepare_command.c \
	gateway/service/refresh_role.c \
	gateway/service/refresh_wait.c gateway/service/refresh_wait.h \
	gateway/commands/report.c gateway/commands/report.h \
	gateway/service/role.c \
	gateway/commands/rules_command.c \
	gateway/service/rules_role.c \
	gateway/service/running.c gateway/service/running.h \
	gateway/service/settle.c gateway/service/settle.h \
	gateway/commands/status.c gateway/commands/status.h \
	gateway/commands/status_audit.c \
	gateway/commands/status_command.c \
	gateway/commands/status_json.c \
	gateway/commands/status_print.c \
	gateway/commands/status_processes.c \
	gateway/commands/seats.h gateway/commands/seats_count.c \
	gateway/commands/seats_accounts.c \
	gateway/commands/seats_command.c \
	gateway/commands/seats_data.c \
	gateway/commands/seats_html.c \
	gateway/commands/seats_lines.c \
	gateway/commands/seats_print.c \
	gateway/commands/seats_reckon.c \
	gateway/commands/seats_record.c gateway/commands/seats_record.h \
	gateway/service/upgrade.c gateway/service/upgrade.h \
	gateway/commands/upgrade_command.c \
	gateway/service/units.c gateway/service/units.h gateway/service/units_systemd.c \
	gateway/commands/what_if_command.c \
	gateway/commands/who_command.c

# Both halves name each other (a role's frame calls the roles), hence the program twice.
PROGRAM_LIBS = gateway/libprogram.a gateway/libgateway.a gateway/libprogram.a $(GATEWAY_LIBS)

bin_PROGRAMS += postern
postern_SOURCES = gateway/main.c
postern_LDADD = $(PROGRAM_LIBS)

check_PROGRAMS += tests/unit/test_child
tests_unit_test_child_SOURCES = tests/unit/test_child.c tests/unit/unit.h
tests_unit_test_child_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_lines
tests_unit_test_lines_SOURCES = tests/unit/test_lines.c tests/unit/unit.h
tests_unit_test_lines_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_handover
tests_unit_test_handover_SOURCES = tests/unit/test_handover.c tests/unit/unit.h
tests_unit_test_handover_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_loaded
tests_unit_test_loaded_SOURCES = tests/unit/test_loaded.c tests/unit/keys.h tests/unit/unit.h
tests_unit_test_loaded_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_observe_report
tests_unit_test_observe_report_SOURCES = tests/unit/test_observe_report.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_observe_report_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_observe_report_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_status_table
tests_unit_test_status_table_SOURCES = tests/unit/test_status_table.c tests/unit/unit.h
tests_unit_test_status_table_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_report_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_census
tests_unit_test_census_SOURCES = tests/unit/test_census.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_census_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_desired_census
tests_unit_test_desired_census_SOURCES = tests/unit/test_desired_census.c tests/unit/unit.h
tests_unit_test_desired_census_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_bill
tests_unit_test_bill_SOURCES = tests/unit/test_bill.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_bill_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_bill_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_keys
tests_unit_test_keys_SOURCES = tests/unit/test_keys.c tests/unit/keys.h tests/unit/unit.h
tests_unit_test_keys_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_refresh_wait
tests_unit_test_refresh_wait_SOURCES = tests/unit/test_refresh_wait.c tests/unit/unit.h
tests_unit_test_refresh_wait_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settle
tests_unit_test_settle_SOURCES = tests/unit/test_settle.c tests/unit/unit.h
tests_unit_test_settle_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_fetch
tests_unit_test_fetch_SOURCES = tests/unit/test_fetch.c tests/unit/unit.h
tests_unit_test_fetch_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)

tests_unit_test_settings_conditions_SOURCES = tests/unit/test_settings_conditions.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_settings_conditions_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_catalogue
tests_unit_test_catalogue_SOURCES = tests/unit/test_catalogue.c tests/unit/unit.h
tests_unit_test_catalogue_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_confine
tests_unit_test_confine_SOURCES = tests/unit/test_confine.c tests/unit/unit.h
tests_unit_test_confine_LDADD = $(PROGRAM_LIBS) $(CMOCKA_LIBS)
