# sources of http/
noinst_LIBRARIES += http/libhttp.a
http_libhttp_a_CFLAGS = $(AM_CFLAGS) $(EVENT_CFLAGS)
http_libhttp_a_SOURCES = \
	http/connection.c \
	http/cookie.c \
	http/exchange.c \
	http/forwarded.c \
	http/gate.c \
	http/headers.c \
	http/listen.c \
	http/network.c \
	http/reader.c \
	http/route.c \
	http/server.c \
	http/tls.c \
	http/http.h http/internal.h http/connection.h

# What the raw tests share: a server in a child and a client of bytes.
HTTP_TEST_SOURCES = tests/unit/http_server.c tests/unit/http_server.h tests/unit/unit.h

check_PROGRAMS += tests/unit/test_http_server
tests_unit_test_http_server_SOURCES = tests/unit/test_http_server.c $(HTTP_TEST_SOURCES)
tests_unit_test_http_server_LDADD = $(HTTP_LIBS) $(CMOCKA_LIBS)
