#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The Debian packages that building, the demo and the tests need, and how they
# get onto a machine:  build-aux/packages.sh PURPOSE...
# PURPOSE: build demo tests peers browser package.
#
# What is there already costs one dpkg-query.  What is missing is listed before
# anything is installed.  While packages install, no system service starts: a
# policy-rc.d stands in the way and afterwards the machine has again whatever
# policy it had before.  Only this script ever asks for sudo.
#
# `a|b` means: either will do, and `a` is installed where neither is there.
set -euo pipefail

build="gcc libc6-dev make autoconf automake gettext pkgconf|pkg-config python3
	libevent-dev liblasso3-dev libxmlsec1-dev libxml2-dev libldap-dev|libldap2-dev liblmdb-dev libyaml-dev
	libjansson-dev libcurl4-openssl-dev|libcurl4-gnutls-dev zlib1g-dev libssl-dev libsystemd-dev libseccomp-dev"
demo="slapd openssl"
tests="tzdata clang clang-tidy cppcheck libclang-rt-14-dev libcmocka-dev valgrind python3-pytest python3-jsonschema ldap-utils
	python3-oauthlib python3-yaml logrotate git systemd util-linux"
# php8.2-cgi by that name: without it simplesamlphp draws in a module that reconfigures Apache while that is being installed.
peers="simplesamlphp php-cli php8.2-cgi php-xml php-mbstring apache2 libapache2-mod-shib libapache2-mod-auth-mellon python3-lxml
	python3-xmlsec prometheus samba samba-dsdb-modules samba-ad-provision samba-vfs-modules
	iproute2 util-linux nginx haproxy faketime python3-h2"
package="build-essential debhelper dpkg-dev lintian bash-completion"
browser="chromium"

log=$(mktemp "${TMPDIR:-/tmp}/postern-packages.XXXXXX")
policy=/usr/sbin/policy-rc.d
saved=$policy.postern-saved
ours=no
SUDO=
[ "$(id -u)" = 0 ] || SUDO=sudo

# Services that Debian would start at the next boot just because we installed their package.
units="slapd apache2 shibd prometheus samba-ad-dc smbd nmbd nginx haproxy"

finish() {
	restore_policy
	rm -f "$log" "$log.done"
}

restore_policy() {
	[ $ours = yes ] || return 0
	$SUDO rm -f $policy
	[ ! -e $saved ] || $SUDO mv -f $saved $policy
	ours=no
}

forbid_services() {
	# A run that was killed outright may have left the machine's own policy aside.
	[ ! -e $saved ] || $SUDO mv -f $saved $policy
	ours=yes
	[ ! -e $policy ] || $SUDO mv -f $policy $saved
	printf '#!/bin/sh\n# Postern installs packages right now; they start no service. This file goes away by itself.\nexit 101\n' |
		$SUDO tee $policy >/dev/null
	$SUDO chmod 755 $policy
}

list_of() {
	case $1 in
	build) echo $build ;;
	demo) echo $demo ;;
	tests) echo $tests ;;
	# Debian's npm conflicts with a node from elsewhere, so it is wanted only where there is none.
	peers) echo $peers; command -v node >/dev/null || echo nodejs; command -v npm >/dev/null || echo npm ;;
	browser) echo $browser ;;
	package) echo $package ;;
	*) echo "packages.sh: no such purpose: $1" >&2; exit 2 ;;
	esac
}

is_installed() {
	case " $installed " in *" $1 "*) return 0 ;; esac
	return 1
}

missing_of() {
	local entry alternative found
	for entry in "$@"; do
		found=no
		for alternative in ${entry//|/ }; do
			is_installed "$alternative" && found=yes
		done
		[ $found = yes ] || echo "${entry%%|*}"
	done
}

# apt's status lines as one line that moves (terminal) or a line each tenth (elsewhere).
progress() {
	local terminal=no
	[ -t 1 ] && terminal=yes
	awk -F: -v terminal=$terminal '
	$1 == "dlstatus" || $1 == "pmstatus" {
		what = $1 == "dlstatus" ? "downloading" : "installing"
		if (terminal == "yes")
			printf "\r\033[K  %s %3d %%  %.70s", what, $3, $4
		else if (what != last || int($3 / 10) > tenth)
			printf "  %s %d %%\n", what, $3
		if (what != last || int($3 / 10) > tenth)
			tenth = int($3 / 10)
		last = what; fflush()
	}
	END { if (terminal == "yes") printf "\r\033[K" }'
}

# Status on standard output, everything else on standard error: sudo keeps only these open.  The packages' own scripts
# must write to a plain file: sharing the pipe of the status lines, fontconfig and ca-certificates failed with I/O errors.
apt() {
	$SUDO env DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -c \
		'exec 9>&1 1>&2; exec apt-get -y -q -o APT::Status-Fd=9 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"' apt "$@" \
		2>>"$log" </dev/null
}

failed() {
	echo "packages.sh: $1. The end of what apt-get said:" >&2
	tail -n 25 "$log" >&2
	exit 1
}

install_missing() {
	echo "Packages to install (Debian's, without recommended ones):"
	printf '%s\n' "$@" | sort | paste -sd ' ' | fold -s -w 100 | sed 's/^/  /'
	[ -z "$SUDO" ] || echo "They need root once, by sudo."
	[ -z "$SUDO" ] || command -v sudo >/dev/null ||
		failed "neither root nor sudo is here: install the packages above as root, then come back"
	[ -z "$SUDO" ] || sudo -v
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	echo "  reading the package lists"
	apt update >/dev/null || failed "apt-get update failed"
	forbid_services
	# The second time helps where one package could not be set up before another, or a mirror hiccuped.
	install_once "$@" || install_once "$@" || failed "apt-get install failed twice"
	restore_policy
	not_at_boot "$@"
	echo "  done"
}

install_once() {
	rm -f "$log.done"
	{ apt --no-install-recommends install "$@" && touch "$log.done"; } | progress || true
	[ -e "$log.done" ]
}

not_at_boot() {
	local unit
	[ -d /run/systemd/system ] || return 0
	for unit in $units; do
		case " $* " in *" $unit "*|*"-mod-${unit%d} "*) $SUDO systemctl -q disable "$unit" 2>/dev/null || true ;; esac
	done
}

trap finish EXIT
wanted=
for purpose in "$@"; do
	wanted="$wanted $(list_of "$purpose")"
done
names=$(printf '%s\n' $wanted | tr '|' '\n' | sort -u)
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $names 2>/dev/null |
	awk '$1 == "installed" { print $2 }' | tr '\n' ' ') || true
missing=$(missing_of $wanted | sort -u)
[ -z "$missing" ] || install_missing $missing
