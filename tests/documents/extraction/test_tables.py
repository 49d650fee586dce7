"""Tables on pages that are set by hand, with their truth beside them."""

from collections import Counter
from math import inf, nan
from random import Random

import pytest

from docmill.documents.extraction.tables import find_tables
from docmill.documents.pages import Page, Rule, Word
from tests.benchmarks.tables import Cell, compare, relations_of_cells, relations_of_grid
from tests.documents.extraction.table_maker import STYLES, Plan, set_table
from tests.documents.extraction.typeset import Sheet, rows_on

COUNTRIES = [("Austria", "8.1", "214"), ("Belgium", "10.6", "61"), ("Denmark", "5.2", "28"), ("Finland", "5.1", "22")]


def plan_of(dice: Random, style: str) -> Plan:
    plan = Plan(style, dice.randint(2, 6), dice.randint(4, 12), leading=dice.choice((13, 15, 18)))  # type: ignore[arg-type]
    kind = dice.random()
    if kind < 0.15:
        plan.has_text_cells, plan.columns = True, min(plan.columns, 4)
        return plan
    plan.has_sections = kind < 0.3
    plan.has_spans = plan.columns > 2 and dice.random() < 0.3
    plan.has_long_labels, plan.has_tall_heading = dice.random() < 0.4, dice.random() < 0.4
    plan.has_currency = dice.random() < 0.2
    return plan


def alone(sheet: Sheet, dice: Random, plan: Plan) -> list[list[Cell]]:
    return [set_table(sheet, dice, plan, 60, 100, 470)[1]]


def between_paragraphs(sheet: Sheet, dice: Random, plan: Plan) -> list[list[Cell]]:
    y = sheet.prose(dice, 60, 80, 470, 6)
    y, cells = set_table(sheet, dice, plan, 60, y + 14, 470)
    sheet.prose(dice, 60, y + 14, 470, 7)
    return [cells]


def with_a_caption(sheet: Sheet, dice: Random, plan: Plan) -> list[list[Cell]]:
    y = sheet.prose(dice, 60, 80, 470, 6)
    sheet.write(60, y + 14, "Table 3: Values of the market by region")
    y, cells = set_table(sheet, dice, plan, 60, y + 36, 440)
    sheet.write(60, y + 10, "Source: own survey of 1998")
    return [cells]


def beside_running_text(sheet: Sheet, dice: Random, plan: Plan) -> list[list[Cell]]:
    plan.columns = min(plan.columns, 5)
    sheet.prose(dice, 40, 100, 220, 26)
    return [set_table(sheet, dice, plan, 285, 110 + dice.choice((0, 3, 6)), 270)[1]]


def beside_another_one(sheet: Sheet, dice: Random, plan: Plan) -> list[list[Cell]]:
    plan.columns = min(plan.columns, 4)
    return [set_table(sheet, dice, plan, x, 100, 235)[1] for x in (40, 320)]


@pytest.mark.parametrize("place", [alone, between_paragraphs, with_a_caption, beside_running_text, beside_another_one])
def test_tables_of_every_make_are_found_with_a_mean_f1_of_at_least_nine_tenths(place):
    scores = []
    for seed in range(40):
        dice, sheet = Random(seed), Sheet()
        truths = place(sheet, dice, plan_of(dice, STYLES[seed % len(STYLES)]))
        wanted = sum((relations_of_cells(cells) for cells in truths), Counter())
        scores.append(compare([table.rows for table in find_tables(sheet.page())], wanted).f1)
    assert sum(scores) / len(scores) >= 0.9


def grid_sheet(xs=(60, 200, 300, 400), top=100, pitch=20, rows=COUNTRIES) -> Sheet:
    sheet = Sheet()
    for place, row in enumerate(rows):
        for x, text in zip(xs, row, strict=False):
            sheet.write(x + 5, top + 4 + place * pitch, text)
    bottom = top + pitch * len(rows)
    for place in range(len(rows) + 1):
        sheet.across(top + place * pitch, xs[0], xs[-1])
    for x in xs:
        sheet.down(x, top, bottom)
    return sheet


def test_a_table_has_the_page_the_box_and_rows_of_equal_length():
    table = find_tables(grid_sheet().page(number=7))[0]
    assert (table.page, table.bbox) == (7, (60, 100, 400, 180))
    assert table.rows == [list(row) for row in COUNTRIES]


