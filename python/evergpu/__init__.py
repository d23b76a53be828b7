"""evergpu: TensorFlow on the GPU you own.

There is nothing to import in a training script: once installed, TensorFlow finds the device itself.
`python -m evergpu` says whether all is well.
"""


def __getattr__(name):
    # Looked up when asked for, because this package is imported at every start of Python.
    if name == "__version__":
        from importlib.metadata import version

        return version("evergpu")
    raise AttributeError(f"module 'evergpu' has no attribute {name!r}")
