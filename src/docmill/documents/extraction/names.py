"""Names of people and companies: what can be one, and where one begins and ends."""

import re
from collections import Counter
from collections.abc import Iterable

import attrs

from docmill.documents.extraction.labels import Label, labels_in
from docmill.documents.extraction.layout import Row, Segment, normalise
from docmill.documents.extraction.party_words import (
    COMMON_DOMAINS,
    CONTACT,
    COUNTRIES,
    LEGAL_FORM,
    SALUTATIONS,
    STREET,
    ZIP_CITY,
)
from docmill.documents.pages import Box

__all__ = ["Name", "is_name_key", "matches_domain", "name_in", "returned_name", "senders_domain"]

_MAX_LENGTH = 70
_MAX_WORDS = 9
_MONEY = re.compile(r"\d[.,]\d\d(?!\d)|[€$£₹]")
_TITLE = re.compile(
    r"(?:application|request|statement|certificate|notice|confirmation|declaration|report|registration|order|"
    r"antrag|bescheinigung|erklärung|bestätigung|anmeldung|demande|attestation|déclaration|avis|relevé|solicitud|"
    r"certificado|declaración|aviso|domanda|richiesta|dichiarazione|certificato|aanvraag|verklaring|pedido|"
    r"declaração|ansökan|ansøgning|søknad|wniosek)"
    r" (?:for|of|to|about|on|auf|für|über|zur|zum|de|d['\u2019]\w+|du|des|di|del|della|van|voor|om|o)\b",
    re.IGNORECASE,
)
"""How the title of a form or of a document begins."""

_LETTERS = re.compile(r"[^\W\d_]{2,}")
_LEAD = re.compile(r"^[\s:.,;#*●•·|\-\u2013]+")
_TAIL = re.compile(r"[\s:,;*●•·|\-\u2013]+$")
_SET_APART = re.compile(r"\s{2,}|\s[●•·|]\s|,\s|\s[-\u2013]\s|\s\(")
_PARTNERS = re.compile(r"[^\W\d_][\w\-]+(?:, [^\W\d_][\w\-]+)+ (?:[&+]|und|and|et|y|e)(?=\s|$)")
"""Names of partners before the last one: "Baker, Reed & Cole"."""
_SEPARATOR = re.compile(r"\s*[●•·∙|*■♦◦\u2022]\s*|\s+[-\u2013\u2014/]\s*|\s*[-\u2013\u2014]\s+|,\s+|\s{2,}")
_DOMAIN = re.compile(r"(?:@|https?://|www\.)(?:www\.)?([\w-]+(?:\.[\w-]+)*)\.([a-z]{2,})", re.IGNORECASE)
_BARE_DOMAIN = re.compile(
    r"(?<![\w@.])([\w-]{3,})\.(?:com|de|fr|net|nl|it|es|co\.uk|eu|org|ch|at|be|se|dk|no|pl|in)(?![\w])", re.IGNORECASE
)
_PARTY_LABELS = {"other_party", "seller", "buyer", "account_holder"}
_NO_NAME_LABELS = {
    "number",
    "number_weak",
    "other_number",
    "issue_date",
    "due_date",
    "other_date",
    "issue_date_weak",
    "vat",
    "iban",
    "currency",
} | _PARTY_LABELS
_KEYS = (
    "name,firma,firmenname,unternehmen,company,company name,nom,nombre,naam,nome,navn,namn,nazwa,raison sociale,"
    "ragione sociale,razón social,denominazione,bezeichnung,seller name,buyer name"
)
_NAME_KEYS = frozenset(normalise(key) for key in _KEYS.split(","))
"""What a name is called in a form with a key to the left of each value."""

_NO_NAMES = _NAME_KEYS | frozenset(
    normalise(phrase)
    for phrase in [
        "original",
        "copy",
        "kopie",
        "duplicate",
        "duplikat",
        "copie",
        "copia",
        "page",
        "seite",
        "invoice",
        "tax invoice",
        "logo",
        "your logo",
        "company logo",
        "description",
        "beschreibung",
        "summary",
        "details",
        "detail",
        "notes",
        "note",
        "information",
        "invoice summary",
        "invoice details",
        "billing details",
        "address",
        "adresse",
        "anschrift",
        "name",
        "company",
        "street",
        "city",
        "state",
        "zip",
        "country",
        "land",
        "date",
        "total",
        "amount",
        "thank you",
        "vielen dank",
        "merci",
        "welcome",
        "www",
        "email",
        "original for recipient",
        "original for buyer",
        "shipping information",
        "payment details",
        "payment information",
        "order details",
        "customer details",
        "online",
        "homepage",
        "retail invoices bill",
    ]
)


_HEADING_WORDS = frozenset(
    [
        "details",
        "detail",
        "information",
        "informationen",
        "info",
        "infos",
        "summary",
        "address",
        "date",
        "number",
        "charges",
        "daten",
        "angaben",
        "adresse",
        "datos",
        "dati",
        "gegevens",
        "dados",
        "uppgifter",
        "dane",
        "amount",
        "total",
        "description",
    ]
)
"""A line that ends in such a word is a heading."""


