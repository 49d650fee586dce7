"""What may be registered as a processor, and what is refused with words that help (api.md)."""

import functools
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from anyio import sleep

from docmill import CircuitBreaker, DocumentProcessingQueue, InvalidJobError, processor

from .support import CHECK, opened, options


async def two(document_id: str, context: Any) -> str:
    await sleep(1)
    return f"{document_id} of {context.job_type}"


async def one(document_id: str) -> str:
    await sleep(1)
    return f"{document_id} of CHECK"


def two_sync(document_id: str, context: Any) -> str:
    return f"{document_id} of {context.job_type}"


def one_sync(document_id: str) -> str:
    return f"{document_id} of CHECK"


def many(*arguments: Any) -> str:
    document_id, context = arguments
    return f"{document_id} of {context.job_type}"


def with_default(document_id: str, context: Any = None) -> str:
    return f"{document_id} of {context.job_type}"


def with_keyword(document_id: str, *, suffix: str = "of CHECK") -> str:
    return f"{document_id} {suffix}"


def with_client(client: str, document_id: str, context: Any) -> str:
    return f"{document_id} of {context.job_type}"


async def with_async_client(document_id: str, context: Any, *, client: str) -> str:
    await sleep(1)
    return f"{document_id} of {context.job_type}"


@functools.wraps(two)
def wrapped(*arguments: Any) -> Any:
    return two(*arguments)


class Sync:
    def __call__(self, document_id: str, context: Any) -> str:
        return f"{document_id} of {context.job_type}"

    def method(self, document_id: str) -> str:
        return f"{document_id} of CHECK"

    async def async_method(self, document_id: str, context: Any) -> str:
        return f"{document_id} of {context.job_type}"

    @staticmethod
    def static(document_id: str) -> str:
        return f"{document_id} of CHECK"

    @classmethod
    async def of_class(cls, document_id: str, context: Any) -> str:
        return f"{document_id} of {context.job_type}"


class Async:
    async def __call__(self, document_id: str, context: Any) -> str:
        await sleep(1)
        return f"{document_id} of {context.job_type}"


class OneParameter:
    async def __call__(self, document_id: str) -> str:
        await sleep(1)
        return f"{document_id} of CHECK"


@processor(permanent=[ValueError])
class Declared:
    async def __call__(self, document_id: str) -> str:
        return f"{document_id} of CHECK"


ACCEPTED = {
    "async function": two,
    "async function of one parameter": one,
    "sync function": two_sync,
    "sync function of one parameter": one_sync,
    "function of any parameters": many,
    "function with a default": with_default,
    "function with a keyword": with_keyword,
    "object": Sync(),
    "object with an async call": Async(),
    "object with one parameter": OneParameter(),
    "object of a declared class": Declared(),
    "method": Sync().method,
    "async method": Sync().async_method,
    "static method": Sync.static,
    "async class method": Sync.of_class,
    "partial": functools.partial(with_client, "client"),
    "partial of an async function": functools.partial(with_async_client, client="client"),
    "partial of a partial": functools.partial(functools.partial(with_async_client, client="x"), client="client"),
    "partial of an object": functools.partial(Async()),
    "lambda": lambda document_id: f"{document_id} of CHECK",
    "lambda that calls an async function": lambda name, context: two(name, context),  # noqa: PLW0108 - what is tested
    "lambda that calls an async function of one parameter": lambda name: one(name),  # noqa: PLW0108 - what is tested
    "wrapped function": wrapped,
    "declared function": processor(permanent=[ValueError])(functools.partial(two)),
    "builtin method": "{} of CHECK".format,
}


