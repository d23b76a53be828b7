"""bench/roofline.py: its arithmetic on counts that were made up, and what it reads from a plan's text."""

import json
import subprocess
import sys

import pytest

from support import device

ROOFLINE = device.REPOSITORY / "bench" / "roofline.py"
sys.path.insert(0, str(ROOFLINE.parent))
import plan_reads  # noqa: E402
import roofline  # noqa: E402

GPUS = json.loads((ROOFLINE.parent / "gpus.json").read_text())
GPU = {"name": "made up", "f32_tflops": 2.0, "gigabytes_per_second": 100.0}


def counts(flop=0, read=0, written=0, kernels=0):
    return {"flop": flop, "bytes_read": read, "bytes_written": written, "kernels": kernels}


@pytest.mark.parametrize("step, seconds, bound", (
    (counts(flop=4e9, read=6e7, written=4e7, kernels=100), 2.5e-3, "computing"),
    (counts(flop=1e9, read=3e8, written=1e8, kernels=100), 4.5e-3, "memory"),
    (counts(flop=1e6, read=1e5, written=1e5, kernels=100), 5.02e-4, "launches"),
))
def test_the_longer_of_computing_and_memory_and_the_launches(step, seconds, bound):
    assert roofline.least_time(step, GPU, launch_us=5) == (pytest.approx(seconds), bound)


def test_a_row_of_the_table():
    row = roofline.row("mlp", counts(4e9, 6e7, 4e7, 100), [GPU], 5)
    assert row == "| mlp | 4.00 | 60.0 | 40.0 | 100 | 2.50 ms (computing) |"
    assert [line.count("|") for line in roofline.header([GPU])] == [row.count("|")] * 2


@pytest.mark.parametrize("line, read", (
    ("launch 0: library f32[128,10] matmul transpose_a of f32[512,128], f32[512,10] <- %1, %2 -> %3(t+0)"
     "  # dense/MatMul (MatMul)", 4 * (512 * 128 + 512 * 10)),
    # a matrix for all batches: stride 0
    ("launch 1: library f32[8,4,4] matmul of f32[8,4,2], f32[8,2,4] <- %1, %2(t+64)[0,4,1]+2 -> %3",
     4 * (8 * 4 * 2 + 2 * 4)),
    ("launch 2: library f32[64,32] gather axis=0 batch_dims=0 of f32[5000,32], i32[64] <- %1, %2 -> %3",
     4 * (64 * 32 + 64)),
    # a bias repeats along the first axis, and the mask has a byte an element
    ("launch 3: loop [128,512] r0 = f32 x0; r1 = f32 x1; r2 = add(r0,r1); r3 = bool x2; r4 = f32 0x0; "
     "r5 = select(r3,r2,r4) <- %1(t+4), %2[0,1], %3 -> %4(wanted over %1)",
     4 * 128 * 512 + 4 * 512 + 128 * 512),
    ("launch 4: loop [] r0 = u64 0x24; r1 = u64 x0 <- %1(t+8)[]+1 -> r0 to %2, r1 to %3", 8),
    ("launch 5: loop [] r0 = u64 0x24 <- -> %1(t+0)", 0),
    # an activation, the gradient of its pooling, and on: the activation is never an array
    ("launch 6: pipeline loop [288,4] r0 = f32 x0; r1 = f32 x1; r2 = maximum(r0,r1) => library "
     "f32[8,6,6,4] window_gradient maximum extents=[1,2,2,1] of f32[8,6,6,4], f32[8,3,3,4] => "
     "loop [288,4] r0 = f32 made; r1 = f32 given; r2 = greater(r1,r0); r3 = bool x2; "
     "r4 = select(r2,r3,r3) <- %2(t+0), %1[0,1], %8, %9 -> %13(wanted)",
     4 * (288 * 4 + 4 + 8 * 3 * 3 * 4) + 288 * 4),
    ("launch 7: pipeline library f32[8,6] window_gradient sum extents=[1,2] of f32[8,3] => loop [48] "
     "r0 = f32 made; r1 = f32 x1; r2 = add(r0,r1) <- %2, %1 -> %3(t+0)", 4 * (24 + 48)),
))
def test_what_a_launch_of_a_plan_reads(line, read):
    text = f"evergpu plan: \n{line}\n1 launches, 0 bytes of temporaries\n"
    assert plan_reads.of_plans(text) == (1, read)


def test_loops_that_share_a_launch_read_one_after_the_other():
    text = ("launch 0: loop [8] r0 = f32 x0; r1 = exp(r0) <- %0 -> sum(r1)[0] to %2(t+0)\n"
            "  then loop [8] r0 = f32 x0; r1 = f32 x1; r2 = divide(r0,r1) <- %0, %2(t+0)[0] -> %4(wanted)\n")
    assert plan_reads.of_plans(text) == (1, 4 * (8 + 8 + 1))


def test_the_gpus_have_rates_that_follow_from_what_they_are_and_sources():
    assert {gpu["kind"] for gpu in GPUS} == {"integrated", "discrete"}
    for gpu in GPUS:
        assert gpu["f32_tflops"] == pytest.approx(
            2e-3 * gpu["f32_multiply_adds_per_clock"] * gpu["gigahertz"], rel=0.01)
        assert gpu["gigabytes_per_second"] > 0
        assert gpu["sources"] and all(url.startswith("https://") for url in gpu["sources"])


@pytest.mark.plugin
def test_what_a_step_of_the_mlp_counts(tmp_path):
    file = tmp_path / "counts.json"
    done = subprocess.run([sys.executable, str(ROOFLINE), "--models", "mlp", "--json", str(file)],
                          capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n| mlp |") == 1 and "no GPU was measured" in done.stdout
    counted = json.loads(file.read_text())["mlp"]
    products = 784 * 512 + 512 * 512 + 512 * 10
    assert counted["flop"] == 3 * 2 * 128 * products
    # Adam reads each weight, its gradient and two moments, and writes all but the gradient.
    weights = products + 512 + 512 + 10
    assert counted["bytes_read"] > 4 * 4 * weights
    assert 4 * 4 * weights < counted["bytes_written"] < counted["bytes_read"]
    assert 10 < counted["kernels"] < 40  # of 193 operations


def test_bytes_that_tiles_ask_for():
    import tile_reads
    assert tile_reads.bytes_of(64, 64, 10) == 4 * 10 * (64 + 64)
    assert tile_reads.bytes_of(65, 16, 10) == 4 * 10 * (65 + 2 * 16)  # two tiles read the columns
