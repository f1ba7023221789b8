#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# catalogues.sh FOLDER FILE.po...: C source with the translations of FOLDER/FILE.po, compiled and checked by msgfmt.
set -eu
folder=$1
shift
mo=$(mktemp)
trap 'rm -f "$mo"' EXIT
echo '/* made by build-aux/catalogues.sh from the files in po */'
echo '#include "gateway/settings/catalogue.h"'
rows=
for file in "$@"; do
	"${MSGFMT:-msgfmt}" --check-format --no-hash --output-file="$mo" "$folder/$file"
	language=$(basename "$file" .po)
	name=catalogue_$(echo "$language" | tr - _)
	printf 'static const unsigned char %s[] = {\n' "$name"
	od -An -v -tu1 "$mo" | sed 's/\([0-9]\{1,\}\)/\1,/g'
	echo '};'
	rows="$rows	{\"$language\", $name, sizeof($name)},
"
done
printf 'const struct catalogue_file catalogues_compiled_in[] = {\n%s\t{0},\n};\n' "$rows"
