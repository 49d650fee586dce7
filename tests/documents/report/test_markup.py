"""What the HTML of a report is made of."""

import pytest

from docmill.documents.report.markup import Markup, bidi, clean, element, fragment


def test_text_is_escaped_and_elements_are_not_escaped_again() -> None:
    assert element("p", "<b>&\"'", element("i", "x")) == "<p>&lt;b&gt;&amp;&quot;&#x27;<i>x</i></p>"


def test_an_attribute_cannot_be_left() -> None:
    assert element("a", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;"></a>'


def test_attributes_have_the_names_of_html_and_may_be_left_out() -> None:
    made = element("td", class_="x", data_key="k", colspan=2, hidden=True, title=None, disabled=False)
    assert made == '<td class="x" data-key="k" colspan="2" hidden></td>'


def test_a_void_element_has_no_end() -> None:
    assert element("br") == "<br>"


def test_children_may_be_nested_lists_and_nothing() -> None:
    assert fragment(["a", ["b", None]], Markup("<hr>")) == "ab<hr>"


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\x00b\x1b[31m\x7f\x9f", "ab[31m"),
        ("two\nlines\tapart", "two\nlines\tapart"),
        ("\u202egnp.exe\u202c", "[U+202E]gnp.exe[U+202C]"),
        ("\u2066x\u2069", "[U+2066]x[U+2069]"),
        ("half \ud83d", "half [U+D83D]"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("x" * 501, "x" * 500 + "\u2026"),
    ],
)
def test_the_tricks_of_a_text_are_taken_out_or_shown(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_text_in_an_attribute_is_cleaned_too() -> None:
    assert element("img", alt="\ud800\u202e") == '<img alt="[U+D800][U+202E]">'


def test_a_value_has_a_direction_of_its_own() -> None:
    assert bidi("שלום") == '<bdi dir="auto">שלום</bdi>'
