"""Six invoices in six layouts, five languages and four currencies; every name and number is invented."""

from decimal import Decimal

from amounts import Item, Notation, Totals, iban
from sheet import LETTER, Column, Sheet, Style, TableLook

BODY = Style()
BOLD = BODY.but(font="Helvetica-Bold")
SMALL = BODY.but(size=7.5, color="#5b6470")
WHITE = BOLD.but(color="#ffffff")

ENGLISH = Notation(",", ".", "£{}")
AMERICAN = Notation(",", ".", "${}")
GERMAN = Notation(".", ",", "{} €")
FRENCH = Notation("\u00a0", ",", "{}\u00a0€")
SPANISH = Notation(".", ",", "{} EUR")
SWEDISH = Notation(" ", ",", "{} kr")


def british_invoice() -> bytes:
    """A bookbinder's invoice: centred letterhead, serif type, thin rules, one tax rate."""
    items = [
        Item("Case binding, quarter leather, A4", "24", "volumes", "48.50", "20"),
        Item("Gold blocking of spine titles", "24", "volumes", "6.75", "20"),
        Item("Repair of torn leaves with Japanese tissue", "11.5", "hours", "42.00", "20"),
        Item("Acid-free archival box, 330 x 250 x 90 mm", "8", "pieces", "17.20", "20"),
        Item("Collection and return by van", "1", "trip", "65.00", "20"),
    ]
    totals = Totals(items)
    body, bold = BODY.but(font="Times-Roman", size=10.5), BODY.but(font="Times-Bold", size=10.5)
    small = body.but(size=9, color="#5b6470")
    sheet = Sheet("Invoice FP-2417", "Fernhollow & Pike Bindery Ltd")

    sheet.text(297, 78, "FERNHOLLOW & PIKE BINDERY LTD", bold.but(size=19, color="#5a2a27"), "center")
    sheet.text(297, 97, "14 Lantern Yard · Wexmarsh · WM4 7QT · Telephone 020 7946 0318", small, "center")
    sheet.rule(60, 110, 535, "#5a2a27", 1.2)
    sheet.rule(60, 113, 535, "#5a2a27", 0.4)

    sheet.text(60, 152, "Invoice", bold.but(size=22))
    sheet.lines(
        60,
        184,
        ["Quillon Archive Trust", "Accounts Office", "3 Observatory Rise", "Saltmere ZQ2 8HB"],
        body,
        14,
    )
    facts = {
        "Invoice number": "FP-2417",
        "Invoice date": "14 March 2025",
        "Your order": "QAT/0093",
        "Payment due": "13 April 2025",
    }
    sheet.lines(370, 184, facts.keys(), small.but(size=10), 14)
    sheet.lines(535, 184, facts.values(), body, 14, "right")

    columns = [
        Column("Description", 60),
        Column("Quantity", 345, "right"),
        Column("Unit", 360),
        Column("Unit price", 455, "right"),
        Column("Amount", 535, "right"),
    ]
    rows = [
        (
            item.description,
            item.quantity,
            item.unit,
            ENGLISH.amount(Decimal(item.price)),
            ENGLISH.amount(item.amount),
        )
        for item in items
    ]
    y = sheet.table(262, columns, rows, TableLook(60, 535, bold, body, row=24)) + 26
    for label, amount in (("Net total", totals.net), ("VAT at 20%", totals.tax)):
        sheet.text(365, y, label, body)
        sheet.text(535, y, ENGLISH.amount(amount), body, "right")
        y += 18
    sheet.rule(365, y - 8, 535, "#5a2a27", 1)
    sheet.text(365, y + 9, "Total due", bold.but(size=12.5))
    sheet.text(535, y + 9, ENGLISH.amount(totals.gross), bold.but(size=12.5), "right")

    sheet.text(60, 640, "Payment", bold)
    terms = [
        "Please pay within 30 days by bank transfer, quoting the invoice number.",
        "Account name: Fernhollow & Pike Bindery Ltd",
        f"IBAN: {iban('GB', 'TEST00000012345678')}",
    ]
    sheet.lines(60, 657, terms, body, 15)
    sheet.rule(60, 775, 535, "#5a2a27", 0.4)
    sheet.text(
        297,
        790,
        "VAT registration GB 999 9999 73 · Registered in Wexmarsh, company 00000417",
        small,
        "center",
    )
    return sheet.finish()


