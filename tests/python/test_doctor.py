"""The command `evergpu` on the machines of tests/machines, and on this one.

Needs the built command, not TensorFlow, but for the last test:
    pytest --noconftest tests/python/test_doctor.py
"""

import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from support import machines  # noqa: E402
from support.device import LAVAPIPE  # noqa: E402
from support.mending import Mender  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILDS = ("release", "dev")
# Notes that describe the machine and ask for nothing.
STAYS = ("vulkan.dzn", "nvidia.new-for-tensorflow", "amd.lockup")
HEALTHY = ("windows_amd", "ubuntu", "ubuntu_nvidia", "ubuntu_amd", "ubuntu_intel", "two_gpus")


def find_command():
    """EVERGPU_COMMAND, else the one in the build folder, else the installed one."""
    if chosen := os.environ.get("EVERGPU_COMMAND"):
        return chosen
    for build in BUILDS:
        path = ROOT / "build" / build / "src" / "cli" / "evergpu"
        if path.exists():
            return str(path)
    return shutil.which("evergpu", path=os.path.dirname(sys.executable)) or "evergpu"


COMMAND = find_command()
# scripts/test_windows runs evergpu.exe through a script of this name, which is for recorded machines.
not_in_wine = pytest.mark.skipif("windows" in pathlib.Path(COMMAND).parts, reason="needs Linux")