@attrs.frozen(eq=False)
class Name:
    """A name as it is printed.

    Attributes:
        text: the name.
        row: where it stands; the first of its rows if it is set on two lines.
        start, end: in the text of the row.
        box: around its words, on both lines.
        second: its second line, if it has one.
    """

    text: str
    row: Row
    start: int
    end: int
    box: Box
    second: Segment | None = None

    @property
    def key(self) -> str:
        """For comparisons: without spaces and punctuation."""
        return normalise(self.text)

    @property
    def height(self) -> float:
        """Of one line of its text, in points."""
        _, y0, _, y1 = self.row.box_between(self.start, self.end)
        return y1 - y0


def name_in(row: Row, start: int, end: int) -> Name | None:
    """The name that a part of a row is; None if it cannot be one.

    Forms of address before it and what is set apart behind it are left out.
    """
    text = row.text[start:end]
    lead = _LEAD.match(text)
    if lead:
        start, text = start + lead.end(), text[lead.end() :]
    words = text.split(" ")
    while len(words) > 1 and (normalise(words[0]) in SALUTATIONS or not words[0].strip(":.,")) and "&" not in words[1]:
        start += len(words[0]) + 1
        words = words[1:]
    text = " ".join(words)
    partners = _PARTNERS.match(text)
    cut = _SET_APART.search(text, partners.end() if partners else 0)
    if cut and not LEGAL_FORM.match(text[cut.end() :]):
        text = text[: cut.start()]
    text = _TAIL.sub("", text)
    end = start + len(text)
    if not _is_plausible(row, start, text) or row.text[end:].lstrip().startswith(":"):
        return None
    return Name(text=" ".join(text.split()), row=row, start=start, end=end, box=row.box_between(start, end))


def is_name_key(text: str) -> bool:
    """Whether it is no name, and says that the text to its right is one."""
    return normalise(text) in _NAME_KEYS


def _is_plausible(row: Row, start: int, text: str) -> bool:
    key = normalise(text)
    words = text.split()
    if not _LETTERS.search(text) or len(text) > _MAX_LENGTH or len(words) > _MAX_WORDS or len(key) < 3:
        return False
    if normalise(words[-1]) in _HEADING_WORDS:
        return False
    if (
        LEGAL_FORM.fullmatch(text)
        or key in SALUTATIONS
        or key in COUNTRIES
        or key in _NO_NAMES
        or sum(char.isdigit() for char in text) > len(text) * 0.34
    ):
        return False
    if (
        ":" in text
        or _MONEY.search(text)
        or _TITLE.match(text)
        or CONTACT.search(text)
        or (ZIP_CITY.search(text) and not LEGAL_FORM.search(text))
    ):
        return False
    if STREET.search(text) and not LEGAL_FORM.search(text):
        return False
    if not (text[0].isupper() or text[0].isdigit() or len(words) < 5):
        return False
    return not any(
        start <= label.start < start + len(text)
        and label.opens
        and label.roles & _NO_NAME_LABELS
        and _is_told(label, text)
        for label in labels_in(row)
    )


def _is_told(label: Label, text: str) -> bool:
    """A label makes up the text, or a value follows it. A company may be called "Seller Ltd.", though."""
    if label.roles & _PARTY_LABELS:
        return label.has_colon or label.closes
    return label.has_colon or len(label.key) > 0.6 * len(normalise(text)) or any(char.isdigit() for char in text)


def returned_name(row: Row) -> Name | None:
    """The name at the head of a line that is a whole address, as it stands in the window of an envelope."""
    if not ZIP_CITY.search(row.text) or len(row.text) > 160:
        return None
    pieces: list[tuple[int, int]] = []
    position = 0
    for match in _SEPARATOR.finditer(row.text):
        if match.start() > position:
            pieces.append((position, match.start()))
        position = match.end()
    pieces.append((position, len(row.text)))
    town = next((number for number, piece in enumerate(pieces) if ZIP_CITY.search(row.text[slice(*piece)])), 0)
    if town < 1 or town > 5 or (town == 1 and not LEGAL_FORM.search(row.text[slice(*pieces[0])])):
        return None
    return name_in(row, *pieces[0])


def senders_domain(rows: Iterable[Row]) -> str | None:
    """The name of the domain in the sender's web and mail addresses: the most frequent one, and rather one at an edge.

    Those of mail providers say nothing; None if there is no other.
    """
    weights: Counter[str] = Counter()
    for row in rows:
        if "." not in row.text:
            continue
        is_edge = not 0.15 * row.page_height < row.box[1] < 0.85 * row.page_height
        for domain in _domains_of(row.text):
            weights[domain] += 3 if is_edge else 1
    return weights.most_common(1)[0][0] if weights else None


def _domains_of(text: str) -> set[str]:
    found = set()
    for match in _DOMAIN.finditer(text):
        parts = [part for part in match[1].lower().split(".") if part not in COMMON_DOMAINS]
        found |= set(parts[-1:])
    found |= {match[1].lower() for match in _BARE_DOMAIN.finditer(text)} - COMMON_DOMAINS
    return {normalise(domain) for domain in found if len(domain) > 2}


def matches_domain(name: Name, domain: str) -> bool:
    """Whether a domain may be called after a name, legal form aside."""
    plain = normalise(LEGAL_FORM.sub("", name.text))
    first = normalise(name.text.split()[0])
    if len(plain) < 3 or domain in plain:
        return len(plain) >= 3
    return (domain.startswith(plain) and 2 * len(plain) >= len(domain)) or (len(first) > 3 and domain.startswith(first))
