"""Follows the doctor's steps on a described machine, as a person would: commands change its files as
they would change a real machine's, and so do things done by hand. A step that is not known here is an
error, so nobody can write a fix without saying what it does.
"""

import json
import re
import shlex
import shutil
import subprocess

from support import machines

WSL_LIBRARIES = ("libd3d12.so", "libd3d12core.so", "libdxcore.so")
HEALTHY = {"amd": "ubuntu_amd", "intel": "ubuntu_intel", "nvidia": "ubuntu_nvidia"}
HEALTHY_IN_WSL = {"amd": "wsl_amd", "intel": "wsl_intel", "nvidia": "wsl_nvidia_dzn"}
VENDOR_IDS = {"1002": "amd", "8086": "intel", "10DE": "nvidia"}
KERNEL_DRIVERS = {"amd": "amdgpu", "intel": "xe", "nvidia": "nvidia"}
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
WINDOWS_WHEEL = "wheel"  # stands for how PowerShell finds it
# What this TensorFlow takes (docs/versions.md); pip brings these where others are.
COMPANIONS = {"numpy": "2.3.5", "protobuf": "6.33.1", "h5py": "3.14.0", "ml_dtypes": "0.5.4"}


class Mender:
    def __init__(self, folder):
        self.folder = folder
        self.pending = []  # what a restart, or a new login, brings about

    # The machine

    def place(self, path):
        home = self.answers()["environment"].get("HOME", "/root")
        return self.folder / path.replace("~", home, 1).lstrip("/")

    def has(self, path):
        return self.place(path).exists()

    def write(self, path, text=""):
        machines.write(self.place(path), text)

    def remove(self, path):
        if self.has(path):
            machines.remove(self.place(path))

    def answers(self):
        return json.loads((self.folder / "answers.json").read_text())

    def change(self, patch):
        machines.change_answers(self.folder, patch)

    def become(self, name):
        """Another machine is used from here on."""
        shutil.rmtree(self.folder)
        machines.lay_out(name, self.folder)

    def in_wsl(self):
        return self.has("/proc/sys/kernel/osrelease") and "microsoft" in self.place(
            "/proc/sys/kernel/osrelease").read_text().lower()

    def vendor(self):
        for facts in self.folder.glob("sys/bus/pci/devices/*/uevent"):
            number = re.search(r"PCI_ID=(\w{4})", facts.read_text())[1]
            return VENDOR_IDS[number]
        names = " ".join(path.name for path in self.folder.glob("usr/lib/wsl/drivers/*/*"))
        return "nvidia" if "nv" in names else "amd" if "amd" in names else "intel"

    def drivers_answer(self):
        """As on the healthy machine with this GPU."""
        healthy = (HEALTHY_IN_WSL if self.in_wsl() else HEALTHY)[self.vendor()]
        described = machines.describe(healthy)
        answers = {}
        while True:
            own = [json.loads("".join(lines)) for words, lines in described.parts
                   if words[0] == "answers"]
            for part in own:
                answers = machines.merged(part, answers)
            if not described.base:
                break
            described = machines.describe(described.base)
        self.change({name: {"error": None, "code": None, **answers[name]}
                     for name in ("vulkan", "cuda") if name in answers})

    def share_gpu_with_wsl(self):
        self.write("/dev/dxg")
        for name in WSL_LIBRARIES:
            self.write("/usr/lib/wsl/lib/" + name)
        if not list(self.folder.glob("usr/lib/wsl/drivers/*/*")):
            self.write("/usr/lib/wsl/drivers/nv_dispi.inf_amd64_a1b2c3/libnvwgf2umx.so")
        if self.vendor() == "nvidia":
            self.write("/usr/lib/wsl/lib/libcuda.so.1")

    # Packages

    def python(self, program):
        """The site-packages of a Python that packages may go into."""
        prefix = self.place(program).parent.parent
        if program.endswith(".exe"):
            return prefix / "Lib" / "site-packages"
        version = re.search(r"version = 3\.(\d+)", (prefix / "pyvenv.cfg").read_text())[1]
        return prefix / "lib" / f"python3.{version}" / "site-packages"

    def pip(self, program, words):
        site = self.python(program)
        action, *rest = words
        if action == "uninstall":
            for name in rest[1:]:
                self.uninstall(site, name)
            return
        assert action == "install", words
        for requirement in [word for word in rest if not word.startswith("-")]:
            self.install_package(site, requirement, with_others="--no-deps" not in rest)

    def uninstall(self, site, name):
        for folder in site.glob(name.replace("-", "_") + "-*.dist-info"):
            shutil.rmtree(folder)
        if "tensorflow-" in name + "-" and "cpu" not in name and (site / "tensorflow-plugins").exists():
            for library in (site / "tensorflow-plugins").iterdir():
                if "evergpu" not in library.name:
                    library.unlink()

    def set_version(self, site, name, version):
        for folder in site.glob(name + "-*.dist-info"):
            shutil.rmtree(folder)
        machines.write(site / f"{name}-{version}.dist-info" / "METADATA")

    def install_package(self, site, requirement, with_others):
        name, _, version = requirement.partition("==")
        if requirement in ("dist/evergpu-*.whl", WINDOWS_WHEEL):
            windows = requirement == WINDOWS_WHEEL
            self.set_version(site, "evergpu", "0.1.0")
            machines.write(site / "tensorflow-plugins" / (
                "evergpu_tensorflow.dll" if windows else "libevergpu_tensorflow.so"))
            if with_others:
                self.set_version(site, "onednn_cpu_vcomp" if windows else "onednn_cpu_gomp", "2023.2.0")
            return
        assert version, f"{requirement} pins no version"
        self.set_version(site, name.replace("-", "_"), version)
        if name == "tensorflow-cpu" and with_others:
            if not list(site.glob("keras_nightly-*")):
                self.set_version(site, "keras_nightly", "3.16.0.dev2026102704")
            for companion, good in COMPANIONS.items():
                if list(site.glob(companion + "-*")):
                    self.set_version(site, companion, good)

    def make_environment(self, folder, minor):
        self.write(f"{folder}/pyvenv.cfg", f"home = /usr/bin\nversion = 3.{minor}.1\n")
        self.write(f"{folder}/bin/python3.{minor}")
        if not self.has(f"{folder}/bin/python3"):
            self.place(f"{folder}/bin/python3").symlink_to(f"python3.{minor}")

    def apt_install(self, package):
        if package in ("libgomp1", "libvulkan1"):
            self.write(f"{LIBRARIES}/{package[:-1]}.so.1")
        elif package == "mesa-vulkan-drivers":
            vendor = self.vendor()
            drivers = {"amd": "radeon", "intel": "intel", "nvidia": "nouveau"}
            name = "dzn" if self.in_wsl() else drivers[vendor]
            assert name != "dzn" or "kisak" in self.pending, "Ubuntu's own Mesa has no dzn"
            self.add_vulkan_driver(f"{name}_icd.x86_64.json", f"libvulkan_{name}.so")
        elif package == "nvidia-vulkan-icd":
            self.add_vulkan_driver("nvidia_icd.json", "libGLX_nvidia.so.0")
        elif package in ("nvidia-driver", "libcuda1", "linux-firmware", "firmware-amd-graphics"):
            self.pending.append("driver")
            if package == "libcuda1":
                self.install_nvidia_libraries()
        elif package == "python3":
            self.write("/usr/bin/python3.11")
            self.place("/usr/bin/python3").symlink_to("python3.11")
        else:
            assert re.fullmatch(r"python3(\.\d+)?-venv|linux-headers-amd64|firmware-misc-nonfree",
                                package), package

    def add_vulkan_driver(self, manifest, library):
        self.write(f"{LIBRARIES}/{library}")
        self.write(f"/usr/share/vulkan/icd.d/{manifest}",
                   json.dumps({"ICD": {"library_path": f"{LIBRARIES}/{library}"}}))
        self.drivers_answer()

    def install_nvidia_libraries(self):
        kernel = self.place("/sys/module/nvidia/version")
        version = kernel.read_text().strip() if kernel.exists() else "570.86.10"
        for name in ("libcuda.so.1", f"libcuda.so.{version}", "libGLX_nvidia.so.0", "libvulkan.so.1"):
            self.write(f"{LIBRARIES}/{name}")
        self.write("/usr/share/vulkan/icd.d/nvidia_icd.json",
                   json.dumps({"ICD": {"library_path": "libGLX_nvidia.so.0"}}))

    # Restarts

    def reboot(self):
        vendor = self.vendor()
        for facts in self.folder.glob("sys/bus/pci/devices/*/uevent"):
            other = [line for line in facts.read_text().splitlines() if "DRIVER=" not in line]
            facts.write_text("\n".join([f"DRIVER={KERNEL_DRIVERS[vendor]}", *other, ""]))
        self.write("/dev/dri/renderD128")
        if vendor == "nvidia":
            if "driver" in self.pending:
                self.install_nvidia_libraries()
            version = next(path.name[11:] for path in self.place(LIBRARIES).glob("libcuda.so.?*")
                           if path.name != "libcuda.so.1")
            self.write("/sys/module/nvidia/version", version + "\n")
            self.write("/proc/driver/nvidia/version", f"NVRM version: Kernel Module  {version}\n")
            self.write("/dev/nvidiactl")
        self.drivers_answer()

    def restart_wsl(self):
        settings = self.place("/etc/wsl.conf")
        if settings.exists() and "enabled=false" in settings.read_text():
            return
        if "update" in self.pending:
            self.write("/proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n")
        self.change({"not_permitted": None})
        self.share_gpu_with_wsl()
        self.drivers_answer()

    # Steps

    def follow(self, finding, step):
        if not step["commands"]:
            return self.do_by_hand(finding, step["text"])
        for command in step["commands"]:
            self.run(finding, command.removeprefix("sudo "))

    def run(self, finding, command):
        for pattern, act in COMMANDS:
            if match := re.fullmatch(pattern, command):
                return act(self, *match.groups())
        raise AssertionError(f"what does this do? {command}")

    def do_by_hand(self, finding, text):
        if match := re.match(r"Unset ([\w ]+) where it is set", text):
            names = match[1].split() if match[1] != "it" else [
                "PYTHONPATH", "PYTHONHOME", "VK_DRIVER_FILES", "VK_ICD_FILENAMES"]
            self.change({"environment": dict.fromkeys(names)})
            return self.drivers_answer() if finding["id"].startswith("vulkan") else None
        for words, act in BY_HAND:
            if text.startswith(words):
                return act(self)
        raise AssertionError(f"what does this do? {text}")


