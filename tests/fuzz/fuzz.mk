# programs of tests/fuzz/
