#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""100,000 sign-ons: memory, descriptors and latency at the begin and at the end.   (make soak)

The load is that of `make bench`: eight clients with keep-alive, Entra's side
played outside the measured processes.
"""
import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "bench")]

import bench as benches  # noqa: E402

SLICE = 5000


def descriptors(bench):
    return {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in benches.processes(bench.root)}


def keys_kib(bench):
    """Private memory of the largest keys role."""
    roles = [pid for pid in benches.processes(bench.root)
             if b"role\0keys\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    return max(benches.memory_kib(pid)[1] for pid in roles)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--count", type=int, default=100000)
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # leaves nothing behind
    folder = tempfile.mkdtemp(prefix="postern-soak-")
    bench = benches.Bench(options.build, folder)
    try:
        bench.start()
        bench.load(1000)                                        # warm
        processes, loads = descriptors(bench), [bench.load(SLICE)]
        loads[0]["keys_kib"] = keys_kib(bench)
        while sum(load["sign_ons"] for load in loads) < options.count:
            loads.append(bench.load(SLICE))
            print(f"  {sum(load['sign_ons'] for load in loads):,}", flush=True)
        after = descriptors(bench)
        loads[-1]["keys_kib"] = keys_kib(bench)
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
    first, last = loads[0], loads[-1]
    failed = sum(load["failed"] for load in loads)
    print(f"sign-ons                      {sum(load['sign_ons'] for load in loads):,}, {failed} failed   promised: none")
    print(f"processes                     {'the same' if set(after) == set(processes) else 'others'}   promised: the same")
    print(f"descriptors of all of them    {sum(processes.values())}, then {sum(after.values())}   promised: the same")
    print(f"floor: RSA-2048 sign + verify {benches.floor(first):.0f} us, then {benches.floor(last):.0f}, with all cores busy")
    rows = (("p50 with 8 clients", "p50_us", "us"), ("p99 with 8 clients", "p99_us", "us"),
            ("CPU of all processes each", "cpu_us_each", "us"), ("private memory of a worker", "private_kib", "KiB"),
            ("of that not pages of claims", "own_kib", "KiB"), ("private memory of a keys role", "keys_kib", "KiB"))
    for name, key, unit in rows:
        print(f"{name:29} {first[key]:.0f} {unit}, then {last[key]:.0f}")
    grown = max(last[key] - first[key] for key in ("own_kib", "keys_kib"))
    kept = failed == 0 and after == processes and grown < 1024
    print("kept" if kept else "NOT KEPT")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