def run_sed(mender, words):
    """For real, on the described file."""
    *script, path = shlex.split(words)
    subprocess.run(["sed", *script, mender.place(path)], check=True)


def program(name):
    return name if "/" in name else "/usr/bin/" + name


def unset(*names):
    return lambda m: m.change({"environment": dict.fromkeys(names)})


def nothing(_, *words):
    pass


def use_wsl(m):
    m.become("wsl_fresh")


def add_registry(m, path, name, value):
    m.change({"registry": {path.replace("HKLM:", "HKLM"): {name: value}}})


def install_windows_runtime(m):
    for name in ("msvcp140", "vcruntime140", "vcruntime140_1", "vcomp140"):
        m.write(f"/Windows/System32/{name}.dll")


def install_windows_python(m, minor):
    folder = f"/Users/ada/AppData/Local/Programs/Python/Python3{minor}"
    m.write(f"{folder}/python.exe")
    m.write(f"{folder}/python3{minor}.dll")


def make_windows_environment(m, minor):
    m.write("/Users/ada/evergpu/pyvenv.cfg", f"home = C:\\Python3{minor}\nversion = 3.{minor}.1\n")
    m.write("/Users/ada/evergpu/Scripts/python.exe")


def pip_of_windows(m, program, words):
    words = words.replace("(Get-Item dist\\evergpu-*.whl)", WINDOWS_WHEEL)
    program = program.replace("$HOME", "/Users/ada").replace("\\", "/").removeprefix("C:")
    m.pip(program, shlex.split(words))


