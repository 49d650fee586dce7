"""The words by which the columns, the totals and the units of an invoice are known, in a dozen languages.

Everything here is folded as `fold` does: lower case, no accents, no punctuation but the per cent sign. A word that ends
in ``*`` stands for all words that start so.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache

__all__ = ["CARRIED", "DEDUCTIONS", "ENDINGS", "HEADINGS", "LUMP_SUMS", "TOTALS", "UNITS", "Phrases", "Role", "fold"]

_FOLDED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "№": "no"})
_NOISE = re.compile(r"[^\w%]+|_")


class Role(Enum):
    """What a column holds; the first one wins where the heading of a column names several."""

    TAX_BASE = "the sum that a tax is reckoned from: only tables of taxes have it"
    TAX = "tax amount"
    PRICE = "price of one unit"
    GROSS = "amount with tax"
    NET = "amount without tax"
    AMOUNT = "amount"
    DISCOUNT = "discount"
    QUANTITY = "quantity"
    BASE = "how many units the price is for"
    RATE = "tax rate"
    UNIT = "unit of measure"
    ARTICLE = "article number"
    DATE = "date"
    DESCRIPTION = "description"
    POSITION = "number of the line"


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Lower case without accents, dashes and dots."""
    spelled = unicodedata.normalize("NFKD", text.casefold().translate(_FOLDED))
    return _NOISE.sub(" ", "".join(character for character in spelled if not unicodedata.combining(character))).strip()


class Phrases:
    """Phrases to look for at the start of a text, or anywhere in it; the longest one counts."""

    def __init__(self, phrases: Mapping[Role, str]) -> None:
        self._whole: dict[tuple[str, ...], Role] = {}
        self._stems: dict[str, Role] = {}
        self._long_stems: dict[tuple[str, ...], list[tuple[str, Role]]] = {}
        for role, listed in phrases.items():
            for phrase in (fold_phrase(part) for part in listed.split(",")):
                *first, last = phrase.rstrip("*").split() or [""]
                if phrase.endswith("*") and first:
                    self._long_stems.setdefault(tuple(first), []).append((last, role))
                elif phrase.endswith("*"):
                    self._stems[last] = role
                else:
                    self._whole[tuple(phrase.split())] = role
        self._longest = max(*map(len, self._whole), *(len(first) + 1 for first in self._long_stems))
        self._starts = tuple(self._stems)

    def at(self, words: Sequence[str], start: int) -> tuple[Role, int] | None:
        """The role of the phrase that starts with this word, and how many words it has."""
        for length in range(min(self._longest, len(words) - start), 0, -1):
            role = self._of(words[start : start + length])
            if role is not None:
                return role, length
        if words[start].startswith(self._starts):
            stem = max((stem for stem in self._starts if words[start].startswith(stem)), key=len)
            return self._stems[stem], 1
        return None

    def _of(self, words: Sequence[str]) -> Role | None:
        """The role of exactly these words, the last of which may be longer than a stem."""
        role = self._whole.get(tuple(words))
        stems = self._long_stems.get(tuple(words[:-1]), ())
        return role or next((role for stem, role in stems if words[-1].startswith(stem)), None)

    def starts(self, text: str) -> bool:
        """Whether a folded text starts with a phrase."""
        words = text.split(maxsplit=8)
        return bool(words) and self.at(words, 0) is not None


def fold_phrase(phrase: str) -> str:
    """Fold a phrase of this module, keeping the ``*`` at its end."""
    return fold(phrase) + ("*" if phrase.strip().endswith("*") else "")


