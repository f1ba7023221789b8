noinst_LIBRARIES += saml/libsaml.a
saml_libsaml_a_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS) $(XMLSEC_CFLAGS) $(XML_CFLAGS) $(ZLIB_CFLAGS)
saml_libsaml_a_SOURCES = saml/holder.h saml/saml.h

# reading: what foreigners wrote
saml_libsaml_a_SOURCES += \
	saml/assertion.h saml/attributes.c saml/authn_statement.c saml/binding.c saml/binding.h saml/checks.c saml/checks.def saml/checks.h saml/claims.c saml/claims.h saml/conditions.c saml/status.c saml/subject.c \
	saml/library.c saml/library.h saml/logout_read.c \
	saml/message.c saml/message.h saml/metadata_read.c saml/metadata_read.h saml/metadata_signature.c \
	saml/partner.c saml/provider.c saml/provider.h saml/role_keys.c saml/role_keys.h \
	saml/request_signature.c saml/request_signature.h saml/signer.c \
	saml/decrypt.c saml/decryption_keys.c saml/encrypted.c saml/encrypted.h saml/entra.c saml/entra.h \
	saml/response_read.c \
	saml/signature.c saml/signature.h saml/trusted_key.c saml/trusted_key.h \
	saml/walk.c saml/xml.c saml/xml.h

check_PROGRAMS += tests/unit/test_xml
tests_unit_test_xml_SOURCES = tests/unit/test_xml.c tests/unit/unit.h
tests_unit_test_xml_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

FORGE = tests/unit/forge.c tests/unit/forge.h tests/unit/unit.h
FORGE_CFLAGS = $(AM_CFLAGS) $(XMLSEC_CFLAGS) $(XML_CFLAGS)
check_PROGRAMS += tests/unit/test_response_read
tests_unit_test_response_read_SOURCES = tests/unit/test_response_read.c $(FORGE)
tests_unit_test_response_read_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_response_read_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_response_form
tests_unit_test_response_form_SOURCES = tests/unit/test_response_form.c $(FORGE)
tests_unit_test_response_form_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_response_form_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_saml_attacks
tests_unit_test_saml_attacks_SOURCES = tests/unit/test_saml_attacks.c tests/unit/saml_attacks_stage.h $(FORGE)
tests_unit_test_saml_attacks_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_saml_attacks_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_saml_wrapping
tests_unit_test_saml_wrapping_SOURCES = tests/unit/test_saml_wrapping.c tests/unit/saml_attacks_stage.h $(FORGE)
tests_unit_test_saml_wrapping_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_saml_wrapping_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_signature
tests_unit_test_signature_SOURCES = tests/unit/test_signature.c $(FORGE)
tests_unit_test_signature_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_signature_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_saml_xml
tests_unit_test_saml_xml_SOURCES = tests/unit/test_saml_xml.c $(FORGE)
tests_unit_test_saml_xml_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_saml_xml_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_provider
tests_unit_test_provider_SOURCES = tests/unit/test_provider.c $(FORGE)
tests_unit_test_provider_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_provider_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_status
tests_unit_test_status_SOURCES = tests/unit/test_status.c $(FORGE)
tests_unit_test_status_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_status_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_metadata_signature
tests_unit_test_metadata_signature_SOURCES = tests/unit/test_metadata_signature.c $(FORGE)
tests_unit_test_metadata_signature_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_metadata_signature_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_response_refusals
tests_unit_test_response_refusals_SOURCES = tests/unit/test_response_refusals.c $(FORGE)
tests_unit_test_response_refusals_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_response_refusals_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

FORGE_ENCRYPTION = tests/unit/forge_encryption.c tests/unit/forge_encryption.h tests/unit/keys.h $(FORGE)
check_PROGRAMS += tests/unit/test_saml_checks
tests_unit_test_saml_checks_SOURCES = tests/unit/test_saml_checks.c $(FORGE_ENCRYPTION)
tests_unit_test_saml_checks_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_saml_checks_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_decrypt
tests_unit_test_decrypt_SOURCES = tests/unit/test_decrypt.c tests/unit/decrypt_stage.h $(FORGE_ENCRYPTION)
tests_unit_test_decrypt_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_decrypt_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_decrypt_shape
tests_unit_test_decrypt_shape_SOURCES = tests/unit/test_decrypt_shape.c tests/unit/decrypt_stage.h $(FORGE_ENCRYPTION)
tests_unit_test_decrypt_shape_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_decrypt_shape_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

