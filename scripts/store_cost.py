#!/usr/bin/env python3
"""What a sweep of very short runs costs beside the runs: the time and memory of planning, keeping and ranking results.

Yin-Yang with the steady-state approximation, two training samples and three neurons: a run takes some 20 µs. Printed are wall
and processor seconds and the largest resident memory of: planning alone (--dry-run), the whole sweep, the same command once
more, when all is there, and what is left after it was killed half way.

    scripts/store_cost.py target/release/repro 100000
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = """
study = "yinyang"
base = "yin_yang"
model = "steadnet"
seeds = [1, 2]

[network]
dims = [4, 3, 3]

[task]
train = 2
validation = 1
test = 1

[training]
epochs = 1
validation_patterns = 1

[[points]]
draws = {draws}
"network.eta_up.0" = {{ from = 0.1, to = 10, random = "log-uniform" }}
"network.eta_up.1" = {{ from = 1e-5, to = 1e-3, random = "log-uniform" }}
"network.g_a" = {{ from = 0.1, to = 1, random = "uniform" }}
"""


def measured(what, command):
    """Runs it, prints what it took, and returns its seconds."""
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{what}: failed: {' '.join(map(str, command))}")
    wall = time.monotonic() - start
    processor = usage.ru_utime + usage.ru_stime
    print(f"{what}: {wall:.1f} s, {processor:.1f} s of processors, {usage.ru_maxrss / 1024:.0f} MB", flush=True)
    return processor


def main():
    program, runs = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        study = folder / "short.toml"
        study.write_text(STUDY.format(draws=runs // 2))
        command = [program, "sweep", study, "--out", folder / "out"]
        measured("planning", [*command, "--dry-run"])
        processor = measured("sweep", command)
        print(f"  {1e3 * processor / runs:.3f} ms of processors per run")
        measured("once more", command)
        half = [program, "sweep", study, "--out", folder / "half"]
        child = subprocess.Popen(half, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = folder / "half/runs/short.jsonl"
        whole = (folder / "out/runs/short.jsonl").stat().st_size
        while not journal.exists() or journal.stat().st_size < whole / 2:
            time.sleep(0.01)
        child.kill()
        child.wait()
        measured("after a kill half way", half)


if __name__ == "__main__":
    main()
