"""How many documents make a chunk."""

from docmill.engines.remote.sizes import LARGEST, ChunkSize


def size(seconds: float, *, largest: int = 1_000, target: float = 0.5) -> ChunkSize:
    """Sizes that know that a document takes so long."""
    made = ChunkSize(target)
    made.measured(largest, seconds * largest)
    return made


def test_the_first_chunks_have_one_document() -> None:
    assert ChunkSize(0.5).of(10_000, 4, 30.0) == 1


def test_a_chunk_takes_about_as_long_as_it_should() -> None:
    assert size(0.01).of(100_000, 4, 30.0) == 50
    assert size(0.4).of(100_000, 4, 30.0) == 1
    assert size(7.0).of(100_000, 4, 30.0) == 1


def test_a_chunk_takes_no_more_than_a_share_of_the_budget() -> None:
    assert size(0.01).of(100_000, 4, 1.0) == 10


def test_towards_the_end_each_slot_gets_its_share() -> None:
    assert size(0.001).of(80, 4, 30.0) == 10
    assert size(0.001).of(1, 4, 30.0) == 1


def test_a_chunk_grows_step_by_step() -> None:
    made = ChunkSize(0.5)
    sizes = []
    for _ in range(6):
        sizes.append(made.of(10**6, 1, 30.0))
        made.measured(sizes[-1], 0.0)

    assert sizes == [1, 4, 16, 64, 256, LARGEST]


def test_the_latest_chunk_counts_but_not_alone() -> None:
    made = size(0.01)
    made.measured(10, 10 * 0.11)

    assert made.of(100_000, 4, 30.0) == 12