HEADINGS = Phrases(
    {
        Role.POSITION: (
            "pos, pos nr, position, nr, no, #, lfd nr, lfd, line, line no, line item, ligne, linea, riga, "
            "regel, lp, l p, poz, item no, sl, sl no, s no, sr no"
        ),
        Role.ARTICLE: (
            "art nr, artnr, artikelnr, artikelnummer, artikel nr, article no, article number, art no, art, "
            "item code, item number, item id, sku, product code, part no, part number, code, ref, reference, "
            "code article, codigo, cod, codice, cod articolo, artikelcode, referencia, art nr*, artikel no, "
            "varenr, artikkelnr, indeks, gtin, ean, hsn, hsn sac, hsn code, sac, upc, material, materialnr, "
            "bestell nr, kod, asin, isbn"
        ),
        Role.DESCRIPTION: (
            "description, item, items, item description, product, product description, service, services, "
            "details, particulars, beschreibung, bezeichnung, artikel, artikelbez*, leistung, leistungsbez*, "
            "text, produkt, produktbez*, warenbez*, gegenstand, dienstleistung, designation, libelle, article, "
            "produit, prestation, descripcion, concepto, articulo, producto, detalle, descrizione, "
            "descrizione articolo, prodotto, omschrijving, product omschrijving, artikelomschrijving, nazwa, "
            "nazwa towaru*, nazwa uslugi, opis, towar, descricao, produto, artigo, beskrivelse, beskrivning, "
            "benamning, vare, ydelse, tekst, kuvaus, popis, oznaceni polozky, nazev, polozka, megnevezes, "
            "leiras, denumire, denumirea, specification, task, activity, position text, designacao, goods, "
            "produktname, charges, charge, tatigkeit, aufgabe"
        ),
        Role.QUANTITY: (
            "quantity, qty, qté, quantité, quantites, menge, anzahl, anz, stuckzahl, stk, stück, mge, cantidad, "
            "cant, cdad, uds, unidades, quantità, q tà, qta, q te, nombre, nb, nbre, aantal, hoeveelheid, "
            "ilosc, il, quantidade, qtd, qtde, quant, antal, antall, maara, kpl, mnozstvi, pocet, mennyiseg, "
            "menny, cantitate, hours, hrs, std, stunden, heures, ore, horas, uren, units, pcs, qty shipped, "
            "shipped, billed qty, hours qty, qty hrs, menge einh, stunden menge, days, tage, jours, adet, "
            "miktar, kolicina, mnozina, liefermenge, qty ordered"
        ),
        Role.UNIT: (
            "unit, einheit, einh, unité, unidad, ud, unità, um, u m, eenheid, jm, j m, jedn, jedn miary, "
            "unidade, enhet, enhed, mj, egyseg, uom, mengeneinheit, udm, per unit measure"
        ),
        Role.PRICE: (
            "unit price, unit cost, price, price per unit, price each, each, rate, cost, unit rate, "
            "hourly rate, price unit, einzelpreis, einzelpr*, e preis, ep, einzel, preis, stuckpreis, "
            "preis pro einheit, preis einheit, einheitspreis, nettopreis, netto preis, preis netto, "
            "nettoeinzelpreis, stundensatz, satz, vk preis, preis je einheit, prix unitaire, prix unit, p u, "
            "pu, pu ht, p u ht, prix, prix u, tarif, prix unitaire ht, precio, precio unitario, precio unit, "
            "precio ud, p unit, importe unitario, prezzo, prezzo unitario, prezzo un, prezzo unit, prijs, "
            "stukprijs, prijs per stuk, eenheidsprijs, tarief, cena, cena jedn*, cena netto, cena jednostkowa, "
            "cena jednostkowa netto, preco, preco unitario, preco unit, valor unitario, pris, enhetspris, "
            "enhedspris, a pris, apris, stykpris, styk pris, hinta, yksikkohinta, a hinta, jednotkova cena, "
            "cena za mj, cena mj, egysegar, pret, pret unitar, pu euro, netto einzelpreis, einzelpreis netto, "
            "gross price, bruttopreis, net price, unit net price, unit price net, birim fiyat, tariff, "
            "list price, item price, unit value, price per, selling price, price unit net"
        ),
        Role.BASE: "preiseinheit, pe, vke geb, price unit qty, preis per, vpe, price base",
        Role.DISCOUNT: (
            "discount, disc, rabatt, rab, nachlass, remise, rem, descuento, dto, dcto, desc, sconto, korting, "
            "rabat, upust, desconto, alennus, sleva, kedvezmeny, discount %, rabatt %, discounts"
        ),
        Role.RATE: (
            "vat, vat %, vat rate, tax, tax rate, tax %, gst, gst %, gst rate, mwst, mwst %, mwst satz, mwst*, "
            "ust, ust %, ust satz, steuer, steuersatz, tva, tva %, taux tva, taux, taxe, taxes, iva, iva %, "
            "% iva, aliquota, aliq, aliq iva, % tva, btw, btw %, btw tarief, vat code, stawka vat, stawka, "
            "taxa iva, moms, moms %, mva, alv, alv %, dph, sazba dph, % dph, afa, afa kulcs, cota tva, igst, "
            "cgst, sgst, sales tax, tax code, steuer %, imposto, taxa, kdv"
        ),
        Role.TAX: (
            "vat amount, tax amount, mwst betrag, ust betrag, steuerbetrag, montant tva, cuota iva, cuota, "
            "importo iva, imposta, btw bedrag, kwota vat, podatek, wartosc vat, moms belob, momsbelopp, "
            "gst amount, tax amt, vat amt, mwst eur, valor iva, montant taxe, imposto valor, dph kc"
        ),
        Role.TAX_BASE: (
            "tax base, taxable amount base, basis, basisbetrag, basismenge, steuerbasis*, bemessungs*, "
            "steuerbasisbetrag, base, base ht, base imponible, base imp, imponibile, grondslag, podstawa, "
            "base tributavel, taxable base, vat base, faelligkeit, falligkeit, basis mwst, warenwert, "
            "zaklad dane, momsgrundlag, base tva"
        ),
        Role.NET: (
            "net amount, net total, total net, net, netto, nettobetrag, nettowert, netto betrag, gesamt netto, "
            "gesamtpreis netto, betrag netto, summe netto, total ht, montant ht, prix total ht, prix ht, "
            "total h t, montant h t, importe neto, importo netto, totale netto, nettobedrag, bedrag excl, "
            "bedrag excl btw, totaal excl, totaal excl btw, wartosc netto, netto gesamt, amount excl vat, "
            "amount excl tax, total excl vat, total excl tax, total excluding tax, amount ex vat, "
            "taxable value, taxable amount, positionsbetrag ohne*, nettosumme, netto summe, line net amount, "
            "netto ar, netto ertek, valor liquido, gesamtnetto, total net amount, net value, total excl, "
            "subtotal, total ex vat, total ex gst, ex vat, excl vat, positionsnetto, ht, exkl moms"
        ),
        Role.GROSS: (
            "gross amount, gross total, total gross, gross, brutto, bruttobetrag, gesamt brutto, "
            "gesamtpreis brutto, betrag brutto, total ttc, montant ttc, prix ttc, ttc, total iva incluido, "
            "totale ivato, bedrag incl, bedrag incl btw, totaal incl, totaal incl btw, prijs incl btw, "
            "price incl vat, preis inkl mwst, wartosc brutto, amount incl vat, amount incl tax, total incl vat, "
            "total incl tax, total including tax, bruttosumme, brutto ertek, total with vat, total inc vat, "
            "total incl gst, incl vat, celkem s dph, inkl moms, total incl"
        ),
        Role.AMOUNT: (
            "amount, total, line total, total price, total amount, sum, value, extended price, ext price, "
            "extension, betrag, gesamt, gesamtpreis, gesamtbetrag, summe, entgelt, gp, g preis, wert, "
            "positionsbetrag, zeilenbetrag, positionssumme, positions*, montant, prix total, total eur, "
            "betrag eur, importe, importe total, precio total, importo, totale, prezzo totale, bedrag, totaal, "
            "regelbedrag, totaalprijs, totaalbedrag, wartosc, kwota, razem, suma, valor, valor total, "
            "preco total, total geral, belob, belopp, summa, i alt, ialt, sum nok, total dkk, yhteensa, celkem, "
            "cena celkem, castka, osszesen, ertek, osszeg, valoare, toplam, tutar, line amount, amount due, "
            "cost total, total cost, amount eur, amount usd, total usd, betrag in eur, gesamt eur, "
            "gesamtpreis eur, ges preis, zwischensumme, endpreis, montant eur, price total, net line total"
        ),
        Role.DATE: (
            "date, datum, service date, leistungsdatum, fecha, data, dato, periode, period, zeitraum, lieferdatum, dag"
        ),
    }
)
"""The headings of columns."""

