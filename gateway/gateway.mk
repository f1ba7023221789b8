# What judges sign-ons, by itself; around it, each folder before those that may know it.
include gateway/settings/settings.mk
include gateway/keys/keys.mk
include gateway/census/census.mk
include gateway/provisioning/provisioning.mk
include gateway/service/service.mk
include gateway/commands/commands.mk

# Everything but main.c is a library, so that unit tests link what they test.
noinst_LIBRARIES += gateway/libgateway.a
gateway_libgateway_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS)
gateway_libgateway_a_SOURCES = \
	gateway/alarms.c gateway/alarms.def gateway/alarms.h \
	gateway/alarms_host.c \
	gateway/api_keys.c gateway/api_keys.h \
	gateway/audit.c gateway/audit.h \
	gateway/audit_file.c gateway/audit_file.h \
	gateway/choose.c \
	gateway/decision.c gateway/decision.h \
	gateway/disks.c gateway/disks.h \
	gateway/entra_codes.def \
	gateway/fetch.c gateway/fetch.h \
	gateway/frame.c gateway/frame.h \
	gateway/gateway.c gateway/gateway.h \
	gateway/group_name.c gateway/group_name.h \
	gateway/health.c \
	gateway/host_user.c gateway/host_user.h \
	gateway/json_file.c gateway/json_file.h \
	gateway/judge.c gateway/judge.h \
	gateway/judge_way.c \
	gateway/keeper.h \
	gateway/ldap_rules.h \
	gateway/ldap_rules_compare.c \
	gateway/ldap_rules_compile.c \
	gateway/ldap_rules_live.c gateway/ldap_rules_live.h \
	gateway/ldap_rules_policy.c \
	gateway/ldap_rules_set.c \
	gateway/ldap_rules_status.c gateway/ldap_rules_status.h \
	gateway/limits.c gateway/limits.h \
	gateway/link.c \
	gateway/logout.c gateway/logout.h \
	gateway/logout_cookie.c gateway/logout_cookie.h \
	gateway/logout_notice.c \
	gateway/metadata.c \
	gateway/metadata_status.c gateway/metadata_status.h \
	gateway/metrics.c gateway/metrics.def gateway/metrics.h \
	gateway/metrics_begin.c \
	gateway/metrics_gauges.c gateway/metrics_gauges.h \
	gateway/metrics_text.c gateway/metrics_text.h \
	gateway/packed.c gateway/packed.h \
	gateway/pages.c gateway/pages.h \
	gateway/pending.c gateway/pending.h \
	gateway/providers.c \
	gateway/provision_status.c gateway/provision_status.h \
	gateway/refusal.c \
	gateway/release.c gateway/release.h \
	gateway/report.c gateway/report.h \
	gateway/sign_on.c gateway/sign_on.h \
	gateway/sign_on_finish.c \
	gateway/sign_on_start.c \
	gateway/staleness.c gateway/staleness.h \
	gateway/template.c gateway/template.h
nodist_gateway_libgateway_a_SOURCES = gateway/pages_data.c

PAGE_FILES = \
	gateway/pages/choose.html \
	gateway/pages/continue.html \
	gateway/pages/frame.html \
	gateway/pages/logout.html \
	gateway/pages/logout_done.html \
	gateway/pages/post.html \
	gateway/pages/post.js \
	gateway/pages/refusal.html \
	gateway/pages/style.css
EXTRA_DIST += $(PAGE_FILES) build-aux/embed.sh
CLEANFILES += gateway/pages_data.c

gateway/pages_data.c: $(PAGE_FILES) build-aux/embed.sh
	$(AM_V_GEN)$(MKDIR_P) gateway && cd $(srcdir) && ./build-aux/embed.sh $(PAGE_FILES) > $(abs_builddir)/gateway/pages_data.c.tmp \
		&& mv $(abs_builddir)/gateway/pages_data.c.tmp $(abs_builddir)/gateway/pages_data.c

