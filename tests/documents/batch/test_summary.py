"""The summary of a batch counts, adds up, and names what only shows across documents."""

import json
from decimal import Decimal
from typing import Any

import pytest

from docmill.documents.batch import summarise
from docmill.documents.values import Extraction, Party, Value


def result(
    *,
    seller: str | None = "Acme Ltd",
    vat: str | None = None,
    number: str | None = None,
    gross: str | None = None,
    document_type: str = "invoice",
    currency: str | None = "EUR",
    **more: Any,
) -> dict[str, Any]:
    def value(text: str | None) -> Value | None:
        return None if text is None else Value(text, text)

    extraction = Extraction(
        document_type=value(document_type),
        language=value("en"),
        currency=value(currency),
        invoice_number=value(number),
        gross_total=value(gross),
        seller=Party(name=value(seller), vat=value(vat)),
    )
    return {"extraction": extraction.to_data(), **more}


def numbered(results: list[dict[str, Any]]) -> list[tuple[str, object]]:
    return [(f"d{place}", data) for place, data in enumerate(results)]


def test_an_empty_batch_has_an_empty_summary() -> None:
    assert summarise([]) == {
        "documents": 0,
        "succeeded": 0,
        "failed": 0,
        "failures": {},
        "document_types": {},
        "languages": {},
        "currencies": {},
        "totals": {},
        "quality": None,
        "issues": {},
        "anomalies": {},
        "sellers": [],
        "duplicates": {"exact": [], "near": []},
        "conflicting_invoices": [],
        "outliers": [],
        "cut": {},
    }


def test_documents_are_counted_and_their_totals_added_up_by_currency() -> None:
    summary = summarise(
        numbered(
            [
                result(gross="119.00"),
                result(gross="0.1"),
                result(gross="19.00", document_type="credit_note"),
                result(gross="-1.00", document_type="credit_note"),
                result(gross="7", currency="CHF", seller=None),
                result(currency="EUR"),
                result(currency=None, gross="5"),
            ]
        ),
        [("bad", "permanent", "EncryptedDocumentError: it needs a password")],
    )
    assert (summary["documents"], summary["succeeded"], summary["failed"]) == (8, 7, 1)
    assert summary["failures"] == {"permanent": 1}
    assert summary["document_types"] == {"invoice": 5, "credit_note": 2}
    assert summary["languages"] == {"en": 7}
    assert summary["currencies"] == {"EUR": 5, "CHF": 1}
    assert summary["totals"] == {
        "EUR": {"documents": 4, "net": "0.00", "tax": "0.00", "gross": "99.10"},
        "CHF": {"documents": 1, "net": "0.00", "tax": "0.00", "gross": "7.00"},
    }
    assert summary["sellers"] == [{"seller": "Acme Ltd", "documents": 6, "gross": {"EUR": "99.10"}}]


def test_findings_are_counted_by_the_documents_that_have_them() -> None:
    issue = {"code": "low_resolution", "severity": "warning", "page": 1, "message": "..."}
    summary = summarise(
        numbered(
            [
                result(quality={"score": 80, "issues": [issue, issue]}, anomalies=[{"code": "total_mismatch"}]),
                result(quality={"score": 55.5, "issues": [issue]}, anomalies=[]),
            ]
        )
    )
    assert summary["issues"] == {"low_resolution": 2}
    assert summary["anomalies"] == {"total_mismatch": 1}
    assert summary["quality"] == {"documents": 2, "mean": 67.8, "lowest": {"document_id": "d1", "score": 55.5}}


def test_one_number_with_two_totals_is_a_conflict_between_invoices_of_a_seller() -> None:
    summary = summarise(
        numbered(
            [
                result(number="RE-1", gross="10.00", vat="DE136695976"),
                result(number="re 1", gross="11.00", seller="ACME Ltd."),
                result(number="RE-1", gross="12.00", seller="Another"),
                result(number="RE-1", gross="5.00", document_type="credit_note"),
                result(number="RE-2", gross="20.00"),
                result(number="RE-2", gross="20.0"),
                result(number="RE-3"),
            ]
        )
    )
    assert summary["conflicting_invoices"] == [
        {
            "seller": "Acme Ltd",
            "invoice_number": "RE-1",
            "documents": [
                {"document_id": "d0", "gross_total": "10.00", "currency": "EUR"},
                {"document_id": "d1", "gross_total": "11.00", "currency": "EUR"},
            ],
        }
    ]
    assert [(each["seller"], each["documents"]) for each in summary["sellers"]] == [("Acme Ltd", 6), ("Another", 1)]


