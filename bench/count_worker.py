"""Counts a training step of one of models.py: count_worker.py MODEL POLICY

Prints, of a step, its floating-point operations (flop.py), how many kernels run, and the bytes they
write and read. The device counts kernels and what they write; what they read is worked out from the
plans that it prints."""

import contextlib
import json
import os
import sys
import tempfile

os.environ["EVERGPU_LOG"] = "plan"  # before the library is loaded

import plan_reads
from keras_worker import Training
from worker import per_step

WARM_UP, STEPS = 2, 3


def main():
    counters = []
    with tempfile.TemporaryFile("w+") as log:
        with standard_error_in(log):
            training = Training(*sys.argv[1:])
            training.train_on_batch(WARM_UP, lambda: None)
            log.truncate(0)
            log.seek(0)
            training.train_on_batch(STEPS, lambda: counters.append(training.counters()))
        log.seek(0)
        planned, bytes_read = plan_reads.of_plans(log.read())
    if not training.on_device:
        raise SystemExit("no evergpu device")
    counted = per_step(*counters, STEPS)
    if planned != counted["kernels"] * STEPS:
        raise SystemExit(f"{planned / STEPS} kernels a step in the plans, {counted['kernels']} ran")
    print(json.dumps({"flop": training.facts["flop"], "kernels": counted["kernels"],
                      "bytes_written": counted["bytes_written"],
                      "bytes_read": bytes_read / STEPS}))


@contextlib.contextmanager
def standard_error_in(file):
    """The library writes to the descriptor, not to Python's stream."""
    kept = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


if __name__ == "__main__":
    main()