def test_a_drawn_cell_over_several_rows_and_columns_is_one_cell():
    sheet = Sheet()
    for y, start in ((100, 60), (120, 160), (140, 60), (160, 60)):
        sheet.across(y, start, 360)
    for x, start in ((60, 100), (160, 100), (260, 120), (360, 100)):
        sheet.down(x, start, 160)
    rows_on(
        sheet,
        104,
        [[(220, "Both years")], [(170, "1996"), (270, "1997")], [(65, "Sales"), (170, "12"), (270, "15")]],
        20,
    )
    sheet.write(65, 114, "Item")
    assert find_tables(sheet.page())[0].rows == [
        ["Item", "Both years", ""],
        ["", "1996", "1997"],
        ["Sales", "12", "15"],
    ]


def test_backgrounds_inside_of_cells_are_no_cells():
    sheet = grid_sheet()
    for x in (64.0, 204.0, 304.0):
        for y in (103.0, 117.0):
            sheet.across(y, x, x + 90)
        sheet.down(x, 103, 117)
        sheet.down(x + 90, 103, 117)
    assert find_tables(sheet.page())[0].rows == [list(row) for row in COUNTRIES]


def test_rows_of_numbers_in_one_tall_drawn_cell_are_split():
    sheet = Sheet()
    rows_on(
        sheet,
        104,
        [
            [(65, "Country"), (205, "Population"), (305, "Income")],
            *([(65, a), (205, b), (305, c)] for a, b, c in COUNTRIES),
        ],
    )
    for y in (100, 118, 176):
        sheet.across(y, 60, 400)
    for x in (60, 200, 300, 400):
        sheet.down(x, 100, 176)
    assert find_tables(sheet.page())[0].rows == [["Country", "Population", "Income"], *map(list, COUNTRIES)]


def test_rows_of_numbers_in_one_of_many_drawn_bands_are_split():
    sheet = grid_sheet(rows=[*COUNTRIES, ("", "", "")])
    sheet.across(240, 60, 400)
    for x in (60, 200, 300, 400):
        sheet.down(x, 180, 240)
    sheet.rules = [rule for rule in sheet.rules if rule.y0 != 200 or rule.y1 != 200]
    rows_on(
        sheet,
        184,
        [[(65, "France"), (205, "58.1"), (305, "2")], [(65, "Greece"), (205, "10.4"), (305, "6")], [(65, "the south")]],
    )
    rows = find_tables(sheet.page())[0].rows
    assert rows[4:6] == [["France", "58.1", "2"], ["Greece", "10.4", "6"]]


def test_an_outer_frame_alone_leaves_the_columns_to_the_white_space():
    sheet = grid_sheet()
    sheet.rules = [rule for rule in sheet.rules if rule.y0 == rule.y1 or rule.x0 in {60, 400}]
    assert find_tables(sheet.page())[0].rows == [list(row) for row in COUNTRIES]


def test_cells_cut_by_white_space_are_not_taken_for_one_drawn_column():
    rows = [(a, f"{b}", c) for a, b, c in COUNTRIES]
    sheet = grid_sheet(xs=(60, 200, 400), rows=[(a, b) for a, b, _ in rows])
    for place, (_, _, income) in enumerate(rows):
        sheet.write(320, 104 + 20 * place, income)
    assert find_tables(sheet.page())[0].rows == [list(row) for row in rows]


def test_a_frame_around_text_is_no_table():
    sheet = Sheet()
    sheet.write(70, 110, "Please note that the office is closed")
    for y in (100, 130):
        sheet.across(y, 60, 400)
    for x in (60, 400):
        sheet.down(x, 100, 130)
    assert find_tables(sheet.page()) == []


def test_a_drawing_with_few_words_is_no_table():
    sheet = Sheet()
    for place in range(8):
        sheet.across(100 + 30 * place, 60, 410)
        sheet.down(60 + 50 * place, 100, 310)
    rows_on(sheet, 105, [[(70, "0.5"), (170, "0.6"), (270, "Curve")]])
    assert find_tables(sheet.page()) == []


@pytest.mark.parametrize("seed", range(5))
def test_running_text_in_two_columns_is_no_table(seed):
    dice, sheet = Random(seed), Sheet()
    for x in (50, 310):
        sheet.prose(dice, x, 80, 235, 40)
    assert find_tables(sheet.page()) == []


