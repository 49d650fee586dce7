"""The processors of a queue by job type: looked through, bound to the engine, and loaded when they are needed."""

from collections.abc import Collection, Mapping
from typing import Any

from anyio import to_thread

from docmill.core import Scheduler
from docmill.errors import PluginError
from docmill.ports import DeferredProcessor, Engine, ProcessorSpec, Store, inspect_processor
from docmill.runtime.bindings import Binding
from docmill.runtime.cache import Cache
from docmill.runtime.lanes import Crew

__all__ = ["Registry"]


class Registry:
    """What was registered, and how lanes call it.

    Args:
        processors: by job type.
        scheduler: gets to know every job type.
        store: keeps the results, if it is durable.

    Raises:
        TypeError: a processor is not one.
    """

    def __init__(self, processors: Mapping[str, Any], scheduler: Scheduler, store: Store) -> None:
        self._scheduler = scheduler
        self._store = store
        self._cache: Cache | None = None
        self._max_result_bytes = store.max_result_bytes if store.durable else None
        self._specs: dict[str, ProcessorSpec] = {}
        self._deferred: dict[str, DeferredProcessor] = {}
        self._bindings: dict[str, Binding] = {}
        self._engine: Engine | None = None
        self._crew: Crew | None = None
        for job_type, target in processors.items():
            if isinstance(target, DeferredProcessor):
                self._deferred[str(job_type)] = target
                scheduler.register(str(job_type))
            else:
                self._specify(inspect_processor(job_type, target))

    @property
    def types(self) -> Collection[str]:
        """The registered job types."""
        return [*self._specs, *self._deferred]

    def open(self, engine: Engine, crew: Crew) -> None:
        """Bind what is loaded to an engine that is open."""
        self._engine, self._crew = engine, crew
        self._cache = Cache(self._store, crew.loop)
        crew.leaving.append(self._cache.close)
        for spec in self._specs.values():
            self._bind(spec)

    async def load(self, job_type: str) -> Binding:
        """How to call the processor of a registered job type.

        Raises:
            PluginError: it cannot be loaded, or is no processor.
        """
        while job_type in self._deferred:
            deferred = self._deferred[job_type]
            assert self._crew is not None
            if self._crew.loop.virtual:
                target = deferred.docmill_load()
            else:
                target = await to_thread.run_sync(deferred.docmill_load)
            if job_type in self._deferred:  # nobody else has been faster
                self._arrived(job_type, target)
        return self._bindings[job_type]

    def get(self, job_type: str) -> Binding | None:
        """How to call the processor of a job type, if it is registered and loaded."""
        return self._bindings.get(job_type)

    def _arrived(self, job_type: str, target: Any) -> None:
        try:
            spec = inspect_processor(job_type, target)
        except TypeError as error:
            raise PluginError(f"{self._deferred[job_type]!r} does not provide a processor: {error}") from error
        self._specify(spec)
        del self._deferred[job_type]
        self._bind(spec)

    def _specify(self, spec: ProcessorSpec) -> None:
        self._specs[spec.job_type] = spec
        declaration = spec.declaration
        self._scheduler.register(spec.job_type, breaker=declaration.breaker, max_abandoned=declaration.max_abandoned)

    def _bind(self, spec: ProcessorSpec) -> None:
        assert self._engine is not None
        assert self._crew is not None
        runner = self._engine.bind(spec)
        assert self._cache is not None
        recall = self._cache.around(spec, runner.submit)
        self._bindings[spec.job_type] = Binding(spec, runner, self._crew, self._max_result_bytes, recall)
        self._scheduler.seat(spec.job_type, runner.seats, self._crew.notice_seats)
