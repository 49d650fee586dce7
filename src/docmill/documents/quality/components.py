"""Connected parts of the ink: most are characters, some are specks, lines and pictures."""

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["MAX_RUNS", "Components", "Runs", "components_of", "runs_of"]

MAX_RUNS = 400_000
"""A page of dense text at 150 dpi has about 100,000; with more it is a picture or noise, and is cut."""


@attrs.frozen(eq=False)
class Runs:
    """Ink pixels side by side, from top to bottom and from left to right.

    Attributes:
        row: of each.
        start: its first column.
        stop: the column after its last one.
    """

    row: npt.NDArray[np.intp]
    start: npt.NDArray[np.intp]
    stop: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.row)


@attrs.frozen(eq=False)
class Components:
    """Runs that touch, diagonally too.

    Attributes:
        label: of each run, the index of its component in the arrays below.
        left, top: the box of each component.
        right, bottom: likewise; after its last column and row.
        area: its pixels.
    """

    label: npt.NDArray[np.intp]
    left: npt.NDArray[np.intp]
    top: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]
    bottom: npt.NDArray[np.intp]
    area: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.area)

    @property
    def width(self) -> npt.NDArray[np.intp]:
        """Pixels."""
        return self.right - self.left

    @property
    def height(self) -> npt.NDArray[np.intp]:
        """Pixels."""
        return self.bottom - self.top


def runs_of(mask: npt.NDArray[np.bool_]) -> Runs:
    """The runs of a picture; the first `MAX_RUNS` if it has more."""
    height, width = mask.shape
    # A column of paper at the right keeps the runs of neighbouring rows apart.
    padded = np.zeros((height, width + 1), np.int8)
    padded[:, :width] = mask
    steps = np.diff(padded.ravel(), prepend=np.int8(0))
    start = np.flatnonzero(steps == 1)[:MAX_RUNS]
    stop = np.flatnonzero(steps == -1)[:MAX_RUNS]
    row = start // (width + 1)
    return Runs(row, start - row * (width + 1), stop - row * (width + 1))


def components_of(runs: Runs) -> Components:
    """The connected components of the runs."""
    label = _connect(len(runs), *_touching(runs))
    count = int(label.max()) + 1 if len(runs) else 0
    left = np.full(count, np.iinfo(np.intp).max)
    right, bottom = np.zeros(count, np.intp), np.zeros(count, np.intp)
    np.minimum.at(left, label, runs.start)
    np.maximum.at(right, label, runs.stop)
    np.maximum.at(bottom, label, runs.row + 1)
    # Runs are ordered by row, so the first one of each component is in its top row.
    top = runs.row[np.unique(label, return_index=True)[1]]
    area = np.bincount(label, runs.stop - runs.start, count).astype(np.intp)
    return Components(label, left, top, right, bottom, area)


def _touching(runs: Runs) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """All pairs of an upper and a lower run that touch."""
    if not len(runs):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    stride = int(runs.stop.max()) + 2
    starts = runs.row * stride + runs.start
    stops = runs.row * stride + runs.stop
    # Below a run lies what ends after it starts and starts before it ends, counting diagonal neighbours.
    first = np.searchsorted(stops, starts + stride, side="left")
    last = np.searchsorted(starts, stops + stride, side="right")
    counts = last - first
    upper = np.repeat(np.arange(len(runs)), counts)
    lower = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    return upper, lower


def _connect(count: int, upper: npt.NDArray[np.intp], lower: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Number the connected components of a graph from 0, in the order of their first node.

    Every node points to the least node that it is known to be connected with; each round lets the pointers take
    two steps instead of one, so the rounds grow with the logarithm of the longest chain.
    """
    parent = np.arange(count)
    while True:
        a, b = parent[upper], parent[lower]
        differ = np.flatnonzero(a != b)
        if not len(differ):
            break
        upper, lower, a, b = upper[differ], lower[differ], a[differ], b[differ]
        np.minimum.at(parent, np.maximum(a, b), np.minimum(a, b))
        while True:
            further = parent[parent]
            if np.array_equal(further, parent):
                break
            parent = further
    labels: npt.NDArray[np.intp] = np.unique(parent, return_inverse=True)[1]
    return labels
