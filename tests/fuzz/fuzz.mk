# Fuzz targets: replayed by the normal tests, run by `make fuzz FUZZ=NAME [SECONDS_EACH=60]` with clang's libFuzzer.
FUZZ_TARGETS = response request redirect_signature metadata form query inflate document instants cookie decryption keys logout condition yaml dn ldap_values ldap_rules zone csv http headers proxy_header scim answers

check_PROGRAMS += tests/fuzz/replay_response
tests_fuzz_replay_response_SOURCES = tests/fuzz/fuzz_response.c tests/fuzz/forged_provider.h tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_response_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_request
tests_fuzz_replay_request_SOURCES = tests/fuzz/fuzz_request.c tests/fuzz/replay.c tests/fuzz/fuzz.h tests/fuzz/signer.h
tests_fuzz_replay_request_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_redirect_signature
tests_fuzz_replay_redirect_signature_SOURCES = tests/fuzz/fuzz_redirect_signature.c tests/fuzz/replay.c tests/fuzz/fuzz.h tests/fuzz/signer.h
tests_fuzz_replay_redirect_signature_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_metadata
tests_fuzz_replay_metadata_SOURCES = tests/fuzz/fuzz_metadata.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_metadata_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_condition
tests_fuzz_replay_condition_SOURCES = tests/fuzz/fuzz_condition.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_condition_LDADD = $(POLICIES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_yaml
tests_fuzz_replay_yaml_SOURCES = tests/fuzz/fuzz_yaml.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_yaml_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_dn
tests_fuzz_replay_dn_SOURCES = tests/fuzz/fuzz_dn.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_dn_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_ldap_values
tests_fuzz_replay_ldap_values_SOURCES = tests/fuzz/fuzz_ldap_values.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_ldap_values_LDADD = $(LDAP_MIRROR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_ldap_rules
tests_fuzz_replay_ldap_rules_SOURCES = tests/fuzz/fuzz_ldap_rules.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_ldap_rules_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_zone
tests_fuzz_replay_zone_SOURCES = tests/fuzz/fuzz_zone.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_zone_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_csv
tests_fuzz_replay_csv_SOURCES = tests/fuzz/fuzz_csv.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_csv_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_scim
tests_fuzz_replay_scim_SOURCES = tests/fuzz/fuzz_scim.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_scim_LDADD = $(SCIM_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_http
tests_fuzz_replay_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_http_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_headers
tests_fuzz_replay_headers_SOURCES = tests/fuzz/fuzz_headers.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_headers_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_answers
tests_fuzz_replay_answers_SOURCES = tests/fuzz/fuzz_answers.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_answers_LDADD = $(PROVISION_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_proxy_header
tests_fuzz_replay_proxy_header_SOURCES = tests/fuzz/fuzz_proxy_header.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_proxy_header_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_form
tests_fuzz_replay_form_SOURCES = tests/fuzz/fuzz_form.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_form_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_query
tests_fuzz_replay_query_SOURCES = tests/fuzz/fuzz_query.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_query_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_inflate
tests_fuzz_replay_inflate_SOURCES = tests/fuzz/fuzz_inflate.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_inflate_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_document
tests_fuzz_replay_document_SOURCES = tests/fuzz/fuzz_document.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_document_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_instants
tests_fuzz_replay_instants_SOURCES = tests/fuzz/fuzz_instants.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_instants_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_keys
tests_fuzz_replay_keys_SOURCES = tests/fuzz/fuzz_keys.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_keys_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_cookie
tests_fuzz_replay_cookie_SOURCES = tests/fuzz/fuzz_cookie.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_cookie_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_decryption
tests_fuzz_replay_decryption_SOURCES = tests/fuzz/fuzz_decryption.c tests/fuzz/forged_provider.h tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_decryption_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/fuzz/replay_logout
tests_fuzz_replay_logout_SOURCES = tests/fuzz/fuzz_logout.c tests/fuzz/forged_provider.h tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_replay_logout_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

EXTRA_PROGRAMS += tests/fuzz/forge_corpus
CLEANFILES += tests/fuzz/forge_corpus
tests_fuzz_forge_corpus_SOURCES = tests/fuzz/forge_corpus.c tests/unit/forge.c tests/unit/forge.h
tests_fuzz_forge_corpus_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS)
tests_fuzz_forge_corpus_LDADD = $(SAML_LIBS) $(CMOCKA_LIBS)

EXTRA_PROGRAMS += tests/fuzz/sign_corpus
CLEANFILES += tests/fuzz/sign_corpus
tests_fuzz_sign_corpus_SOURCES = tests/fuzz/sign_corpus.c tests/fuzz/signer.h tests/unit/keys.h
tests_fuzz_sign_corpus_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS)
tests_fuzz_sign_corpus_LDADD = $(SAML_LIBS)

EXTRA_DIST += tests/fuzz/fuzz.sh tests/fuzz/corpus tests/fuzz/forged-metadata.xml tests/fuzz/forged-metadata-signer.crt tests/fuzz/forged-signer.crt tests/fuzz/forged.h

.PHONY: fuzz
fuzz:
	$(srcdir)/tests/fuzz/fuzz.sh $(abs_top_srcdir) "$${FUZZ:-$(FUZZ_TARGETS)}" "$(SECONDS_EACH)"