def install_windows_driver(m):
    answers = m.answers()["registry"]
    key = next(key for key in answers if key.endswith("\\0000"))
    m.change({"registry": {key: {"ProviderName": "Advanced Micro Devices, Inc."}}})
    m.write("/Windows/System32/vulkan-1.dll")


def change_build(build):
    key = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
    return lambda m: m.change({"registry": {key: {"CurrentBuildNumber": build}}})


def remove_distribution_drivers(m, names):
    assert "libnvidia-compute" in names
    for path in list(m.place(LIBRARIES).glob("libcuda.so.*")):
        path.unlink()
    m.drivers_answer()


def join_groups(m):
    m.pending.append("groups")


def log_in_again(m):
    assert "groups" in m.pending
    m.change({"not_permitted": None})


def convert_to_wsl_2(m):
    m.write("/proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n")
    m.share_gpu_with_wsl()


def give_gpu_to_container(m):
    m.write("/dev/nvidiactl" if m.vendor() == "nvidia" else "/dev/null")
    m.write("/dev/dri/renderD128")
    if m.vendor() == "nvidia":
        m.install_nvidia_libraries()


def give_dxg_to_container(m):
    m.share_gpu_with_wsl()
    m.change({"environment": {"LD_LIBRARY_PATH": "/usr/lib/wsl/lib"}})


