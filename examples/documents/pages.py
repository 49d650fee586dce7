"""The documents that are not invoices: letter, form, report, delivery note and payslip, all invented."""

from sheet import Column, Sheet, Style, TableLook

BODY = Style()
BOLD = BODY.but(font="Helvetica-Bold")
SMALL = BODY.but(size=7.5, color="#5b6470")


def letter() -> bytes:
    """A business letter on one page."""
    body = Style("Times-Roman", 11)
    teal = "#1b5e63"
    sheet = Sheet("Survey of the old boathouse", "Brindlecombe & Moss Surveyors")
    sheet.text(70, 76, "Brindlecombe & Moss", Style("Times-Bold", 20, teal))
    sheet.text(70, 92, "Chartered Surveyors", Style("Times-Italic", 11, teal))
    contact = [
        "6 Kestrel Row, Thornmouth ZQ5 1AB",
        "Telephone 020 7946 0755",
        "office@brindlecombe-moss.example",
    ]
    sheet.lines(525, 68, contact, body.but(size=9, color="#5b6470"), 12, "right")
    sheet.rule(70, 104, 525, teal, 1)

    address = [
        "Mrs Philippa Garrowby",
        "Clerk to the Harbour Committee",
        "Customs Steps",
        "Thornmouth ZQ5 3CD",
    ]
    sheet.lines(70, 146, address, body, 15)
    sheet.text(525, 146, "9 January 2025", body, "right")
    sheet.text(525, 161, "Our reference: BM/25/014", body, "right")
    sheet.text(70, 240, "Dear Mrs Garrowby,", body)
    sheet.text(70, 268, "Survey of the old boathouse, North Quay", body.but(font="Times-Bold"))
    paragraphs = """
        Thank you for the keys and for the drawings of 1931, which saved us a good deal of time. We
        inspected the boathouse on 6 January at low water and are pleased to say that its condition is
        better than its looks.

        The oak piles are sound below the tide line. Four of the twenty-two, all on the seaward side, have
        lost up to a fifth of their thickness near the surface and should be sleeved before next winter. The
        roof trusses are dry; the slates on the west slope are not worth keeping.

        We estimate the necessary work at £38,500 before tax, of which the piles account for £21,000. The
        slipway rails can stay as they are if the committee accepts a limit of two tonnes for each boat. A
        full report with photographs and a plan of the piles will reach you by the end of the month.

        May we suggest a short meeting on the quay on 22 January at ten o'clock? The tide will be out, and
        the worst of the piles can then be seen without a ladder.
    """
    y = sheet.prose(70, 282, 455, paragraphs, body, 15.5)
    sheet.text(70, y + 14, "Yours sincerely,", body)
    x, base = 76, y + 52
    pen = [(0, 0), (8, -34), (22, -30), (12, -4), (8, 8), (26, -16), (34, -14), (40, -12), (30, 6), (44, -6)]
    pen += [(56, -18), (58, -14), (58, -4), (62, 4), (82, -20), (120, -16)]
    sheet.curve([(x + dx, base + dy) for dx, dy in pen], "#1d2f6f")
    sheet.lines(70, y + 78, ["Edmund Moss", "Partner"], body, 15)
    sheet.text(70, 780, "Enclosed: condition sheet, tide table", body.but(size=9, color="#5b6470"))
    return sheet.finish()


def blank_form() -> bytes:
    """A form that nobody has filled in: labels, boxes and hardly any words."""
    sheet = Sheet("Application for a reader's pass", "Quillon Archive Trust")
    label = SMALL.but(size=8, color="#3a4450")
    sheet.box(50, 46, 495, 50, fill="#e9ecf1")
    sheet.text(64, 70, "Application for a reader's pass", BOLD.but(size=16))
    sheet.text(64, 86, "Form RR-2 · please write in capital letters", SMALL.but(size=8.5))

    def field(x: float, y: float, width: float, name: str, height: float = 26) -> None:
        sheet.text(x, y, name, label)
        sheet.box(x, y + 5, width, height, stroke="#8a929c", radius=2)

    def section(y: float, title: str) -> None:
        sheet.text(50, y, title, BOLD.but(size=11))
        sheet.rule(50, y + 6, 545, "#1f2328", 0.8)

    section(128, "1  Applicant")
    field(50, 152, 240, "Family name")
    field(305, 152, 240, "Given names")
    field(50, 202, 240, "Date of birth")
    field(305, 202, 240, "Nationality")
    field(50, 252, 495, "Address")
    field(50, 302, 240, "Telephone")
    field(305, 302, 240, "E-mail")

    section(366, "2  Purpose of the visit")
    for x, name in ((50, "Study"), (170, "Family history"), (320, "Publication"), (440, "Other")):
        sheet.box(x, 382, 11, 11, stroke="#1f2328")
        sheet.text(x + 18, 391, name, BODY)
    field(50, 414, 495, "Subject and period", 72)

    section(520, "3  Declaration")
    promise = """
        I have read the rules of the reading room. I will handle the documents with care, use pencil only,
        and give credit to the archive in whatever I publish.
    """
    sheet.prose(50, 534, 495, promise, BODY)
    field(50, 590, 240, "Place and date", 34)
    field(305, 590, 240, "Signature", 34)

    sheet.box(50, 668, 495, 88, fill="#f4f5f7", stroke="#c9ced6", radius=3)
    sheet.text(62, 686, "For the archive only", BOLD.but(size=8.5))
    field(62, 704, 140, "Pass number")
    field(217, 704, 140, "Valid until")
    field(372, 704, 161, "Checked by")
    return sheet.finish()


