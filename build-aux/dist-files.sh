#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# dist-files.sh SOURCES DISTDIR: copies into a distribution what automake does not know of: documents, tests, packaging.
# In a repository that is what git tracks; in an unpacked tarball, all that it came with.
set -euo pipefail
sources=$(cd "$1" && pwd) to=$(cd "$2" && pwd)
cd "$sources"

files() {
	if [ -e .git ]; then
		git ls-files
	else
		find . -type f ! -path './build-*/*' ! -path './autom4te.cache/*' ! -path "${to/#$sources/.}/*" ! -name '*.pyc' -printf '%P\n'
	fi
}

files | while IFS= read -r file; do
	case $file in
	.ci/*|.gitignore) continue ;;
	esac
	[ -e "$file" ] && [ ! -e "$to/$file" ] || continue
	mkdir -p "$to/$(dirname "$file")"
	cp -p -- "$file" "$to/$file"
done