def start_debian_container(m):
    m.become("debian_bare")
    m.write("/.dockerenv")


def upgrade_linux(m):
    m.become("system_python")


def update_driver(m):
    m.share_gpu_with_wsl() if m.in_wsl() else None
    m.drivers_answer()


def show_pip_files(m):
    for library in m.folder.glob("home/*/*/lib/*/site-packages/tensorflow-plugins/*"):
        if "evergpu" not in library.name:
            library.unlink()


COMMANDS = [(re.compile(pattern), act) for pattern, act in [
    (r'& "(\$HOME\S+\.exe)" -m pip (.*)', pip_of_windows),
    (r"(\S+\.exe) -m pip (.*)", pip_of_windows),
    (r"(\S+) -m pip (.*)", lambda m, python, words: m.pip(python, shlex.split(words))),
    (r"apt-get update", nothing),
    (r"apt-get install -y (.*)", lambda m, names: [m.apt_install(name) for name in names.split()]),
    (r"apt-get remove -y (.*)", remove_distribution_drivers),
    (r"add-apt-repository -y ppa:(kisak)/kisak-mesa", lambda m, name: m.pending.append(name)),
    (r"ubuntu-drivers install", lambda m: (m.pending.append("driver"), m.install_nvidia_libraries())),
    (r"(\S+) -m venv (~/evergpu)", lambda m, python, folder: m.make_environment(
        folder, re.search(r"3\.(\d+)", str(m.place(program(python)).resolve()))[1])),
    (r"curl -LsSf https://astral.sh/uv/install.sh \| sh", lambda m: m.write("~/.local/bin/uv")),
    (r"(~/.local/bin/uv) venv --seed --python 3\.(\d+) (~/evergpu)", lambda m, uv, minor, folder: (
        m.place(uv).stat(), m.make_environment(folder, minor))),
    (r"usermod -aG render,video \$USER", join_groups),
    (r"chmod 666 /dev/dxg", lambda m: m.change({"not_permitted": None})),
    (r"sed (.*)", run_sed),
    (r"rm (/etc/vulkan/icd.d/\S+)", lambda m, path: m.remove(path)),
    (r"reboot", lambda m: m.reboot()),
    (r"wsl --update", lambda m: m.pending.append("update")),
    (r"wsl --shutdown", lambda m: m.restart_wsl()),
    (r"wsl --list --verbose", nothing),
    (r"wsl --set-version Ubuntu 2", convert_to_wsl_2),
    (r"wsl --install Ubuntu(?:-24\.04)?", use_wsl),
    (r"docker run --gpus all …|(?:docker|podman) run --device (?:/dev/dri|nvidia.com/gpu=all) …",
     give_gpu_to_container),
    (r"docker run --device /dev/dxg -v /usr/lib/wsl:/usr/lib/wsl -e LD_LIBRARY_PATH=/usr/lib/wsl/lib …",
     give_dxg_to_container),
    (r"docker run --memory 8g …", lambda m: m.write("/sys/fs/cgroup/memory.max", "8589934592\n")),
    (r"docker run -it debian:12", start_debian_container),
    (r"winget install --exact --id Microsoft\.VCRedist\.2015\+\.x64", install_windows_runtime),
    (r"winget install --exact --id Python\.Python\.3\.(\d+)", install_windows_python),
    (r'py -3\.(\d+) -m venv "\$HOME\\evergpu"', make_windows_environment),
    (r"New-ItemProperty -Path (\S+) -Name (\S+) -Value (\d) -PropertyType DWORD -Force", add_registry),
    (r"start ms-settings:windowsupdate", change_build("19045")),
    (r"VK_LOADER_LAYERS_DISABLE='~implicit~' evergpu devices", nothing),
]]