def test_a_total_far_from_the_median_of_its_seller_is_an_outlier() -> None:
    usual = ["100", "101", "98", "103", "99", "102", "97"]
    summary = summarise(numbered([result(gross=gross) for gross in (*usual, "990")]))
    assert summary["outliers"] == [
        {
            "document_id": "d7",
            "seller": "Acme Ltd",
            "currency": "EUR",
            "gross_total": "990.00",
            "median": "100.50",
            "deviation": 444.75,
        }
    ]


def test_seven_amounts_are_too_few_to_say_what_is_usual() -> None:
    assert not summarise(numbered([result(gross=gross) for gross in (*("100", "101") * 3, "990")]))["outliers"]


def test_amounts_of_another_currency_or_of_credit_notes_are_not_compared() -> None:
    others = [result(gross="990", currency="JPY"), result(gross="990", document_type="credit_note")]
    assert not summarise(numbered([*(result(gross=f"10{digit}") for digit in range(9)), *others]))["outliers"]


@pytest.mark.parametrize("odd, is_outlier", [("1000.01", False), ("1030", False), ("1200", True), ("10", True)])
def test_where_most_amounts_are_the_same_a_small_difference_is_not_unusual(odd: str, is_outlier: bool) -> None:
    found = summarise(numbered([result(gross=gross) for gross in [*["1000"] * 11, odd]]))["outliers"]
    assert [each["document_id"] for each in found] == (["d11"] if is_outlier else [])


def test_free_documents_have_no_outliers() -> None:
    assert not summarise(numbered([result(gross="0")] * 9))["outliers"]


def test_duplicates_are_named() -> None:
    text = {"minhash": None, "words": 0}
    summary = summarise(numbered([result(fingerprint={"sha256": "ab", **text})] * 2))
    assert summary["duplicates"] == {"exact": [["d0", "d1"]], "near": []}


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "text",
        [],
        {"extraction": None, "quality": [], "anomalies": {"code": "x"}, "fingerprint": "x"},
        {"extraction": {"gross_total": {"value": "NaN"}, "currency": {"value": 7}, "seller": {"name": None}}},
        {"extraction": {"gross_total": {"value": "1E+999999"}, "net_total": {"value": "1E-999999"}}},
        {"quality": {"score": float("nan"), "issues": [None, {"code": 3}, 8]}, "anomalies": "text"},
        {"quality": {"score": 10**400}, "fingerprint": {"sha256": 5, "minhash": 5}},
    ],
)
def test_results_of_any_shape_are_counted_without_more(data: object) -> None:
    summary = summarise([("odd", data), ("good", result(gross="1.00"))])
    assert summary["documents"] == 2
    assert summary["totals"] == {"EUR": {"documents": 1, "net": "0.00", "tax": "0.00", "gross": "1.00"}}


def test_a_large_batch_has_a_small_summary_that_says_what_was_left_out() -> None:
    batch = numbered(
        [
            result(
                seller=f"Seller {place} " + "\ud800" * 500,
                gross=str(place),
                number=f"{place % 7}",
                currency=f"C{place % 300}",
                fingerprint={"sha256": f"{place % 900}"},
            )
            for place in range(3_000)
        ]
        + [result(seller="Same", number="1", gross=str(place), fingerprint={"sha256": "same"}) for place in range(80)]
    )
    summary = summarise(batch)
    assert len(json.dumps(summary, ensure_ascii=False, allow_nan=False).encode()) < 500_000
    assert summary["cut"] == {
        "currencies": 101,
        "totals": 101,
        "sellers": 2_501,
        "duplicates.exact": 401,
        "conflicting_invoices.documents": 30,
    }
    assert len(summary["sellers"]) == 500
    assert summary["sellers"][0]["gross"] == {"EUR": str(sum(map(Decimal, range(80)))) + ".00"}


def test_long_groups_are_shortened() -> None:
    summary = summarise(numbered([result(fingerprint={"sha256": "same"})] * 60))
    assert [len(ids) for ids in summary["duplicates"]["exact"]] == [50]
    assert summary["cut"] == {"duplicates.exact.ids": 10}


def test_a_seller_is_called_by_the_vat_id_if_no_document_has_the_name() -> None:
    assert summarise(numbered([result(seller=None, vat="DE136695976")]))["sellers"][0]["seller"] == "DE136695976"
