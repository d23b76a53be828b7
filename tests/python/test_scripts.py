"""The commands of the repository's root, up to the point where they would change something, and the
lock file."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMANDS = ("demo", "test", "package", "uninstall", ".ci/run")
SHELL = [*COMMANDS, *(f"scripts/{p.name}" for p in (ROOT / "scripts").glob("*.sh")),
         *(f"scripts/windows/{name}" for name in (
             "lib.sh", "make_debian", "make_python", "build", "run", "package", "test"))]
LOCKED = (".", "scripts/windows")  # folders with requirements.in and what scripts/lock makes of it


def call(command, *arguments, tools=None, folder=None, **environment):
    """Runs a command of the root; `tools` are shell scripts, by name, that stand in for programs."""
    variables = dict(os.environ, EVERGPU_LOCK_HELD=str(ROOT), **environment)
    if tools:
        for name, text in tools.items():
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        variables["PATH"] = f"{folder}:{variables['PATH']}"
    return subprocess.run(
        [str(ROOT / command), *arguments], env=variables, cwd="/", capture_output=True, text=True
    )


@pytest.mark.parametrize("name", SHELL)
def test_shell_syntax(name):
    subprocess.run(["bash", "-n", str(ROOT / name)], check=True)


@pytest.mark.parametrize("name", ("demo", "test"))
def test_help(name):
    done = call(name, "--help")
    assert done.returncode == 0 and f"./{name}" in done.stdout
    assert call(name, "--nonsense").returncode == 2


@pytest.mark.parametrize("name", ("fpga", "off", "vulkan:", "vulkan:first", "hosts"))
def test_the_demo_says_which_adapters_there_are(name):
    done = call("demo", "--adapter", name)
    assert done.returncode == 2
    assert done.stderr == f"./demo: there is no adapter '{name}': it is host, gpu, vulkan, vulkan:0, vulkan:1 …\n"
    assert not done.stdout


@pytest.mark.parametrize("name", ("demo", "test", "package"))
def test_without_root_it_prints_the_line_to_run_and_stops(name, tmp_path):
    tools = {"dpkg-query": "exit 1", "id": "echo 1000", "sudo": "exit 1"}
    done = call(name, tools=tools, folder=tmp_path)
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert re.fullmatch(
        r"  sudo apt-get update && sudo apt-get install -y --no-install-recommends [a-z0-9.+ -]+", line
    )
    assert "libgomp1" in line


@pytest.mark.parametrize("name", ("demo", "test", "package"))
def test_where_disk_is_short_it_stops_before_any_change(name, tmp_path):
    tools = {"df": "echo Avail; echo 10", "dpkg-query": "exit 1", "apt-get": "exit 1"}
    done = call(name, tools=tools, folder=tmp_path)
    assert done.returncode == 1
    assert "10 MB are free there. Nothing was changed" in done.stderr
    assert "[1/" not in done.stdout


def test_one_at_a_time(tmp_path):
    """A command that finds another at work says so and changes nothing."""
    script = f"""
        set -e
        mkdir -p '{tmp_path}/scripts' && cp '{ROOT}'/scripts/*.sh '{tmp_path}/scripts'
        cp '{ROOT}/uninstall' '{ROOT}/requirements.lock' '{tmp_path}' && mkdir '{tmp_path}/.venv' '{tmp_path}/.cache'
        exec 8>'{tmp_path}/.cache/lock' && flock 8 && '{tmp_path}/uninstall' 8>&-
    """
    environment = {k: v for k, v in os.environ.items() if k != "EVERGPU_LOCK_HELD"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "another ./demo, ./test, ./package or ./uninstall is at work here" in done.stderr
    assert (tmp_path / ".venv").exists()


def test_the_verdict_names_the_tests_that_failed(tmp_path):
    """Also those that a check ran in a shell of its own."""
    script = f"""
        . '{ROOT}/scripts/lib.sh'
        . scripts/checks.sh
        log_folder='{tmp_path}'
        pytest_fails() {{ (quietly pytest bash -c 'echo "FAILED test_a.py::b - no"; exit 1' || exit 1); }}
        check good quietly good true
        check Python pytest_fails
        check C++ quietly ctest bash -c 'printf "\t  3 - Loop.Adds (SEGFAULT)\n"; exit 8'
        summary
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    verdict = [line for line in done.stdout.splitlines() if line]
    assert verdict[:5] == ["passed  good", "FAILED  Python", "        FAILED test_a.py::b - no",
                           "FAILED  C++", "        3 - Loop.Adds (SEGFAULT)"]


@pytest.mark.parametrize("folder", LOCKED)
def test_lock_has_a_hash_for_every_package(folder):
    lines = (ROOT / folder / "requirements.lock").read_text().splitlines()
    assert lines[0].startswith("# Written by scripts/lock")
    entries = [line for line in lines if not line.startswith("#")]
    assert len(entries) % 2 == 0
    for package, digest in zip(entries[::2], entries[1::2]):
        assert re.fullmatch(r"[a-z0-9-]+==[0-9][\w.]*\s\\", package)
        assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", digest)
    names = [package.partition("==")[0] for package in entries[::2]]
    assert names == sorted(set(names))


@pytest.mark.parametrize("folder", LOCKED)
def test_lock_has_what_is_asked_for_and_one_keras(folder):
    packages = set(re.findall(r"^(\S+==\S+) \\", (ROOT / folder / "requirements.lock").read_text(), re.M))
    wanted = re.findall(r"^(\w\S+)", (ROOT / folder / "requirements.in").read_text(), re.M)
    assert len(wanted) > 5 and set(wanted) <= packages
    assert not any(package.startswith("keras==") for package in packages)


def test_pins_agree():
    """The extra of the wheel and the hook's advice name the TensorFlow that is tested."""
    requirements = "".join((ROOT / folder / "requirements.in").read_text() for folder in LOCKED)
    project = (ROOT / "pyproject.toml").read_text()
    pins = re.findall(r'"((?:tensorflow-cpu|keras-nightly|onednn-cpu-gomp|onednn-cpu-vcomp|scikit-build-core)==[^";]+)', project)
    assert len(pins) == 5
    for pin in pins:
        assert f"\n{pin}\n" in requirements
    assert f'TENSORFLOW = "{pins[3]}"' in (ROOT / "python" / "evergpu" / "plugin.py").read_text()


def test_the_repository_names_no_package_registry():
    hosts = re.compile("|".join(("py" + r"pi\.org", "python" + r"hosted", "--index" + "-url")))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if path.is_file():
            found = hosts.search(path.read_text(errors="replace"))
            assert found is None, f"{name} names {found.group()}"


def test_every_system_package_has_a_known_group():
    lines = (ROOT / "scripts" / "packages.txt").read_text().splitlines()
    packages = [line.split() for line in lines if line and not line.startswith("#")]
    assert all(len(words) == 2 and words[0] in ("run", "demo", "test", "full", "windows") for words in packages)
    assert len({name for _, name in packages}) == len(packages)