def test_a_list_with_bullets_is_no_table():
    dice, sheet = Random(1), Sheet()
    y = 100.0
    for _ in range(6):
        sheet.write(60, y, "•")
        y = sheet.prose(dice, 80, y, 420, 2) + 6
    assert find_tables(sheet.page()) == []


def test_a_numbered_list_of_short_lines_is_no_table():
    sheet = Sheet()
    rows_on(
        sheet,
        100,
        [[(60, f"{n}."), (90, text)] for n, text in enumerate(("Open it", "Turn it", "Close it", "Store it"), 1)],
    )
    assert find_tables(sheet.page()) == []


def test_rows_with_hardly_a_cell_in_common_are_no_table():
    sheet = Sheet()
    rows_on(sheet, 100, [[(60 + 40 * place, "x1"), (300 + 40 * place, "word")] for place in range(6)])
    assert find_tables(sheet.page()) == []


def test_a_currency_far_from_its_number_is_in_the_same_cell():
    sheet = Sheet()
    rows_on(
        sheet,
        100,
        [
            [(60, "Item"), (300, "Cost", "right")],
            *(
                [(60, name), (200, "$"), (300, n, "right"), (320, "%")]
                for name, n in (("Rent", "1,200"), ("Food", "300"), ("Fuel", "80"))
            ),
        ],
    )
    assert find_tables(sheet.page())[0].rows == [
        ["Item", "Cost"],
        ["Rent", "$ 1,200 %"],
        ["Food", "$ 300 %"],
        ["Fuel", "$ 80 %"],
    ]


def test_dots_lead_to_the_next_cell_and_belong_to_none():
    sheet = Sheet()
    rows_on(
        sheet,
        100,
        [
            [(60, f"{name} ..............."), (300, n, "right")]
            for name, n in (("Rent", "1,200"), ("Food", "300"), ("Fuel", "80"))
        ],
    )
    assert find_tables(sheet.page())[0].rows == [["Rent", "1,200"], ["Food", "300"], ["Fuel", "80"]]


def test_numbers_that_nearly_touch_are_cut_where_the_columns_are():
    sheet = Sheet()
    rows_on(
        sheet,
        100,
        [
            [(60, "Row"), (200, n, "right"), (260, m, "right")]
            for n, m in (("12", "34"), ("56", "78"), ("90", "12"), ("34", "56"))
        ],
    )
    sheet.write(60, 156, "Row")
    sheet.write(200, 156, "120", "right")
    sheet.write(202.5, 156, "1234567890")
    assert find_tables(sheet.page())[0].rows[-1] == ["Row", "120", "1234567890"]


def test_a_heading_over_columns_stands_in_the_first_of_them():
    sheet = Sheet()
    rows_on(
        sheet,
        100,
        [
            [(280, "Both years", "middle")],
            [(60, "Item"), (240, "1996", "right"), (340, "1997", "right")],
            [(60, "Rent"), (240, "12", "right"), (340, "13", "right")],
            [(60, "Food"), (240, "7", "right"), (340, "8", "right")],
        ],
    )
    sheet.across(112, 210, 345)
    assert find_tables(sheet.page())[0].rows[0] == ["", "Both years", ""]


def test_single_cells_between_the_table_and_the_line_at_its_foot_belong_to_it():
    sheet = Sheet()
    end = rows_on(sheet, 100, [[(60, a), (205, b), (305, c)] for a, b, c in COUNTRIES])
    sheet.write(60, end, "and others")
    sheet.across(98, 60, 330)
    sheet.across(end + 14, 60, 330)
    assert find_tables(sheet.page())[0].rows[-1] in (["and others", "", ""], ["Finland and others", "5.1", "22"])


def test_a_column_that_few_rows_use_is_a_column():
    sheet = Sheet()
    rows_on(sheet, 100, [[(60, a), (205, b)] for a, b, _ in COUNTRIES * 2])
    sheet.write(300, 100, "44")
    assert find_tables(sheet.page())[0].rows[0] == ["Austria", "8.1", "44"]


def test_words_without_a_place_are_left_out():
    page = grid_sheet().page()
    page.words += [
        Word("bad", nan, 0, 1, 1),
        Word("far", 0, 1e300, 10, inf),
        Word("back", 10, 10, 5, 20),
        Word("upright", 70, 100, 78, 170),
        Word("", 70, 100, 78, 110),
        Word("\udc80", 70, 104, 78, 110),
    ]
    page.rules += [Rule(nan, 0, 1, 1), Rule(0, 0, 1e300, 0)]
    page.words.append(page.words[0])
    assert find_tables(page)[0].rows == [list(row) for row in COUNTRIES]


