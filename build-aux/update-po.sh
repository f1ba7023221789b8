#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# update-po.sh po/LANGUAGE.po...: the texts of the source into po/postern.pot, and from there into the .po files.
# update-po.sh --pot FILE: the texts alone, into FILE.
set -eu
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

# xgettext knows no templates: each becomes C with its texts on the lines where they stand.
while read -r file; do
	case $file in
	\#*) ;;
	*.html) mkdir -p "$copy/$(dirname "$file")" && sed -e 's/"/\\"/g' \
		-e 's/{{_\([^}]*\)}}/\n_("\1")\n/g' "$file" | sed '/^_("/!d' > "$copy/$file" ;;
	*) mkdir -p "$copy/$(dirname "$file")" && cp "$file" "$copy/$file" ;;
	esac
done < po/POTFILES

pot=po/postern.pot
[ "${1:-}" != --pot ] || pot=$(realpath "$2")
here=$(pwd)
(cd "$copy" && xgettext --files-from="$here/po/POTFILES" --language=C --from-code=UTF-8 --output=- \
	--add-location=file --width=120 --package-name=postern \
	--keyword --keyword=_ --keyword=N_ --keyword=REASON:4 --keyword=ENTRA_CODE:2) |
	sed -e '/^"POT-Creation-Date:/d' -e '1,/^$/{
		/^# SOME DESCRIPTIVE TITLE/d
		/^# Copyright (C)/d
		/^# This file is distributed/d
		/^# FIRST AUTHOR/d
		/^#$/d
		s/^#, fuzzy$/# SPDX-License-Identifier: GPL-3.0-or-later/
		s/charset=CHARSET/charset=UTF-8/
	}' > "$copy/pot"
mv "$copy/pot" "$pot"
[ "${1:-}" != --pot ] || exit 0
for file in "$@"; do
	msgmerge --quiet --update --backup=none --no-fuzzy-matching --width=120 "$file" "$pot"
done
