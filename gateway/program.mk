# Settings and files, the parent, the frame of the roles, the program; gateway.mk has what judges sign-ons.

# The settings alone, for their tests and for all roles.
noinst_LIBRARIES += gateway/libsettings.a
gateway_libsettings_a_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS)
gateway_libsettings_a_SOURCES = \
	gateway/brand.c gateway/brand.h \
	gateway/catalogue.c gateway/catalogue.h \
	gateway/colours.c gateway/colours.h \
	gateway/domains.c gateway/domains.h \
	gateway/files.c gateway/files.h \
	gateway/keyring.c gateway/keyring.h \
	gateway/languages.c gateway/languages.h \
	gateway/mail.c gateway/mail.h \
	gateway/prices.c gateway/prices.h gateway/products.def \
	gateway/settings.c gateway/settings.h \
	gateway/settings_brand.c \
	gateway/settings_claims.c \
	gateway/settings_limits.c \
	gateway/settings_accounts.c \
	gateway/settings_connections.c \
	gateway/settings_directories.c \
	gateway/settings_files.c \
	gateway/settings_ldap_rules.c \
	gateway/settings_links.c \
	gateway/settings_other_rules.c \
	gateway/settings_prices.c \
	gateway/settings_decryption.c \
	gateway/settings_providers.c \
	gateway/settings_reader.c gateway/settings_reader.h \
	gateway/settings_conditions.c \
	gateway/settings_exceptions.c \
	gateway/settings_rules.c \
	gateway/settings_table.def \
	gateway/settings_scim.c \
	gateway/settings_values.c \
	gateway/svg.c gateway/svg_values.c gateway/svg.h
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
	gateway/accounts_command.c \
	gateway/bill.c gateway/bill.h \
	gateway/census.c gateway/census.h \
	gateway/desired_census.c gateway/desired_census.h \
	gateway/desired_parts.h \
	gateway/desired_targets.c \
	gateway/apply_command.c \
	gateway/plan_command.c gateway/plan_print.c \
	gateway/provision_audit.c gateway/provision_audit.h \
	gateway/provision_role.c \
	gateway/provisioning.c gateway/provisioning.h \
	gateway/check.c gateway/check.h \
	gateway/check_exceptions.c gateway/check_ledger.c gateway/check_listen.c gateway/check_mirror.c gateway/check_scim.c \
	gateway/check_people.c \
	gateway/check_providers.c \
	gateway/check_rules.c \
	gateway/child.c gateway/child.h \
	gateway/confine.c gateway/confine.h \
	gateway/fetch.c gateway/fetch.h \
	gateway/fill_command.c \
	gateway/folders.c gateway/folders.h \
	gateway/group_name.c gateway/group_name.h \
	gateway/handover.c gateway/handover.h \
	gateway/inherit.c gateway/inherit.h \
	gateway/keys.h \
	gateway/keys_change.c \
	gateway/keys_command.c gateway/scim_command.c gateway/scim_role.c \
	gateway/keys_list.c \
	gateway/lines.c gateway/lines.h \
	gateway/listeners.c gateway/listeners.h \
	gateway/ledger_command.c \
	gateway/loaded.c gateway/loaded.h \
	gateway/mirror_command.c \
	gateway/mirror_print.c gateway/mirror_print.h \
	gateway/mirror_role.c \
	gateway/notify.c gateway/notify.h \
	gateway/observe_command.c \
	gateway/observe_report.c gateway/observe_report.h \
	gateway/pages_command.c \
	gateway/parent.c gateway/parent.h \
	gateway/posts.c gateway/posts.h \
	gateway/prepare_command.c \
	gateway/refresh_role.c \
	gateway/refresh_wait.c gateway/refresh_wait.h \
	gateway/report.c gateway/report.h \
	gateway/role.c \
	gateway/rules_command.c \
	gateway/rules_role.c \
	gateway/running.c gateway/running.h \
	gateway/status.c gateway/status.h \
	gateway/status_audit.c \
	gateway/status_command.c \
	gateway/status_json.c \
	gateway/status_print.c \
	gateway/status_processes.c \
	gateway/seats.h gateway/seats_count.c \
	gateway/seats_accounts.c \
	gateway/seats_command.c \
	gateway/seats_data.c \
	gateway/seats_html.c \
	gateway/seats_lines.c \
	gateway/seats_print.c \
	gateway/seats_reckon.c \
	gateway/seats_record.c gateway/seats_record.h \
	gateway/upgrade.c gateway/upgrade.h \
	gateway/upgrade_command.c \
	gateway/units.c gateway/units.h gateway/units_systemd.c \
	gateway/what_if_command.c \
	gateway/who_command.c

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
