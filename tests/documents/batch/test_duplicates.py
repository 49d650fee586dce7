"""Documents that are there twice are found, and invoices of one template are told apart."""

import random
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal

import pytest

from docmill.documents.batch import duplicates, fingerprint
from docmill.documents.batch.duplicates import exact_duplicates, near_duplicates
from docmill.documents.batch.facts import Facts
from docmill.documents.batch.signature import decode, similarity
from docmill.documents.pages import Page, Reading, Word

VOCABULARY = [f"{first}{second}" for first in ("ba", "de", "li", "mo", "nu", "ra") for second in "bcdfghjklmnpqrst"]


def reading(words: Sequence[str]) -> Reading:
    return Reading("application/pdf", [Page(1, 595, 842, [Word(text, 0, 0, 1, 1) for text in words])], 1)


def prose(seed: int, count: int) -> list[str]:
    dice = random.Random(seed)
    return [dice.choice(VOCABULARY) for _ in range(count)]


def with_changes(words: Sequence[str], share: float, seed: int) -> list[str]:
    dice = random.Random(seed)
    changed = list(words)
    for place in dice.sample(range(len(words)), max(1, round(len(words) * share))):
        changed[place] = f"changed{dice.random()}"
    return changed


def facts(document_id: str, words: Sequence[str], **known: object) -> Facts:
    found = fingerprint(reading(words), " ".join(words).encode("utf-8", "replace") + document_id.encode())
    return Facts(
        document_id=document_id,
        sha256=found["sha256"],
        signature=decode(found["minhash"]),
        **known,  # type: ignore[arg-type]
    )


def test_copies_with_one_word_in_a_hundred_changed_are_found_and_nothing_else() -> None:
    documents = []
    for seed in range(150):
        words = prose(seed, 250)
        documents += [facts(f"{seed}", words), facts(f"{seed} copy", with_changes(words, 0.01, seed))]
    found = near_duplicates(documents)
    expected = [[f"{seed}", f"{seed} copy"] for seed in range(150)]
    assert all(group.ids in expected for group in found)
    assert len(found) >= 148
    assert all(0.85 <= group.similarity < 1 for group in found)


def test_the_estimate_is_near_the_true_similarity() -> None:
    for seed in range(20):
        words = prose(seed, 400)
        other = with_changes(words, 0.03, seed)
        shingles, others = ({tuple(text[at : at + 3]) for at in range(398)} for text in (words, other))
        signatures = [decode(fingerprint(reading(text), b"")["minhash"]) for text in (words, other)]
        estimate = similarity(*(signature for signature in signatures if signature))
        assert estimate == pytest.approx(len(shingles & others) / len(shingles | others), abs=0.12)


def invoice_words(place: int) -> list[str]:
    """Of one template: some two hundred words, five of which differ from invoice to invoice."""
    words = prose(7, 200)
    words[20], words[21], words[90], words[150], words[151] = (f"{place}-{part}" for part in range(5))
    return words


def invoice(place: int, **known: object) -> Facts:
    return facts(f"invoice {place}", invoice_words(place), **known)


def test_invoices_of_one_template_are_no_duplicates_of_each_other() -> None:
    same_total = [invoice(number, number=f"RE-{number}", gross=Decimal(100)) for number in range(30)]
    same_number = [invoice(number, number="RE-1", gross=Decimal(number)) for number in range(30)]
    without_number = [
        invoice(number, gross=Decimal(100), issue_date=f"2024-01-{number + 1:02}") for number in range(30)
    ]
    assert near_duplicates(same_total) == near_duplicates(same_number) == near_duplicates(without_number) == []


def test_a_second_scan_of_an_invoice_is_found_among_others_of_its_template() -> None:
    batch = [invoice(number, number=f"RE-{number}", gross=Decimal(number)) for number in range(30)]
    again = facts(
        "scan", with_changes(invoice_words(12), 0.01, 1), number="re 12", gross=Decimal(12), issue_date="2024-01-02"
    )
    [group] = near_duplicates([*batch, again])
    assert group.ids == ["invoice 12", "scan"]


