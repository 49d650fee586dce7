"""How what the host has, above all a processor, gets into a worker process.

What can be imported there travels as its name. What cannot, because it was defined in ``__main__``, in a
notebook or inside of a function, travels by value if cloudpickle is installed. Workers never import ``__main__``.
"""

import io
import os
import pickle
import site
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

__all__ = ["TravelError", "is_installed", "is_on_path", "metadata_obstacles", "pack"]


class TravelError(Exception):
    """Something cannot be sent to a worker process; the message says what and what to do."""


Importable = Callable[[str], bool]
"""Whether a worker can import a module, and would get the same one."""


def is_on_path(module: str) -> bool:
    """Whether a process with the same sys.path would find a module, and the same one. Imports nothing."""
    loaded = sys.modules.get(module)
    if module == "__main__" or loaded is None:
        return False
    if _is_pythons(module):
        return True
    spec = _find(module)
    file = getattr(loaded, "__file__", None)
    return spec is not None and file is not None and spec.origin is not None and _same(spec.origin, file)


def is_installed(module: str) -> bool:
    """Whether a module comes from an installed package, so that another machine may have it, too."""
    loaded = sys.modules.get(module)
    if module == "__main__" or loaded is None:
        return False
    file = getattr(loaded, "__file__", None)
    if _is_pythons(module) or module.partition(".")[0] == "docmill":
        return True
    return file is not None and any(Path(file).is_relative_to(place) for place in _site_packages())


def pack(thing: Any, importable: Importable = is_on_path) -> bytes:
    """A pickle that can be read in a worker process.

    Args:
        thing: what is to travel.
        importable: what travels as its name.

    Raises:
        TravelError: there is none.
    """
    scout = _Scout(buffer := io.BytesIO(), importable)
    try:
        scout.dump(thing)
    except Exception as error:  # noqa: BLE001 - whatever the __reduce__ of a stranger raises
        return _by_value(thing, scout.stay_here, error, importable)
    return _by_value(thing, scout.stay_here, None, importable) if scout.stay_here else buffer.getvalue()


def metadata_obstacles(metadata: Mapping[str, Any], importable: Importable = is_on_path) -> Sequence[str]:
    """Why the metadata of a job cannot get to a worker; nothing if it can."""
    try:
        if metadata:
            pack(dict(metadata), importable)
    except TravelError as error:
        return [f"metadata must get to a worker, but {error}"]
    return ()


class _Scout(pickle.Pickler):
    """Pickles, and notes whose modules a worker could not import."""

    def __init__(self, file: io.BytesIO, importable: Importable) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.stay_here: set[str] = set()
        self._importable = importable

    def reducer_override(self, thing: Any) -> Any:
        self.stay_here |= _unimportable(thing, self._importable)
        return NotImplemented


def _unimportable(thing: Any, importable: Importable) -> set[str]:
    """The module that a worker would have to import for something, and could not."""
    if isinstance(thing, ModuleType):
        module = thing.__name__
    elif isinstance(thing, type | FunctionType):
        module = getattr(thing, "__module__", None) or "__main__"
    else:
        return set()
    return set() if importable(module) else {module}


def _is_pythons(module: str) -> bool:
    return module in sys.builtin_module_names or module.partition(".")[0] in sys.stdlib_module_names


def _site_packages() -> list[str]:
    return [*site.getsitepackages(), site.getusersitepackages()]


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


def _by_value(thing: Any, modules: set[str], obstacle: Exception | None, importable: Importable) -> bytes:
    try:
        import cloudpickle
    except ImportError:
        why = f"it is defined in {', '.join(sorted(modules))}" if modules else f"{obstacle}"
        raise TravelError(
            f"a worker process cannot import it ({why}); move it into a module of its own, "
            "or install cloudpickle: pip install 'docmill[cloudpickle]'"
        ) from obstacle
    try:
        return _dump_by_value(cloudpickle, thing, modules, importable)
    except Exception as error:
        raise TravelError(
            f"it cannot be sent to a worker process: {error}; let it hold only what can be pickled, "
            "and open files, locks and connections when it is called"
        ) from error


def _dump_by_value(cloudpickle: Any, thing: Any, modules: set[str], importable: Importable) -> bytes:
    """Pickle by value what is in some modules, and in those that turn out to be needed by it."""

    class Scout(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, thing: Any) -> Any:
            needed.update(_unimportable(thing, importable))
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
