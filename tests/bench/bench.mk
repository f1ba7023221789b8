# programs of tests/bench/
EXTRA_PROGRAMS += tests/bench/sign_on_load
CLEANFILES += tests/bench/sign_on_load
tests_bench_sign_on_load_SOURCES = tests/bench/sign_on_load.c tests/bench/encrypt.c tests/bench/encrypt.h
tests_bench_sign_on_load_LDADD = $(SAML_LIBS) -lpthread
EXTRA_DIST += tests/bench/bench.py

# Speed and memory as ratios to the RSA floor of the same run; prints, judges nothing by the clock.
.PHONY: bench
bench: postern tests/bench/sign_on_load
	/usr/bin/python3 $(srcdir)/tests/bench/bench.py --build $(abs_builddir)

# The mirror: directories of 10,000 to 1,000,000 people, a slapd of its own; some two minutes and 2 GB below TMPDIR.
EXTRA_DIST += tests/bench/bench_mirror.py
.PHONY: bench-mirror
bench-mirror: tests/bench/mirror_lookup tests/bench/mirror_feed
	/usr/bin/python3 $(srcdir)/tests/bench/bench_mirror.py --build $(abs_builddir)