def test_short_texts_in_two_columns_are_a_table_and_long_ones_are_none():
    for words, count in ((1, 1), (4, 0)):
        sheet = Sheet()
        rows_on(sheet, 100, [[(60, "Red " * words), (300, "Apple " * words)] for _ in range(5)])
        assert len(find_tables(sheet.page())) == count


def test_sentences_beside_sentences_are_no_table():
    sheet = Sheet()
    rows_on(sheet, 100, [[(60, "we are on the way"), (300, "to be in it all")] for _ in range(4)], 30)
    assert find_tables(sheet.page()) == []


def test_columns_whose_edges_are_ragged_are_joined_over_a_narrow_gap():
    sheet = Sheet()
    rows_on(sheet, 100, [[(60, "Ab"), (70 + place % 2 * 11, "Cd"), (300, "12")] for place in range(6)])
    rows_on(sheet, 184, [[(60, "Abcdef"), (300, "12")] for _ in range(2)])
    assert len(find_tables(sheet.page())[0].rows[0]) in {2, 3}


def test_two_cells_far_right_of_all_others_are_one_column():
    sheet = Sheet()
    rows_on(sheet, 100, [[(60, a), (205, b)] for a, b, _ in COUNTRIES * 3])
    sheet.write(300, 100, "44")
    sheet.write(303, 128, "4567")
    assert find_tables(sheet.page())[0].rows[2] == ["Denmark", "5.2", "4567"]


def test_pages_of_odd_words_and_rules_give_tables_of_equal_rows():
    texts = ["Qty", "Total", "3.50", "$", "-", "%", "....", "\u2022", "1.", "\ud800", "a long text of words", "\u00bd"]
    for seed in range(300):
        dice = Random(seed)
        places = [(dice.randrange(8) * 60.0, dice.randrange(12) * 14.0) for _ in range(40)]
        words = [
            Word(dice.choice(texts), x, y, x + dice.choice((5, 20, 50)), y + dice.choice((9, 11))) for x, y in places
        ]
        rules = [Rule(x, y, x + 200, y) if dice.random() < 0.5 else Rule(x, y, x, y + 60) for x, y in places[:20]]
        for table in find_tables(Page(1, 595, 842, words, rules)):
            assert len(table.rows) >= 2
            assert {len(row) for row in table.rows} == {len(table.rows[0])}
            assert len(table.rows[0]) >= 2


def test_an_empty_page_has_no_tables():
    assert find_tables(Page(1, 595, 842)) == []


@pytest.mark.slow
def test_a_hostile_page_ends_with_bounded_work():
    dice = Random(0)
    words = [Word("12", x := dice.uniform(0, 595), y := dice.uniform(0, 842), x + 8, y + 9) for _ in range(30_000)]
    rules = [Rule(0, y := dice.uniform(0, 842), 595, y) for _ in range(4_000)]
    rules += [Rule(x := dice.uniform(0, 595), 0, x, 842) for _ in range(4_000)]
    for table in find_tables(Page(1, 595, 842, words, rules)):
        assert len({len(row) for row in table.rows}) == 1


def test_equal_grids_score_one_and_a_missing_row_costs_recall():
    grid = [["a", "b"], ["c", "d"]]
    assert compare([grid], relations_of_grid(grid)).f1 == 1
    assert compare([grid[:1]], relations_of_grid(grid)) == (1, 1, 4)
    assert compare([], Counter()).f1 == 1


def test_a_cell_over_two_columns_has_a_relation_to_each_cell_below():
    cells = [Cell("Head", range(1), range(2)), Cell("a", range(1, 2), range(1)), Cell("b", range(1, 2), range(1, 2))]
    assert relations_of_cells(cells) == Counter([("head", "a", "below"), ("head", "b", "below"), ("a", "b", "right")])


def test_a_page_of_hundreds_of_columns_costs_no_more_than_one_of_hundreds_of_rows() -> None:
    """It took minutes when every column looked through every run for those that stand in it."""
    words = [
        Word(f"w{row}", 18.0 * column, 20.0 + 14.0 * row, 18.0 * column + 12.0, 30.0 + 14.0 * row)
        for row in range(80)
        for column in range(250)
    ]
    assert find_tables(Page(1, 4_600.0, 1_200.0, words)) == []