def german_invoice() -> bytes:
    """A letter-form invoice with an address window, two tax rates and a four-column footer."""
    items = [
        Item("Kopierpapier A4, 80 g/m², weiß", "40", "Pack", "4.29", "19"),
        Item("Tonerkartusche LX-310, schwarz", "3", "Stück", "68.90", "19"),
        Item("Aktenordner, 80 mm, Rückenschild blau", "60", "Stück", "2.15", "19"),
        Item("Handbuch Umsatzsteuer, 12. Auflage", "2", "Stück", "84.11", "7"),
        Item("Bürostuhl „Kiefer“, höhenverstellbar", "1", "Stück", "289.00", "19"),
        Item("Lieferung frei Haus, Montage", "1", "pauschal", "35.00", "19"),
    ]
    totals = Totals(items)
    sheet = Sheet("Rechnung 2025-03187", "Sonnleitner & Falk Bürobedarf GmbH")

    sheet.text(535, 62, "Sonnleitner & Falk", BOLD.but(size=18, color="#1d4e89"), "right")
    sheet.text(535, 77, "Bürobedarf GmbH", BODY.but(color="#1d4e89"), "right")
    sheet.text(60, 140, "Sonnleitner & Falk Bürobedarf GmbH · Hafergasse 12 · 99999 Neuenwald", SMALL.but(size=6.5))
    sheet.rule(60, 143, 288, "#5b6470", 0.3)
    address = ["Kanzlei Ohlsen & Brandtner", "Frau Imke Ohlsen", "Am Alten Speicher 5", "99998 Haldenbrück"]
    sheet.lines(60, 160, address, BODY.but(size=10.5), 14)
    facts = {
        "Rechnungsnummer": "2025-03187",
        "Rechnungsdatum": "18.03.2025",
        "Leistungsdatum": "17.03.2025",
        "Kundennummer": "K-10442",
        "Ansprechpartner": "Jost Reimann",
    }
    sheet.lines(370, 160, facts.keys(), SMALL.but(size=8.5), 14)
    sheet.lines(535, 160, facts.values(), BODY, 14, "right")

    sheet.text(60, 268, "Rechnung Nr. 2025-03187", BOLD.but(size=14))
    sheet.text(60, 292, "Sehr geehrte Frau Ohlsen, für unsere Lieferung berechnen wir Ihnen wie vereinbart:", BODY)
    columns = [
        Column("Pos.", 66),
        Column("Bezeichnung", 98),
        Column("Menge", 335, "right"),
        Column("Einheit", 345),
        Column("USt.", 420, "right"),
        Column("Einzelpreis", 475, "right"),
        Column("Gesamt", 526, "right"),
    ]
    rows = [
        (
            str(position),
            item.description,
            item.quantity,
            item.unit,
            f"{item.rate} %",
            GERMAN.number(item.price),
            GERMAN.number(item.amount),
        )
        for position, item in enumerate(items, start=1)
    ]
    look = TableLook(60, 535, BOLD.but(size=8.5), BODY.but(size=9), row=20, head_fill="#dde7f2", stripe="#f4f7fb")
    y = sheet.table(308, columns, rows, look) + 22
    sums = [("Nettobetrag", totals.net)]
    sums += [(f"zzgl. {rate} % USt. auf {GERMAN.amount(base)}", tax) for rate, (base, tax) in totals.taxes.items()]
    for label, amount in sums:
        sheet.text(320, y, label, BODY)
        sheet.text(526, y, GERMAN.amount(amount), BODY, "right")
        y += 16
    sheet.box(310, y - 8, 225, 22, fill="#1d4e89")
    sheet.text(320, y + 7, "Rechnungsbetrag", WHITE.but(size=10.5))
    sheet.text(526, y + 7, GERMAN.amount(totals.gross), WHITE.but(size=10.5), "right")
    request = "Bitte überweisen Sie den Betrag ohne Abzug bis zum 01.04.2025 auf das unten genannte Konto."
    sheet.text(60, y + 52, request, BODY)
    sheet.text(60, y + 74, "Vielen Dank für Ihren Auftrag!", BODY)

    sheet.rule(60, 758, 535)
    footer = [
        ["Sonnleitner & Falk", "Bürobedarf GmbH", "Hafergasse 12", "99999 Neuenwald"],
        ["Telefon 030 23125 440", "post@sonnleitner-falk.example", "www.sonnleitner-falk.example"],
        ["Amtsgericht Neuenwald", "HRB 00417", "Geschäftsführerin:", "Marit Sonnleitner"],
        ["USt-IdNr. DE900900909", "Testbank Neuenwald", iban("DE", "900900900012345678")],
    ]
    for x, lines in zip((60, 165, 297, 401), footer, strict=True):
        sheet.lines(x, 772, lines, SMALL.but(size=7), 10)
    return sheet.finish()


