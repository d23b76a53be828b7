"""The op sweep's cases, a file a family, as in src/tensorflow/ops. Importing this registers all."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
