# Settings and files, the parent, the frame of the roles, the program; gateway.mk has what judges sign-ons.

# The settings alone, for their tests and for all roles.
noinst_LIBRARIES += gateway/libsettings.a
gateway_libsettings_a_SOURCES = \
	gateway/files.c gateway/files.h \
	gateway/settings.c gateway/settings.h \
	gateway/settings_connections.c \
	gateway/settings_directories.c \
	gateway/settings_files.c \
	gateway/settings_links.c \
	gateway/settings_providers.c \
	gateway/settings_reader.c gateway/settings_reader.h \
	gateway/settings_rules.c \
	gateway/settings_table.def \
	gateway/settings_values.c
SETTINGS_LIBS = gateway/libsettings.a $(HTTP_LIBS) $(SAML_LIBS) $(LDAP_MIRROR_LIBS) $(POLICIES_LIBS)

check_PROGRAMS += tests/unit/test_files tests/unit/test_settings
tests_unit_test_files_SOURCES = tests/unit/test_files.c tests/unit/unit.h
tests_unit_test_files_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_settings_SOURCES = tests/unit/test_settings.c tests/unit/unit.h
tests_unit_test_settings_LDADD = $(SETTINGS_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += doc/postern.yaml.sample
