"""Who issues a document and whom it is for."""

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from docmill.documents.extraction.blocks import Block, blocks_of
from docmill.documents.extraction.labels import Label
from docmill.documents.extraction.layout import Row, Segment, normalise
from docmill.documents.extraction.names import Name, is_name_key, matches_domain, name_in, returned_name, senders_domain
from docmill.documents.extraction.party_words import CONTACT, LEGAL_FORM, LEGAL_NAME, SALUTATIONS
from docmill.documents.extraction.wrapped_names import name_above, whole_name

__all__ = ["Parties", "PartyName", "find_parties"]

_MIN_SELLER = 0.55
_MIN_BUYER = 0.6
_MAX_CANDIDATES = 40
_ROWS_BELOW_LABEL = 7
_REGISTERED = re.compile(
    r"\b(?:ust|vat|tva|btw|iva|nif|cif|nip|uid|iban|siret|siren|hrb|kvk|gstin|abn|cin|org\.?\s?nr|steuernummer|cvr"
    r"|tax id)\b",
    re.IGNORECASE,
)


@attrs.frozen(eq=False)
class PartyName:
    """A name that was chosen.

    Attributes:
        name: the name with its place.
        confidence: 0 to 1.
    """

    name: Name
    confidence: float


@attrs.frozen(kw_only=True)
class Parties:
    """Seller and buyer; None for one that was not found."""

    seller: PartyName | None = None
    buyer: PartyName | None = None


@attrs.define
class _Candidate:
    name: Name
    seller: float = 0.0
    buyer: float = 0.0
    mentions: int = 1


