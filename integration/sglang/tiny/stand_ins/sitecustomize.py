"""Empty stand-ins for two packages SGLang imports and a language model on a CPU never calls.

`torchvision` and `sgl_kernel` have no CPU build on the package index. Python runs this file at every start of
an interpreter that has its folder on PYTHONPATH, so that SGLang's child processes have the stand-ins too.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

ABSENT = ("torchvision", "sgl_kernel")


class _AnyName(type):
    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing


class _Nothing(metaclass=_AnyName):
    """What an absent package's names are: it can be passed on and subclassed, and fails when it is used."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("a stand-in of the CPU server was used")


class _StandIn(types.ModuleType):
    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".")[0] not in ABSENT:
            return None
        spec = importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        spec.submodule_search_locations = []
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__version__"] = "0.0.0"


sys.meta_path.append(_Finder())