def french_invoice() -> bytes:
    """A craftsman's invoice: coloured band, two framed parties, two-line descriptions, a tax summary."""
    items = [
        Item(
            "Fenêtre bois-aluminium, double vitrage\n120 x 135 cm, teinte chêne clair",
            "6",
            "u",
            "742.00",
            "5.5",
        ),
        Item("Pose et étanchéité des fenêtres\nmain-d'œuvre, deux compagnons", "18", "h", "54.00", "5.5"),
        Item("Étagère murale en hêtre massif\nsur mesure, finition huilée", "12.4", "m", "136.50", "20"),
        Item("Banc de lecture avec coffre\nassise rembourrée, tissu vert", "2", "u", "418.75", "20"),
        Item("Évacuation des anciens châssis", "1", "forfait", "180.00", "20"),
    ]
    totals = Totals(items)
    green = "#2f6b4f"
    sheet = Sheet("Facture F2025-0068", "Atelier Boisclair-Vasseur SARL")

    sheet.box(0, 0, sheet.width, 96, fill=green)
    sheet.text(50, 50, "ATELIER BOISCLAIR-VASSEUR", WHITE.but(size=17))
    sheet.text(50, 68, "Menuiserie d'intérieur et fenêtres sur mesure", WHITE.but(font="Helvetica-Oblique", size=10))
    sheet.text(545, 56, "FACTURE", WHITE.but(size=24), "right")
    facts = [("Facture n°", "F2025-0068"), ("Date d'émission", "05/05/2025"), ("Échéance", "04/06/2025")]
    for x, (label, value) in zip((50, 225, 400), facts, strict=True):
        sheet.text(x, 126, label, SMALL)
        sheet.text(x, 141, value, BOLD.but(size=11))

    seller = [
        "Atelier Boisclair-Vasseur SARL",
        "27, rue des Tilleuls-Bleus",
        "99140 Valbrume",
        "Tél. 01 99 00 46 12",
    ]
    buyer = [
        "Médiathèque de Saint-Orian",
        "Service des achats",
        "2, place du Vieux-Marché",
        "99320 Saint-Orian",
    ]
    for x, label, lines in ((50, "Émetteur", seller), (303, "Client", buyer)):
        sheet.box(x, 160, 242, 92, stroke="#b9c9c0", radius=4)
        sheet.text(x + 12, 178, label, BOLD.but(size=8.5, color=green))
        sheet.lines(x + 12, 196, lines, BODY, 14)

    columns = [
        Column("Désignation", 58),
        Column("Qté", 330, "right"),
        Column("Unité", 340),
        Column("P.U. HT", 435, "right"),
        Column("TVA", 475, "right"),
        Column("Total HT", 537, "right"),
    ]
    rows = [
        (
            item.description,
            FRENCH.number(item.quantity),
            item.unit,
            FRENCH.number(item.price),
            f"{FRENCH.number(item.rate)} %",
            FRENCH.number(item.amount),
        )
        for item in items
    ]
    look = TableLook(50, 545, WHITE.but(size=9), BODY.but(size=9), row=21, head_fill=green)
    y = sheet.table(272, columns, rows, look) + 24

    sheet.text(50, y, "Détail de la TVA", BOLD.but(size=8.5, color=green))
    for line, (rate, (base, tax)) in enumerate(totals.taxes.items(), start=1):
        label = f"{FRENCH.number(rate)} % sur {FRENCH.amount(base)} : {FRENCH.amount(tax)}"
        sheet.text(50, y + 15 * line, label, BODY.but(size=9))
    for label, amount in (("Total HT", totals.net), ("Total TVA", totals.tax)):
        sheet.text(370, y, label, BODY)
        sheet.text(537, y, FRENCH.amount(amount), BODY, "right")
        y += 16
    sheet.box(360, y - 7, 185, 24, fill="#e3efe8", radius=3)
    sheet.text(370, y + 9, "Total TTC", BOLD.but(size=11))
    sheet.text(537, y + 9, FRENCH.amount(totals.gross), BOLD.but(size=11), "right")

    sheet.text(50, 672, "Règlement par virement", BOLD)
    sheet.text(50, 688, f"IBAN {iban('FR', '99999000010001234567809')}", BODY)
    terms = """
        Pas d'escompte pour paiement anticipé. En cas de retard, une pénalité de trois fois le taux
        d'intérêt légal et une indemnité forfaitaire de 40 € pour frais de recouvrement sont exigibles. TVA
        à 5,5 % : travaux d'amélioration énergétique dans un bâtiment achevé depuis plus de deux ans.
    """
    sheet.prose(50, 702, 495, terms, SMALL, 10)
    sheet.rule(50, 784, 545)
    legal = "SARL au capital de 8 000 € · RCS Valbrume 999 001 902 · TVA intracommunautaire FR16999001902"
    sheet.text(297, 798, legal, SMALL, "center")
    return sheet.finish()