_ANY = Role.AMOUNT

TOTALS = Phrases(
    {
        _ANY: (
            "total*, totaal*, totale*, grand total, sum total, net total, net amount, amount due, balance, "
            "balance due, due payable, vat*, tax*, gst*, sales tax, plus vat, incl vat, invoice total, "
            "invoice amount, order total, to pay, please pay, gesamt, gesamtbetrag*, gesamtsumme*, "
            "gesamtbeitrag*, gesamtpreis, gesamt netto, gesamt brutto, summe*, nettobetrag*, nettosumme*, "
            "netto, brutto, netto summe, nettowert, bruttobetrag*, bruttosumme*, rechnungsbetrag*, "
            "rechnungssumme*, rechnungsbeitrag*, endbetrag*, endsumme*, zahlbetrag*, zu zahlen*, zu zahlender*, "
            "zzgl, zuzuglich, mwst*, ust, ust*, umsatzsteuer*, mehrwertsteuer*, versicherungsteuer*, "
            "versicherungssteuer*, steuerbetrag*, positionssumme*, warenwert*, betrag netto, betrag brutto, "
            "steuerpflichtig*, belegsummen*, inkl mwst, enthaltene, montant total*, montant ht, montant ttc, "
            "total ht, total ttc, net a payer, solde, somme, tva*, base imponible*, importe total, iva*, "
            "cuota iva, a pagar, suma*, subtotal iva, imponibile*, imposta*, netto a pagare, da pagare, "
            "totaalbedrag, te betalen, btw*, bedrag excl*, netto bedrag, razem*, do zaplaty*, podatek*, "
            "wartosc netto, kwota*, valor total, i alt*, ialt*, moms*, att betala, summa*, a betale, mva*, "
            "yhteensa*, alv*, celkem*, k uhrade*, dph*, osszesen*, fizetendo*, afa*, de plata*, toplam*, kdv*, "
            "zahlungsbeding*, payment terms, bank details, payment details, nettopreis gesamt, "
            "zwischensumme netto, total net, total gross, notes, amount payable, sous total ht, taxes, "
            "umsatzsteueraufschl*, steueraufschl*, taxable"
        ),
    }
)
"""What the rows below the lines start with."""