# writing: what we write
saml_libsaml_a_SOURCES += \
	saml/asker.h saml/request_write.c \
	saml/key.c saml/key.h saml/key_make.c saml/logout_write.c \
	saml/metadata.c \
	saml/query_sign.c saml/redirect.c saml/redirect.h \
	saml/request_read.c \
	saml/response_write.c \
	saml/start.c

check_PROGRAMS += tests/unit/test_key
tests_unit_test_key_SOURCES = tests/unit/test_key.c tests/unit/keys.h tests/unit/unit.h
tests_unit_test_key_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_response_write
tests_unit_test_response_write_SOURCES = tests/unit/test_response_write.c tests/unit/keys.h tests/unit/unit.h
tests_unit_test_response_write_CFLAGS = $(AM_CFLAGS) $(XMLSEC_CFLAGS) $(XML_CFLAGS)
tests_unit_test_response_write_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_request_read
tests_unit_test_request_read_SOURCES = tests/unit/test_request_read.c tests/unit/unit.h
tests_unit_test_request_read_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_request_write
tests_unit_test_request_write_SOURCES = tests/unit/test_request_write.c tests/unit/keys.h tests/unit/unit.h
tests_unit_test_request_write_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

saml_libsaml_a_SOURCES += saml/rehearsal.c saml/witness.c

check_PROGRAMS += tests/unit/test_request_signature
tests_unit_test_request_signature_SOURCES = tests/unit/test_request_signature.c tests/unit/keys.h tests/unit/lend_key.h tests/unit/unit.h
tests_unit_test_request_signature_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS) $(XMLSEC_CFLAGS) $(XML_CFLAGS)
tests_unit_test_request_signature_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_redirect
tests_unit_test_redirect_SOURCES = tests/unit/test_redirect.c tests/unit/keys.h tests/unit/lend_key.h tests/unit/unit.h
tests_unit_test_redirect_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS) $(XMLSEC_CFLAGS) $(XML_CFLAGS)
tests_unit_test_redirect_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_witness
tests_unit_test_witness_SOURCES = tests/unit/test_witness.c tests/unit/keys.h tests/unit/lend_key.h tests/unit/unit.h
tests_unit_test_witness_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS)
tests_unit_test_witness_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_second_opinion
tests_unit_test_second_opinion_SOURCES = tests/unit/test_second_opinion.c $(FORGE)
tests_unit_test_second_opinion_CFLAGS = $(FORGE_CFLAGS) $(LASSO_CFLAGS)
tests_unit_test_second_opinion_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

EXTRA_PROGRAMS += tests/bench/bench_decrypt
tests_bench_bench_decrypt_SOURCES = tests/bench/bench_decrypt.c $(FORGE_ENCRYPTION)
tests_bench_bench_decrypt_CFLAGS = $(FORGE_CFLAGS)
tests_bench_bench_decrypt_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

EXTRA_PROGRAMS += tests/bench/bench_issue
tests_bench_bench_issue_SOURCES = tests/bench/bench_issue.c tests/unit/keys.h
tests_bench_bench_issue_LDADD = $(SAML_LIBS)

check_PROGRAMS += tests/unit/test_own_metadata
tests_unit_test_own_metadata_SOURCES = tests/unit/test_own_metadata.c tests/unit/keys.h tests/unit/unit.h
tests_unit_test_own_metadata_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_start
tests_unit_test_start_SOURCES = tests/unit/test_start.c tests/unit/unit.h
tests_unit_test_start_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS) $(XMLSEC_CFLAGS) $(XML_CFLAGS)
tests_unit_test_start_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_differential
tests_unit_test_differential_SOURCES = tests/unit/test_differential.c $(FORGE_ENCRYPTION) \
	tests/differential/generator.c tests/differential/generator.h tests/differential/mutations.c tests/differential/sayings.c \
	tests/differential/second_reader.c tests/differential/second_reader.h
tests_unit_test_differential_CFLAGS = $(FORGE_CFLAGS) $(LASSO_CFLAGS)
tests_unit_test_differential_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

.PHONY: differential
differential: tests/unit/test_differential
	COUNT="$${COUNT:-100000}" SEED="$${SEED:-1}" tests/unit/test_differential

check_PROGRAMS += tests/unit/test_logout_read
tests_unit_test_logout_read_SOURCES = tests/unit/test_logout_read.c $(FORGE)
tests_unit_test_logout_read_CFLAGS = $(FORGE_CFLAGS)
tests_unit_test_logout_read_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_logout_write
tests_unit_test_logout_write_SOURCES = tests/unit/test_logout_write.c tests/unit/keys.h tests/unit/lend_key.h tests/unit/unit.h
tests_unit_test_logout_write_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS) $(XMLSEC_CFLAGS) $(XML_CFLAGS)
tests_unit_test_logout_write_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)
