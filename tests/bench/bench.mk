# programs of tests/bench/
noinst_PROGRAMS += tests/bench/sign_on_load
tests_bench_sign_on_load_SOURCES = tests/bench/sign_on_load.c tests/bench/encrypt.c tests/bench/encrypt.h
tests_bench_sign_on_load_LDADD = $(SAML_LIBS) -lpthread
EXTRA_PROGRAMS += tests/bench/bare_server
CLEANFILES += tests/bench/bare_server
tests_bench_bare_server_SOURCES = tests/bench/bare_server.c
tests_bench_bare_server_LDADD = $(BASE_LIBS)
EXTRA_DIST += tests/bench/bench.py

# Speed and memory as ratios to the RSA floor of the same run; prints, judges nothing by the clock.
.PHONY: bench
bench: postern tests/bench/sign_on_load tests/bench/bare_server
	/usr/bin/python3 $(srcdir)/tests/bench/bench.py --build $(abs_builddir)

# A company of 4,000 from one address at nine o'clock: fails when somebody of it gets a 429.
EXTRA_DIST += tests/bench/nine_oclock.py
.PHONY: nine-oclock
nine-oclock: postern tests/bench/sign_on_load
	/usr/bin/python3 $(srcdir)/tests/bench/nine_oclock.py --build $(abs_builddir)

# The mirror: directories of 10,000 to 1,000,000 people, a slapd of its own; some two minutes and 2 GB below TMPDIR.
EXTRA_DIST += tests/bench/bench_mirror.py
.PHONY: bench-mirror
bench-mirror: tests/bench/mirror_lookup tests/bench/mirror_feed
	/usr/bin/python3 $(srcdir)/tests/bench/bench_mirror.py --build $(abs_builddir)

# Answers over everybody: 100,000 people in 5,000 groups; PEOPLE=1000000 for more.
check_PROGRAMS += tests/bench/answers_mirror
tests_bench_answers_mirror_SOURCES = tests/bench/answers_mirror.c tests/bench/mirror_company.c tests/bench/mirror_company.h
tests_bench_answers_mirror_LDADD = $(SETTINGS_LIBS)
EXTRA_DIST += tests/bench/bench_answers.py
PEOPLE = 100000
.PHONY: bench-answers
bench-answers: postern tests/bench/answers_mirror
	/usr/bin/python3 $(srcdir)/tests/bench/bench_answers.py --build $(abs_builddir) --people $(PEOPLE)

# Rules: one decision, by itself.
check_PROGRAMS += tests/bench/decide
tests_bench_decide_SOURCES = tests/bench/decide.c
tests_bench_decide_LDADD = $(POLICIES_LIBS)
.PHONY: bench-rules
bench-rules: tests/bench/decide
	tests/bench/decide 200 100 2000
	tests/bench/decide 20 25 20000

# A plan of what is to be done at Atlassian, by itself and by the whole command; 50,000 people are what is promised: under 10 s, at most 200 MiB.
check_PROGRAMS += tests/bench/plan_many
tests_bench_plan_many_SOURCES = tests/bench/plan_many.c
tests_bench_plan_many_LDADD = $(PROVISION_LIBS)
.PHONY: bench-plan
EXTRA_DIST += tests/bench/bench_plan.py
bench-plan: postern tests/bench/plan_many tests/bench/answers_mirror
	tests/bench/plan_many 50000
	/usr/bin/python3 $(srcdir)/tests/bench/bench_plan.py --build $(abs_builddir)

# A company's accounts by postern apply, from an Atlassian that takes ten requests a second of an endpoint; some seven minutes.
EXTRA_DIST += tests/bench/first_load.py
COMPANY = 4000
.PHONY: first-load
first-load: postern
	/usr/bin/python3 $(srcdir)/tests/bench/first_load.py --build $(abs_builddir) --people $(COMPANY)
