"""What the fields of an invoice are called: phrases as data, in a dozen languages.

Each phrase may be written in one word, in several, or with hyphens: they are compared without spaces, accents and
punctuation. ``°`` and ``º`` count as ``o``, so that ``n°`` is ``no``.
"""

from itertools import product

__all__ = ["LABELS"]

_INVOICE_NOUNS = (
    "invoice, tax invoice, inv, bill, receipt, credit note, credit memo, statement, document, sales invoice, "
    "vat invoice, proforma invoice, "
    "rechnung, rechnungs, rechn, re, rg, beleg, faktura, gutschrift, gutschrifts, handelsrechnung, stornorechnung, "
    "quittung, "
    "quittungs, bon, schlussrechnung, abschlagsrechnung, teilrechnung, proformarechnung, kassenbon, "
    "rechnungskorrektur, "
    "facture, avoir, recu, factura, fra, recibo, fattura, ricevuta, nota di credito, nota credito, documento, factuur, "
    "faktuur, creditnota, creditfactuur, nota, bon, fatura, nota fiscal, nf, fatura recibo, kvitto, kreditfaktura, "
    "kreditnota, kvittering, "
    "faktura vat, faktury, faktury vat, paragon, faktura korygujaca, faktury pro forma, danovy doklad, "
    "faktura danovy doklad, "
    "lasku, laskun, szamla, factura fiscala, note de credit, abono, factura simplificada, warenrechnung"
)
_NUMBER_WORDS = (
    "number, no, nr, num, id, #, ref, reference, code, nummer, nummern, n, numero, numer, numero de, no de, "
    "num de, nro, "
    "numero da, no da, numero di, n di, no d, no della, numer, cislo, c, numero della, sorszama, szama, szam, "
    "numret, nummeret, numerot, "
    "referenz, numb"
)
_DATE_WORDS = (
    "date, datum, data, fecha, dato, dated, date of, date de, date de la, fecha de, fecha de la, data di, data della, "
    "data da, data de, datum der, kelte, pvm, paivays, data wystawienia, datum vystaveni, tag, dt"
)


def _pairs(nouns: str, words: str) -> list[str]:
    """Noun and word in both orders, "invoice number" and "number invoice"; short ones only in the first."""
    pairs = list(product(_split(nouns), _split(words)))
    forward = [noun + word for noun, word in pairs if len(noun) > 3 or len(word) > 1 or word == "#"]
    return forward + [word + noun for noun, word in pairs if len(noun) > 3 and len(word) > 1]


def _split(phrases: str) -> list[str]:
    return [phrase.strip() for phrase in phrases.split(",")]