def find_parties(rows: Sequence[Row], labels: Sequence[Label]) -> Parties:
    """Choose seller and buyer among the names in letterheads, address blocks, sentences, and after labels.

    Args:
        rows: of the document; names are looked for on its first page, and after labels on the second.
        labels: of parties, in the order of the rows.
    """
    first = [row for row in rows if row.page == rows[0].page]
    heights = [row.height for row in first]
    usual = sorted(heights)[len(heights) // 2]
    candidates: dict[str, _Candidate] = {}
    seconds: list[Segment] = []
    for found, seller, buyer in _all_candidates(rows, first, labels, usual):
        if any(each.row == found.row.index and each.start <= found.start < each.end for each in seconds):
            continue
        name = whole_name(found, rows, usual)
        if name.second is not None and len(seconds) < _MAX_CANDIDATES:
            seconds.append(name.second)
        _add(candidates, name, seller, buyer)
    _recognise(list(candidates.values()), usual, rows)
    return _choose(list(candidates.values()))


def _all_candidates(
    rows: Sequence[Row], first: Sequence[Row], labels: Sequence[Label], usual: float
) -> Iterator[tuple[Name, float, float]]:
    blocks = blocks_of(first)
    yield from _labelled(rows, labels)
    elsewhere = _elsewhere(rows, labels)
    below: set[int] = set()
    for row in first:
        if row.box[1] < 0.5 * row.page_height:
            returned = returned_name(row)
            above = returned and name_above(returned, rows)
            if above is not None:
                yield above, 1.1, -1.0
            elif returned is not None:
                yield returned, 1.3, -1.0
                below |= {id(block) for block in _beneath(row, returned, blocks)}
    for block in blocks:
        for name, seller, buyer in _of_block(block, first, id(block) in below, usual):
            if (name.row.index, name.start) not in elsewhere:
                yield name, seller, buyer
    for row in first:
        yield from _in_sentence(row)


def _beneath(row: Row, returned: Name, blocks: Iterable[Block]) -> list[Block]:
    """The block below the line with the sender's address is the recipient's."""
    x0, height = returned.box[0], row.height
    fitting = [
        block
        for block in blocks
        if -0.5 * height < block.box[1] - returned.box[3] < 6 * height
        and block.box[0] < x0 + 60
        and block.box[2] > x0 - 60
    ]
    return sorted(fitting, key=lambda block: block.box[1])[:1]


def _labelled(rows: Sequence[Row], labels: Sequence[Label]) -> Iterator[tuple[Name, float, float]]:
    by_row: dict[int, list[Label]] = {}
    for label in labels:
        by_row.setdefault(label.row.index, []).append(label)
    for label in labels:
        if "seller_inline" in label.roles:
            name = name_in(label.row, label.end, label.row.segment_at(label.start).end)
            if name is not None:
                yield name, 1.0, -0.8
        if not (label.opens and (label.has_colon or label.closes)):
            continue
        name = _after(label, rows, by_row)
        if name is None:
            continue
        weight = 1.5 if label.has_colon or len(label.key) > 5 else 1.1
        if "buyer" in label.roles:
            yield name, -1.5, weight
        elif "seller" in label.roles:
            yield name, weight, -1.5
        elif "account_holder" in label.roles:
            yield name, 0.3, -0.3


def _elsewhere(rows: Sequence[Row], labels: Sequence[Label]) -> set[tuple[int, int]]:
    """Where the names of others stand, such as whom goods are shipped to; they may be the buyer's at another place."""
    names = [
        _after(label, rows, {label.row.index: [label]})
        for label in labels
        if "other_party" in label.roles and label.opens and (label.has_colon or label.closes)
    ]
    return {(name.row.index, name.start) for name in names if name is not None}


def _after(label: Label, rows: Sequence[Row], by_row: dict[int, list[Label]]) -> Name | None:
    """The name behind a label, in the segment to its right, or below it."""
    row = label.row
    segment = row.segment_at(label.start)
    if label.has_colon:
        same = name_in(row, label.end, segment.end)
        if same is not None:
            return same
        following = next((each for each in row.segments if each.start > segment.start), None)
        is_free = following and not any(following.start <= one.start < following.end for one in by_row[row.index])
        if following and is_free and following.box[0] - segment.box[2] < 12 * row.height:
            right = name_in(row, following.start, following.end)
            if right is not None:
                return right
    return _below(label, segment, rows) if label.closes else None


def _below(label: Label, segment: Segment, rows: Sequence[Row]) -> Name | None:
    bottom = segment.box[3]
    for row in rows[label.row.index + 1 : label.row.index + 1 + 2 * _ROWS_BELOW_LABEL]:
        if row.page != label.row.page or row.box[1] - bottom > 4.5 * label.row.height:
            return None
        for each in row.segments:
            if abs(each.box[0] - label.box[0]) < 2.5 * row.height and each.box[1] > segment.box[1] + 1:
                bottom = each.box[3]
                behind = next((one for one in row.segments if one.start > each.start), None)
                value = behind if behind is not None and is_name_key(each.text) else each
                name = name_in(row, value.start, value.end)
                if name is not None:
                    return name
    return None


def _of_block(
    block: Block, rows: Sequence[Row], is_recipient: bool, usual: float
) -> Iterator[tuple[Name, float, float]]:
    """The name at the head of a block with an address, or at the top of the page."""
    offset = rows[0].index
    town = block.town_line
    row = rows[block.lines[0].row - offset]
    top = block.box[1] / max(row.page_height, 1.0)
    lines = block.lines[: town or 3]
    names = [name_in(rows[line.row - offset], line.start, line.end) for line in lines]
    found = next((name for name in names if name is not None), None)
    if found is None or (town is None and top > 0.2):
        return
    found = whole_name(found, rows, usual)
    seller, buyer = _weigh(block, found, top, town is not None)
    salutation = any(_is_addressed(line.text) for line in lines)
    if salutation:
        seller, buyer = seller - 1.0, buyer + 0.6
    if is_recipient:
        seller, buyer = seller - 1.2, buyer + 1.1
    yield found, seller, buyer


def _is_addressed(line: str) -> bool:
    """Whether a line is a form of address, or begins with one."""
    first, _, rest = line.partition(" ")
    return normalise(line) in SALUTATIONS or (normalise(first) in SALUTATIONS and rest[:1].isupper())


def _weigh(block: Block, name: Name, top: float, has_town: bool) -> tuple[float, float]:
    text = block.text
    has_contact, is_registered = bool(CONTACT.search(text)), bool(_REGISTERED.search(text))
    seller = 0.35 * has_town + 0.3 * has_contact + 0.4 * is_registered
    buyer = 0.75 * has_town - 0.4 * has_contact - 0.3 * is_registered
    if LEGAL_FORM.search(name.text):
        seller += 0.3
    if top < 0.12:
        seller, buyer = seller + 0.45, buyer - 0.4
    elif top < 0.18:
        seller, buyer = seller + 0.2, buyer - 0.1
    elif top < 0.36:
        seller, buyer = seller - 0.2, buyer + 0.2
    elif top > 0.6:
        seller, buyer = seller + 0.2, buyer - 0.8
    return seller, buyer


def _in_sentence(row: Row) -> Iterator[tuple[Name, float, float]]:
    for segment in row.segments:
        for match in LEGAL_NAME.finditer(segment.text):
            name = name_in(row, segment.start + match.start("name"), segment.start + match.end("name"))
            if name is not None:
                edge = row.box[1] < 0.15 * row.page_height or row.box[1] > 0.8 * row.page_height
                yield name, 0.45 + 0.25 * edge, 0.1


def _add(candidates: dict[str, _Candidate], name: Name, seller: float, buyer: float) -> None:
    """The same name from several places is one candidate; the clearest place says most."""
    key = name.key
    known = candidates.get(key)
    if known is None:
        if len(candidates) < _MAX_CANDIDATES:
            candidates[key] = _Candidate(name, seller, buyer)
        return
    known.mentions += 1
    known.seller = _merged(known.seller, seller)
    known.buyer = _merged(known.buyer, buyer)


def _merged(one: float, other: float) -> float:
    if one < 0 or other < 0:
        return one + other
    return max(one, other) + 0.15 * (min(one, other) > 0)


def _recognise(candidates: list[_Candidate], usual: float, rows: Sequence[Row]) -> None:
    """A name that is also in a web or mail address is the sender's, as a rule."""
    domain = senders_domain(rows)
    for each in candidates:
        if domain and matches_domain(each.name, domain):
            each.seller += 0.7
            each.buyer -= 0.5
    for each in candidates:
        if each.name.height > 1.5 * usual and each.name.box[1] < 0.25 * rows[0].page_height:
            each.seller += 0.2


def _choose(candidates: list[_Candidate]) -> Parties:
    sellers = sorted((each for each in candidates if each.seller >= _MIN_SELLER), key=lambda each: -each.seller)[:8]
    buyers = sorted((each for each in candidates if each.buyer >= _MIN_BUYER), key=lambda each: -each.buyer)[:8]
    pairs = [
        (s, b)
        for s in [*sellers, None]
        for b in [*buyers, None]
        if s is None or b is None or not (s.name.key in b.name.key or b.name.key in s.name.key)
    ]
    seller, buyer = max(pairs, key=lambda pair: (pair[0].seller if pair[0] else 0) + (pair[1].buyer if pair[1] else 0))
    return Parties(
        seller=PartyName(seller.name, _confidence(seller.seller)) if seller else None,
        buyer=PartyName(buyer.name, _confidence(buyer.buyer)) if buyer else None,
    )


def _confidence(score: float) -> float:
    return max(0.3, min(0.97, 0.25 + 0.4 * score))
