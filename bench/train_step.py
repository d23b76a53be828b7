"""Time of a training step, evergpu against stock TensorFlow in the same environment.

    python bench/train_step.py [--models all] [--mode fit,train_on_batch] [--rounds 5] [--seconds 3]
        [--policy mixed_bfloat16] [--eager] [--torch PYTHON] [--json FILE]

All contenders run at once as processes of their own that take turns, a round each, so that a noisy
machine hits them all; the medians of the rounds and their spread are printed. In each round the
machine's rate of matrix products is measured too: the limit is the step's floating-point operations
at the best of these. --eager adds evergpu without recording, an op at a time; --torch adds PyTorch
from another environment (bench/requirements-torch.txt)."""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys

import summary
from cases import CASES

HERE = pathlib.Path(__file__).resolve().parent
MODES = ("fit", "train_on_batch")


def main():
    arguments = parsed_arguments()
    print(summary.HEADER)
    results = []
    for name in arguments.models:
        result = compare(name, arguments)
        result["rows"] = summary.rows(result)
        results.append(result)
        print(*map(summary.line, result["rows"]), *summary.first_steps(result), sep="\n", flush=True)
        if not result["facts"]["evergpu"]["on_device"]:
            print("no evergpu device: these are all stock TensorFlow")
        if any(row["counters"].get("fallbacks") for row in result["rows"]):
            print("some kernels did not compile, and were computed in parts")
        means = summary.geometric_means(results)
        if arguments.json:  # after each model, so that a run that is ended early leaves its results
            document = {"arguments": vars(arguments), "models": results, "geometric_means": means}
            arguments.json.write_text(json.dumps(document, indent=1, default=str) + "\n")
    print(*map(summary.mean_line, means), sep="\n")
    return 0


def parsed_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=choice(tuple(CASES)), default="all",
                        help=f"all, or some of {','.join(CASES)}")
    parser.add_argument("--mode", type=choice(MODES), default="fit", help=f"all, or some of {','.join(MODES)}")
    parser.add_argument("--policy", choices=("float32", "mixed_bfloat16"), default="float32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0,
                        help="of measuring, each round of each mode")
    parser.add_argument("--eager", action="store_true", help="evergpu an op at a time as well")
    parser.add_argument("--torch", metavar="PYTHON", help="of an environment with PyTorch")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="for all measured")
    return parser.parse_args()


def choice(known):
    """The type of an argument that is `all` or a list with commas."""
    def parse(text):
        names = known if text == "all" else text.split(",")
        if not set(names) <= set(known):
            raise argparse.ArgumentTypeError(f"{text}: not in {', '.join(known)}")
        return names
    return parse


def contenders(name, arguments):
    """{label: (command, variables of its environment)}"""
    keras = [sys.executable, HERE / "keras_worker.py", name, arguments.policy]
    chosen = {"evergpu": (keras, {})}
    if arguments.eager:
        chosen["evergpu eager"] = (keras, {"EVERGPU_EAGER": "1"})
    # A library that EVERGPU_LIBRARY names is not even loaded: its pages are no memory of stock
    # TensorFlow. An installed one is, turned off.
    chosen["TensorFlow"] = (keras, {"EVERGPU_ADAPTER": "off", "EVERGPU_LIBRARY": ""})
    if arguments.torch:
        torch = [arguments.torch, HERE / "torch_worker.py", name, arguments.policy]
        chosen["PyTorch"] = ([*torch, "eager"], {})
        chosen["torch.compile"] = ([*torch, "compile"], {})
    return chosen


def compare(name, arguments):
    """All that the contenders answered, a list for each mode with one answer a round."""
    products = [sys.executable, HERE / "gemm_worker.py", arguments.policy]
    with contextlib.ExitStack() as running:
        workers = {label: running.enter_context(Worker(*how))
                   for label, how in contenders(name, arguments).items()}
        gemm = running.enter_context(Worker(products, {"EVERGPU_ADAPTER": "off"}))
        answers = {label: {mode: [] for mode in arguments.mode} for label in workers}
        rates = {size: [] for size in gemm.facts["flop"]}
        first = {label: {mode: worker.ask(mode, 0) for mode in arguments.mode}
                 for label, worker in workers.items()}
        for number in range(arguments.rounds):
            order = list(workers.items())
            for label, worker in order if number % 2 == 0 else reversed(order):
                for mode in arguments.mode:
                    answers[label][mode].append(worker.ask(mode, arguments.seconds))
            for size, flop in gemm.facts["flop"].items():
                rates[size].append(flop / gemm.ask(size, 0.3)["step"])
        facts = {label: worker.facts for label, worker in workers.items()}
    return {"model": name, "batch": CASES[name].batch, "flop": facts["TensorFlow"]["flop"],
            "gemm_flop_per_second": rates, "first": first, "answers": answers, "facts": facts}


class Worker:
    """A process that runs `worker.serve`."""

    def __init__(self, command, environment):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **environment}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)

    def __enter__(self):
        self.facts = self.answer()
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def ask(self, mode, seconds):
        self.process.stdin.write(json.dumps([mode, seconds]) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(map(str, self.process.args))} ended with code "
                             f"{self.process.wait()}")
        return json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
