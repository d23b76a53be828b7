"""The part of a benchmark that all contenders share: a process that trains when asked."""

import json
import os
import sys
import time


def serve(build):
    """Says on standard output what `build` made, `facts`, and then answers questions on standard
    input, [mode, seconds] a line each, with the time of a step. The first question of a mode warms
    up; its answer says what the very first step took. What `build` returns has `counters` and
    `modes`: functions run(steps, mark), which call mark() when the steps to be measured begin, and
    when they have ended."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints does not belong into the answers
    contender = build()
    print(json.dumps(contender.facts), file=answers, flush=True)
    step = {}
    for question in sys.stdin:
        mode, seconds = json.loads(question)
        first = {}
        if mode not in step:
            first = dict(zip(("first_step", "first_counters"), measured(contender, mode, 1)))
            contender.modes[mode](5, lambda: None)
        steps = max(5, int(seconds / step[mode])) if mode in step else 5
        step[mode], counters = measured(contender, mode, steps)
        print(json.dumps({"step": step[mode], "steps": steps, "memory_mib": peak_mib(),
                          "counters": counters, **first}), file=answers, flush=True)


def measured(contender, mode, steps):
    """Seconds and counters of a step."""
    marks = []
    contender.modes[mode](steps, lambda: marks.append((time.perf_counter(), contender.counters())))
    (begin, before), (end, after) = marks
    return (end - begin) / steps, per_step(before, after, steps)


def per_step(before, after, steps):
    """Counters as rates; what is a level, in bytes, as it is."""
    levels = ("live_bytes", "peak_live_bytes", "resident_bytes", "peak_resident_bytes")
    return {key: value if key in levels else (value - before[key]) / steps
            for key, value in after.items()}


def peak_mib():
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
