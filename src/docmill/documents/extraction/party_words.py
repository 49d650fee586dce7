"""Words by which the lines of names and addresses are known, as data."""

import re

from docmill.documents.extraction.layout import normalise

__all__ = [
    "BUYER_WORDS",
    "COMMON_DOMAINS",
    "CONTACT",
    "COUNTRIES",
    "LEGAL_FORM",
    "LEGAL_NAME",
    "SALUTATIONS",
    "STREET",
    "ZIP_CITY",
]

_FORMS = (
    r"GmbH\s?&\s?Co\.?\s?(?:KGaA|KG|OHG)|AG\s?&\s?Co\.?\s?(?:KGaA|KG)|UG\s?\(haftungsbeschr[äa]nkt\)|UG|GmbH|gGmbH|"
    r"mbH|AG|KGaA|KG|OHG|e\.\s?K\.|e\.\s?V\.|eG|GbR|PartG(?:mbB)?|a\.\s?G\.|"
    r"S\.?A\.?R\.?L\.?|SARL|SAS|SASU|S\.A\.S\.?|EURL|SNC|SCOP|S\.A\.|SA|"
    r"Ltd\.?|Limited|LTD\.?|PLC|plc|LLP|LLC|L\.L\.C\.|Inc\.?|Incorporated|Corp\.?|Corporation|Co\.,?\s?Ltd\.?|"
    r"Pvt\.?\s?Ltd\.?|Private Limited|Pty\.?\s?Ltd\.?|Pte\.?\s?Ltd\.?|"
    r"Sdn\.?\s?Bhd\.?|SDN\.?\s?BHD\.?|B\.V\.|BV|N\.V\.|NV|VOF|V\.O\.F\.|BVBA|SPRL|SRL|S\.r\.l\.?s?|S\.R\.L\.|Srl|"
    r"S\.p\.A\.|SpA|S\.P\.A\.|S\.n\.c\.|S\.a\.s\.|"
    r"S\.L\.U?\.?|SL|SLU|S\.A\.U\.|S\.C\.P\.|Lda\.?|LDA|Unipessoal|AB|A/S|ApS|AS|ASA|Oy|Oyj|Ab|HB|"
    r"sp\.\s?z\s?o\.\s?o\.|Sp\.\s?z\s?o\.\s?o\.|sp\.\s?j\.|"
    r"spółka akcyjna|S\.A|s\.\s?r\.\s?o\.|a\.\s?s\.|Kft\.?|Zrt\.?|Nyrt\.?|Bt\.|d\.o\.o\.|EOOD|OOD|S\.C\.|"
    r"S\.\s?à\.?\s?r\.\s?l\.|Sàrl|Sagl|"
    r"Foundation|Stiftung|Verein|Genossenschaft"
)
LEGAL_FORM = re.compile(rf"(?<![\w.])(?:{_FORMS})(?![\w])")
"""The legal form of a company."""

LEGAL_NAME = re.compile(
    rf"(?<![\w.@])(?P<name>(?:[A-Z0-9ÄÖÜÉÈÀÅØŁŚŻ][\w&.'\u2019+\-]*,?\s|(?:&|\+|und|and|et|de|of|y|e|i|du|la|für|"
    rf"von)\s){{1,7}}(?:{_FORMS}))(?![\w])"
)
"""A name in a sentence: words with capitals, ended by a legal form."""

SALUTATIONS = frozenset(
    normalise(word)
    for word in [
        "herr",
        "herrn",
        "frau",
        "familie",
        "eheleute",
        "firma",
        "fa",
        "an",
        "an-die",
        "an-den",
        "mr",
        "mrs",
        "ms",
        "miss",
        "mr.",
        "dear",
        "monsieur",
        "madame",
        "m",
        "mme",
        "mlle",
        "messieurs",
        "sr",
        "sra",
        "sres",
        "señor",
        "señora",
        "signor",
        "signora",
        "sig",
        "spett",
        "spett.le",
        "egr",
        "gentile",
        "de-heer",
        "mevrouw",
        "t.a.v.",
        "att",
        "attn",
        "attention",
        "z.hd.",
        "zhd",
        "exmo-sr",
        "exmos-senhores",
        "pan",
        "pani",
        "herrn/frau",
        "dr",
        "prof",
        "to",
        "bei",
        "per",
        "via",
        "sehr-geehrte",
    ]
)
"""A line of nothing but such words precedes a name."""

BUYER_WORDS = [
    "client",
    "cliente",
    "customer",
    "kunde",
    "kunden",
    "kaufer",
    "ihre",
    "ihr",
    "your",
    "votre",
    "klant",
    "uw",
    "buyer",
    "acheteur",
    "leistungsempfanger",
    "rechnungsempfanger",
    "cessionario",
    "committente",
    "nabywca",
    "nabywcy",
    "odberatel",
    "kundens",
    "kundes",
    "comprador",
    "empfanger",
    "destinatario",
    "destinataire",
    "recipient",
]
"""Next to a VAT number, such a word says that it is the buyer's."""

