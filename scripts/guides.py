"""Writes the parts of guides/ that follow from the doctor's tables: a page for each kind of user, the
table that leads to them, troubleshooting, and what was tried where. With --check it writes nothing,
and fails when a part is not as it would be written.

    .venv/bin/python scripts/guides.py [--check] COMMAND        COMMAND: the built command `evergpu`
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
GUIDES = ROOT / "guides"
WORDS = {
    "student": "Student", "professional": "Professional",
    "tensorflow": "TensorFlow", "keras": "Keras", "pytorch": "PyTorch", "jax": "JAX",
    "amd": "AMD", "intel": "Intel", "nvidia": "NVIDIA", "none": "no GPU",
    "windows": "Windows", "wsl": "WSL 2", "linux": "Linux",
}
LEVELS = ("student", "professional")
LIBRARIES = ("tensorflow", "keras", "pytorch", "jax")
VENDORS = ("amd", "intel", "nvidia", "none")
SYSTEMS = ("windows", "wsl", "linux")
SEVERITIES = {"blocks": "Training cannot start", "warns": "Something will not work as it could",
              "notes": "Worth knowing"}
WRITTEN = "<!-- Written by scripts/guides.py; change the tables in src/doctor instead. -->\n"


def ask(command, *arguments):
    return json.loads(subprocess.run([command, *arguments], check=True, capture_output=True,
                                     text=True, encoding="utf-8").stdout)


def page_name(level, library, vendor, system):
    return f"{level}-{library}-{vendor}-{system}.md"


def in_words(step, here):
    """A step with its commands, as an item's text."""
    place = step["place"]
    if place == "windows" and here != "windows":
        where = ", in PowerShell in Windows"
    elif place == "outside":
        where = ", outside of the container"
    elif place == "wsl":
        where = ", within Ubuntu"
    else:
        where = ""
    if not step["commands"]:
        return f"{step['text'].rstrip('.')}{where}.\n"
    language = "powershell" if here == "windows" and place == "here" or place == "windows" else "sh"
    lines = "".join(f"    {line}\n" for line in step["commands"])
    return f"{step['text']}{where}:\n\n    ```{language}\n{lines}    ```\n"


def route_page(route):
    system = route["system"]
    gpu = WORDS[route["vendor"]] + (" GPU" if route["vendor"] != "none" else "")
    text = (f"# {WORDS[route['library']]}, {gpu}, {WORDS[system]} ({WORDS[route['level']].lower()})\n\n"
            f"{WRITTEN}\n**Status: {route['status']}**\n\n{route['reason']}\n\n")
    if route["words"]:
        text += f"{route['words']}\n\n"
    distribution = "Windows 11" if system == "windows" else "Ubuntu 24.04"
    text += (f"## Steps\n\nFor {distribution} on which nothing is installed yet; `evergpu guide` prints "
             "those that are left on your machine.\n\n")
    for number, step in enumerate(route["steps"], 1):
        text += f"{number}. {in_words(step, system)}\n"
    source = route["source"]
    link = f"<{source}>" if source.startswith("https://") else f"evergpu's `{source}`"
    text += (f"## first_training.py\n\n```python\n{route['script'].rstrip()}\n```\n\n"
             f"{route['expect']}\n\nIt does not? [Troubleshooting](../troubleshooting.md). "
             f"Read up: {link}.\n")
    return text


def table():
    """Rows: library, system; columns: who and which GPU."""
    text = ""
    for level in LEVELS:
        text += f"### {WORDS[level]}\n\n| | | " + " | ".join(WORDS[v] for v in VENDORS) + " |\n"
        text += "|---|---|" + "---|" * len(VENDORS) + "\n"
        for library in LIBRARIES:
            for system in SYSTEMS:
                cells = " | ".join(f"[{WORDS[system]}, {WORDS[vendor]}](start/"
                                   f"{page_name(level, library, vendor, system)})"
                                   for vendor in VENDORS)
                text += f"| {WORDS[library]} | {WORDS[system]} | {cells} |\n"
        text += "\n"
    return text


