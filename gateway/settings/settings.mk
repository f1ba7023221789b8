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
	gateway/settings/prices.c gateway/settings/prices.h \
	gateway/settings/products.def \
	gateway/settings/settings.c gateway/settings/settings.h \
	gateway/settings/settings_accounts.c \
	gateway/settings/settings_brand.c \
	gateway/settings/settings_claims.c \
	gateway/settings/settings_conditions.c \
	gateway/settings/settings_connections.c \
	gateway/settings/settings_decryption.c \
	gateway/settings/settings_directories.c \
	gateway/settings/settings_exceptions.c \
	gateway/settings/settings_files.c \
	gateway/settings/settings_ldap_rules.c \
	gateway/settings/settings_limits.c \
	gateway/settings/settings_links.c \
	gateway/settings/settings_other_rules.c \
	gateway/settings/settings_prices.c \
	gateway/settings/settings_providers.c \
	gateway/settings/settings_reader.c gateway/settings/settings_reader.h \
	gateway/settings/settings_rules.c \
	gateway/settings/settings_scim.c \
	gateway/settings/settings_table.def \
	gateway/settings/settings_values.c \
	gateway/settings/svg.c gateway/settings/svg.h \
	gateway/settings/svg_values.c
nodist_gateway_libsettings_a_SOURCES = po/catalogues.c
EXTRA_DIST += doc/postern.yaml.sample doc/brand/brand.yaml doc/brand/logo.svg doc/brand/logo-dark.svg

SETTINGS_LIBS = gateway/libsettings.a scim/libscim.a $(JANSSON_LIBS) $(HTTP_LIBS) $(SAML_LIBS) $(LDAP_MIRROR_LIBS) $(POLICIES_LIBS) -lm

check_PROGRAMS += tests/unit/test_catalogue
tests_unit_test_catalogue_SOURCES = tests/unit/test_catalogue.c tests/unit/unit.h
tests_unit_test_catalogue_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_domains
tests_unit_test_domains_SOURCES = tests/unit/test_domains.c tests/unit/unit.h
tests_unit_test_domains_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_files
tests_unit_test_files_SOURCES = tests/unit/test_files.c tests/unit/unit.h
tests_unit_test_files_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_mail
tests_unit_test_mail_SOURCES = tests/unit/test_mail.c tests/unit/unit.h
tests_unit_test_mail_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_prices
tests_unit_test_prices_SOURCES = tests/unit/test_prices.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_prices_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settings
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c tests/unit/settings_good.h tests/unit/settings_lines.h tests/unit/unit.h
tests_unit_test_settings_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settings_refusals
tests_unit_test_settings_refusals_SOURCES = tests/unit/test_settings_refusals.c tests/unit/settings_good.h tests/unit/settings_lines.h \
	tests/unit/unit.h
tests_unit_test_settings_refusals_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settings_sample
tests_unit_test_settings_sample_SOURCES = tests/unit/test_settings_sample.c tests/unit/settings_lines.h tests/unit/unit.h
tests_unit_test_settings_sample_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settings_accounts
tests_unit_test_settings_accounts_SOURCES = tests/unit/test_settings_accounts.c tests/unit/settings_lines.h tests/unit/unit.h
tests_unit_test_settings_accounts_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settings_conditions
tests_unit_test_settings_conditions_SOURCES = tests/unit/test_settings_conditions.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_settings_conditions_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_settings_providers
tests_unit_test_settings_providers_SOURCES = tests/unit/test_settings_providers.c tests/unit/settings_lines.h tests/unit/unit.h
tests_unit_test_settings_providers_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_svg
tests_unit_test_svg_SOURCES = tests/unit/test_svg.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_svg_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