GATEWAY_LIBS = gateway/libgateway.a gateway/libsettings.a provision/libprovision.a scim/libscim.a saml/libsaml.a ldap/libmirror.a policies/libpolicies.a http/libhttp.a \
	store/libstore.a $(LASSO_LIBS) $(XMLSEC_LIBS) $(XML_LIBS) $(ZLIB_LIBS) $(LDAP_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(CURL_LIBS) \
	$(LMDB_LIBS) $(SYSTEMD_LIBS) $(SECCOMP_LIBS) $(BASE_LIBS) -lm

GATEWAY_STAGE = tests/unit/gateway_stage.h tests/unit/start_pages.h tests/unit/forge.c tests/unit/forge.h tests/unit/keys.h tests/unit/unit.h
SIGN_ON_STAGE = tests/unit/sign_on_stage.h $(GATEWAY_STAGE)
LOGOUT_STAGE = tests/unit/logout_stage.h $(GATEWAY_STAGE)
check_PROGRAMS += tests/unit/test_alarms
tests_unit_test_alarms_SOURCES = tests/unit/test_alarms.c tests/unit/unit.h
tests_unit_test_alarms_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_audit
tests_unit_test_audit_SOURCES = tests/unit/test_audit.c tests/unit/unit.h
tests_unit_test_audit_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_audit_file
tests_unit_test_audit_file_SOURCES = tests/unit/test_audit_file.c tests/unit/unit.h
tests_unit_test_audit_file_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_brand
tests_unit_test_brand_SOURCES = tests/unit/test_brand.c tests/unit/unit.h
tests_unit_test_brand_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_fetch
tests_unit_test_fetch_SOURCES = tests/unit/test_fetch.c tests/unit/unit.h
tests_unit_test_fetch_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_gateway_judge
tests_unit_test_gateway_judge_SOURCES = tests/unit/test_gateway_judge.c tests/unit/gateway_judge_stage.h tests/unit/unit.h
tests_unit_test_gateway_judge_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_gateway_observe
tests_unit_test_gateway_observe_SOURCES = tests/unit/test_gateway_observe.c tests/unit/gateway_judge_stage.h tests/unit/unit.h
tests_unit_test_gateway_observe_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_release
tests_unit_test_release_SOURCES = tests/unit/test_release.c tests/unit/gateway_judge_stage.h tests/unit/unit.h
tests_unit_test_release_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_ldap_rules
tests_unit_test_ldap_rules_SOURCES = tests/unit/test_ldap_rules.c tests/unit/ldap_rules_stage.h tests/unit/unit.h
tests_unit_test_ldap_rules_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_ldap_rules_live
tests_unit_test_ldap_rules_live_SOURCES = tests/unit/test_ldap_rules_live.c tests/unit/ldap_rules_stage.h tests/unit/unit.h
tests_unit_test_ldap_rules_live_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_limits
tests_unit_test_limits_SOURCES = tests/unit/test_limits.c tests/unit/unit.h
tests_unit_test_limits_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_logout
tests_unit_test_logout_SOURCES = tests/unit/test_logout.c $(LOGOUT_STAGE)
tests_unit_test_logout_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS)
tests_unit_test_logout_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/unit/test_logout_notice
tests_unit_test_logout_notice_SOURCES = tests/unit/test_logout_notice.c $(LOGOUT_STAGE)
tests_unit_test_logout_notice_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS)
tests_unit_test_logout_notice_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_logout_cookie
tests_unit_test_logout_cookie_SOURCES = tests/unit/test_logout_cookie.c tests/unit/unit.h
tests_unit_test_logout_cookie_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_metrics
tests_unit_test_metrics_SOURCES = tests/unit/test_metrics.c tests/unit/unit.h
tests_unit_test_metrics_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_metrics_text
tests_unit_test_metrics_text_SOURCES = tests/unit/test_metrics_text.c tests/unit/unit.h
tests_unit_test_metrics_text_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_pages
tests_unit_test_pages_SOURCES = tests/unit/test_pages.c tests/unit/start_pages.h tests/unit/unit.h
tests_unit_test_pages_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_pending
tests_unit_test_pending_SOURCES = tests/unit/test_pending.c tests/unit/unit.h
tests_unit_test_pending_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_provision_status
tests_unit_test_provision_status_SOURCES = tests/unit/test_provision_status.c tests/unit/unit.h
tests_unit_test_provision_status_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c tests/unit/arena.h tests/unit/unit.h
tests_unit_test_report_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_sign_on
tests_unit_test_sign_on_SOURCES = tests/unit/test_sign_on.c $(SIGN_ON_STAGE)
tests_unit_test_sign_on_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_sign_on_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_sign_on_observe
tests_unit_test_sign_on_observe_SOURCES = tests/unit/test_sign_on_observe.c $(SIGN_ON_STAGE)
tests_unit_test_sign_on_observe_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_sign_on_observe_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_sign_on_refusals
tests_unit_test_sign_on_refusals_SOURCES = tests/unit/test_sign_on_refusals.c $(SIGN_ON_STAGE)
tests_unit_test_sign_on_refusals_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_sign_on_refusals_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_sign_on_tenants
tests_unit_test_sign_on_tenants_SOURCES = tests/unit/test_sign_on_tenants.c $(SIGN_ON_STAGE)
tests_unit_test_sign_on_tenants_CFLAGS = $(AM_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_sign_on_tenants_LDADD = $(KEYS_LIBS) $(CMOCKA_LIBS)