def spanish_invoice() -> bytes:
    """A nursery's invoice with everything about the seller in a sidebar."""
    items = [
        Item("Olivo en contenedor de 50 litros", "14", "ud.", "63.40", "10"),
        Item("Lavanda, maceta de 3 litros", "220", "ud.", "2.85", "10"),
        Item("Romero rastrero, maceta de 1 litro", "160", "ud.", "1.45", "10"),
        Item("Sustrato universal, saco de 70 litros", "45", "sacos", "8.90", "21"),
        Item("Tubería de riego por goteo, 16 mm", "300", "m", "0.62", "21"),
        Item("Jornada de plantación, cuadrilla de 3", "2", "días", "410.00", "21"),
    ]
    totals = Totals(items)
    clay = "#a6522b"
    sheet = Sheet("Factura 25/0412", "Viveros Almadraba del Sur S.L.")

    sheet.box(0, 0, 168, sheet.height, fill="#f6ebe2")
    sheet.box(0, 0, 6, sheet.height, fill=clay)
    sheet.lines(28, 72, ["Viveros Almadraba", "del Sur S.L."], BOLD.but(size=14, color=clay), 19)
    blocks = {
        "Dirección": ["Camino de las Norias, 8", "99610 Peñaluz"],
        "NIF": ["B99001208"],
        "Contacto": ["Lucía Ferrándiz", "ventas@almadraba.example"],
        "Forma de pago": ["Transferencia a 30 días"],
        "IBAN": [iban("ES", "99990001410123456789")],
    }
    y = 142.0
    for label, lines in blocks.items():
        sheet.text(28, y, label, BOLD.but(size=8, color=clay))
        y = sheet.lines(28, y + 14, lines, BODY.but(size=9 if label != "IBAN" else 8), 13) + 16

    sheet.text(195, 76, "Factura", BODY.but(size=28, color=clay))
    facts = [("Número", "25/0412"), ("Fecha", "22/04/2025"), ("Vencimiento", "22/05/2025")]
    for x, (label, value) in zip((195, 310, 425), facts, strict=True):
        sheet.text(x, 112, label, SMALL)
        sheet.text(x, 127, value, BOLD)
    sheet.text(195, 165, "Cliente", BOLD.but(size=8, color=clay))
    buyer = [
        "Comunidad de Propietarios Mirador del Faro",
        "Avenida de la Brisa, 31",
        "99605 Cala Morena",
        "NIF H99004400",
    ]
    sheet.lines(195, 180, buyer, BODY, 14)

    columns = [
        Column("Concepto", 195),
        Column("Cantidad", 408, "right"),
        Column("Precio", 455, "right"),
        Column("IVA", 490, "right"),
        Column("Importe", 550, "right"),
    ]
    rows = [
        (
            item.description,
            f"{item.quantity} {item.unit}",
            SPANISH.number(item.price),
            f"{item.rate} %",
            SPANISH.number(item.amount),
        )
        for item in items
    ]
    look = TableLook(195, 550, BOLD.but(size=8.5, color=clay), BODY.but(size=9), row=23, rule="#e3cdbd")
    y = sheet.table(258, columns, rows, look) + 28
    sums = [("Base imponible", totals.net)]
    sums += [(f"IVA {rate} % sobre {SPANISH.amount(base)}", tax) for rate, (base, tax) in totals.taxes.items()]
    for label, amount in sums:
        sheet.text(340, y, label, BODY)
        sheet.text(550, y, SPANISH.amount(amount), BODY, "right")
        y += 17
    sheet.rule(340, y - 6, 550, clay, 1.2)
    sheet.text(340, y + 14, "Total factura", BOLD.but(size=13, color=clay))
    sheet.text(550, y + 14, SPANISH.amount(totals.gross), BOLD.but(size=13, color=clay), "right")
    note = """
        Las plantas se entregan con pasaporte fitosanitario. Garantía de arraigo de 60 días con riego por
        goteo instalado y mantenimiento a cargo del comprador.
    """
    sheet.prose(195, 740, 355, note, SMALL.but(size=8), 11)
    return sheet.finish()


