include tests/demo/demo.mk
include tests/bench/bench.mk
include tests/faults/faults.mk
include tests/fuzz/fuzz.mk

# What the tests run of a folder, by gcov.
.PHONY: coverage
coverage:
	$(srcdir)/build-aux/coverage.sh $(FOLDER)
