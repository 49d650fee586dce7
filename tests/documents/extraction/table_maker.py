"""Tables of every make with their truth, to find out how much of them is found."""

from random import Random
from typing import Literal, TypeAlias

import attrs

from tests.benchmarks.tables import Cell
from tests.documents.extraction.typeset import WORDS, Sheet, width_of

Style: TypeAlias = Literal["ruled", "rows", "booktabs", "columns", "bare"]

STYLES: tuple[Style, ...] = ("ruled", "rows", "booktabs", "columns", "bare")


@attrs.define
class Plan:
    """What a table looks like."""

    style: Style
    columns: int
    rows: int
    has_spans: bool = False
    has_long_labels: bool = False
    has_tall_heading: bool = False
    has_text_cells: bool = False
    has_sections: bool = False
    has_currency: bool = False
    leading: float = 15.0


def set_table(sheet: Sheet, dice: Random, plan: Plan, x: float, y: float, width: float) -> tuple[float, list[Cell]]:
    """Write a table; returns where it ends, and its cells."""
    return _Setter(sheet, dice, plan, x, width).run(y)


class _Setter:
    def __init__(self, sheet: Sheet, dice: Random, plan: Plan, x: float, width: float) -> None:
        self.sheet, self.dice, self.plan, self.x, self.width = sheet, dice, plan, x, width
        label = 0.34 if plan.columns > 2 else 0.5
        each = width * (1 - label) / (plan.columns - 1)
        self.edges = [x, *(x + width * label + each * place for place in range(plan.columns))]
        self.cells: list[Cell] = []
        self.row = 0
        self.line = 1.2 * sheet.size

    def run(self, y: float) -> tuple[float, list[Cell]]:
        top = y
        self._across(y, "ruled", "rows", "booktabs")
        if self.plan.has_spans:
            y = self._spans(y)
        head = y
        y = self._heading(y)
        self._across(y, "ruled", "rows", "booktabs", "columns")
        for place in range(self.plan.rows):
            if self.plan.has_sections and place % 4 == 0:
                y = self._section(y)
                self._across(y, "ruled", "rows")
            y = self._body(y)
            self._across(y, "ruled", "rows")
        self._across(y, "booktabs", "columns")
        if self.plan.style in {"ruled", "columns"}:
            for place, edge in enumerate(self.edges):
                self.sheet.down(edge, top if place in {0, 1, len(self.edges) - 1} else head, y)
        return y, self.cells

    def _across(self, y: float, *styles: Style) -> None:
        if self.plan.style in styles:
            self.sheet.across(y, self.edges[0], self.edges[-1])

    def _add(self, text: str, column: int, last: int | None = None, above: int = 0) -> None:
        self.cells.append(Cell(text, range(self.row - above, self.row + 1), range(column, (last or column) + 1)))

    def _spans(self, y: float) -> float:
        """One heading over all columns but the first one."""
        text = self._words(2)
        self.sheet.write((self.edges[1] + self.edges[-1]) / 2, y + 2, text, "middle")
        self._add(text, 1, self.plan.columns - 1)
        self.row += 1
        if self.plan.style == "ruled":
            self.sheet.across(y + self.plan.leading, self.edges[1], self.edges[-1])
        return y + self.plan.leading

    def _heading(self, y: float) -> float:
        lines = 2 if self.plan.has_tall_heading else 1
        for column in range(self.plan.columns):
            texts = [self._fitting(column) for _ in range(lines if column else 1)]
            for place, text in enumerate(texts):
                self._put(
                    column, y + 2 + place * self.line, text, is_number=column > 0 and not self.plan.has_text_cells
                )
            is_tall = column == 0 and self.plan.has_spans and self.plan.style == "ruled"
            self._add(" ".join(texts), column, above=int(is_tall))
        self.row += 1
        return y + self.plan.leading + (lines - 1) * self.line

    def _text_body(self, y: float) -> float:
        """Words in all columns, over several lines in some."""
        tallest = 1
        for column in range(self.plan.columns):
            texts = [self._fitting(column).capitalize()]
            texts += [self._fitting(column) for _ in range(self.dice.randint(0, 2 if column else 1))]
            for place, text in enumerate(texts):
                self._put(column, y + 2 + place * self.line, text, is_number=False)
            self._add(" ".join(texts), column)
            tallest = max(tallest, len(texts))
        self.row += 1
        return y + self.plan.leading + (tallest - 1) * self.line + 4

    def _section(self, y: float) -> float:
        """A row with nothing but a label."""
        text = self._fitting(0).upper()
        self._put(0, y + 2, text, is_number=False)
        self._add(text, 0)
        self.row += 1
        return y + self.plan.leading

    def _body(self, y: float) -> float:
        if self.plan.has_text_cells:
            return self._text_body(y)
        is_long = self.plan.has_long_labels and self.dice.random() < 0.4
        label = [self._fitting(0).capitalize(), *([self._fitting(0)] if is_long else [])]
        for place, text in enumerate(label):
            self._put(0, y + 2 + place * self.line, text, is_number=False)
        self._add(" ".join(label), 0)
        for column in range(1, self.plan.columns):
            if self.dice.random() < 0.08:
                continue
            number = self.dice.choice((f"{self.dice.randint(1, 99)}", f"{self.dice.uniform(1, 900):.1f}", "-"))
            self._put(column, y + 2, number, is_number=True)
            if self.plan.has_currency and column == 1 and number != "-":
                self._put(column, y + 2, "$", is_number=False)
                number = f"$ {number}"
            self._add(number, column)
        self.row += 1
        return y + self.plan.leading + (len(label) - 1) * self.line

    def _put(self, column: int, y: float, text: str, *, is_number: bool) -> None:
        if is_number:
            self.sheet.write(self.edges[column + 1] - 5, y, text, "right")
        else:
            self.sheet.write(self.edges[column] + 3, y, text)

    def _fitting(self, column: int) -> str:
        """Words that fit in a column."""
        room = self.edges[column + 1] - self.edges[column] - 12
        text = self.dice.choice(WORDS)
        while room < width_of(text, self.sheet.size):
            text = text[:-1]
        more = f"{text} {self.dice.choice(WORDS)}"
        return more if width_of(more, self.sheet.size) <= room else text

    def _words(self, count: int) -> str:
        return " ".join(self.dice.choice(WORDS) for _ in range(count))