BY_HAND = [
    ("evergpu is not published yet", nothing),  # the wheel is brought
    ("If you want to keep it", nothing),
    ("Use stock TensorFlow on this machine, or another machine", upgrade_linux),
    ("Use a distribution such as", upgrade_linux),
    ("Upgrade to Debian 12, Ubuntu 22.04 or newer", upgrade_linux),
    ("Upgrade to Windows 11", change_build("26100")),
    ("Install the driver from the GPU's maker", install_windows_driver),
    ("Install the GPU's driver again, from its maker", install_windows_driver),
    ("Install NVIDIA's newest driver in Windows", update_driver),
    ("Update NVIDIA's driver in Windows", update_driver),
    ("Update the GPU's driver in Windows", nothing),  # what the restart after it shows
    ("Update the GPU's driver", update_driver),
    ("Mend what this list says about the GPU's driver", update_driver),
    ("Install another version of NVIDIA's driver", update_driver),
    ("Install another version of the driver", update_driver),
    ("Install your distribution's newest kernel", lambda m: m.reboot()),
    ("Add `contrib non-free non-free-firmware`", nothing),
    ("Log out and in again", log_in_again),
    ("Remove it from ~/.bashrc", unset("LD_LIBRARY_PATH")),
    ("Set it to the beginning of a name", unset("MESA_D3D12_DEFAULT_ADAPTER_NAME")),
    ("Copy data and scripts to ~", lambda m: m.change({"working_folder": "/home/ada"})),
    ("Free some disk", lambda m: m.change({"free_bytes": 90_000_000_000})),
    ("Uninstall the package that brought", show_pip_files),
    ("In WSL 2 with an NVIDIA GPU, use CUDA instead", lambda m: m.drivers_answer()),
    # Advice for other ways of training: nothing on the machine changes.
    ("For an NVIDIA GPU in WSL 2, CUDA is the better way", nothing),
    ("Nothing needs doing", nothing),
    ("To train with CUDA, without evergpu", nothing),
    ("If training with CUDA fails", nothing),
    ("If that happens, let the kernel wait longer", nothing),
]
