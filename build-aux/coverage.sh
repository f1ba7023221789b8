#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# build-aux/coverage.sh [FOLDER [FILTER]]
#
# How much of FOLDER (saml) the tests run: builds in build-coverage without
# optimisation, runs the folder's unit tests, the fuzz targets over their corpus,
# whole sign-ons through the handlers, and the integration tests that FILTER
# names (attacks or entra_shape; `none` for none), then prints lines and branches
# of each file.  Ends with 1 below 95 % of lines or 80 % of branches.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-saml} filter=${2:-attacks or entra_shape}
build=$PWD/build-coverage
export TOP_SRCDIR=$PWD

build-aux/build.sh build-coverage all CFLAGS='-O0 -g --coverage -fprofile-update=atomic' LDFLAGS=--coverage
# the programs that link the folder are named in its fragment
programs=$(sed -n 's/^check_PROGRAMS += //p' "$folder/$folder.mk" tests/fuzz/fuzz.mk)
programs="$programs $(sed -n 's/^check_PROGRAMS += \(.*test_sign_on.*\)/\1/p' gateway/gateway.mk)"
make -s -C "$build" -j"$(nproc)" $programs >/dev/null
find "$build" -name '*.gcda' -delete
for program in $programs; do
	(cd "$build" && "./$program" >"$program.log" 2>&1) || { echo "$program failed"; tail -n 20 "$build/$program.log"; exit 1; }
done
if [ "$filter" != none ]; then
	POSTERN_BUILD=$build /usr/bin/python3 -m pytest -p no:cacheprovider -q --tb=short -k "$filter" tests/integration | tail -n 3
fi
build-aux/coverage.py "$build" "$folder"
