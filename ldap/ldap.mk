noinst_LIBRARIES += ldap/libmirror.a
ldap_libmirror_a_CFLAGS = $(AM_CFLAGS) $(LDAP_CFLAGS)
ldap_libmirror_a_SOURCES = \
	ldap/dn.c ldap/mirror.h \
	ldap/join.c ldap/reader.h \
	ldap/mirror_entry.c ldap/mirror_write.h ldap/writer.h \
	ldap/mirror_read.c \
	ldap/mirror_write.c \
	ldap/record.c ldap/record.h \
	ldap/tables.c ldap/tables.h \
	ldap/uuid_set.c ldap/uuid_set.h \
	ldap/walk.c

check_PROGRAMS += tests/unit/test_dn
tests_unit_test_dn_SOURCES = tests/unit/test_dn.c tests/unit/unit.h
tests_unit_test_dn_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_record
tests_unit_test_record_SOURCES = tests/unit/test_record.c tests/unit/unit.h
tests_unit_test_record_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)
