"""Trains examples/mnist_convnet.py on evergpu and on stock TensorFlow, and says how they compare.

Both are the same environment; EVERGPU_ADAPTER=off makes it stock TensorFlow. Step times are medians
over runs in the order evergpu, stock, stock, evergpu, so that a machine that grows slower or faster
favours neither. Exit code 1 below 97 % accuracy or when a run fails.
"""

import json
import os
import pathlib
import queue
import runpy
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "mnist_convnet.py"
OUTPUT = ROOT / "out" / "demo"
LEAST_ACCURACY = 0.97
SHORT = ["--epochs", "3"]


def run_example(arguments):
    """In a process of its own: runs the example as it is, then notes which device served it."""
    logs = pathlib.Path(arguments[arguments.index("--logs") + 1])
    sys.argv = [str(EXAMPLE), *arguments]
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    from evergpu import plugin

    (logs / "devices.json").write_text(json.dumps(plugin.describe("devices") or []))


def lines_of(process):
    """The lines a process prints, and None after every ten seconds of silence."""
    lines = queue.SimpleQueue()
    end = object()

    def read():
        for line in process.stdout:
            lines.put(line.rstrip())
        lines.put(end)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=10)
        except queue.Empty:
            line = None
        if line is end:
            return
        yield line


def train(name, stock, *options):
    """Runs the example once, showing what it prints. Returns its history and devices."""
    logs = OUTPUT / "tensorboard" / name
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="2", PYTHONUNBUFFERED="1")
    if stock:
        environment["EVERGPU_ADAPTER"] = "off"
    command = [sys.executable, __file__, "--run", "--logs", str(logs), *options]
    noise = ROOT / ".cache" / "log" / f"train-{name}.log"
    noise.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with noise.open("w") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            for line in lines_of(process):
                if line is None:
                    line = f"{time.monotonic() - began:.0f} s …"
                if not line.startswith("Epoch"):
                    print(f"      {name}: {line}", flush=True)
        finally:
            if sys.exc_info()[0] is not None:
                process.terminate()
            code = process.wait()
    said = [line for line in noise.read_text().splitlines() if line.startswith("evergpu:")]
    print("".join(f"      {line}\n" for line in said), end="", flush=True)
    if code != 0:
        last = "\n".join("      | " + line for line in noise.read_text().splitlines()[-25:])
        sys.exit(f"{last}\n./demo: {name} failed with exit code {code}; all of it is in {noise}")
    history = json.loads((logs / "history.json").read_text())
    return history, json.loads((logs / "devices.json").read_text())


def draw(ours, stock, path):
    os.environ.setdefault("MPLCONFIGDIR", str(ROOT / ".cache" / "matplotlib"))
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for label, history, style in (("evergpu", ours, "-"), ("stock TensorFlow", stock, "--")):
        epochs = range(1, len(history["epochs"]["loss"]) + 1)
        axes[0].plot(epochs, history["epochs"]["loss"], style, label=label)
        axes[1].plot(epochs, history["epochs"]["val_accuracy"], style, label=label)
    for axis, title in zip(axes, ("training loss", "test accuracy")):
        axis.set(title=title, xlabel="epoch")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=120)


def check_device():
    """Ends the demo before it trains where evergpu has no device, or one that is not well."""
    command = [sys.executable, "-m", "evergpu"]
    environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="2")
    check = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check.returncode != 0:
        lines = check.stdout.splitlines()[-25:]
        said = [line for line in lines if line.startswith(("evergpu:", "not well:"))] or lines
        reason = "".join(f"      {line}\n" for line in said)
        sys.exit(f"{reason}./demo: nothing was trained; `.venv/bin/python -m evergpu` says the same")


def main():
    check_device()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    ours, devices = train("evergpu", stock=False)
    stock, _ = train("stock TensorFlow", stock=True)
    stock_again, _ = train("stock TensorFlow, again", True, *SHORT)
    ours_again, _ = train("evergpu, again", False, *SHORT)
    for name in ("stock TensorFlow, again", "evergpu, again"):
        shutil.rmtree(OUTPUT / "tensorboard" / name)
    picture = OUTPUT / "learning_curve.png"
    draw(ours, stock, picture)

    def median_step(*runs):
        return 1000 * statistics.median(s for run in runs for s in run["step_seconds"])

    step, stock_step = median_step(ours, ours_again), median_step(stock, stock_again)
    ratio = stock_step / step
    verdict = "faster" if ratio >= 1.005 else "slower" if ratio < 0.995 else "equal"
    accuracy = ours["test_accuracy"]
    device = devices[0]
    # The shell that called ./demo may be in another folder.
    at = "" if os.environ.get("OLDPWD", str(ROOT)) == str(ROOT) else f"cd '{ROOT}' && "
    print()
    print(f"device: {device['adapter']}, {device['name']}, {device['memory'] / 2**30:.1f} GiB")
    print(f"accuracy {accuracy:.3f} (stock TensorFlow {stock['test_accuracy']:.3f})")
    print(f"step {step:.1f} ms, stock TensorFlow {stock_step:.1f} ms: {ratio:.2f}x, {verdict}")
    print(f"learning curve: {picture.relative_to(ROOT)}")
    print(f"TensorBoard: {at}.venv/bin/tensorboard --logdir out/demo/tensorboard")
    print(f"next: {at}.venv/bin/python YOUR_SCRIPT.py, unchanged; EVERGPU_STATS=1 says what evergpu did")
    if accuracy < LEAST_ACCURACY:
        print(f"./demo: accuracy is below {LEAST_ACCURACY}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_example(sys.argv[2:])
    else:
        try:
            sys.exit(main())
        except KeyboardInterrupt:
            sys.exit("./demo: interrupted; run it again to go on")
