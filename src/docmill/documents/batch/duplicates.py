"""Documents that are there more than once: byte by byte, or with nearly the same text."""

from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import TypeAlias

import attrs

from docmill.documents.batch.facts import Facts
from docmill.documents.batch.signature import band_groups, similarity

__all__ = ["NearGroup", "exact_duplicates", "near_duplicates"]

THRESHOLD = 0.85
"""With one word in a hundred changed, 94 % of the three-word sequences are still the same."""

MAX_RIVALS = 8
"""Documents of one band that a further one is compared with. It matters for crowds of form letters only."""

MAX_COMPARISONS = 1_000_000
"""In all; some five seconds. A batch that needs more is one of form letters, and is searched in part."""

Identity: TypeAlias = tuple[str | None, Decimal | None, str | None]


@attrs.frozen
class NearGroup:
    """Documents with nearly the same text.

    Attributes:
        ids: two or more, in the order of the batch.
        similarity: the lowest that was found between two of them: the share of common three-word sequences, 0 to 1.
    """

    ids: list[str]
    similarity: float


def exact_duplicates(documents: Sequence[Facts]) -> list[list[str]]:
    """Groups of documents whose bytes are the same, each in the order of the batch."""
    groups: dict[str, list[str]] = {}
    for document in documents:
        if document.sha256 is not None:
            groups.setdefault(document.sha256, []).append(document.document_id)
    return [ids for ids in groups.values() if len(ids) > 1]


def near_duplicates(documents: Sequence[Facts]) -> list[NearGroup]:
    """Groups of documents with nearly the same text but other bytes, such as a second scan of an invoice.

    Two invoices of one template also have nearly the same text. They are duplicates only if nothing that is known
    of both tells them apart: the invoice number and the total, or the total and the date where one has no number.
    Of documents whose bytes are the same, only the first takes part.
    """
    firsts = _first_of_each_content(documents)
    signatures = {key: signature for key in firsts if (signature := documents[key].signature) is not None}
    clusters = _Clusters({key: documents[key].identity for key in signatures})
    for one, other in islice(_candidates(signatures, clusters), MAX_COMPARISONS):
        alike = similarity(signatures[one], signatures[other])
        if alike >= THRESHOLD:
            clusters.join(one, other, alike)
    return [NearGroup([documents[key].document_id for key in keys], alike) for keys, alike in clusters.groups()]


def _first_of_each_content(documents: Sequence[Facts]) -> list[int]:
    seen: set[str] = set()
    firsts = []
    for key, document in enumerate(documents):
        if document.sha256 is None or document.sha256 not in seen:
            firsts.append(key)
        if document.sha256 is not None:
            seen.add(document.sha256)
    return firsts


def _candidates(signatures: dict[int, bytes], clusters: "_Clusters") -> Iterator[tuple[int, int]]:
    """Pairs that may be near duplicates and are in no common cluster yet; their number grows with the batch only."""
    for group in band_groups(signatures):
        rivals: dict[str | None, deque[int]] = {}
        numbered: deque[int] = deque(maxlen=MAX_RIVALS)
        for key in group:
            number = clusters.number(key)
            own = rivals.setdefault(number, deque(maxlen=MAX_RIVALS))
            others = numbered if number is None else rivals.get(None, ())
            for rival in (*own, *others):
                if clusters.may_join(key, rival):
                    yield key, rival
            if not any(clusters.together(key, rival) for rival in own):
                own.append(key)
                if number is not None:
                    numbered.append(key)


class _Clusters:
    """Disjoint sets of documents, none of which holds two that are known to be different."""

    def __init__(self, identities: dict[int, Identity]) -> None:
        self._identities = identities
        self._parents = {key: key for key in identities}
        self._lowest: dict[int, float] = {}

    def number(self, key: int) -> str | None:
        """The invoice number of a document itself."""
        return self._identities[key][0]

    def together(self, one: int, other: int) -> bool:
        """Whether two are in one cluster."""
        return self._root(one) == self._root(other)

    def may_join(self, one: int, other: int) -> bool:
        """Whether two are in different clusters that nothing keeps apart."""
        first, second = self._root(one), self._root(other)
        return first != second and _compatible(self._identities[first], self._identities[second])

    def join(self, one: int, other: int, alike: float) -> None:
        """Make one cluster of two, which knows what either knew."""
        first, second = sorted((self._root(one), self._root(other)))
        self._parents[second] = first
        number, total, date = self._identities[first]
        other_number, other_total, other_date = self._identities[second]
        self._identities[first] = (
            other_number if number is None else number,
            other_total if total is None else total,
            other_date if date is None else date,
        )
        self._lowest[first] = min(alike, self._lowest.get(first, 1.0), self._lowest.pop(second, 1.0))

    def groups(self) -> Iterator[tuple[list[int], float]]:
        """The members of each cluster of two or more, with the lowest similarity found between two of them."""
        members: dict[int, list[int]] = {}
        for key in self._parents:
            root = self._root(key)
            if root in self._lowest:
                members.setdefault(root, []).append(key)
        for root, keys in members.items():
            yield keys, self._lowest[root]

    def _root(self, key: int) -> int:
        while (parent := self._parents[key]) != key:
            self._parents[key] = self._parents[parent]
            key = parent
        return key


def _compatible(one: Identity, other: Identity) -> bool:
    """Whether nothing that is known of both tells them apart; a date may be misread where the numbers agree."""
    number, total, date = (
        left is None or right is None or left == right for left, right in zip(one, other, strict=True)
    )
    known = one[0] is not None and other[0] is not None
    return number and total and (known or date)