COUNTRIES = frozenset(
    normalise(name)
    for name in [
        "deutschland",
        "germany",
        "allemagne",
        "france",
        "frankreich",
        "italia",
        "italy",
        "italien",
        "españa",
        "spain",
        "spanien",
        "nederland",
        "netherlands",
        "the netherlands",
        "niederlande",
        "belgique",
        "belgie",
        "belgien",
        "belgium",
        "österreich",
        "austria",
        "schweiz",
        "suisse",
        "svizzera",
        "switzerland",
        "luxembourg",
        "united kingdom",
        "uk",
        "great britain",
        "england",
        "ireland",
        "irland",
        "united states",
        "united states of america",
        "usa",
        "u.s.a.",
        "canada",
        "portugal",
        "polska",
        "poland",
        "polen",
        "česká republika",
        "czech republic",
        "sverige",
        "sweden",
        "danmark",
        "denmark",
        "norge",
        "norway",
        "suomi",
        "finland",
        "india",
        "australia",
        "hong kong",
        "china",
        "singapore",
        "malaysia",
        "magyarország",
        "hungary",
        "românia",
        "de",
        "fr",
        "it",
        "es",
        "nl",
        "be",
        "at",
        "ch",
        "gb",
        "us",
    ]
)
"""A line of an address that is only a country."""

COMMON_DOMAINS = frozenset(
    [
        "gmail",
        "googlemail",
        "gmx",
        "web",
        "hotmail",
        "outlook",
        "live",
        "yahoo",
        "ymail",
        "aol",
        "t-online",
        "freenet",
        "icloud",
        "me",
        "msn",
        "protonmail",
        "orange",
        "free",
        "wanadoo",
        "laposte",
        "sfr",
        "libero",
        "virgilio",
        "tin",
        "telefonica",
        "terra",
        "localhost",
        "example",
        "beispiel",
        "beispiel-provider",
        "mail",
        "email",
        "post",
        "online",
        "info",
        "test",
        "domain",
        "www",
        "com",
        "net",
        "org",
        "co",
        "gov",
        "ac",
    ]
)
"""Names of domains that say nothing about who writes."""

CONTACT = re.compile(
    r"(?i)(?<!\w)(?:tel|telefon|telephone|téléphone|phone|fax|telefax|mobil|mobile|fon|tél|tlf|teléfono|telefono|"
    r"telefoon|e-?mail|www)(?!\w)|@|https?:|\bwww\."
)
"""What belongs to a sender, not to the address on an envelope."""

STREET = re.compile(
    r"(?i)(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|ufer|straat|laan|plein|gatan|vägen|vej|gade|veien|"
    r"gata)\s*\d"
    r"|^\d{1,5}[\s,]+(?:(?:bis|ter)\s)?[^\W\d]|(?:street|road|avenue|ave\b|rue|boulevard|chemin|via|calle|c/|avda|"
    r"piazza|viale|corso|rua|avenida|ul\.|ulica|lane|drive|blvd|suite|floor|postfach|p\.?\s?o\.? ?box|"
    r"boite postale|bp)\b"
    r"|\b[^\W\d]{4,}\s\d{1,4}\s?[a-zA-Z]?(?:-\d+)?$"
)
"""A line with a street or a box."""

ZIP_CITY = re.compile(
    r"(?:(?<![\w.,/#-])(?:[A-Z]{1,3}[ -])?\d{4,5},?\s?(?!EUR|Uhr|Stk)[A-ZÄÖÜÉÅØÆŁŚŻ][^\W\d]{2,}"
    r"|(?<!\w)\d{4}\s?[A-Z]{2}\s+[A-Z][^\W\d]+"  # 1012 AB Amsterdam
    r"|(?<!\w)\d{3}\s\d{2}\s+[A-ZÄÖÅ][^\W\d]+"  # 123 45 Stockholm
    r"|(?<!\w)\d{2}-\d{3}\s+[A-ZŁŚŻ][^\W\d]+"  # 00-123 Warszawa
    r"|(?<!\w)\d{4}-\d{3}\s+[A-ZÉ][^\W\d]+"  # 1234-567 Lisboa
    r"|[A-Z][^\W\d]+,?\s(?:[A-Z]{2},?\s)\d{5}(?:-\d{4})?(?!\d)"  # Fremont CA 94538
    r"|[A-Z][^\W\d]+,?\s(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT)\s\d{4}(?!\d)"  # Sydney NSW 2000
    r"|[A-Z][^\W\d]+,?\s*-?\s*\d{6}(?!\d)"  # Bangalore - 560067
    r"|(?<!\w)[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}(?!\w)"  # SW1A 1AA
    r"|(?<!\w)[A-Z]\d[A-Z]\s?\d[A-Z]\d(?!\w)"  # K1A 0B6
    r"|[A-Z][^\W\d]+(?:,\s[\w.]+)?,\s(?:0000|\d{5}),?\s[A-Z]{2}(?!\w))"
)
"""Postal code and town, in the order of many countries."""
