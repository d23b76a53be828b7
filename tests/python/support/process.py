"""Child processes with a time limit: for what needs its own environment or may crash or hang."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

from support.device import REPOSITORY

TESTS = REPOSITORY / "tests" / "python"
MARK = "RESULT "

PREAMBLE = """\
import faulthandler, json, sys
faulthandler.enable()
faulthandler.dump_traceback_later({stuck}, exit=False)
sys.path.insert(0, {tests!r})
from support import device
device.prepare_environment()
DEVICE = device.DEVICE
import numpy as np
import tensorflow as tf
def report(value): print({mark!r} + json.dumps(value), flush=True)
"""


@dataclasses.dataclass
class Child:
    """What became of a child: its exit code (negative: the signal), output, reported values."""

    code: int
    stdout: str
    stderr: str
    timed_out: bool
    seconds: float

    @property
    def reports(self):
        return [json.loads(line[len(MARK):]) for line in self.stdout.splitlines()
                if line.startswith(MARK)]

    @property
    def result(self):
        """The last value that the child reported, after a check that it ended well."""
        assert self.code == 0 and not self.timed_out and self.reports, str(self)
        return self.reports[-1]

    def __str__(self):
        how = "timed out" if self.timed_out else f"exit code {self.code}"
        return (f"child: {how} after {self.seconds:.1f} s\n--- stdout\n{self.stdout[-3000:]}\n"
                f"--- stderr\n{self.stderr[-6000:]}")


def command(code, timeout):
    preamble = PREAMBLE.format(stuck=max(timeout - 5, 5), tests=str(TESTS), mark=MARK)
    return [sys.executable, "-c", preamble + textwrap.dedent(code)]


def start(code, env=None, timeout=240):
    """Starts Python code that finds tf, np, DEVICE and report() defined."""
    return subprocess.Popen(command(code, timeout), env={**os.environ, **(env or {})}, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def finish(process, timeout=240):
    """Waits for a child; kills it and all of its own at the time limit."""
    begin = time.monotonic()
    timed_out = False
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        stdout, stderr = process.communicate()
    return Child(process.returncode, stdout, stderr, timed_out, time.monotonic() - begin)


def run(code, env=None, timeout=240):
    return finish(start(code, env, timeout), timeout)