def report() -> bytes:
    """A page of an annual report: two justified columns, a bar chart and a small table."""
    text = Style("Times-Roman", 10)
    head = BOLD.but(size=11, color="#0b4f6c")
    left, right, width = 56, 307, 232
    sheet = Sheet("Harbour report 2024", "Thornmouth Harbour Committee")
    sheet.text(56, 74, "Harbour report 2024", BOLD.but(size=24, color="#0b4f6c"))
    sheet.text(56, 94, "Thornmouth Harbour Committee · published in February 2025", SMALL.but(size=9))
    sheet.rule(56, 106, 539, "#0b4f6c", 1.5)

    sheet.text(left, 134, "A year of small boats", head)
    opening = """
        The harbour counted 4,318 visiting boats in 2024, a ninth more than the year before. Nearly all of
        the growth came from boats under eight metres, which stay for a night or two and need little more
        than a safe mooring, fresh water and a place to dry their oilskins.

        Freight went the other way. The quarry shipped less stone because the new coast road carries most of
        it, and two of the three remaining coasters now call only when the road is closed. The fishing fleet
        is unchanged at seventeen boats; their landings fell slightly in weight but rose in value.
    """
    y = sheet.prose(left, 141, width, opening, text, 13.2, justify=True)
    sheet.text(left, y + 18, "Dredging", head)
    dredging = """
        The channel was dredged in October for the first time in six years. The contractor removed 11,400
        cubic metres of silt, a fifth more than the survey had predicted, and finished three days early. The
        depth at the fuel berth is now 2.6 metres at the lowest tide.

        Silt returns fastest behind the north mole. We propose to sound that corner every spring, so that a
        day's work with a small dredger can replace the next large campaign.
    """
    y = sheet.prose(left, y + 25, width, dredging, text, 13.2, justify=True)
    sheet.text(left, y + 18, "People", head)
    people = """
        Harbour master Anselm Tregarthen retired in June after thirty-one years. Odile Fenwick, who has led
        the pilot boat since 2016, took over from him. Two apprentices joined the workshop in September.
    """
    y = sheet.prose(left, y + 25, width, people, text, 13.2, justify=True)
    sheet.text(left, y + 18, "Safety", head)
    safety = """
        The rescue boat was called out twenty-three times, four times fewer than in 2023. Most calls came
        from visitors who had misread the tide at the bar. Since July a sign on the mole shows the depth
        over the bar in figures that can be read from a cockpit, and in August nobody had to be towed off.

        All fire hoses were replaced. The lamp on the north mole has a new lens and can again be seen from
        nine nautical miles in clear weather.
    """
    sheet.prose(left, y + 25, width, safety, text, 13.2, justify=True)

    _bar_chart(sheet, right, 128, width)
    sheet.text(right, 352, "Money", head)
    money = """
        Income covered the running costs for the third year in a row. The dredging was paid out of the
        reserve, which the committee means to restore by 2028. Charges stay as they are; the electricity at
        the pontoons is now metered and billed at cost.
    """
    y = sheet.prose(right, 359, width, money, text, 13.2, justify=True) + 2
    columns = [
        Column("in thousands", right + 5),
        Column("2023", right + 168, "right"),
        Column("2024", right + 227, "right"),
    ]
    rows = [
        ("Moorings", "212.4", "236.9"),
        ("Freight dues", "88.1", "61.5"),
        ("Fuel and water", "47.0", "52.3"),
        ("Staff", "-198.6", "-204.2"),
        ("Upkeep", "-93.8", "-97.1"),
        ("Dredging", "0.0", "-146.0"),
        ("Balance", "55.1", "-96.6"),
    ]
    look = TableLook(right, right + width, BOLD.but(size=8.5), BODY.but(size=8.5), row=17, head_fill="#dcebf2")
    y = sheet.table(y, columns, rows, look)
    sheet.text(right, y + 32, "Outlook", head)
    outlook = """
        In 2025 the old boathouse will get new piles and, if the grant is approved, a roof. The visitors'
        pontoon is to grow by twelve berths. We expect 4,600 boats and hope for a mild winter.

        The committee thanks the volunteers of the rescue boat, the harbour staff and everyone who reported
        a loose mooring before it became a lost boat.
    """
    sheet.prose(right, y + 39, width, outlook, text, 13.2, justify=True)
    sheet.rule(56, 790, 539)
    sheet.text(297, 805, "3", SMALL.but(size=9), "center")
    return sheet.finish()


