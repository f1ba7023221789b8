# sources of http/
noinst_LIBRARIES += http/libhttp.a
http_libhttp_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
http_libhttp_a_SOURCES = \
	http/connection.c http/connection.h \
	http/cookie.c \
	http/crowd.c \
	http/exchange.c \
	http/forwarded.c \
	http/gate.c \
	http/headers.c \
	http/listen.c \
	http/proxy_bio.c \
	http/proxy_header.c \
	http/reader.c \
	http/route.c \
	http/server.c \
	http/tls.c \
	http/turns.c \
	http/unix_socket.c \
	http/http.h http/internal.h

# What the raw tests share: a server in a child and a client of bytes.
HTTP_TEST_SOURCES = tests/unit/http_server.c tests/unit/http_server.h tests/unit/unit.h

check_PROGRAMS += tests/unit/test_http_cookie
tests_unit_test_http_cookie_SOURCES = tests/unit/test_http_cookie.c tests/unit/unit.h
tests_unit_test_http_cookie_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_forwarded
tests_unit_test_http_forwarded_SOURCES = tests/unit/test_http_forwarded.c tests/unit/unit.h
tests_unit_test_http_forwarded_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_crowd
tests_unit_test_http_crowd_SOURCES = tests/unit/test_http_crowd.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_crowd_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_headers
tests_unit_test_http_headers_SOURCES = tests/unit/test_http_headers.c tests/unit/unit.h
tests_unit_test_http_headers_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_limits
tests_unit_test_http_limits_SOURCES = tests/unit/test_http_limits.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_limits_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_listen
tests_unit_test_http_listen_SOURCES = tests/unit/test_http_listen.c tests/unit/unit.h
tests_unit_test_http_listen_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_proxy_header
tests_unit_test_http_proxy_header_SOURCES = tests/unit/test_http_proxy_header.c tests/unit/unit.h
tests_unit_test_http_proxy_header_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_proxied
tests_unit_test_http_proxied_SOURCES = tests/unit/test_http_proxied.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_proxied_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_unix_socket
tests_unit_test_http_unix_socket_SOURCES = tests/unit/test_http_unix_socket.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_unix_socket_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_reader
tests_unit_test_http_reader_SOURCES = tests/unit/test_http_reader.c tests/unit/unit.h
tests_unit_test_http_reader_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_route
tests_unit_test_http_route_SOURCES = tests/unit/test_http_route.c tests/unit/unit.h
tests_unit_test_http_route_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_raw
tests_unit_test_http_raw_SOURCES = tests/unit/test_http_raw.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_raw_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_server
tests_unit_test_http_server_SOURCES = tests/unit/test_http_server.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_server_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_tls
tests_unit_test_http_tls_SOURCES = tests/unit/test_http_tls.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_tls_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test_http_turns
tests_unit_test_http_turns_SOURCES = tests/unit/test_http_turns.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_turns_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)
