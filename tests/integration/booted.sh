#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# booted.sh FOLDER [SOURCE:PLACE]...
#
# PID 1 of a container: makes a root file system over the machine's own, on
# which nothing that is written reaches the machine, and becomes systemd with
# the units in FOLDER/units alone and FOLDER/postern as the program.  SOURCE is a
# folder of the machine that is seen as PLACE.  Called in namespaces of its own by booted.py.
set -eu
folder=$1
shift
root=$folder/root

mount --make-rprivate /
mount -t tmpfs tmpfs "$folder/over"
mkdir "$folder/over/upper" "$folder/over/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/over/upper,workdir=$folder/over/work" "$root"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts" "$root/dev/mqueue" "$root/dev/hugepages"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
	mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
	mkdir "$root/sys/fs/cgroup/systemd"
	mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi
for shared in "$folder/units:/units" "$@"; do
	mkdir -p "$root${shared#*:}"
	mount --bind "${shared%%:*}" "$root${shared#*:}"
done
mkdir -p "$root/run/systemd/system" "$root/usr/local/bin"
cp "$folder/postern" "$root/usr/local/bin/postern"
# users that the machine does not have
systemd-sysusers --root="$root" "$folder/sysusers.conf"
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nRateLimitBurst=0\n' >"$root/etc/systemd/journald.conf.d/test.conf"
cd "$root"
pivot_root . mnt
umount -l /mnt
# a credential is mounted in a namespace of its own, and seen by the service through this
mount --make-rshared /
exec env -i container=postern-test PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH="/run/systemd/system:/units" \
	/lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=no
