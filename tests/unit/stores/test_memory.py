"""The store that keeps nothing."""

from docmill.stores import MemoryStore

from .support import ledger, mark, new


def test_it_is_not_durable_and_keeps_nothing() -> None:
    store = MemoryStore()
    assert list(store.open()) == []
    store.commit([new(ledger())])

    assert store.durable is False
    assert list(store.open()) == []
    assert store.load("job_1") is None
    store.prune(["job_1"])
    store.close()
    store.close()
    assert mark(ledger()).ok == 0
