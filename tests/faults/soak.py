#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""100,000 sign-ons: memory, descriptors, latency and what is written, at the begin and at the end.   (make soak)

The load is that of `make bench`: eight clients with keep-alive, Entra's side
played outside the measured processes.
"""
import argparse
import collections
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "bench")]

import bench as benches  # noqa: E402

SLICE = 5000


def descriptors(bench):
    """Of each process, once the connections of the clients that have ended are gone."""
    def look():
        return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in benches.processes(bench.root)}

    seen, end = look(), time.monotonic() + 30
    while time.monotonic() < end:
        time.sleep(0.5)
        before, seen = seen, look()
        if seen == before:
            break
    return seen


def role_of(pid):
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return words[2] if words[1] == "role" else "parent"


def memory(bench):
    """KiB of each process that are its own, by roles.  The pages of mirror and claims are the disk's and come once."""
    found = collections.defaultdict(list)
    for pid in benches.processes(bench.root):
        found[role_of(pid)].append(benches.memory_kib(pid)[1])
    return dict(found)


def written(bench):
    """Bytes on the disks."""
    return {"claims": sum(path.stat().st_blocks * 512 for path in pathlib.Path(bench.runtime).iterdir()),
            "audit": (bench.parts.folder / "state/audit/audit.jsonl").stat().st_size}


def print_sizes(sign_ons, before, after, roles):
    for name, title in (("claims", "runtime_dir"), ("audit", "audit")):
        print(f"{title + ', each sign-on':29} {(after[name] - before[name]) / sign_ons:.0f} bytes")
    for role, each in sorted(roles.items()):
        print(f"{'own memory, ' + role:29} {max(each):,} KiB{f' at most, of {len(each)}' if len(each) > 1 else ''}")
    print(f"{'own memory of all':29} {sum(map(sum, roles.values())):,} KiB")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--count", type=int, default=100000)
    arguments.add_argument("--slice", type=int, default=SLICE, help="sign-ons between two looks")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # leaves nothing behind
    folder = tempfile.mkdtemp(prefix="postern-soak-")
    bench = benches.Bench(options.build, folder)
    try:
        bench.start()
        bench.load(1000)                                        # warm
        processes, disks, loads = descriptors(bench), written(bench), [bench.load(options.slice)]
        roles = memory(bench)
        while sum(load["sign_ons"] for load in loads) < options.count:
            loads.append(bench.load(options.slice))
            print(f"  {sum(load['sign_ons'] for load in loads):,}", flush=True)
        after, disks_after, roles_after = descriptors(bench), written(bench), memory(bench)
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    first, last = loads[0], loads[-1]
    failed, sign_ons = (sum(load[key] for load in loads) for key in ("failed", "sign_ons"))
    print(f"sign-ons                      {sign_ons:,}, {failed} failed   promised: none")
    print(f"processes                     {'the same' if set(after) == set(processes) else 'others'}   promised: the same")
    print(f"descriptors of all of them    {sum(processes.values())}, then {sum(after.values())}   promised: the same")
    print(f"floor: RSA-2048 sign + verify {benches.floor(first):.0f} us, then {benches.floor(last):.0f}, with all cores busy")
    for name, key in (("p50 with 8 clients", "p50_us"), ("p99 with 8 clients", "p99_us"),
                      ("CPU of all processes each", "cpu_us_each")):
        print(f"{name:29} {first[key]:.0f} us, then {last[key]:.0f}")
    grown = {role: max(roles_after.get(role, [0])) - max(each) for role, each in roles.items()}
    print(f"own memory has grown by       {', '.join(f'{role} {kib:+d}' for role, kib in sorted(grown.items()))} KiB   "
          "promised: less than 1,024 each")
    print_sizes(sign_ons, disks, disks_after, roles_after)
    kept = failed == 0 and after == processes and max(grown.values()) < 1024
    print("kept" if kept else "NOT KEPT")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
