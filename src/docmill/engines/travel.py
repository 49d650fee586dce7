"""How what the host has, above all a processor, gets into a worker process.

What can be imported there travels as its name. What cannot, because it was defined in ``__main__``, in a
notebook or inside of a function, travels by value if cloudpickle is installed. Workers never import ``__main__``.
"""

import io
import os
import pickle
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["TravelError", "pack"]


class TravelError(Exception):
    """Something cannot be sent to a worker process; the message says what and what to do."""


def pack(thing: Any) -> bytes:
    """A pickle that can be read in a worker process.

    Raises:
        TravelError: there is none.
    """
    scout = _Scout(buffer := io.BytesIO())
    try:
        scout.dump(thing)
    except Exception as error:  # noqa: BLE001 - whatever the __reduce__ of a stranger raises
        return _by_value(thing, scout.stay_here, error)
    return _by_value(thing, scout.stay_here, None) if scout.stay_here else buffer.getvalue()


class _Scout(pickle.Pickler):
    """Pickles, and notes whose modules a worker could not import."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.stay_here: set[str] = set()

    def reducer_override(self, thing: Any) -> Any:
        self.stay_here |= _unimportable(thing)
        return NotImplemented


def _unimportable(thing: Any) -> set[str]:
    """The module that a worker would have to import for something, and could not."""
    if isinstance(thing, ModuleType):
        module = thing.__name__
    elif isinstance(thing, type | FunctionType):
        module = getattr(thing, "__module__", None) or "__main__"
    else:
        return set()
    return set() if _is_importable(module) else {module}


def _is_importable(module: str) -> bool:
    """Whether a worker, which has the same sys.path, would find a module, and the same one. Imports nothing."""
    loaded = sys.modules.get(module)
    if module == "__main__" or loaded is None:
        return False
    if module in sys.builtin_module_names or module.partition(".")[0] in sys.stdlib_module_names:
        return True
    spec = _find(module)
    file = getattr(loaded, "__file__", None)
    return spec is not None and file is not None and spec.origin is not None and _same(spec.origin, file)


def _find(module: str) -> ModuleSpec | None:
    """What an import would find, through sys.path and the hooks of editable installs, which every process has."""
    hooks = [hook for hook in sys.meta_path if getattr(hook, "__module__", "").startswith("__editable__")]
    finders: list[Any] = [PathFinder, *hooks]
    path, name, spec = None, "", None
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        found = (finder.find_spec(name, path) for finder in finders)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return spec


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _by_value(thing: Any, modules: set[str], obstacle: Exception | None) -> bytes:
    try:
        import cloudpickle
    except ImportError:
        why = f"it is defined in {', '.join(sorted(modules))}" if modules else f"{obstacle}"
        raise TravelError(
            f"a worker process cannot import it ({why}); move it into a module of its own, "
            "or install cloudpickle: pip install 'docmill[cloudpickle]'"
        ) from obstacle
    try:
        return _dump_by_value(cloudpickle, thing, modules)
    except Exception as error:
        raise TravelError(
            f"it cannot be sent to a worker process: {error}; let it hold only what can be pickled, "
            "and open files, locks and connections when it is called"
        ) from error


def _dump_by_value(cloudpickle: Any, thing: Any, modules: set[str]) -> bytes:
    """Pickle by value what is in some modules, and in those that turn out to be needed by it."""

    class Scout(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, thing: Any) -> Any:
            needed.update(_unimportable(thing))
            return super().reducer_override(thing)

    registered: list[ModuleType] = []
    known: set[str] = set()
    needed = set(modules)
    try:
        while True:
            registered += [module for module in _modules(needed - known) if _register(cloudpickle, module)]
            known = set(needed)
            Scout(buffer := io.BytesIO()).dump(thing)
            if needed == known:
                return buffer.getvalue()
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)


def _modules(names: set[str]) -> list[ModuleType]:
    return [sys.modules[name] for name in names if name in sys.modules and name != "__main__"]


def _register(cloudpickle: Any, module: ModuleType) -> bool:
    """Have a module pickled by value; False if it is already, since somebody else wants that."""
    if module.__name__ in cloudpickle.list_registry_pickle_by_value():
        return False
    cloudpickle.register_pickle_by_value(module)
    return True