@pytest.mark.parametrize("target", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_every_kind_of_callable_is_called_with_what_it_takes(target: Any) -> None:
    async with opened(target) as queue:
        job = await queue.wait(await queue.create_job(["a", "b"], CHECK, options(retry_attempts=0)))

    assert [failure.error for failure in job.errors] == []
    assert sorted(result.data for result in job.results) == ["a of CHECK", "b of CHECK"]


async def test_several_job_types_have_a_processor_each() -> None:
    async with opened({"CHECK": lambda name: name.upper(), "TRANSLATE": lambda name: name * 2}) as queue:
        first = await queue.wait(await queue.create_job(["a"], "CHECK"))
        second = await queue.wait(await queue.create_job(["a"], "TRANSLATE"))

    assert (first.results[0].data, second.results[0].data) == ("A", "aa")


def generator(document_id: str, context: Any) -> Iterator[str]:
    yield document_id


async def async_generator(document_id: str, context: Any) -> AsyncIterator[str]:
    yield document_id


class GeneratorObject:
    def __call__(self, document_id: str) -> Iterator[str]:
        yield document_id


async def with_required_keyword(document_id: str, *, client: str) -> None:
    """Cannot be called with positional arguments alone."""


REFUSED = {
    "generator function": (generator, "generator"),
    "async generator function": (async_generator, "generator"),
    "partial of a generator function": (functools.partial(generator), "generator"),
    "object with a generator": (GeneratorObject(), "generator"),
    "no parameter": (lambda: None, r"must take \(document_id, context\) or \(document_id\), but it takes \(\)"),
    "three parameters": (lambda a, b, c: None, r"must take .* but it takes \(a, b, c\)"),
    "a required keyword": (with_required_keyword, "must take .* client"),
    "a class": (Sync, "make an object of the class first"),
    "no callable": ("check", "must be a callable"),
    "nothing": (None, "must be a callable"),
}


@pytest.mark.parametrize("target, words", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_a_processor_is_refused_at_registration(target: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words) as caught:
        DocumentProcessingQueue({"TRANSLATE": target})
    assert "'TRANSLATE'" in str(caught.value)


def test_an_async_processor_cannot_be_isolated_in_a_thread() -> None:
    with pytest.raises(TypeError, match="is async and runs on the event loop"):
        DocumentProcessingQueue({CHECK: processor(isolation="thread")(functools.partial(two))})


@pytest.mark.parametrize(
    "declaration, words", [({"isolation": "fiber"}, "'fiber'"), ({"max_abandoned": 0}, "1 or more, got 0")]
)
def test_a_nonsensical_declaration_is_refused(declaration: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        processor(**declaration)


@pytest.mark.parametrize(
    "settings", [{"failures": 0}, {"failures": -1}, {"cooldown": 0}, {"cooldown": -1.0}, {"cooldown": float("inf")}]
)
def test_a_nonsensical_circuit_breaker_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        CircuitBreaker(**settings)


def test_max_workers_is_at_least_one() -> None:
    with pytest.raises(ValueError, match=r"max_workers must be .*1 or more, got 0"):
        DocumentProcessingQueue({CHECK: two}, max_workers=0)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"processors": len}, "processors must map job types to callables"),
        ({"processors": [len]}, "processors must map job types to callables"),
        ({"store": "jobs.db"}, r'store must be a store, as SQLiteStore\("jobs.db"\), got \'jobs.db\''),
        ({"engine": "ray"}, r"engine must be an engine, as LocalEngine\(\), got 'ray'"),
    ],
)
def test_a_queue_of_parts_of_another_kind_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        DocumentProcessingQueue(**{"processors": {}} | given)


async def test_a_job_type_without_a_processor_is_refused_with_the_registered_ones() -> None:
    """R35."""
    async with opened({"CHECK": two, "TRANSLATE": two}) as queue:
        with pytest.raises(InvalidJobError, match=r"'SCAN'.*CHECK, TRANSLATE"):
            await queue.create_job(["a"], "SCAN")
        assert queue.get_all_jobs() == []


async def test_a_declaration_leaves_the_function_callable_as_before() -> None:
    @processor
    async def check(document_id: str, context: Any) -> str:
        return document_id

    assert await check("a", None) == "a"
    assert check.__name__ == "check"
