#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# build-aux/build.sh FOLDER TARGET [CONFIGURE ARGUMENT...]
#
# Builds in FOLDER, beside the sources: autoreconf and configure only when they
# are due, then make.  TARGET: `all`, or `check` for the test programs too.
# Shows how far it is.  Output of the compiler appears only when something is
# wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1 target=$2
shift 2
mkdir -p "$folder"
log=$PWD/$folder/compile.log

step() {
	if ! "$@" >"$log" 2>&1; then
		echo "build.sh: $* failed:" >&2
		tail -n 60 "$log" >&2
		exit 1
	fi
}

if [ ! -x configure ] || [ configure.ac -nt configure ] || [ ! -e Makefile.in ] || [ Makefile.am -nt Makefile.in ]; then
	echo "  autoreconf"
	step autoreconf -fi
fi
if [ ! -e "$folder/Makefile" ] || [ "$*" != "$(cat "$folder/configured-with" 2>/dev/null)" ] ||
	[ configure -nt "$folder/config.status" ]; then
	echo "  configure $*"
	(cd "$folder" && step ../configure -q "$@")
	printf '%s\n' "$*" >"$folder/configured-with"
fi

# `all` is a make of its own: beside the test programs, both would write the same libraries at once.
build() {
	make -C "$folder" -s "$@" all || return
	[ "$target" = all ] || printf 'tests: $(check_PROGRAMS)\n.PHONY: tests\n' | make -C "$folder" -s -f Makefile -f - "$@" tests
}
# `make -n` says how many lines of work there are: "  CC       x.o".
todo=$(build -n 2>/dev/null | sed -n 's/.*echo "  [A-Z]* *" \([^;]*\);.*/\1/p' | sort -u | wc -l)
terminal=no
[ -t 1 ] && terminal=yes
set +e
build -j"$(nproc)" 2>&1 | tee "$log" | awk -v todo="$todo" -v terminal=$terminal '
	/^  [A-Z]+ +[^ ]+$/ {
		n++
		if (terminal == "yes")
			printf "\r\033[K  %3d of %d  %s", n, todo, $2
		else if (n % 20 == 0)
			printf "  %d of %d\n", n, todo
		fflush()
		next
	}
	/^make/ && !/\*\*\*/ { next }
	# automake bringing its own output up to date
	/^(config\.status|checking|configure|running CONFIG_SHELL|automake)|^ (cd |\/bin\/)/ { next }
	{ if (terminal == "yes") printf "\r\033[K"; print; fflush() }
	END { if (terminal == "yes") printf "\r\033[K" }'
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] || { echo "build.sh: make failed; its whole output is in $log" >&2; exit 1; }