def swedish_invoice() -> bytes:
    """A typewriter-like invoice from an old accounting system, with a payment slip below."""
    items = [
        Item("Kullager 6204-2RS", "36", "st", "48.50", "25"),
        Item("Kilrem SPA 1250", "12", "st", "139.00", "25"),
        Item("Smörjfett, patron 400 g", "24", "st", "72.25", "25"),
        Item("Servicetimmar verkstad", "7.5", "tim", "895.00", "25"),
        Item("Framkörning servicebil", "84", "km", "18.50", "25"),
    ]
    totals = Totals(items)
    body, bold = Style("Courier", 10), Style("Courier-Bold", 10)
    sheet = Sheet("Faktura 58203", "Tallkulla Mekaniska AB")

    sheet.text(56, 66, "FAKTURA", bold.but(size=20))
    sheet.lines(56, 92, ["Tallkulla Mekaniska AB", "Smedsvägen 4", "999 12 Lingonfors"], body)
    facts = {
        "Fakturanummer": "58203",
        "Fakturadatum": "2025-02-11",
        "Förfallodatum": "2025-03-13",
        "Kundnummer": "2071",
        "Er referens": "Stina Hallbäck",
    }
    sheet.box(346, 78, 196, 82, stroke="#1f2328")
    sheet.lines(355, 95, facts.keys(), body, 14)
    sheet.lines(533, 95, facts.values(), body, 14, "right")
    buyer = ["Rävkulla Sågverk & Hyvleri", "Box 17", "999 40 Rävkulla"]
    sheet.lines(56, 176, buyer, body)

    columns = [
        Column("Artikel", 56),
        Column("Antal", 298, "right"),
        Column("Enhet", 312),
        Column("À-pris", 436, "right"),
        Column("Belopp", 542, "right"),
    ]
    rows = [
        (
            item.description,
            SWEDISH.number(item.quantity),
            item.unit,
            SWEDISH.number(item.price),
            SWEDISH.number(item.amount),
        )
        for item in items
    ]
    sheet.rule(56, 236, 542, "#1f2328", 1)
    y = sheet.table(236, columns, rows, TableLook(56, 542, bold, body, row=20, rule=None))
    sheet.rule(56, 256, 542, "#1f2328", 1)
    sheet.rule(56, y + 6, 542, "#1f2328", 1)
    sums = {"Netto": totals.net, "Moms 25 %": totals.tax, "Att betala": totals.gross}
    y += 26
    for label, amount in sums.items():
        style = bold if label == "Att betala" else body
        sheet.text(330, y, label, style)
        sheet.text(542, y, SWEDISH.amount(amount), style, "right")
        y += 17
    terms = [
        "Betalningsvillkor 30 dagar netto. Dröjsmålsränta enligt räntelagen.",
        "Momsregistreringsnummer SE559900120201    Godkänd för F-skatt",
        "Telefon 08-465 004 31    faktura@tallkulla.example",
    ]
    sheet.lines(56, y + 34, terms, body.but(size=9))

    sheet.text(56, 628, "- " * 40 + "-", body.but(color="#8a929c"))
    sheet.text(56, 650, "INBETALNING", bold.but(size=13))
    slip = [
        ("Bankgiro", "9990-0128", 56, 150),
        ("OCR-nummer", "20250318704", 206, 150),
        ("Belopp", SWEDISH.amount(totals.gross), 356, 186),
    ]
    for label, value, x, width in slip:
        sheet.box(x, 664, width, 46, stroke="#1f2328")
        sheet.text(x + 8, 678, label, body.but(size=8))
        sheet.text(x + 8, 699, value, bold.but(size=12))
    sheet.box(56, 710, 486, 46, stroke="#1f2328")
    sheet.text(64, 724, "IBAN", body.but(size=8))
    sheet.text(64, 745, iban("SE", "99900000000001234567"), bold.but(size=12))
    return sheet.finish()


