# The demo's own Entra ID and Atlassian, for ./quickstart and the integration tests.
noinst_PROGRAMS += tests/demo/demo-entra tests/demo/demo-atlassian
DEMO_PEER_SOURCES = tests/demo/peer.c tests/demo/peer.h tests/demo/peer_saml.c tests/demo/peer_saml.h tests/demo/style.h
DEMO_CFLAGS = $(AM_CFLAGS) $(LASSO_CFLAGS) $(XML_CFLAGS) $(XMLSEC_CFLAGS) $(EVENT_CFLAGS) $(JANSSON_CFLAGS) $(ZLIB_CFLAGS)
DEMO_LIBS = $(LASSO_LIBS) $(XMLSEC_LIBS) $(XML_LIBS) $(ZLIB_LIBS) $(EVENT_LIBS) $(JANSSON_LIBS) $(OPENSSL_LIBS)

tests_demo_demo_entra_CFLAGS = $(DEMO_CFLAGS)
tests_demo_demo_entra_SOURCES = tests/demo/demo_entra.c tests/demo/entra_saml.c tests/demo/entra_saml.h \
	tests/demo/entra_logout.c tests/demo/entra_logout.h tests/demo/entra_idp.h $(DEMO_PEER_SOURCES)
tests_demo_demo_entra_LDADD = $(DEMO_LIBS)

tests_demo_demo_atlassian_CFLAGS = $(DEMO_CFLAGS)
tests_demo_demo_atlassian_SOURCES = tests/demo/demo_atlassian.c tests/demo/door_saml.c tests/demo/door_saml.h $(DEMO_PEER_SOURCES)
tests_demo_demo_atlassian_LDADD = $(DEMO_LIBS)

# Drives the clients of provision/ against the stand-in of atlassian/.
noinst_PROGRAMS += tests/demo/drive-provision
tests_demo_drive_provision_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_demo_drive_provision_SOURCES = tests/demo/drive_provision.c
tests_demo_drive_provision_LDADD = $(PROVISION_LIBS)
