"""The language of a document, by its function words and the words of business."""

from collections import Counter
from collections.abc import Iterable

from docmill.documents.extraction.layout import Row

__all__ = ["detect_language"]

_WORDS = {
    "de": "der die das und ist nicht mit von zu den fur auf im bei wir sie ihre ihr bitte zum zur rechnung menge "
    "betrag datum kunde summe netto "
    "mwst ust einzelpreis gesamt nr bis unter vom aus oder wird wurde haben uns straße strasse lieferung artikel "
    "preis steuer kaufer zahlbar",
    "en": "the and of to is in for on with this you your are be not by from at invoice date total amount due tax "
    "number bill payment quantity "
    "description price unit customer order subtotal please any we our or it balance paid thank receipt account address",
    "fr": "de le la les des et est du un une pour par sur dans vous votre nous notre que qui au aux en facture "
    "montant date prix quantite client "
    "tva total reglement echeance adresse numero avec sans paiement ht ttc commande livraison societe",
    "es": "de la el los las y es una por con para del su se que en factura fecha cliente total importe precio cantidad "
    "iva vencimiento pago numero "
    "direccion descripcion base imponible al lo no unidades forma telefono",
    "it": "la il lo gli di e un una per con che del della dei non si in fattura data cliente totale importo prezzo "
    "quantita iva scadenza pagamento "
    "numero indirizzo descrizione imponibile al alla nel sono partita pagare codice da",
    "nl": "het een van en is niet met voor op aan wij u uw bij of factuur datum bedrag aantal prijs btw totaal "
    "klant nummer betaling te per "
    "omschrijving artikel incl excl factuurnummer bestelling zijn naar onze dit dat",
    "pt": "de os as e uma um por com para do da dos das que nao se em fatura factura data cliente total valor preco "
    "quantidade iva vencimento "
    "pagamento numero morada descricao nif contribuinte ao no na sua",
    "sv": "och att det en ett ar av for pa med till inte den som vi er din faktura datum belopp antal pris moms "
    "summa kund betalning "
    "forfallodatum oss tillhanda fakturadatum org att betala bankgiro exkl inkl kundnummer fakturanummer saljare "
    "fakturanr netto",
    "da": "og at det en et er af for pa med til ikke den som vi din jeres faktura dato belob antal pris moms total "
    "kunde betaling forfaldsdato "
    "konto cvr beløb ialt fakturanr bedes leveret fakturadato kundenr ordrenr fakturanummer faktureres til "
    "saelger moms ialt netto ekskl betales forfald",
    "no": "og at det en et er av for pa med til ikke den som vi din deres faktura dato belop antall pris mva sum "
    "kunde betaling forfallsdato "
    "kontonr kid org fakturanr eks inkl fakturadato kundenr ordrenr fakturanummer selger betale orgnr faktureres",
    "pl": "i w z na do sie nie jest od za po dla faktura data sprzedawca nabywca kwota netto brutto vat razem "
    "ilosc cena wartosc nip termin "
    "zaplaty platnosci sposob nazwa numer slownie konto jm wystawienia",
    "cs": "a v na se je do od za po pro faktura datum dodavatel odberatel celkem cena mnozstvi dph splatnosti "
    "castka uhrade ic dic ks "
    "vystaveni banka konto zpusob doklad",
    "fi": "ja on ei se etta lasku paivays erapaiva summa yhteensa alv maara hinta asiakas viitenumero tilinumero "
    "maksettava veroton kpl",
    "hu": "es a az nem is hogy szamla datum osszeg mennyiseg egysegar afa netto brutto vevo elado fizetesi "
    "hatarido osszesen db",
    "ro": "si de la in cu pentru din nu este factura data cantitate pret valoare tva total furnizor cumparator "
    "plata scadenta cui",
}
_SETS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _set in _SETS.items():
    for _word in _set:
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_MIN_HITS = 1.5
_MAX_ROWS = 400


def detect_language(rows: Iterable[Row]) -> tuple[str, float] | None:
    """The ISO 639-1 code and how sure it is, 0 to 1; None if too few words are known.

    A word that several languages share counts for each of them, the less the more they are.
    """
    hits: Counter[str] = Counter()
    for row, _ in zip(rows, range(_MAX_ROWS), strict=False):
        for token in row.tokens:
            languages = _LANGUAGES_OF.get(token.norm, ())
            for language in languages:
                hits[language] += 1.0 / len(languages)  # type: ignore[assignment]
    if not hits:
        return None
    (best, score), *others = hits.most_common(2)
    second = others[0][1] if others else 0
    if score < _MIN_HITS:
        return None
    return best, min(0.99, 0.4 + 0.6 * (score - second) / score)
