#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints `PASSED FAILED SKIPPED` of a JUnit report, for ./run-tests."""
import sys
import xml.etree.ElementTree as tree

total = failed = skipped = 0
for suite in tree.parse(sys.argv[1]).getroot().iter("testsuite"):
    total += int(suite.get("tests"))
    failed += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
print(total - failed - skipped, failed, skipped)
