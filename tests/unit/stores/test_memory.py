"""The store that keeps nothing, and how the others are got at."""

import sys

import pytest

from docmill import stores
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


def test_a_store_whose_driver_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "docmill.stores.postgres", raising=False)
    with pytest.raises(ImportError, match=r"PostgresStore needs psycopg: pip install 'docmill\[postgres\]'"):
        _ = stores.PostgresStore
    with pytest.raises(AttributeError, match="has no attribute 'OracleStore'"):
        _ = stores.OracleStore
