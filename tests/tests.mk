include tests/demo/demo.mk
include tests/bench/bench.mk
include tests/fuzz/fuzz.mk
