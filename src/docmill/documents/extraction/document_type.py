"""What kind of document it is, by its title and the words it uses."""

from collections.abc import Sequence
from functools import cache

import attrs

from docmill.documents.extraction.layout import Row, normalise
from docmill.documents.pages import Box

__all__ = ["BILLING", "Kind", "detect_type"]

_TITLES = {
    "credit_note": "credit note, credit memo, gutschrift, rechnungskorrektur, stornorechnung, avoir, "
    "facture d'avoir, nota de credito, factura rectificativa, "
    "abono, nota di credito, creditnota, creditfactuur, kreditfaktura, kreditnota, faktura korygujaca, "
    "opravny danovy doklad, hyvityslasku, note de credit",
    "reminder": "payment reminder, reminder, final notice, overdue notice, mahnung, zahlungserinnerung, "
    "letzte mahnung, relance, rappel de paiement, mise en demeure, "
    "recordatorio de pago, sollecito di pagamento, sollecito, betalingsherinnering, aanmaning, herinnering, "
    "lembrete de pagamento, betalningspaminnelse, paminnelse, betalingspaminnelse, rykker, purring, "
    "wezwanie do zaplaty, upominka",
    "delivery_note": "delivery note, packing slip, packing list, dispatch note, lieferschein, bon de livraison, "
    "albaran, albaran de entrega, documento di trasporto, "
    "ddt, pakbon, afleverbon, guia de remessa, foljesedel, folgeseddel, pakkseddel, dokument dostawy, wz, dodaci list",
    "order": "purchase order, order confirmation, sales order, bestellung, auftragsbestatigung, auftrag, "
    "bon de commande, confirmation de commande, pedido, orden de compra, "
    "confirmacion de pedido, ordine, ordine di acquisto, conferma d'ordine, inkooporder, orderbevestiging, "
    "bestelling, encomenda, bestallning, orderbekraftelse, "
    "ordrebekreftelse, ordrebekraeftelse, zamowienie, objednavka",
    "receipt": "receipt, payment receipt, cash receipt, sales receipt, official receipt, quittung, kassenbon, "
    "kassenbeleg, zahlungsbeleg, recu, ticket de caisse, recibo, ticket, ricevuta, scontrino, "
    "kassabon, kvitto, kvittering, paragon, paragon fiskalny, uctenka, bon fiscal",
    "invoice": "invoice, tax invoice, commercial invoice, retail invoice, bill, vat invoice, proforma invoice, "
    "rechnung, handelsrechnung, warenrechnung, beitragsrechnung, abschlagsrechnung, schlussrechnung, "
    "teilrechnung, "
    "facture, factura, fattura, factuur, fatura, faktura, faktura vat, lasku, szamla, danovy doklad, nota fiscal, "
    "gebuhrenbescheid, honorarnote, retail invoices bill",
    "report": "report, bericht, jahresbericht, rapport, informe, relatorio, relazione, annual report, raport, "
    "abstract, contents, table of contents, inhaltsverzeichnis, sommaire",
    "letter": "dear, sehr geehrte, sehr geehrter, dear sir, dear sirs, dear madam, madame, monsieur, estimado, "
    "estimada, gentile, egregio, geachte, caro, prezado, szanowni, mit freundlichen grussen, "
    "yours sincerely, yours faithfully, kind regards, cordialement, best regards",
}
_ORDER = list(_TITLES)
BILLING = frozenset({"invoice", "credit_note", "receipt", "reminder"})
"""Kinds that ask for money, or say that it was given."""


@attrs.frozen
class Kind:
    """A kind of document.

    Attributes:
        name: of those that `Extraction.document_type` lists.
        raw: the words that say so; empty if none does.
        page, box: where they stand.
        confidence: 0 to 1.
    """

    name: str
    raw: str
    page: int | None
    box: Box | None
    confidence: float


def detect_type(rows: Sequence[Row], has_total: bool, has_number: bool) -> Kind:
    """The kind of a document.

    Args:
        rows: of the document.
        has_total: whether an amount was found that may be its total.
        has_number: whether it has a number that is called that of an invoice.
    """
    best: tuple[float, Kind] | None = None
    for row in rows:
        if row.page != rows[0].page:
            break
        for name, start, end in _titles_in(row):
            score = _prominence(row, start, end) + (0.4 if name in BILLING and has_total else 0.0)
            if best is None or score > best[0]:
                raw = " ".join(row.text[start:end].split())
                confidence = max(0.3, min(0.95, 0.4 + 0.3 * score))
                best = score, Kind(name, raw, row.page, row.box_between(start, end), confidence)
    if best is None:
        name = "invoice" if has_total and has_number else "other"
        return Kind(name, "", None, None, 0.4)
    kind = best[1]
    if kind.name not in BILLING and has_total and has_number:
        return attrs.evolve(kind, name="invoice", raw="", page=None, box=None, confidence=0.5)
    return kind


def _titles_in(row: Row) -> list[tuple[str, int, int]]:
    table, beginnings = _tables()
    found = []
    position, tokens = 0, row.tokens
    while position < len(tokens):
        key, last = "", None
        for number in range(position, len(tokens)):
            key += tokens[number].norm
            if key in table and tokens[number].norm:
                last = number, table[key]
            if key not in beginnings:
                break
        if last is None:
            position += 1
            continue
        found.append((last[1], tokens[position].start, tokens[last[0]].end))
        position = last[0] + 1
    return found


def _prominence(row: Row, start: int, end: int) -> float:
    """How much it looks like a title: alone or first in its segment, in capitals, large, high on the page."""
    segment = row.segment_at(start)
    words = row.words_between(start, end)
    height = max(word.y1 - word.y0 for word in words)
    share = (end - start) / max(segment.end - segment.start, 1)
    score = 0.8 * share + 0.3 * (start == segment.start)
    score += 0.3 * row.text[start:end].isupper() + min(height / 10.0 - 1.0, 1.5) * 0.5
    return score + 0.5 * (1.0 - row.box[1] / max(row.page_height, 1.0))


@cache
def _tables() -> tuple[dict[str, str], frozenset[str]]:
    table = {
        normalise(phrase): name for name in reversed(_ORDER) for phrase in _TITLES[name].split(",") if phrase.strip()
    }
    return table, frozenset(key[:length] for key in table for length in range(len(key) + 1))