def test_a_scan_whose_number_could_not_be_read_joins_one_invoice_only() -> None:
    template = prose(3, 300)
    batch = [
        facts("one", with_changes(template, 0.004, 1), number="1", gross=Decimal(5)),
        facts("two", with_changes(template, 0.004, 2), number="2", gross=Decimal(5)),
        facts("unread", template, gross=Decimal(5)),
    ]
    [group] = near_duplicates(batch)
    assert len(group.ids) == 2
    assert "unread" in group.ids


def test_an_unread_number_comes_to_be_known_by_the_first_invoice_that_it_joins() -> None:
    template = prose(3, 300)
    batch = [
        facts("unread", template),
        facts("one", with_changes(template, 0.004, 1), number="1"),
        facts("two", with_changes(template, 0.004, 2), number="2"),
        facts("one again", with_changes(template, 0.004, 3), number="1"),
    ]
    [group] = near_duplicates(batch)
    assert group.ids == ["unread", "one", "one again"]


def test_the_same_bytes_are_exact_duplicates_and_take_part_once_in_the_near_ones() -> None:
    words = prose(1, 100)
    same = [Facts(document_id=name, sha256="ab", signature=facts("x", words).signature) for name in "abc"]
    other = facts("other", words)
    unknown = [Facts(document_id="y"), Facts(document_id="z")]
    assert exact_duplicates([*same, other, *unknown]) == [["a", "b", "c"]]
    assert [group.ids for group in near_duplicates([*same, other, *unknown])] == [["a", "other"]]


def test_documents_with_hardly_any_text_are_not_compared() -> None:
    assert fingerprint(reading(["Page", "1", "of", "1"]), b"")["minhash"] is None
    assert fingerprint(reading([]), b"") == {
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "minhash": None,
        "words": 0,
    }


def test_a_repeated_phrase_is_hardly_any_text() -> None:
    assert fingerprint(reading(["la"] * 1_000), b"")["minhash"] is None


def test_case_and_ligatures_make_no_difference() -> None:
    words = [f"office{number}" for number in range(40)]
    printed = [word.replace("ffi", "\ufb03").upper() for word in words]
    assert fingerprint(reading(words), b"")["minhash"] == fingerprint(reading(printed), b"")["minhash"]


def test_an_unpaired_surrogate_is_a_character_like_any_other() -> None:
    words = [*prose(1, 50), "\ud800"]
    assert len(str(fingerprint(reading(words), b"")["minhash"])) == 684


def test_fingerprints_are_the_same_in_every_process() -> None:
    program = (
        "from docmill.documents.batch import fingerprint\n"
        "from docmill.documents.pages import Page, Reading, Word\n"
        "words = [Word(f'word{number}', 0, 0, 1, 1) for number in range(50)]\n"
        "print(fingerprint(Reading('text/plain', [Page(1, 1, 1, words)], 1), b'')['minhash'])"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert runs == {fingerprint(reading([f"word{number}" for number in range(50)]), b"")["minhash"]}


def test_very_long_documents_are_compared_by_their_beginning() -> None:
    words = [f"w{number}" for number in range(60_000)]
    longer = [*words, "more", "words"]
    assert fingerprint(reading(words), b"")["minhash"] == fingerprint(reading(longer), b"")["minhash"]
    assert fingerprint(reading(longer), b"")["words"] == 60_002


@pytest.mark.parametrize("encoded", [None, 7, "", "!!", "AAAA", "\ud800", "é"])
def test_what_is_no_signature_counts_as_none(encoded: object) -> None:
    assert decode(encoded) is None


def test_a_crowd_of_form_letters_takes_a_bounded_number_of_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    template = prose(5, 300)
    letters = [facts(f"{seed}", with_changes(template, 0.08, seed)) for seed in range(60)]
    compared = 0

    def count(one: bytes, other: bytes) -> float:
        nonlocal compared
        compared += 1
        return 0.0

    monkeypatch.setattr(duplicates, "similarity", count)
    near_duplicates(letters)
    assert 0 < compared <= 60 * 16 * duplicates.MAX_RIVALS
    monkeypatch.setattr(duplicates, "MAX_COMPARISONS", 10)
    compared = 0
    near_duplicates(letters)
    assert compared == 10
