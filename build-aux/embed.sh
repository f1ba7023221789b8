#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# embed.sh FILE...: C source in which page_NAME_EXT[] holds each file's bytes.
set -eu
echo '/* made by build-aux/embed.sh from the files in gateway/pages */'
for file in "$@"; do
	name=$(basename "$file" | tr .- __)
	printf 'extern const char page_%s[];\nconst char page_%s[] =\n' "$name" "$name"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$file"
	echo '	;'
done
