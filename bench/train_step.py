"""Time of a training step in Keras's fit, evergpu against stock TensorFlow in the same environment.

    python bench/train_step.py [--models all] [--rounds 5] [--seconds 3]

Both run at once as processes of their own that take turns, a round each, so that a noisy machine
hits both; the medians of the rounds and their spread are printed. Peak memory is the process's."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
# The builders of models.py, which only the workers import: it takes seconds.
ALL = ("mlp", "convnet", "resnet20", "lstm", "transformer", "mobilenetv2", "resnet50")
CONTENDERS = {"evergpu": {}, "TensorFlow": {"EVERGPU_ADAPTER": "off"}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="mlp,convnet,resnet20",
                        help="a list with commas, or all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of measuring, each round")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker)
    print(f"{'model':11} {'batch':>5}  {'device':10} {'step':>17} {'examples/s':>11} {'memory':>9}"
          f"  {'speed':>6}")
    for name in ALL if arguments.models == "all" else arguments.models.split(","):
        report(name, compare(name, arguments.rounds, arguments.seconds))
    return 0


def compare(name, rounds, seconds):
    """{contender: its answers, one a round}"""
    workers = {label: start(name, environment) for label, environment in CONTENDERS.items()}
    answers = {label: [] for label in workers}
    try:
        for label, worker in workers.items():
            ask(worker, "warm up")
        for number in range(rounds):
            order = list(workers.items())
            for label, worker in order if number % 2 == 0 else reversed(order):
                answers[label].append(ask(worker, str(seconds)))
    finally:
        for worker in workers.values():
            worker.stdin.close()
            worker.wait(timeout=60)
    return answers


def start(name, environment):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **environment}
    return subprocess.Popen([sys.executable, str(HERE / "train_step.py"), "--worker", name],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            env=environment)


def ask(worker, question):
    worker.stdin.write(question + "\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise SystemExit(f"a worker ended with code {worker.wait()}")
    return json.loads(answer)


def report(name, answers):
    steps = {label: [a["step"] for a in rounds] for label, rounds in answers.items()}
    medians = {label: statistics.median(values) for label, values in steps.items()}
    stock = medians["TensorFlow"]
    for label, rounds in answers.items():
        low, high = min(steps[label]), max(steps[label])
        ratios = [s / e for e, s in zip(steps["evergpu"], steps["TensorFlow"])]
        speed = (f"{stock / medians['evergpu']:.2f}x [{min(ratios):.2f} .. {max(ratios):.2f}]"
                 if label == "evergpu" else "")
        print(f"{name:11} {rounds[0]['batch']:5}  {label:10} "
              f"{medians[label] * 1e3:7.2f} ms ±{(high - low) / 2 * 1e3:5.2f} "
              f"{rounds[0]['batch'] / medians[label]:11.0f} {rounds[-1]['memory_mib']:5.0f} MiB"
              f"  {speed}")
    counters = answers["evergpu"][-1]["counters"]
    if counters:
        listed = ", ".join(f"{key.replace('_', ' ')} {n:,.1f}" for key, n in counters.items())
        print(f"{'':18}a step of evergpu: {listed}")
    else:
        print(f"{'':18}no evergpu device: both columns are stock TensorFlow")


def work(name):
    """Answers questions on standard input: a number of seconds to train for."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Keras prints does not belong into the answers
    import tensorflow as tf

    import models
    from evergpu import plugin

    model, data, batch = models.compiled(name)
    gpus = tf.config.list_physical_devices("GPU")
    steps, per_step = 5, None
    for question in sys.stdin:
        if question.strip() == "warm up":
            model.fit(data, steps_per_epoch=10, shuffle=False, verbose=0)
            per_step = timed(model, data, steps) / steps
            print(json.dumps({"ready": True}), file=answers, flush=True)
            continue
        steps = max(5, int(float(question) / per_step))
        before = plugin.describe("statistics:0") if gpus else None
        per_step = timed(model, data, steps) / steps
        after = plugin.describe("statistics:0") if gpus else None
        print(json.dumps({"step": per_step, "batch": batch, "memory_mib": peak_mib(),
                          "counters": per_step_counters(before, after, steps)}),
              file=answers, flush=True)
    return 0


def timed(model, data, steps):
    begin = time.perf_counter()
    model.fit(data, steps_per_epoch=steps, shuffle=False, verbose=0)
    return time.perf_counter() - begin


def per_step_counters(before, after, steps):
    if not after:
        return {}
    rates = {key: (after[key] - before[key]) / steps for key in ("writes", "flushes", "kernels")}
    for key in ("bytes_allocated", "bytes_created"):
        rates[key.replace("bytes", "MiB")] = (after[key] - before[key]) / steps / 2**20
    rates["MiB_resident_at_most"] = after["peak_resident_bytes"] / 2**20
    return rates


def peak_mib():
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
