"""Processors that installed packages bring: found by their entry points, imported when they are first needed.

A package names its processors in its ``pyproject.toml``, the job type on the left::

    [project.entry-points."docmill.processors"]
    TEXT_STATISTICS = "docmill_text_statistics:text_statistics"

and a host hands them to its queue, beside its own: ``{**discover(), "TRANSLATE": translate}``.
"""

import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property, lru_cache, reduce
from importlib import import_module, invalidate_caches
from importlib.metadata import Distribution, entry_points
from typing import Any, Final

import attrs

from docmill.core.verdict import describe
from docmill.errors import PluginError
from docmill.ports import ProcessingContext, Processor, ProcessorSpec, inspect_processor

__all__ = ["GROUP", "Plugin", "discover"]

GROUP: Final = "docmill.processors"
"""The entry point group."""


@attrs.frozen(kw_only=True)
class Plugin:
    """Stands for the processor that an entry point names, and is one itself: it loads what it stands for.

    A queue loads it in a thread when the first job of its type is created, and then runs the processor as it
    declares. What could not be loaded is tried again at the next use, since what it lacked may have been installed.

    Attributes:
        job_type: the entry point's name.
        distribution: the name of the package that was installed.
        version: the version of that package.
        value: where the processor is, as ``module:attribute``.
    """

    job_type: str
    distribution: str
    version: str
    value: str

    def docmill_load(self) -> Processor:
        """The processor itself: imported at the first call, from any thread; later calls give the same one.

        Raises:
            PluginError: it cannot be imported, or is no processor; its cause is the exception that says so.
        """
        target: Processor = self._spec.target
        return target

    def __call__(self, document_id: str, context: ProcessingContext, /) -> Any:
        """Call the processor; what an async one gives is to be awaited."""
        return self._spec.call(document_id, context)

    def __str__(self) -> str:
        return f"{self.value} of {self.distribution} {self.version}"

    @cached_property
    def _spec(self) -> ProcessorSpec:
        module, _, attribute = self.value.partition("[")[0].partition(":")
        try:
            invalidate_caches()  # the package may have been installed while this program ran
            # Threads that come here together are no harm: an import of one module happens once.
            target: Any = import_module(module.strip())
            if attribute:
                target = reduce(getattr, attribute.strip().split("."), target)
            return inspect_processor(self.job_type, target)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a module may also call sys.exit, and the host must live
            raise PluginError(f"the plugin for {self.job_type!r} ({self}) cannot be used: {describe(error)}") from error


def discover(*, exclude: Iterable[str] = (), refresh: bool = False) -> dict[str, Plugin]:
    """The plugins of all installed packages by job type. None of them is imported.

    What is installed is looked up once, and again when ``sys.path`` has changed; calls in between give the same
    plugins, loaded or not.

    Args:
        exclude: names of packages whose plugins are left out, installed or not.
        refresh: look again, such as after an installation in a notebook.

    Returns:
        A dict of your own, sorted by job type.

    Raises:
        PluginError: there are two plugins for one job type; the message names their packages.
    """
    if refresh:
        _installed.cache_clear()
    excluded = {_normalized(name) for name in ([exclude] if isinstance(exclude, str) else exclude)}
    found: dict[str, Plugin] = {}
    clashes = []
    for plugin in _installed(tuple(sys.path)):
        if _normalized(plugin.distribution) not in excluded:
            first = found.setdefault(plugin.job_type, plugin)
            if first is not plugin:
                clashes.append(f"{plugin.job_type!r} is provided twice, by {first} and by {plugin}")
    if clashes:
        raise PluginError(
            f"{'; '.join(clashes)}. Uninstall one of the packages, or leave it out: discover(exclude=[NAME])"
        )
    return found


@lru_cache(maxsize=1)
def _installed(_: tuple[str, ...]) -> tuple[Plugin, ...]:
    found = []
    for entry_point in entry_points(group=GROUP):
        assert entry_point.dist is not None  # it was read from one
        name, version = (_stated(entry_point.dist, key) for key in ("Name", "Version"))
        found.append(Plugin(job_type=entry_point.name, distribution=name, version=version, value=entry_point.value))
    return tuple(sorted(found, key=lambda plugin: (plugin.job_type, plugin.distribution, plugin.value)))


def _stated(distribution: Distribution, key: str) -> str:
    """A line of the metadata, which an installation that went wrong may lack."""
    with suppress(Exception):  # which depends on the version, and on whether importlib_metadata has taken over
        metadata = distribution.metadata
        if key in metadata:
            return metadata[key]
    return f"(unknown {key.lower()})"


def _normalized(name: str) -> str:
    """The name of a package, however it is spelled."""
    return re.sub(r"[-_.]+", "-", name).lower()
