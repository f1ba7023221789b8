# programs of tests/demo/
