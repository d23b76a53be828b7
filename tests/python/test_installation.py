"""With another TensorFlow, beside another plug-in, or with the TensorFlow package that brings CUDA
kernels: one message that says what to do, no device, and TensorFlow's CPU works on."""

import mmap
import os
import pathlib
import shutil
import sys
import tempfile

import pytest
import tensorflow as tf

from support import process
from support.device import library_path

pytestmark = pytest.mark.plugin

CPU_WORKS = "report([len(tf.config.list_physical_devices('GPU')), float(tf.reduce_sum(tf.ones(9)))])"


@pytest.fixture
def library(tmp_path):
    """A copy of the plug-in in a folder as pip makes them."""
    folder = tmp_path / "site-packages" / "tensorflow-plugins"
    folder.mkdir(parents=True)
    return pathlib.Path(shutil.copy(library_path(), folder))


def run_with(library, **environment):
    """A child that loads this copy, wherever a wheel is installed. The wheel's library looks for
    oneDNN three folders up, so a copy has to be told where that was."""
    return process.run(CPU_WORKS, {"TF_PLUGGABLE_DEVICE_LIBRARY_PATH": str(library),
                                   "EVERGPU_LIBRARY": str(library),
                                   "LD_LIBRARY_PATH": f"{sys.prefix}/lib", **environment})


def messages(child):
    return [line for line in child.stderr.splitlines() if line.startswith("evergpu")]


def test_alone_in_its_folder_it_works(library):
    assert run_with(library).result == [1, 9.0]


def test_beside_another_plugin(library):
    (library.parent / "libothers_plugin.so").touch()
    child = run_with(library)
    assert child.result == [0, 9.0]
    said = messages(child)
    assert len(said) == 1 and "libothers_plugin.so" in said[0] and "uninstall" in said[0], said


@pytest.fixture
def linked_tensorflow():
    """A second site-packages with TensorFlow in it, made of hard links, which cost no space."""
    real = pathlib.Path(tf.__file__).parent
    site = pathlib.Path(tempfile.mkdtemp(dir=real.parents[1], prefix="tests-"))
    shutil.copytree(real, site / "tensorflow", copy_function=os.link)
    yield site
    shutil.rmtree(site)


def test_beside_the_package_with_cuda_kernels(library, linked_tensorflow):
    (linked_tensorflow / "tensorflow-2.22.0.dist-info").mkdir()
    child = run_with(library, PYTHONPATH=str(linked_tensorflow))
    assert child.result == [0, 9.0]
    said = messages(child)
    assert len(said) == 1 and "CUDA" in said[0] and "pip install" in said[0], said


@pytest.mark.parametrize("part, known, strange, named", [
    ("cc", b"\0002.22.0-rc0\0", b"\0002.21.0-rc0\0", "2.21.0"),
    ("framework", b"\0TF_ZerosLikeVariant\0", b"\0TF_NoSuchFunction__\0", "TF_ZerosLikeVariant")],
    ids=["version", "function"])
def test_another_tensorflow(library, linked_tensorflow, part, known, strange, named):
    """TensorFlow of another version, or one that lacks a function, as 2.19 to 2.21 do: the installed
    one with these bytes of a library changed."""
    linked = linked_tensorflow / "tensorflow" / f"libtensorflow_{part}.so.2"
    original = linked.with_suffix(".original")
    linked.rename(original)
    shutil.copyfile(original, linked)
    with open(linked, "r+b") as file, mmap.mmap(file.fileno(), 0) as contents:
        at = contents.find(known)
        assert at > 0
        contents[at:at + len(known)] = strange  # of the same length
    child = run_with(library, PYTHONPATH=str(linked_tensorflow))
    assert child.result == [0, 9.0]
    said = messages(child)
    assert len(said) == 1 and named in said[0] and "pip install" in said[0], said


def test_a_damaged_library(library):
    library.write_bytes(b"not a library")
    child = run_with(library)
    assert child.result == [0, 9.0], str(child)
    assert len(messages(child)) == 1, child.stderr
