"""Every op of the plug-in's table, in every dtype it is registered for, against TensorFlow's CPU
device: results and gradients, soft placement off."""

import dataclasses
import random
import zlib

import pytest

import op_cases  # noqa: F401 registers the cases
from support import sweep
from support.case import CASES, Context
from support.device import DEVICE, DRY_RUN, FULL, SAMPLE, SEED
from support.op_table import table, with_defaults

CALLS_IN_QUICK_MODE = 5


def _combinations():
    for op, combinations in sorted(table().items()):
        if op not in CASES:
            continue
        if not FULL:
            combinations = _sample(op, combinations)
        for types in combinations:
            label = "-".join([op, *(dtype.name for dtype in types.values())])
            yield pytest.param(op, types, id=label)


def _sample(op, combinations, count=SAMPLE):
    """f32 and f64 always; of the rest so many that ops with two type attributes do not crowd out
    the others."""
    picked = random.Random(SEED ^ zlib.crc32(op.encode())).sample(
        combinations, min(count, len(combinations)))
    main = [c for c in combinations if set(d.name for d in c.values()) & {"float32"}][:1]
    return [c for c in combinations if c in picked or c in main]


@pytest.mark.skipif(DRY_RUN, reason="dry run without the plug-in's table")
def test_every_op_has_a_case():
    assert sorted(set(table()) - set(CASES)) == []


@pytest.mark.skipif(DRY_RUN, reason="dry run without the plug-in's table")
def test_every_case_names_an_op_of_the_table():
    assert sorted(set(CASES) - set(table())) == []


@pytest.mark.parametrize("op, types", list(_combinations()))
def test_op(op, types):
    case = CASES[op]
    types = with_defaults(op, types)
    calls = list(case.generate(Context(op, types, SEED)))
    assert calls
    if not FULL:
        seed = zlib.crc32(f"{op}{sorted((k, v.name) for k, v in types.items())}{SEED}".encode())
        calls = random.Random(seed).sample(calls, min(CALLS_IN_QUICK_MODE, len(calls)))
    problems = [problem for call in calls for problem in _check(op, types, case, call)]
    assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:12])


def _check(op, types, case, call):
    options = dataclasses.replace(case.options, **call.changes)
    gradient = options.gradient and sweep.has_gradient(op) and sweep.is_floating(call.arguments)
    key = (op, *sorted((name, dtype.name) for name, dtype in types.items()))
    dry = {"compute": options.reference} if DRY_RUN and options.reference else {}
    found = sweep.run(op, call.arguments, DEVICE, gradient, **dry)
    expected = sweep.reference(op, key, call.arguments, gradient, options)
    for number, device in enumerate(found.devices):
        if DEVICE not in device.replace("device:", ""):
            yield f"{op}({call}): output {number} is on {device}"
    for number, (a, b) in enumerate(zip(found.outputs, expected.outputs, strict=True)):
        problem = sweep.difference(a, b, options, options.ulps)
        if problem and number < options.outputs:
            yield f"{op}({call}) output {number}: {problem}"
    loose = dataclasses.replace(options, exact=False, scale="max")
    for number, (a, b) in enumerate(zip(found.gradients, expected.gradients, strict=True)):
        problem = sweep.difference(a, b, loose, options.gradient_ulps)
        if problem:
            yield f"{op}({call}) gradient {number}: {problem}"