def _bar_chart(sheet: Sheet, x: float, y: float, width: float) -> None:
    visits = {"2019": 3120, "2020": 1985, "2021": 2870, "2022": 3540, "2023": 3884, "2024": 4318}
    scale, floor, step = 0.034, y + 178, width / len(visits)
    sheet.text(x, y + 6, "Visiting boats per year", BOLD.but(size=9))
    for mark in range(1000, 5000, 1000):
        sheet.rule(x, floor - mark * scale, x + width, "#e1e5ea")
    for number, (year, count) in enumerate(visits.items()):
        left, height = x + number * step + 7, count * scale
        sheet.box(left, floor - height, step - 14, height, fill="#0b4f6c" if year == "2024" else "#8bb8cc")
        sheet.text(left + step / 2 - 7, floor - height - 4, f"{count:,}", SMALL, "center")
        sheet.text(left + step / 2 - 7, floor + 12, year, SMALL, "center")
    sheet.rule(x, floor, x + width, "#1f2328", 0.8)


def delivery_note() -> bytes:
    """A German delivery note with a stamp and a signature; the original of the scanned page."""
    ink = Style("Helvetica", 11.5, "#2a2a2a")
    bold = ink.but(font="Helvetica-Bold")
    sheet = Sheet("Lieferschein 4471", "Mühle Kornblum eG")
    sheet.text(62, 84, "Mühle Kornblum eG", bold.but(size=20))
    sheet.text(62, 102, "Bachstraße 1 · 99997 Unterlauf · Telefon 030 23125 617", ink.but(size=10))
    sheet.rule(62, 114, 533, "#2a2a2a", 1.2)
    sheet.text(62, 152, "Lieferschein Nr. 4471", bold.but(size=16))
    sheet.text(533, 152, "Datum: 27.02.2025", ink, "right")
    sheet.lines(62, 188, ["Backstube Andersbeck", "Inh. Levke Andersbeck", "Marktplatz 9", "99996 Oberlauf"], ink, 16)
    columns = [
        Column("Artikel", 68),
        Column("Charge", 300),
        Column("Menge", 455, "right"),
        Column("Einheit", 470),
    ]
    rows = [
        ("Weizenmehl Type 550", "W-0219", "24", "Sack"),
        ("Roggenmehl Type 1150", "R-0188", "16", "Sack"),
        ("Dinkelvollkornmehl", "D-0077", "6", "Sack"),
        ("Haferflocken, grob", "H-0134", "4", "Sack"),
        ("Sonnenblumenkerne", "S-0052", "2", "Karton"),
    ]
    y = sheet.table(272, columns, rows, TableLook(62, 533, bold, ink, row=27, rule="#8a8a8a"))
    sheet.lines(62, y + 34, ["Leergut zurück: 18 Säcke, 2 Paletten", "Anlieferung: 05:40 Uhr, Rampe hinten"], ink, 18)
    sheet.stamp(420, 560, ["ERHALTEN", "27. FEB. 2025", "L. Andersbeck"], bold.but(size=11, color="#4a4f8c"), 7)
    sheet.rule(62, 650, 280, "#2a2a2a", 0.8)
    sheet.text(62, 664, "Ware vollständig erhalten (Unterschrift)", ink.but(size=9))
    pen = [(0, 0), (6, -40), (16, -46), (14, -8), (18, 6), (30, -22), (38, -18), (44, -12), (32, 4), (48, -8)]
    pen += [(64, -26), (66, -20), (66, -6), (70, 6), (84, -24), (96, -14), (104, -6), (120, -12), (150, -20)]
    sheet.curve([(90 + dx, 642 + dy) for dx, dy in pen], "#333a7a", 1.4)
    return sheet.finish()


def payslip(password: str) -> bytes:
    """A payslip that opens only with the password."""
    sheet = Sheet("Payslip April 2025", "Copperfinch & Daughters", password=password)
    sheet.text(60, 76, "Payslip", BOLD.but(size=22))
    sheet.text(535, 66, "Copperfinch & Daughters", BOLD, "right")
    sheet.text(535, 80, "April 2025", BODY, "right")
    sheet.rule(60, 94, 535, "#1f2328", 1)
    sheet.lines(
        60,
        122,
        ["Employee: Rosalind Achterberg", "Personnel number: 0417", "Position: Warehouse lead"],
        BODY,
        15,
    )
    rows = [
        ("Base salary", "4,180.00"),
        ("Overtime, 6 hours", "213.00"),
        ("Income tax", "-702.88"),
        ("Social security", "-336.06"),
        ("Pension plan", "-175.72"),
        ("Paid out", "3,178.34"),
    ]
    columns = [Column("Item", 68), Column("USD", 527, "right")]
    sheet.table(180, columns, rows, TableLook(60, 535, BOLD, BODY, row=22, head_fill="#e9ecf1"))
    return sheet.finish()