ENDINGS = Phrases(
    {
        _ANY: (
            "zahlungsbeding*, zahlungsart*, umsatzsteueraufschl*, steueraufschl*, belegsummen*, "
            "bankverbindung*, zu und abschlage, payment terms, payment details, bank details, "
            "terms and conditions, payment method, payment information, payment instructions, "
            "conditions de paiement, mode de paiement, reglement, condiciones de pago, forma de pago, "
            "modalita di pagamento, condizioni di pagamento, betalingsvoorwaarden, betaalgegevens, "
            "warunki platnosci, sposob platnosci, betalingsbetingelser, betalningsvillkor, platebni podminky, "
            "notes, remarks, tax summary, vat summary, vat breakdown, tax details, totals"
        ),
    }
)
"""What stands by itself above what follows the lines."""

CARRIED = Phrases(
    {
        _ANY: (
            "subtotal*, sub total, zwischensumme*, ubertrag*, ubertrag, carried forward, brought forward, "
            "carry over, a reporter, sous total*, suma y sigue, riporto, a riportare, subtotaal*, "
            "suma czesciowa, delsumma, valisumma, mezisoucet, continued, fortsetzung, zwischentotal, "
            "saldo uebertrag, overfort, transporteren, do przeniesienia, z przeniesienia"
        ),
    }
)
"""Rows that sum up what stands above, with more lines to come perhaps."""

DEDUCTIONS = Phrases(
    {
        _ANY: (
            "rabatt*, discount*, remise*, descuento*, sconto*, korting*, rabat*, desconto*, skonto*, abschlag*, "
            "nachlass*, escompte*, zuschlag*, sleva*, alennus*, less, abzug*, abzgl, abzuglich, artikelrabatt*, "
            "rechnungsrabatt*, bruttopreis*, anzahlung*, deposit, paid, already paid, gezahlt, acompte, "
            "versandkosten*, frachtkosten*, transportkosten*, shipping, delivery costs, frais de port, rounding"
        ),
    }
)
"""What changes a sum without being a line, if no quantity or price stands beside it."""

LUMP_SUMS = frozenset(
    ["pauschal", "pausch", "psch", "flat", "forfait", "lump", "ls", "pauschale", "fast", "tanto", "forfettario"]
)
"""What stands for a quantity of one."""

_UNIT_WORDS = (
    "adet antal bag bags bottles box boxes btl buc bx caja can cbm cl cm copies ct dag dagen day days db dia "
    "dias dose doz dozen ds dz ea each ex expl fl flasche g gb giorni giorno godz h heure heures hod hora horas "
    "hour hours hr hrs jahr jahre jour jours karton kg kiste km kos kpl ks kw kwh l le lfm license licenses "
    "liter liters litre lizenz lizenzen lot lots lt ltr m m2 m3 maand mal mb mes mese meter metre metres mg min "
    "minuten ml mm mois monat monate month months mwh n nacht nachte night nights no nos nr op ora ore paar "
    "pack packs page pages paket pal palette palettes pauschal pauschale pc pce pck pcs person personen pezzi "
    "pezzo piece pieces pkg pkt pr prs psch pz qm roll rolle rolls s seite seiten set sets st stck std stk "
    "stuck stuk stuks stunde stunden styk szt t tag tage tb tim timmar to u ud uds un unidad unidades unit "
    "unite unites units uren user users usl uur ve week weeks woche wochen x year years"
)

UNITS = frozenset(_UNIT_WORDS.split())
"""Units of measure that stand beside a quantity."""
