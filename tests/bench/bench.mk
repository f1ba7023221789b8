# programs of tests/bench/
