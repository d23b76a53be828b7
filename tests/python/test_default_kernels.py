"""TensorFlow's own kernels for devices it does not know run on protected addresses: none crashes,
and each computes what it should."""

import functools
import json

import pytest
from tensorflow.python.framework import kernels

import default_kernels  # noqa: F401 registers the programs
from default_kernels import runner
from default_kernels.registry import PROGRAMS, UNREACHABLE
from support import process
from support.device import DRY_RUN
from support.op_table import table


@functools.cache
def outcome():
    """{(program, dtype): problem}, running children until every step has had its turn."""
    problems = {}
    first, steps = 0, runner.steps()
    while first < len(steps):
        child = process.run(f"import default_kernels; from default_kernels import runner; "
                            f"runner.run({first}, {len(steps)})", timeout=300)
        lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
        assert lines, str(child)
        for line in lines:
            if line.get("problem"):
                problems[steps[line["end"]]] = line["problem"]
        last = max(line.get("start", -1) for line in lines)
        if lines[-1].get("end") != last:
            how = "hangs" if child.timed_out else f"crashes ({child.code})"
            said = [line for line in child.stderr.splitlines()
                    if line.startswith(("evergpu", "Fatal", "  File"))]
            problems[steps[last]] = f"{how}:\n" + "\n".join(said[:12])
            # The other dtypes of this program would end in the same way, each after a new start.
            while last + 1 < len(steps) and steps[last + 1][0] == steps[last][0]:
                last += 1
        first = last + 1
    return problems


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_program(name):
    problems = {dtype: text for (program, dtype), text in outcome().items() if program == name}
    assert not problems, "\n".join(f"{dtype}: {text}" for dtype, text in problems.items())


def test_every_kernel_is_run_or_known_to_be_out_of_reach():
    registered = {k.op for k in kernels.get_all_registered_kernels().kernel
                  if k.device_type == "DEFAULT"}
    run = {op for _, ops, _ in PROGRAMS.values() for op in ops}
    ours = set() if DRY_RUN else set(table())
    assert sorted(registered - run - set(UNREACHABLE) - ours) == ([] if not DRY_RUN else ["DeepCopy"])
    assert sorted(set(UNREACHABLE) & run) == []
