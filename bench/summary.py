"""What train_step.py prints: rows of a table, made of what the contenders answered."""

import statistics

MIB = 2**20
# Of evergpu, a step: heading, the device's counter, its unit.
COUNTERS = (("ops", "writes", 1), ("kernels", "kernels", 1), ("flushes", "flushes", 1),
            ("MiB alloc.", "bytes_allocated", MIB), ("MiB exist", "bytes_created", MIB),
            ("MiB written", "bytes_written", MIB), ("MiB at most", "peak_resident_bytes", MIB),
            ("ms planning", "nanoseconds_planning", 1e6), ("ms kernels", "nanoseconds_running", 1e6))
HEADER = (f"{'model':11} {'mode':14} {'contender':13} {'step':>18} {'speed [rounds]':>21} "
          f"{'x limit':>7} {'memory':>9}" + "".join(f" {heading:>11}" for heading, *_ in COUNTERS))


def rows(result):
    """A row for each mode and contender of a model."""
    rate = max(max(rates) for rates in result["gemm_flop_per_second"].values())
    limit = result["flop"] / rate
    made = []
    for mode, stock in result["answers"]["TensorFlow"].items():
        for label, modes in result["answers"].items():
            steps = [answer["step"] for answer in modes[mode]]
            ratios = [answer["step"] / step for answer, step in zip(stock, steps)]
            last = modes[mode][-1]
            step = statistics.median(steps)
            made.append({
                "model": result["model"], "mode": mode, "contender": label,
                "step": step, "fastest": min(steps), "slowest": max(steps),
                "speed": statistics.median(answer["step"] for answer in stock) / step,
                "lowest_speed": min(ratios), "highest_speed": max(ratios),
                "times_limit": step / limit, "memory_mib": last["memory_mib"],
                "counters": last["counters"],
            })
    return made


def line(row):
    counters = row["counters"]
    speed = f"{row['speed']:.2f}x [{row['lowest_speed']:.2f} .. {row['highest_speed']:.2f}]"
    return (f"{row['model']:11} {row['mode']:14} {row['contender']:13} "
            f"{row['step'] * 1e3:8.2f} ms ±{(row['slowest'] - row['fastest']) / 2 * 1e3:6.2f} "
            f"{'' if row['contender'] == 'TensorFlow' else speed:>21} "
            f"{row['times_limit']:7.1f} {row['memory_mib']:5.0f} MiB"
            + "".join(f" {counters[name] / unit:11,.1f}" for _, name, unit in COUNTERS
                      if counters)).rstrip()


def first_steps(result):
    """A line on the first steps of the processes, which also trace, plan and compile; none where the
    first mode was another than train_on_batch, whose every step can be measured."""
    if next(iter(result["first"]["evergpu"])) != "train_on_batch":
        return []
    first = {label: modes["train_on_batch"] for label, modes in result["first"].items()}
    planning = first["evergpu"]["first_counters"].get("nanoseconds_planning", 0) / 1e9
    seconds = ", ".join(f"{label} {answer['first_step']:.2f} s" for label, answer in first.items())
    return [f"{result['model']:11} first step: {seconds}; evergpu's planning and compiling {planning:.2f} s of it"]


def geometric_means(results):
    """Of the speeds, over all models, for each mode and contender."""
    speeds = {}
    for row in (row for result in results for row in result["rows"]):
        if row["contender"] != "TensorFlow":
            speeds.setdefault((row["mode"], row["contender"]), []).append(row["speed"])
    return [{"mode": mode, "contender": label, "models": len(found), "lowest": min(found),
             "speed": statistics.geometric_mean(found)} for (mode, label), found in speeds.items()]


def mean_line(mean):
    return (f"{'all':11} {mean['mode']:14} {mean['contender']:13} geometric mean over "
            f"{mean['models']}: {mean['speed']:.2f}x, lowest {mean['lowest']:.2f}x")
