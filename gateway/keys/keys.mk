# Who keeps our private keys, and a worker's line to it.
noinst_LIBRARIES += gateway/libkeys.a
gateway_libkeys_a_SOURCES = \
	gateway/keys/keys_answer.c \
	gateway/keys/keys_line.c gateway/keys/keys_line.h \
	gateway/keys/keys_link.c gateway/keys/keys_link.h \
	gateway/keys/keys_wire.c gateway/keys/keys_wire.h \
	gateway/keys/vault.c gateway/keys/vault.h \
	gateway/keys/vault_judge.c

KEYS_LIBS = gateway/libkeys.a $(GATEWAY_LIBS)

check_PROGRAMS += tests/unit/test_keys_line
tests_unit_test_keys_line_SOURCES = tests/unit/test_keys_line.c tests/unit/unit.h
tests_unit_test_keys_line_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)
