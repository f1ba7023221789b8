#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# fuzz.sh TOP "NAME..." [SECONDS]: builds with libFuzzer and sanitizers, and fuzzes each of these targets in turn.
set -euo pipefail
top=$1 names=$2 seconds=${3:-60}
build=$top/build-fuzz
mkdir -p "$build"
cd "$build"
[ -f Makefile ] || "$top/configure" -q CC=clang --enable-sanitizers CFLAGS='-O1 -g -fsanitize=fuzzer-no-link'
libraries='gateway/libkeys.a gateway/libgateway.a gateway/libsettings.a scim/libscim.a provision/libprovision.a
	ldap/libmirror.a saml/libsaml.a http/libhttp.a
	policies/libpolicies.a store/libstore.a base/libbase.a'
make -s -j"$(nproc)" $libraries
flags=$(pkg-config --cflags --libs lasso gobject-2.0 glib-2.0 xmlsec1-openssl libxml-2.0 libevent_openssl libevent ldap lber \
	yaml-0.1 jansson libsystemd libcurl zlib libssl libcrypto)
export TOP_SRCDIR=$top
for name in $names; do
	echo "fuzzing $name for $seconds s"
	# gateway's two use one another
	clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -I"$top" -include "$build/config.h" \
		-include "$top/base/forbid.h" "$top/tests/fuzz/fuzz_$name.c" -o "fuzz_$name" \
		-Wl,--start-group $libraries -Wl,--end-group $flags -llmdb
	mkdir -p "found/$name"
	"./fuzz_$name" -max_total_time="$seconds" -max_len=16384 -timeout=60 -print_final_stats=1 "found/$name" \
		"$top/tests/fuzz/corpus/$name" 2>&1 | tail -n 12
done