def american_invoice() -> bytes:
    """A hardware dealer's invoice on two Letter pages with a subtotal carried forward."""
    stock = [
        ("CF-1004", "Deck screw #9 x 2-1/2 in, box of 350", "18", "31.75"),
        ("CF-1010", "Deck screw #9 x 3 in, box of 300", "12", "33.20"),
        ("CF-1032", "Lag bolt 1/2 x 6 in, galvanized", "160", "2.48"),
        ("CF-1047", "Carriage bolt 3/8 x 8 in", "120", "1.92"),
        ("CF-1051", "Flat washer 1/2 in, pack of 50", "14", "9.60"),
        ("CF-1066", "Joist hanger 2 x 8, 18 gauge", "220", "1.86"),
        ("CF-1067", "Joist hanger 2 x 10, 18 gauge", "96", "2.34"),
        ("CF-1080", "Post base 6 x 6, adjustable", "24", "41.15"),
        ("CF-1093", "Hurricane tie, left and right pair", "75", "3.05"),
        ("CF-1120", "Construction adhesive, 28 oz", "36", "8.79"),
        ("CF-1138", "Masonry drill bit 1/2 x 12 in", "8", "17.45"),
        ("CF-1155", "Circular saw blade 7-1/4 in, 24 teeth", "20", "12.99"),
        ("CF-1162", "Reciprocating blade set, 10 pieces", "9", "26.50"),
        ("CF-1179", "Chalk line, 100 ft, with blue chalk", "6", "14.25"),
        ("CF-1188", "Torpedo level 9 in, magnetic", "10", "19.90"),
        ("CF-1201", "Framing square 16 x 24 in", "6", "22.10"),
        ("CF-1217", "Tape measure 25 ft", "15", "16.75"),
        ("CF-1233", "Work gloves, leather palm, large", "40", "11.35"),
        ("CF-1240", "Safety glasses, clear, box of 12", "5", "38.40"),
        ("CF-1258", "Hard hat, vented, white", "12", "24.60"),
        ("CF-1266", "Extension cord 12/3, 50 ft", "8", "64.95"),
        ("CF-1281", "LED work light, 4000 lm", "6", "72.30"),
        ("CF-1299", "Tarpaulin 20 x 30 ft, heavy duty", "7", "88.00"),
        ("CF-1305", "Ratchet strap 1 in x 15 ft, pair", "16", "21.40"),
        ("CF-1322", "Wheelbarrow 6 cu ft, steel tray", "3", "129.00"),
        ("CF-1340", "Concrete mix, 80 lb bag", "84", "6.85"),
        ("CF-1349", "Cement board screw, box of 185", "10", "13.15"),
        ("CF-1356", "Gravel base, 50 lb bag", "60", "5.45"),
        ("CF-1371", "Flashing tape 4 in x 75 ft", "11", "36.80"),
        ("CF-1388", "Exterior caulk, white, 10 oz", "48", "7.25"),
        ("CF-1402", "Aluminum post cap 6 x 6, black", "24", "9.95"),
        ("CF-1419", "Cable railing kit, 30 ft", "4", "318.00"),
        ("CF-1427", "Gate hinge set, heavy, black", "4", "46.70"),
        ("CF-1435", "Jobsite delivery with lift gate", "1", "145.00"),
    ]
    items = [Item(f"{number}|{name}", quantity, "ea", price, "8.25") for number, name, quantity, price in stock]
    totals = Totals(items)
    navy = "#20304f"
    sheet = Sheet("Invoice 77-20931", "Copperfinch & Daughters", LETTER)
    columns = [
        Column("Item no.", 54),
        Column("Description", 120),
        Column("Qty", 385, "right"),
        Column("Unit price", 465, "right"),
        Column("Extended", 552, "right"),
    ]
    rows = [
        (
            *item.description.split("|"),
            item.quantity,
            AMERICAN.number(item.price),
            AMERICAN.number(item.amount),
        )
        for item in items
    ]
    look = TableLook(
        48, 564, WHITE.but(size=8.5), BODY.but(size=9), row=17.5, head_fill=navy, stripe="#eef1f6", rule=None
    )
    first_page = 25

    sheet.text(94, 60, "Copperfinch & Daughters", BOLD.but(size=16, color=navy))
    sheet.text(94, 76, "Builders supply · 1180 Millrace Road, Dry Creek Falls · (555) 555-0142", SMALL.but(size=8.5))
    sheet.text(564, 60, "INVOICE", BOLD.but(size=18, color=navy), "right")
    sheet.text(564, 76, "Page 1 of 2", SMALL.but(size=8.5), "right")
    sheet.box(48, 44, 34, 34, fill="#b4622d", radius=6)
    sheet.text(65, 69, "CF", WHITE.but(size=18), "center")
    buyer = ["Tamberline Ridge Contractors", "Attn: Dolores Whitcombe", "402 Quarry Lane", "Dry Creek Falls"]
    site = ["Overlook Pavilion, Lot 9", "Lakeshore Loop", "Pine Hollow", "Deliver before 9 a.m."]
    for x, label, lines in ((48, "BILL TO", buyer), (222, "SHIP TO", site)):
        sheet.text(x, 112, label, BOLD.but(size=8, color="#b4622d"))
        sheet.lines(x, 127, lines, BODY)
    facts = {
        "Invoice no.": "77-20931",
        "Invoice date": "04/30/2025",
        "Customer PO": "TRC-5518",
        "Terms": "Net 30",
        "Due date": "05/30/2025",
    }
    sheet.lines(410, 112, facts.keys(), SMALL.but(size=8.5), 14)
    sheet.lines(564, 112, facts.values(), BODY, 14, "right")
    y = sheet.table(192, columns, rows[:first_page], look) + 20
    carried = AMERICAN.amount(Totals(items[:first_page]).net)
    sheet.text(465, y, "Subtotal carried forward", BOLD, "right")
    sheet.text(552, y, carried, BOLD, "right")

    sheet.next_page()
    sheet.text(48, 60, "Copperfinch & Daughters", BOLD.but(size=11, color=navy))
    sheet.text(564, 60, "Invoice 77-20931 · Page 2 of 2", SMALL.but(size=8.5), "right")
    sheet.rule(48, 68, 564, navy, 1)
    sheet.text(465, 90, "Subtotal brought forward", BOLD, "right")
    sheet.text(552, 90, carried, BOLD, "right")
    y = sheet.table(102, columns, rows[first_page:], look) + 26
    for label, amount in (("Subtotal", totals.net), ("Sales tax 8.25%", totals.tax)):
        sheet.text(400, y, label, BODY)
        sheet.text(552, y, AMERICAN.amount(amount), BODY, "right")
        y += 17
    sheet.box(390, y - 8, 174, 26, fill=navy)
    sheet.text(400, y + 9, "Total due", WHITE.but(size=11.5))
    sheet.text(552, y + 9, AMERICAN.amount(totals.gross), WHITE.but(size=11.5), "right")
    sheet.text(48, y - 34, "Remit to", BOLD)
    remit = [
        "Copperfinch & Daughters",
        "P.O. Box 417, Dry Creek Falls",
        "Write the invoice number on your check.",
    ]
    sheet.lines(48, y - 19, remit, BODY)
    notes = """
        Unopened items may be returned within 30 days with this invoice. Cut or mixed goods are not
        returnable. A late charge of 1.5% per month applies to balances past due.
    """
    sheet.prose(48, y + 60, 516, notes, SMALL.but(size=8.5), 12)
    return sheet.finish()
