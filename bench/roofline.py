"""An estimate, no measurement: how long a training step takes on a GPU at least.

    python bench/roofline.py [--models all] [--policy mixed_bfloat16] [--launch-us 5] [--json FILE]

Counts a step of each model on this machine (count_worker.py), on the host adapter unless
EVERGPU_ADAPTER says otherwise, and holds the counts against the published rates of the GPUs of
gpus.json: the longer of computing and of moving bytes, and an assumed cost of each kernel."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from cases import CASES
from train_step import choice

HERE = pathlib.Path(__file__).resolve().parent
NOTES = """
An estimate from counts and published rates; no GPU was measured. GFLOP: products and convolutions,
three times the forward ones. MB: each kernel reads its operands and writes its results once, and
nothing stays in a cache between kernels. Time: the longer of GFLOP at the GPU's f32 rate and MB at its
memory's, plus {launch_us:g} us for each kernel, an assumption (--launch-us). In brackets the largest of
the three."""


def main():
    arguments = parsed_arguments()
    gpus = json.loads((HERE / "gpus.json").read_text())
    print(*header(gpus), sep="\n")
    counted = {}
    for name in arguments.models:
        counted[name] = count(name, arguments.policy)
        print(row(name, counted[name], gpus, arguments.launch_us), flush=True)
    print(NOTES.format(launch_us=arguments.launch_us))
    if arguments.json:
        arguments.json.write_text(json.dumps(counted, indent=1) + "\n")
    return 0


def parsed_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=choice(tuple(CASES)), default="all",
                        help=f"all, or some of {','.join(CASES)}")
    parser.add_argument("--policy", choices=("float32", "mixed_bfloat16"), default="float32")
    parser.add_argument("--launch-us", type=float, default=5.0,
                        help="assumed cost of a kernel, in microseconds")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="for the counts")
    return parser.parse_args()


def count(name, policy):
    """What count_worker.py says of a step."""
    environment = {"EVERGPU_ADAPTER": "host", "TF_CPP_MIN_LOG_LEVEL": "2", **os.environ}
    done = subprocess.run([sys.executable, HERE / "count_worker.py", name, policy],
                          capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"{name}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def parts(counts, gpu, launch_us):
    """Seconds: {what takes them: how long}"""
    moved = counts["bytes_read"] + counts["bytes_written"]
    return {"computing": counts["flop"] / (gpu["f32_tflops"] * 1e12),
            "memory": moved / (gpu["gigabytes_per_second"] * 1e9),
            "launches": counts["kernels"] * launch_us * 1e-6}


def least_time(counts, gpu, launch_us):
    """(seconds, what most of them are)"""
    took = parts(counts, gpu, launch_us)
    return max(took["computing"], took["memory"]) + took["launches"], max(took, key=took.get)


def header(gpus):
    columns = ["model", "GFLOP", "MB read", "MB written", "kernels", *(gpu["name"] for gpu in gpus)]
    return line(columns), line(["---"] * len(columns))


def row(name, counts, gpus, launch_us):
    times = (least_time(counts, gpu, launch_us) for gpu in gpus)
    return line([name, f"{counts['flop'] / 1e9:.2f}", f"{counts['bytes_read'] / 1e6:,.1f}",
                 f"{counts['bytes_written'] / 1e6:,.1f}", f"{counts['kernels']:,.0f}",
                 *(f"{seconds * 1e3:.2f} ms ({bound})" for seconds, bound in times)])


def line(cells):
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