def troubleshooting(conditions):
    text = (f"# Troubleshooting\n\n{WRITTEN}\n"
            "**Status: `evergpu doctor` finds all of this by itself**, tried on descriptions of such "
            "machines (`tests/machines`); on real ones we have tried Debian 12 alone. The fixes are "
            "shown for Ubuntu or Windows 11; the doctor prints them for your system, and ends by "
            "[training a model](first-training.md).\n\n"
            "| command | what it does |\n|---|---|\n"
            "| `evergpu doctor` | says what it found, worst first, and trains; its exit code is 0 when "
            "this machine trains on a GPU, 1 when it trains on the CPU or with warnings, 2 when it "
            "cannot train |\n"
            "| `evergpu doctor --fix --dry-run` | shows the commands that `--fix` would run |\n"
            "| `evergpu doctor --fix` | runs them, asking before each step, and says which of them take "
            "something away |\n"
            "| `evergpu doctor --json` | the same as `evergpu doctor`, for programs |\n"
            "| `evergpu doctor --report report.json` | writes what a bug report needs, "
            "[without names and secrets](privacy.md) |\n\n")
    for severity, heading in SEVERITIES.items():
        text += f"## {heading}\n\n"
        for condition in conditions:
            if condition["severity"] != severity:
                continue
            source = condition["source"]
            link = f"<{source}>" if source.startswith("https://") else f"`{source}`"
            text += (f"### {condition['title']}\n\n`{condition['id']}`: {condition['meaning']}\n\n")
            for number, step in enumerate(condition["fix"], 1):
                text += f"{number}. {in_words(step, condition['system'])}\n"
            text += f"Read up: {link}\n\n"
    return text.rstrip("\n") + "\n"


def support(routes):
    """What evergpu does on each kind of machine, from the product's own table; then what was tried."""
    text = (f"# What works where\n\n{WRITTEN}\n"
            "**Status: of each kind of machine, and how it was verified.**\n\n"
            "| system | GPU | TensorFlow | Python | evergpu |\n|---|---|---|---|---|\n")
    for route in routes:
        if (route["level"], route["library"]) == ("student", "keras"):
            ours = route["evergpu"]
            text += (f"| {WORDS[route['system']]} | {WORDS[route['vendor']]} | {ours['tensorflow']} | "
                     f"{ours['python']} | {ours['status']} |\n")
    text += ("\n## What was tried\n\nFrom `support.json`; what is not here, we have not tried.\n\n"
             "| system | TensorFlow | Python | result | how |\n|---|---|---|---|---|\n")
    for row in json.loads((GUIDES / "support.json").read_text(encoding="utf-8")):
        text += (f"| {row['system']} | {row['tensorflow']} | {row['python']} | {row['result']} | "
                 f"{row['how']} |\n")
    return text + "\nTo see what holds on yours: `evergpu doctor`, which [trains](first-training.md).\n"


def pages(command):
    """Path -> text of all that is written."""
    result, routes = {}, []
    for level in LEVELS:
        for library in LIBRARIES:
            for system in SYSTEMS:
                for vendor in VENDORS:
                    route = ask(command, "guide", "--json", "--usual", "--level", level, "--library",
                                library, "--vendor", vendor, "--system", system)
                    routes.append(route)
                    name = page_name(level, library, vendor, system)
                    result[GUIDES / "start" / name] = route_page(route)
    result[GUIDES / "troubleshooting.md"] = troubleshooting(ask(command, "doctor", "--conditions"))
    result[GUIDES / "support.md"] = support(routes)
    landing = GUIDES / "index.md"
    text = landing.read_text(encoding="utf-8")
    begin = text.index("\n", text.index("<!-- table:")) + 1
    end = text.index("<!-- end of table -->")
    result[landing] = f"{text[:begin]}\n{table()}{text[end:]}"
    return result


def main():
    check = "--check" in sys.argv
    written = pages(sys.argv[-1])
    stale = [path for path in (GUIDES / "start").glob("*.md") if path not in written]
    stale += [path for path, text in written.items()
              if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not up to date: run scripts/guides.py")
        return 1 if stale else 0
    for path in stale:
        if path in written:
            path.parent.mkdir(exist_ok=True)
            path.write_text(written[path], encoding="utf-8")
        else:
            path.unlink()
    print(f"{len(written)} pages, {len(stale)} of them changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