LABELS: dict[str, list[str]] = {
    "number": [
        *_pairs(_INVOICE_NOUNS, _NUMBER_WORDS),
        *_split(
            "rechnung #, n fattura, n factura, n facture, n fatura, c faktury, n documento, n ricevuta, "
            "numero de la facture, numero de la factura, numero del documento, numero do documento, "
            "our invoice, your invoice no, invoice no and date, laskunro, faktura id, numero fiscal do documento, "
            "num. de facture, facture d'avoir n, rechnungs nummer, rechnungsnr / invoice no, beleg / rechnung nr, "
            "gebuhrenbescheid nr, bescheid nr, billing number, billing id, invoice serial number, "
            "buchungsnummer der rechnung, transaction no, transaction number, ticket no, "
            "numero fattura elettronica, faktura nummer, verifikationsnummer, nota no, nota nr"
        ),
    ],
    "number_weak": _split(
        "invoice, tax invoice, rechnung, facture, factura, fattura, factuur, faktura, fatura, gutschrift, avoir, "
        "credit note, "
        "beleg, receipt, handelsrechnung, faktura vat, lasku, szamla, nota de credito, nota di credito, "
        "creditnota, kreditnota, "
        "credit memo, stornorechnung, rechnungskorrektur, teilrechnung, abschlagsrechnung, schlussrechnung, "
        "invoice nota, "
        "booking id, booking number, booking reference, buchungsnummer, numero de reservation, pnr, dokument, "
        "document, bill, quittung, "
        "#, warenrechnung, kostenrechnung, honorarrechnung, facture d'acompte, ticket number, reservation number, "
        "confirmation number"
    ),
    "number_bare": _split(
        "number, no, nr, nummer, numero, num, numer, nro, n, cislo, szam, sorszam, numar, numero de documento"
    ),
    "other_number": _split(
        "order number, order no, order id, order #, order nr, order ref, po number, po no, po #, purchase order, "
        "purchase order no, purchase order number, customer no, "
        "customer number, customer id, customer #, customer ref, customer code, client id, id client, client no, "
        "client number, account number, account no, account id, account #, "
        "acct no, bestellnummer, bestell nr, bestellnr, bestellung, bestellung nr, ihre bestellung, kundennummer, "
        "kunden nr, kundennr, kd nr, auftragsnummer, "
        "auftrag nr, auftragsnr, auftrag, lieferschein nr, lieferscheinnr, lieferscheinnummer, lieferschein, "
        "vertragsnummer, "
        "vertrag nr, vertragskonto, projektnummer, projekt nr, steuernummer, steuer nr, st nr, tax number, tax no, "
        "tax id, "
        "vat no, vat number, vat reg no, vat id, ust id, ustid, ust idnr, ust id nr, uid nr, uid, tva, siret, "
        "siren, ape, naf, rcs, "
        "hrb, hra, handelsregisternummer, kto nr, konto nr, kontonummer, konto, blz, bankleitzahl, bic, swift, iban, "
        "numero de commande, commande no, no de commande, no commande, numero client, no client, code client, "
        "reference client, votre reference, numero de compte, numero de ligne, compte client, cliente no, "
        "numero de cliente, cliente, pedido, numero de pedido, "
        "no pedido, codice cliente, ordine, numero ordine, ordernummer, order, klantnummer, klant nr, debiteurnummer, "
        "relatienummer, kundnummer, kundenr, kundenummer, ordrenummer, ordrenr, bestallning, nip, regon, pesel, "
        "numer zamowienia, "
        "phone, telephone, tel, telefon, telefax, fax, mobile, mobil, gsm, customer care, ihre referenz, "
        "your reference, "
        "your ref, our reference, our ref, unser zeichen, ihr zeichen, kvk, kvk nummer, btw nummer, btw, org nr, "
        "orgnr, organisationsnummer, cvr, cvr nr, "
        "ocr, ocr nummer, bankgiro, plusgiro, bg, pg, payment reference, verwendungszweck, gln, globale nummer, "
        "lief nr, lieferantennummer, lieferantennr, supplier no, "
        "vendor no, gtin, ean, artikelnummer, art nr, art no, item no, sku, serial number, serienummer, "
        "seriennummer, cin, gstin, pan, "
        "service tax, service tax #, meter number, zahlernummer, policy number, vsnr, versicherungsnummer, "
        "contract no, contract number, job no, "
        "job number, project no, project number, delivery note, delivery note no, shipment no, tracking number, "
        "case id, "
        "abn, acn, ein, company no, company number, company registration no, registration no, reg no, reg nr, "
        "mandate reference, mandatsreferenz, glaubiger id, "
        "zip, page, seite, personalnummer, mitgliedsnummer, objektnummer, wee reg nr, ref marche, marche, "
        "facture liee, bezug, vorgang, "
        "rechnung gemass bestellung, rechnung gemass bestellung nr, original invoice, original invoice number, "
        "zu rechnung, zu rechnung nr, "
        "auftrag nr lief, kommission, kostenstelle, leitweg id, buyer reference, referenz des kaufers"
    ),
    "issue_date": [
        *_pairs(_INVOICE_NOUNS, _DATE_WORDS),
        *_split(
            "date of issue, issue date, issued, issued on, issued at, date issued, invoiced on, billing date, "
            "bill date, billed on, "
            "rechnungsdatum, ausstellungsdatum, ausgestellt am, erstellt am, belegdatum, belegdat, rechnungsdat, "
            "datum der rechnung, datum der ausstellung, "
            "date d'emission, date emission, date d'edition, date d'etablissement, emise le, emis le, facture du, "
            "facture en date du, "
            "fecha de emision, fecha emision, fecha de expedicion, fecha expedicion, emitida el, fecha de factura, "
            "data emissione, data di emissione, emessa il, data emissao, data de emissao, emitido em, data da emissao, "
            "factuurdatum, datum factuur, fakturadatum, fakturadato, fakturerat, udstedelsesdato, utstedelsesdato, "
            "data wystawienia, data faktury, wystawiono dnia, wystawiono, data wystawienia faktury, "
            "datum vystaveni, vystaveno dne, laskun paivays, "
            "laskun pvm, szamla kelte, kiallitas datuma, kiallitas kelte, data emiterii, date of invoice, "
            "statement date, receipt date, "
            "date and time of issue, invoice issued, invoice issue date, tax point, tax date, transaction date, "
            "date/time, document date, purchase date, paid on"
        ),
    ],
    "issue_date_weak": _split("date, datum, fecha, data, dato, dated, paivays, pvm, kelt, datum/date"),
    "due_date": _split(
        "due date, date due, payment due date, payment due, payment due by, payment due on, due by, due on, due, "
        "pay by, payable by, please pay by, "
        "invoice due date, invoice due, total amount due by, amount due by, amount due on, balance due by, "
        "payment deadline, payable on, payable before, "
        "to be paid by, will be charged on, please remit until, remit until, remit by, please remit by, "
        "please pay until, pay until, please transfer until, payable until, settle by, payment by, "
        "last date of payment, to be paid before, pay before, falligkeit, falligkeitsdatum, fallig am, fallig, "
        "fallig bis, fallig zum, zahlbar bis, zahlbar bis zum, "
        "zahlbar am, zahlungsziel, zahlung bis, zahlung bis zum, zahlungstermin, zu zahlen bis, zahlungsfrist, "
        "bitte zahlen bis, "
        "bitte uberweisen sie bis, bitte uberweisen sie bis zum, uberweisen sie bis zum, "
        "uberweisen sie bitte bis zum, uberweisen sie bitte bis, uberweisung bis, bis spatestens, falligkeitstag, "
        "zahlung fallig am, fallig seit, bitte begleichen sie bis, spatestens bis zum, "
        "netto bis, netto bis zum, tage netto bis, tagen netto bis, ohne abzug bis, ohne abzug bis zum, "
        "rein netto bis, wird am, "
        "date d'echeance, date echeance, echeance, echeance le, echeance du, date limite de paiement, "
        "date limite de paiement le, "
        "a payer avant le, a regler avant le, a payer avant, payable le, payable avant le, "
        "payable au plus tard le, date de reglement, prelevement a partir du, preleve le, "
        "fecha de vencimiento, fecha vencimiento, vencimiento, vence, vence el, fecha limite de pago, "
        "fecha de pago, pagar antes de, "
        "pagar antes del, data scadenza, scadenza, data di scadenza, scadenza pagamento, scadenze, scade il, "
        "da pagare entro, entro il, "
        "vervaldatum, vervaldag, te betalen voor, betalen voor, uiterste betaaldatum, uiterlijk, te voldoen voor, "
        "betaaldatum, te betalen uiterlijk, betaling voor, "
        "data de vencimento, data vencimento, vencimento, data limite de pagamento, pagar ate, pagamento ate, "
        "forfallodatum, forfallodag, forfallo datum, forfaller, betalas senast, sista betalningsdag, "
        "oss tillhanda senast, att betala senast, "
        "forfaldsdato, forfaldsdag, betalingsdato, betalingsfrist, sidste rettidige betalingsdato, "
        "senest rettidig betaling, "
        "forfallsdato, forfall, betales innen, betal innen, termin platnosci, termin zaplaty, platne do, "
        "do zaplaty do, data platnosci, "
        "splatnost, datum splatnosti, splatnost dne, splatne dne, erapaiva, maksettava viimeistaan, "
        "fizetesi hatarido, esedekesseg, "
        "data scadentei, scadenta, scadent la, termen de plata"
    ),
    "due_date_weak": _split(
        "bis zum, bis, until, no later than, avant le, antes del, entro, voor, senast, senest, innen, do dnia, ate"
    ),
    "other_date": _split(
        "order date, date of order, delivery date, date of delivery, date of supply, supply date, shipping date, "
        "ship date, shipped on, service date, "
        "date of service, print date, date printed, printed on, period, billing period, statement period, "
        "check in, check out, departure, arrival, departure date, "
        "arrival date, date of birth, valid until, valid to, valid from, expires, expiry date, order placed, "
        "last payment, payment date, start date, end date, "
        "leistungsdatum, lieferdatum, liefertermin, lieferscheindatum, leistungszeitraum, lieferzeitraum, "
        "abrechnungszeitraum, "
        "liefer und leistungsdatum, liefer und leistungszeitraum, bestelldatum, bestell datum, auftragsdatum, "
        "auftrag datum lief, leistungs datum, lieferschein datum, "
        "bestellung vom, bestellung nr vom, auftrag vom, lieferung vom, lieferung am, druckdatum, versanddatum, "
        "eingangsdatum, geburtsdatum, zeitraum, zeitraum vom, vertragsbeginn, "
        "gultig bis, gultig ab, datum der lieferung, leistung vom, skonto bis, skonto bis zum, lieferschein vom, "
        "angebot vom, vertrag vom, date de livraison, date de commande, date de la commande, "
        "commande du, livraison le, periode, periode du, date de naissance, date d'impression, fecha de pedido, "
        "fecha de entrega, fecha del pedido, "
        "fecha de operacion, periodo, data ordine, data consegna, data dell'ordine, periodo di riferimento, "
        "orderdatum, "
        "leverdatum, besteldatum, periode van, afleverdatum, data da encomenda, data de entrega, ordredato, "
        "leveringsdato, leveransdatum, orderdatum, bestallningsdatum, "
        "data sprzedazy, data dostawy, data zamowienia, data wykonania uslugi, data zakonczenia dostawy, "
        "datum zdanitelneho plneni, duzp, teljesites, teljesites kelte, toimituspaiva, "
        "data livrarii, stand vom, date of journey, journey date, travel date, booking date, booked on, "
        "date of travel, flight date, issue of ticket, "
        "vorgang vom, rechnung gemass bestellung vom, mandat vom, original invoice date, letter dated, "
        "reading date, ablesedatum, placed on"
    ),
    "iban": _split(
        "iban, iban nr, iban no, iban code, iban kod, konto iban, konto, bank account, bank account no, "
        "account number, account no, rekeningnummer, rekening, cuenta, conto, compte, numer konta, iban number, "
        "iban account"
    ),
    "vat": _split(
        "vat, vat no, vat number, vat id, vat nr, vat reg, vat reg no, vat reg nr, vat registration, "
        "vat registration no, vat registration number, vat registration nr, vat code, vat tin, "
        "vat id no, tax id, tax no, tax number, tax reg no, tax registration number, tax id no, tin, gst, gst no, "
        "gst number, gst reg no, gst registration no, gst hst, gstin, gstin uin, gstin no, gst id, abn, ein, "
        "ust id, ustid, ust idnr, ust id nr, ust ident nr, ustidnr, ust nr, umsatzsteuer id, "
        "umsatzsteuer identifikationsnummer, umsatzsteuer id nr, umsatzsteuer idnr, umsatzsteueridentnummer, "
        "mwst nr, mwst nummer, "
        "uid, uid nr, uid nummer, atu, umsatzsteuer ident nr, id nr, tva, no tva, n tva, numero tva, "
        "numero de tva, no de tva, tva intracommunautaire, "
        "no tva intracommunautaire, no de tva intracommunautaire, no de tva intra communautaire, tva intra, "
        "tva intracom, numero de tva intracommunautaire, identifiant tva, id tva, "
        "nif, cif, nif cif, cif nif, nif iva, nif dni, n i f, partita iva, p iva, piva, part iva, p i, "
        "cod fisc p iva, c f e p iva, codice fiscale e partita iva, cf piva, cf p iva, codice iva, btw, btw nr, "
        "btw nummer, btw id, btw no, btw id nr, "
        "contribuinte, contribuinte no, no contribuinte, nif no, moms, momsnr, momsreg nr, "
        "momsregistreringsnummer, moms reg nr, vat nr / momsreg nr, "
        "vat moms nr, cvr, cvr nr, se nr, org nr mva, foretaksregisteret, nip, numer nip, nip ue, vat ue, dic, "
        "ic dph, alv nro, alv tunnus, ytunnus, adoszam, kozossegi adoszam, cui, cif ro, cod fiscal, vat tax id, "
        "vat/tax id, vat / tin"
    ),
    "currency": _split(
        "currency, invoice currency, wahrung, rechnungswahrung, devise, monnaie, moneda, valuta, divisa, moeda, "
        "waluta, mena, valuutta, currency code, document currency, belegwahrung"
    ),
    "buyer": _split(
        "bill to, billed to, bill to address, invoice to, invoiced to, invoice address, invoicing address, "
        "billing address, billing information, billing details, billing to, "
        "sold to, sold to party, customer, customer name, customer details, customer address, client, client name, "
        "buyer, buyer name, purchaser, recipient, guest name, guest, name of guest, passenger, passenger name, "
        "charged to, attention, attn, bill recipient, to, aan, an, till, til, para, dla, "
        "receiver, subscriber, consumer name, payer, issued to, "
        "prepared for, "
        "rechnung an, rechnungsempfanger, rechnungsadresse, rechnungsanschrift, kaufer, kaufer leistungsempfanger, "
        "kunde, kundin, auftraggeber, leistungsempfanger, empfanger, "
        "besteller, gast, rechnung fur, rechnung an firma, firma, kundenadresse, abnehmer, versicherungsnehmer, "
        "patient, zahlungspflichtiger, "
        "facture a, facture a l'attention de, factures a, adresse de facturation, acheteur, destinataire, "
        "nom du client, nom de l'abonne, abonne, adresse facturation, client facture, a l'attention de, "
        "facturar a, facturado a, cliente, datos del cliente, comprador, direccion de facturacion, "
        "nombre del cliente, destinatario, datos de facturacion, razon social cliente, "
        "fatturare a, intestatario, spett, spettle, cessionario committente, cessionario, intestata a, acquirente, "
        "dati cliente, committente, "
        "factuur aan, klant, factuuradres, koper, afnemer, ter attentie van, tav, gefactureerd aan, factureren aan, "
        "faturar a, faturado a, dados do cliente, nome do cliente, exmo senhor, exmos senhores, exmo srs, "
        "adquirente, tomador, "
        "faktureras till, fakturaadress, fakturamottagare, kund, kopare, mottagare, faktureres til, faktura til, "
        "fakturaadresse, fakturamodtager, kober, mottaker, fakturamottaker, kjoper, "
        "nabywca, kupujacy, klient, platnik, odbiorca faktury, odberatel, kupujici, zakaznik, laskutusosoite, "
        "ostaja, asiakas, vevo, megrendelo, client beneficiar, cumparator, beneficiar"
    ),
    "seller": _split(
        "seller, seller name, sold by, sold by company, from, vendor, vendor name, supplier, supplier name, "
        "issued by, issuer, service provider, biller, merchant, merchant name, payee, billed by, invoice from, "
        "bill from, company name, remit to, make payable to, "
        "company, provider, hotel, "
        "verkaufer, lieferant, rechnungssteller, rechnungsaussteller, absender, leistungserbringer, aussteller, "
        "auftragnehmer, verkauft durch, verkauft von, verkauf durch, versicherer, zahlungsempfanger, kreditor, "
        "vendeur, fournisseur, emetteur, prestataire, emis par, vendu par, expediteur, "
        "vendedor, proveedor, emisor, vendido por, datos del emisor, razon social emisor, "
        "venditore, fornitore, cedente, cedente prestatore, mittente, venduto da, emittente, "
        "verkoper, leverancier, verkocht door, afzender, fornecedor, emitente, vendido por, prestador, "
        "saljare, leverantor, avsandare, betalningsmottagare, saelger, leverandor, selger, avsender, saelger navn, "
        "sprzedawca, wystawca, dostawca, dodavatel, prodavajici, prodejce, dodavatel nazev, myyja, toimittaja, "
        "laskuttaja, elado, szallito, szamla kiallito, vanzator, furnizor"
    ),
    "seller_inline": _split(
        "sold by, issued by, received by, payment received by, billed by, invoiced by, provided by, operated by, "
        "services are sold by, verkauft durch, verkauft von, verkauf durch, ausgestellt von, ausgestellt durch, "
        "emis par, vendu par, emise par, vendido por, emitida por, emitido por, venduto da, emessa da, "
        "verkocht door, uitgegeven door, utfardad av, wystawiona przez, wystawil"
    ),
    "account_holder": _split(
        "account holder, account name, name of account, kontoinhaber, kontoname, titulaire du compte, titulaire, "
        "titular, titular de la cuenta, intestatario conto, intestato a, "
        "ten name van, tnv, kontohaver, kontoinnehaver, wlasciciel rachunku, beneficiary, beneficiary name, "
        "kontoinhaberin"
    ),
    "other_party": _split(
        "ship to, shipped to, deliver to, delivery address, shipping address, shipping information, delivered to, "
        "consignee, service address, "
        "lieferadresse, lieferanschrift, warenempfanger, lieferung an, lieferempfanger, abweichende lieferadresse, "
        "leistungsort, zahlungsempfanger abweichend, "
        "adresse de livraison, livre a, livraison, adresse de l'installation, lieu de livraison, "
        "direccion de envio, direccion de entrega, enviar a, "
        "destinazione, indirizzo di consegna, luogo di consegna, destinazione merce, verzendadres, afleveradres, "
        "bezorgadres, leveradres, morada de entrega, local de entrega, local de descarga, "
        "leveransadress, leveringsadresse, adres dostawy, odbiorca, misto dodani, toimitusosoite, szallitasi cim, "
        "adresa de livrare, payee deviating, contact commercial, "
        "ansprechpartner, sachbearbeiter, contact, contact person, interlocuteur, bankverbindung, bank, bank name, "
        "bank details, payment method, payment mode, shipping method, geschaftsfuhrer"
    ),
}
"""Role to phrases. A number or a date that belongs to an ``other_`` role is none of the fields."""
