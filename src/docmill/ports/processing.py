"""What a processor is, what it is given, and how it may declare the way it runs."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, Protocol, TypeVar, overload, runtime_checkable

import attrs

from docmill.core import CircuitBreaker
from docmill.core.breaker import DEFAULT_MAX_ABANDONED
from docmill.model.options import is_whole

__all__ = [
    "Declaration",
    "DeferredProcessor",
    "Isolation",
    "ProcessingContext",
    "Processor",
    "ProcessorSpec",
    "inspect_processor",
    "processor",
]

Isolation = Literal["thread", "process"]

DEFAULT_BREAKER: Final = CircuitBreaker()

DECLARATION: Final = "__docmill_processor__"

MIN_MEMORY: Final = 2**26
"""A Python interpreter with docmill in it needs about half of that."""


class ProcessingContext(Protocol):
    """What a processor is told about the attempt that it makes, and what it may say."""

    @property
    def job_id(self) -> str:
        """The job that the document belongs to."""

    @property
    def job_type(self) -> str:
        """The job type under which the processor was registered."""

    @property
    def document_id(self) -> str:
        """The document; empty in ``finalize``."""

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1."""

    @property
    def owner(self) -> str | None:
        """Whose job it is."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the caller attached to the job, read-only."""

    def remaining(self) -> float:
        """Seconds left of the document's budget, never less than 0."""

    def report(self, fraction: float, message: str = "") -> None:
        """Say how far the document is. May be called from any thread, as often as you like.

        Args:
            fraction: 0.0 to 1.0; what is beyond is cut off, and it never goes back within an attempt.
            message: a few words for a person; what is beyond 500 characters is cut off.

        Raises:
            ValueError: ``fraction`` is not a number.
        """


class Processor(Protocol):
    """Turns a document into a result: any callable, async or sync, a function or an object.

    A callable that takes only the document's id is accepted, too. An object may have a method
    ``finalize(outcomes, context)``, async or sync like the call itself, which makes ``Job.summary``
    of the whole batch after the last document.
    """

    def __call__(self, document_id: str, context: ProcessingContext, /) -> Any:
        """Process one document, or raise: PermanentError, RetryAfter and the like steer what follows."""


@runtime_checkable
class DeferredProcessor(Protocol):
    """Stands for a processor that is only loaded when the first job of its type is created."""

    def docmill_load(self) -> Processor:
        """The processor itself. Called in a thread, the first time; later calls give the same one.

        Raises:
            PluginError: it cannot be loaded; the message says why.
        """
        ...


@attrs.frozen(kw_only=True)
class Declaration:
    """What ``@processor`` says about a processor."""

    isolation: Isolation | None = None
    permanent: tuple[type[BaseException], ...] = ()
    breaker: CircuitBreaker | None = DEFAULT_BREAKER
    max_abandoned: int = DEFAULT_MAX_ABANDONED
    max_memory: int | None = None
    version: str | None = None
    fingerprint: Callable[[str, ProcessingContext], Any] | None = None


@attrs.frozen(kw_only=True)
class ProcessorSpec:
    """A registered processor, looked through once.

    Attributes:
        job_type: the job type under which it was registered.
        target: what was registered.
        name: for logs and error messages.
        call: takes a document's id and a context.
        finalize: takes the outcomes and a context; None without one.
        on_loop: whether ``call`` is async, and so runs on the event loop.
        finalize_on_loop: the same for ``finalize``.
        declaration: how it is to be run.
    """

    job_type: str
    target: Any
    name: str
    call: Callable[[str, ProcessingContext], Any]
    finalize: Callable[[Sequence[Any], ProcessingContext], Any] | None
    on_loop: bool
    finalize_on_loop: bool
    declaration: Declaration


P = TypeVar("P", bound=Callable[..., Any])