def processor_seconds():
    """Of all children so far: unlike a clock's, they do not grow with what else the machine does."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*arguments, **options):
    return subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True,
                          encoding="utf-8", timeout=300, **options)


def ask(*arguments, **options):
    child = run(*arguments, "--json", **options)
    assert child.stdout.startswith(("{", "[")), child.stdout + child.stderr
    return json.loads(child.stdout), child.returncode


@pytest.fixture(scope="session")
def conditions():
    return json.loads(run("doctor", "--conditions").stdout)


@pytest.mark.parametrize("name", machines.names())
def test_machine(name, tmp_path):
    machine = machines.lay_out(name, tmp_path)
    answer, code = ask("doctor", "--root", tmp_path)
    found = [finding["id"] for finding in answer["findings"]]
    assert sorted(found) == sorted(machine.expect)
    assert code == answer["verdict"] == machine.exit
    for finding in answer["findings"]:
        assert finding["fix"], f"{finding['id']} says no fix"
    text = run("doctor", "--root", tmp_path)
    assert text.returncode == code
    for finding in answer["findings"]:
        assert finding["title"] in text.stdout
        for step in finding["fix"]:
            for command in step["commands"]:
                assert command in text.stdout
    if not found and code < 2:
        assert "All is well" in text.stdout
        assert len(text.stdout.splitlines()) < 24, "more than a screen"


def goes_elsewhere(finding):
    return any("wsl --install" in command for step in finding["fix"] for command in step["commands"])


@pytest.mark.parametrize("name", [name for name in machines.names() if name != "training_fails"])
def test_following_the_fixes_one_by_one_makes_all_well(name, tmp_path):
    """The first finding's steps, then the doctor again, as a person would; the steps that lead to
    another system come last, so that the others are followed, too."""
    root = tmp_path / "machine"
    machines.lay_out(name, root)
    mender, followed = Mender(root), []
    while True:
        answer, code = ask("doctor", "--root", root)
        left = [finding for finding in answer["findings"] if finding["id"] not in STAYS]
        if not left:
            break
        finding = sorted(left, key=goes_elsewhere)[0]
        assert finding["id"] not in followed or goes_elsewhere(finding), (
            f"{finding['id']} is still there after {finding['fix']}")
        followed = [] if goes_elsewhere(finding) else [*followed, finding["id"]]
        for step in finding["fix"]:
            mender.follow(finding, step)
    verdict = run("doctor", "--root", root)
    assert "All is well" in verdict.stdout, f"exit code {verdict.returncode}: {verdict.stdout}{verdict.stderr}"
    assert code == 1, "well, and on the CPU, since this version has nothing else"


def system_of(name):
    return next((word for word in ("windows", "wsl") if name.startswith(word)), "linux")


def test_every_condition_has_a_machine_and_is_silent_on_healthy_ones(conditions):
    expected = {name: set(machines.describe(name).expect) for name in machines.names()}
    assert len(expected) >= 40
    assert {condition["id"] for condition in conditions} == set().union(*expected.values())
    for condition in conditions:
        here = {name for name, found in expected.items() if condition["id"] in found}
        alike = {name for name in expected if system_of(name) == condition["system"]} - here
        assert alike, condition["id"]
    for name in HEALTHY:
        assert not expected[name]


def test_conditions_are_complete(conditions):
    ids = [condition["id"] for condition in conditions]
    assert len(ids) == len(set(ids))
    for condition in conditions:
        assert re.fullmatch(r"[a-z]+\.[a-z0-9-]+", condition["id"])
        assert condition["meaning"].endswith("."), condition["id"]
        assert not condition["title"].endswith("."), condition["id"]
        source = condition["source"]
        assert source.startswith("https://") or (ROOT / source).is_file(), condition["id"]
        assert condition["fix"], condition["id"]


def test_a_driver_is_asked_in_a_child_that_answers_with_an_object():
    child = run("--ask-driver", "no such driver")
    assert json.loads(child.stdout) == {"error": "unknown driver"} and child.returncode == 0


@pytest.mark.skipif(not LAVAPIPE.exists(), reason="Mesa's lavapipe is not installed")
def test_vulkan_of_this_machine_is_asked():
    """Mesa's driver for the CPU stands in for a GPU's: the way to it is the same."""
    answer, _ = ask("doctor", "--no-train", env={**os.environ, "VK_DRIVER_FILES": str(LAVAPIPE)})
    vulkan = answer["machine"]["vulkan"]
    assert vulkan["error"] == "" and vulkan["devices"][0]["type"] == "cpu", vulkan


@pytest.mark.skipif(not LAVAPIPE.exists() or shutil.which("cc") is None,
                    reason="needs a Vulkan loader and a C compiler")
def test_a_driver_that_crashes_takes_its_child_down_and_not_the_doctor(tmp_path):
    source, library = tmp_path / "driver.c", tmp_path / "libdriver.so"
    source.write_text("#include <stdlib.h>\n__attribute__((constructor)) void f(void) { abort(); }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    manifest = tmp_path / "icd.json"
    manifest.write_text(json.dumps({"file_format_version": "1.0.0", "ICD": {
        "library_path": str(library), "api_version": "1.3.0"}}))
    answer, code = ask("doctor", "--no-train", env={**os.environ, "VK_DRIVER_FILES": str(manifest)})
    assert answer["machine"]["vulkan"]["error"] == "crashed" and code in (1, 2)
    assert "vulkan.crash" in [finding["id"] for finding in answer["findings"]]


def test_worst_comes_first(tmp_path):
    machines.lay_out("windows_bare", tmp_path)
    answer, _ = ask("doctor", "--root", tmp_path)
    order = [["blocks", "warns", "notes"].index(finding["severity"])
             for finding in answer["findings"]]
    assert order == sorted(order) and len(set(order)) == 3


def test_dry_run_shows_all_and_changes_nothing(tmp_path):
    machines.lay_out("tensorflow_and_intel", tmp_path)
    child = run("doctor", "--fix", "--dry-run", "--root", tmp_path)
    assert child.returncode == 0
    assert "uninstall -y tensorflow tensorflow-cpu tensorflow-intel" in child.stdout
    assert "takes something away" in child.stdout
    assert "Nothing was changed" in child.stdout


def test_fix_runs_nothing_for_a_machine_in_a_folder(tmp_path):
    machines.lay_out("tensorflow_2_21", tmp_path)
    child = run("doctor", "--fix", "--root", tmp_path, input="y\n" * 20)
    assert "Nothing was changed" in child.stdout


def test_fix_asks_and_takes_silence_as_no():
    """Here nobody can answer, so nothing may run, whatever there is to mend."""
    child = run("doctor", "--fix", stdin=subprocess.DEVNULL)
    assert "Nothing to mend" in child.stdout or "nobody can answer" in child.stderr


def private_machine(folder):
    """Names and secrets wherever they may stand."""
    machines.lay_out("wsl_windows_folder", folder)
    machines.change_answers(folder, {
        "environment": {"AWS_SECRET_ACCESS_KEY": "hush", "HF_TOKEN": "hush", "USER": "ada",
                        "PYTHONPATH": "/home/ada/x:/home/adalbert/lib:/mnt/c/Users/Ada Lovelace/y",
                        "LD_LIBRARY_PATH": "/scratch/ada/lib", "VIRTUAL_ENV": "/home/ada/evergpu",
                        "TF_PLUGGABLE_DEVICE_LIBRARY_PATH": "C:\\Users\\Ada Lovelace\\a.dll"},
        "working_folder": "/mnt/c/Users/Ada Lovelace/thesis",
        "training": {"losses": [2.0, 3.0], "error": "PermissionError: ada may not write to "
                                                    "'/home/ada/.keras', ask adam"}})


def test_report_names_nobody_and_holds_no_secret(tmp_path):
    private_machine(tmp_path / "machine")
    report = tmp_path / "report.json"
    child = run("doctor", "--root", tmp_path / "machine", "--report", report)
    assert child.returncode == 0, child.stderr
    text = report.read_text()
    for private in ("hush", "Lovelace", "lovelace", "adalbert", "lbert", "/ada", "ada may"):
        assert private not in text, private
    answer = json.loads(text)
    assert answer["machine"]["variables"] == {
        "LD_LIBRARY_PATH": "/scratch/user/lib", "PYTHONPATH": "~/x:/home/user/lib:/mnt/c/Users/user/y",
        "TF_PLUGGABLE_DEVICE_LIBRARY_PATH": "C:\\Users\\user\\a.dll", "VIRTUAL_ENV": "~/evergpu"}
    assert answer["training"]["reason"] == (
        "PermissionError: user may not write to '~/.keras', ask adam")
    assert "/mnt/c/Users/user/thesis" in [f["detail"] for f in answer["findings"]]


def test_report_holds_nothing_private(tmp_path):
    machines.lay_out("ubuntu", tmp_path / "machine")
    machines.change_answers(tmp_path / "machine",
                            {"environment": {"AWS_SECRET": "hush", "PYTHONPATH": "/home/ada/x"}})
    report = tmp_path / "report.json"
    child = run("doctor", "--root", tmp_path / "machine", "--report", report)
    assert child.returncode == 0, child.stderr
    text = report.read_text()
    assert "ada" not in text and "hush" not in text
    assert "~/evergpu/bin/python3" in text
    assert json.loads(text)["machine"]["os"]["version"] == "24.04"


def test_failed_training_without_a_known_reason_asks_for_a_report(tmp_path):
    machines.lay_out("training_fails", tmp_path)
    text = run("doctor", "--root", tmp_path).stdout
    assert "evergpu doctor --report" in text and "stands above" not in text


def in_terminal(command, answers, **options):
    """Runs it in a pseudo-terminal, types the answers, and returns what the screen shows."""
    import pty

    ours, theirs = pty.openpty()
    child = subprocess.Popen([COMMAND, *command], stdin=theirs, stdout=theirs, stderr=theirs,
                             close_fds=True, **options)
    os.close(theirs)
    os.write(ours, answers.encode())
    screen = b""
    try:
        while piece := os.read(ours, 4096):
            screen += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return screen.decode().replace("\r\n", "\n"), child.wait(timeout=60)


@not_in_wine
def test_guide_asks_when_nothing_is_given(tmp_path):
    machines.lay_out("wsl_nvidia", tmp_path)
    screen, code = in_terminal(["guide", "--root", str(tmp_path)], "2\n3\n")
    assert code == 0 and "NVIDIA GPUs and WSL 2" in screen and "Who are you?" in screen
    assert "Which library" in screen and "for: professional, pytorch" in screen


@not_in_wine
@pytest.mark.parametrize("answer, status, code", [("n", None, 0), ("y", 0, 0), ("y", 1, 2)])
def test_fix_runs_what_is_agreed_to(answer, status, code, tmp_path):
    """On this machine, with an environment whose Python only notes what it is asked."""
    home = tmp_path / "home"
    site = home / "env/lib/python3.12/site-packages"
    machines.write(home / "env/pyvenv.cfg", "version = 3.12.3\n")
    for package in ("tensorflow_cpu-2.21.0", "keras_nightly-3.16.0", "evergpu-0.1.0",
                    "onednn_cpu_gomp-2023.2.0"):
        machines.write(site / f"{package}.dist-info/METADATA")
    machines.write(site / "tensorflow-plugins/libevergpu_tensorflow.so")
    python = home / "env/bin/python3"
    machines.write(python, f'#!/bin/sh\necho "$@" >>"{tmp_path}/asked"\nexit {status or 0}\n')
    python.chmod(0o755)
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "VIRTUAL_ENV": str(home / "env"),
                   "EVERGPU_ADAPTER": "host"}
    screen, result = in_terminal(["doctor", "--fix"], f"{answer}\n" * 20, env=environment)
    asked = tmp_path / "asked"
    wanted = "-m pip install tensorflow-cpu=="
    assert (asked.exists() and wanted in asked.read_text()) == (answer == "y"), screen
    assert result == code and "Run this? [y/N]" in screen
    assert ("this failed" in screen) == (code == 2)


def test_devices(tmp_path):
    machines.lay_out("ubuntu_amd", tmp_path)
    text = run("devices", "--root", tmp_path).stdout
    assert "takes the CPU" in text and "RX 7800 XT" in text and "Vulkan 1.3" in text
    answer, code = ask("devices", "--root", tmp_path)
    assert code == 0 and answer["devices"][0]["adapter"] == "host"
    assert answer["other_gpus"][0]["memory"] == 17163091968


def test_guide_prints_only_what_is_left(tmp_path):
    machines.lay_out("ubuntu", tmp_path / "ready")
    ready, _ = ask("guide", "--level", "student", "--library", "keras", "--root", tmp_path / "ready")
    assert [step["commands"] for step in ready["steps"]] == [
        ["/home/ada/evergpu/bin/python3 first_training.py"]]
    machines.lay_out("system_python", tmp_path / "fresh")
    fresh, _ = ask("guide", "--level", "student", "--library", "keras", "--root", tmp_path / "fresh")
    commands = [command for step in fresh["steps"] for command in step["commands"]]
    assert commands[:3] == ["sudo apt-get update", "sudo apt-get install -y python3.12-venv",
                            "/usr/bin/python3 -m venv ~/evergpu"]
    assert any("tensorflow-cpu==" in command for command in commands)
    assert commands[-1] == "~/evergpu/bin/python3 first_training.py"


def test_guide_leads_professionals_with_nvidia_to_cuda(tmp_path):
    machines.lay_out("wsl_nvidia", tmp_path)
    answer, _ = ask("guide", "--level", "professional", "--library", "tensorflow",
                    "--root", tmp_path)
    assert not answer["ours"] and "tensorflow[and-cuda]" in str(answer["steps"])
    student, _ = ask("guide", "--level", "student", "--library", "tensorflow", "--root", tmp_path)
    assert student["ours"]


@pytest.mark.parametrize("option", ["level", "library", "vendor", "system"])
def test_guide_says_which_words_it_takes(option):
    child = run("guide", f"--{option}", "quantum")
    assert child.returncode == 2 and f"--{option}" in child.stderr and "it takes" in child.stderr


def test_a_root_that_is_none():
    child = run("doctor", "--root", "/nowhere")
    assert child.returncode == 2 and "not a folder" in child.stderr


def test_this_machine_is_looked_at_quickly_and_without_the_network():
    """No socket but local ones is ever opened, shown by the kernel where strace is there."""
    command = [COMMAND, "doctor", "--no-train", "--json"]
    if strace := shutil.which("strace"):
        command = [strace, "-f", "-qq", "-e", "trace=socket,connect", "-o", "/dev/stderr", *command]
    child = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert json.loads(child.stdout)["machine"]["memory"]["total"] > 0
    assert "AF_INET" not in child.stderr


def test_the_look_at_the_machine_takes_less_than_two_seconds():
    begun = time.monotonic()
    ask("doctor", "--no-train")
    assert time.monotonic() - begun < 2


@not_in_wine
@pytest.mark.parametrize("command", ["doctor", "devices", "guide"])
def test_all_works_with_the_network_off(command, tmp_path):
    """In a network namespace of its own, in which there is not even a loopback interface."""
    offline = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*offline, "true"], capture_output=True).returncode != 0:
        pytest.skip("no network namespaces here")
    words = [COMMAND, command]
    if command == "doctor":
        words += ["--python", sys.executable, "--report", str(tmp_path / "report.json")]
    child = subprocess.run([*offline, *words], capture_output=True, text=True, timeout=300)
    assert child.returncode == 0, child.stdout + child.stderr
    if command == "doctor":
        training = json.loads((tmp_path / "report.json").read_text())["training"]
        assert training["outcome"] == "trained" or "in the way" in training["reason"], training


def test_the_facts_about_the_product_agree():
    header = (ROOT / "src/base/product.h").read_text()
    requirement = re.search(r'tensorflow_requirement = "([^"]+)"', header)[1]
    assert f'TENSORFLOW = "{requirement}"' in (ROOT / "python/evergpu/plugin.py").read_text()
    assert requirement in (ROOT / "requirements.in").read_text()


def test_training_proves_it():
    """With the Python that runs this test, where it has evergpu installed."""
    begun = processor_seconds()
    child = run("doctor", "--python", sys.executable, "--json")
    answer = json.loads(child.stdout)
    found = [finding["id"] for finding in answer["findings"] if finding["severity"] == "blocks"]
    if "evergpu.missing" in found:
        pytest.skip("evergpu is not installed in this environment")
    assert answer["training"]["outcome"] == "trained", answer["training"]
    assert processor_seconds() - begun < 20, "wall time on an idle machine is less than this"
    assert answer["training"]["losses"][1] < answer["training"]["losses"][0]
    assert child.returncode == 1