@overload
def processor(target: P, /) -> P: ...
@overload
def processor(
    *,
    isolation: Isolation | None = None,
    permanent: Sequence[type[BaseException]] = (),
    breaker: CircuitBreaker | None = ...,
    max_abandoned: int = DEFAULT_MAX_ABANDONED,
    max_memory: int | None = None,
    version: str | None = None,
    fingerprint: Callable[[str, ProcessingContext], Any] | None = None,
) -> Callable[[P], P]: ...
def processor(
    target: P | None = None,
    /,
    *,
    isolation: Isolation | None = None,
    permanent: Sequence[type[BaseException]] = (),
    breaker: CircuitBreaker | None = DEFAULT_BREAKER,
    max_abandoned: int = DEFAULT_MAX_ABANDONED,
    max_memory: int | None = None,
    version: str | None = None,
    fingerprint: Callable[[str, ProcessingContext], Any] | None = None,
) -> P | Callable[[P], P]:
    """Declare how a processor runs. A processor without it runs with the defaults.

    Args:
        target: a function, a class with ``__call__``, or an object with one.
        isolation: how a sync processor runs; an async one runs on the event loop. "thread" is the default.
            "process" runs it in a worker process, one document at a time, which is killed at the end of the
            document's budget and when the attempt is cancelled by force.
        permanent: exception classes that mean that trying the document again cannot help.
        breaker: when to stop calling a service that is down; None for never.
        max_abandoned: attempts that may be abandoned, still running, before no more are started.
        max_memory: bytes of address space that a worker process may have while it runs this processor; an
            allocation beyond it fails. Only with ``isolation="process"``; None for no limit.
        version: names what the results depend on in the processor: change it when they change. With a fingerprint
            it lets jobs with ``JobOptions(cache=True)`` take results of earlier jobs.
        fingerprint: takes what the processor takes, and returns str or bytes that stand for the content of the
            document, such as its SHA-256. Async or sync; a sync one runs in a thread. What it raises fails the attempt.

    Raises:
        ValueError: ``isolation``, ``max_abandoned``, ``max_memory`` or ``version`` is not one of the allowed values.
    """
    if isolation not in (None, "thread", "process"):
        raise ValueError(f"isolation must be 'thread', 'process' or left out, got {isolation!r}")
    if max_abandoned < 1:
        raise ValueError(f"max_abandoned must be 1 or more, got {max_abandoned!r}")
    if max_memory is not None and (not is_whole(max_memory, MIN_MEMORY) or isolation != "process"):
        raise ValueError(
            f"max_memory must be a whole number of bytes, {MIN_MEMORY:,} or more, together with "
            f"isolation='process', got {max_memory!r} with isolation={isolation!r}"
        )
    if version is not None and not is_words(version):
        raise ValueError(f"version must be a str of at least one character, or None, got {version!r}")
    declaration = Declaration(
        isolation=isolation,
        permanent=tuple(permanent),
        breaker=breaker,
        max_abandoned=max_abandoned,
        max_memory=max_memory,
        version=version,
        fingerprint=fingerprint,
    )

    def declare(target: P) -> P:
        setattr(target, DECLARATION, declaration)
        return target

    return declare if target is None else declare(target)


def is_words(value: object) -> bool:
    """Whether a value is a str of at least one character."""
    return isinstance(value, str) and bool(value)


def inspect_processor(job_type: str, target: Any, declaration: Declaration | None = None) -> ProcessorSpec:
    """Look a processor through, so that nothing has to be found out for each document.

    Args:
        job_type: the job type under which it is registered.
        target: the processor.
        declaration: how it is to be run, if not as its own ``@processor`` says.

    Raises:
        TypeError: it is not callable, is a generator function, or takes neither one nor two arguments.
    """
    if not callable(target) or isinstance(target, type):
        raise TypeError(
            f"the processor for {job_type!r} must be a callable (document_id, context), got {target!r}"
            + ("; make an object of the class first" if isinstance(target, type) else "")
        )
    function = _function_of(target)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"the processor for {job_type!r} must return its result, but {target!r} is a generator")
    on_loop = inspect.iscoroutinefunction(function)
    if declaration is None:
        declaration = getattr(target, DECLARATION, Declaration())
    if on_loop and declaration.isolation is not None:
        raise TypeError(
            f"the processor for {job_type!r} is async and runs on the event loop; "
            f"isolation={declaration.isolation!r} is for a sync one"
        )
    finalize = getattr(target, "finalize", None)
    if finalize is not None:
        _check_finalize(job_type, finalize)
    return ProcessorSpec(
        job_type=str(job_type),
        target=target,
        name=getattr(target, "__qualname__", type(target).__qualname__),
        call=_with_two_arguments(job_type, target),
        finalize=finalize,
        on_loop=on_loop,
        finalize_on_loop=finalize is not None and inspect.iscoroutinefunction(_function_of(finalize)),
        declaration=declaration,
    )


def _check_finalize(job_type: str, finalize: Any) -> None:
    wanted = (
        f"finalize of the processor for {job_type!r} must be a callable (outcomes, context) that returns its result"
    )
    if not callable(finalize):
        raise TypeError(f"{wanted}, got {finalize!r}")
    function = _function_of(finalize)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{wanted}, but {finalize!r} is a generator")
    signature = inspect.signature(finalize)
    if not _accepts(signature, 2):
        raise TypeError(f"{wanted}, but it takes {signature}")


def _function_of(target: Any) -> Any:
    """The function that a callable comes down to."""
    while isinstance(target, partial):
        target = target.func
    return target if inspect.isroutine(target) else target.__call__


def _with_two_arguments(job_type: str, target: Callable[..., Any]) -> Callable[[str, ProcessingContext], Any]:
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError):
        return target  # a builtin that does not tell its signature
    if _accepts(signature, 2):
        return target
    if not _accepts(signature, 1):
        raise TypeError(
            f"the processor for {job_type!r} must take (document_id, context) or (document_id), "
            f"but it takes {signature}"
        )
    if inspect.iscoroutinefunction(_function_of(target)):

        async def call(document_id: str, _: ProcessingContext) -> Any:
            return await target(document_id)

        return call
    return lambda document_id, _: target(document_id)


def _accepts(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True
