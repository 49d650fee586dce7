"""The words that say what an amount is, as data: an amount's label is taken apart, and its parts are put together.

"Total excl. VAT" is a total, exclusive, and of tax: hence the net total, in every language that puts it so.
"""

__all__ = ["PHRASES", "STEMS"]

PHRASES = {
    "total": "total, totals, totale, totali, totaal, totalt, totaux, totales, totais, sum, summe, summa, somme, "
    "suma, soma, amount, amounts, betrag, montant, importe, importo, "
    "bedrag, belopp, belob, kwota, wartosc, valor, gesamt, insgesamt, razem, ogolem, celkem, yhteensa, osszesen, "
    "vegosszeg, sammenlagt, "
    "ialt, i alt, tot, insgesammt, suma total, wartosc ogolem, value, gesamtbeitrag, rechnungsbeitrag, beitrag, "
    "cijena, ukupno, genel toplam, toplam",
    "sub": "subtotal, sub total, subtotale, subtotaal, sous total, zwischensumme, delsumma, delsum, subtotals, "
    "positionssumme, parcial, mezisoucet, "
    "reszosszeg, valisumma, suma czesciowa, line total, item total, items subtotal, summe positionen, "
    "total lines, total des lignes, warenwert, gesamtwarenwert, sub totaal, merchandise total",
    "net": "net, netto, untaxed, net amount, net total, taxable, taxable amount, taxable value, assessable value, "
    "before tax, before taxes, before vat, pre tax, base, basis, base imponible, base imponibile, "
    "base tributavel, base imposable, base ht, "
    "imponibile, totale imponibile, tot imponibile, ht, hors taxe, hors taxes, hors tva, neto, valor neto, "
    "importe neto, grundlag, grundlaget, zaklad, zaklad dane, netto wartosc, wartosc netto, kwota netto, vat base, "
    "tax base, tax basis, steuerbasis, bemessungsgrundlage, "
    "veroton, alv 0, adoalap, bez dph, bez vat, incidencia, total iliquido, iliquido, eligible, sum ex tax, "
    "momsgrundlag, momsgrundande, underlag, grunnlag, avgiftsgrunnlag",
    "excl": "excl, excluding, exclusive, exclusief, exklusive, exkl, excl of, ohne, without, sans, sin, ex, eks, "
    "ekskl, uden, utan, uten, exc, senza, esclusa, escluso, excluido, excluida, sem, exclusive of, "
    "not including, bez",
    "tax": "tax, taxes, vat, mwst, mwst betrag, ust, umsatzsteuer, mehrwertsteuer, steuer, steuern, steuerbetrag, "
    "tva, t v a, iva, i v a, btw, moms, mva, merverdiavgift, gst, cgst, sgst, igst, utgst, hst, pst, qst, tps, "
    "tvq, "
    "dph, podatek, podatek vat, kwota vat, alv, afa, impuesto, impuestos, imposta, imposte, imposto, taxe, tasse, "
    "igic, igv, itbis, kdv, ppn, sst, sales tax, service tax, versicherungsteuer, versicherungssteuer, "
    "vat amount, tax amount, omzetbelasting, consumption tax, dan, kwota podatku, arvonlisavero, pdv, tax due",
    "incl": "incl, including, inclusive, inclusief, inklusive, inkl, inc, incluido, incluida, inclusa, incluso, "
    "incl of, compris, comprise, comprises, mit, con, com, med, including all, with, avec, sis, sisaltaen, "
    "s dph, z vat, inclusive of, in kl",
    "gross": "gross, brutto, bruto, lordo, ttc, t t c, toutes taxes comprises, grand total, total ttc, "
    "gesamtbetrag, rechnungsbetrag, rechnungssumme, endbetrag, endsumme, gesamtsumme, rechnungsendbetrag, "
    "gesamtpreis, rechnungstotal, totalbetrag, "
    "invoice total, invoice amount, total invoice, total for this invoice, total this invoice, invoice value, "
    "total invoice value, bill amount, bill total, total bill, order total, net invoice total, final total, "
    "total amount, amount total, "
    "total facture, montant facture, total de la facture, montant total, montant de la facture, total factura, "
    "importe total, total fattura, totale fattura, totale documento, tot documento, importo totale, "
    "totale generale, "
    "factuurbedrag, factuurtotaal, totaalbedrag, totaal factuur, eindtotaal, total general, total geral, "
    "valor total, total da fatura, total documento, total do documento, fakturabelopp, fakturabelob, fakturasum, "
    "fakturatotal, totalbelopp, "
    "wartosc brutto, kwota brutto, do zaplaty razem, celkem s dph, celkova castka, total new charges, "
    "total current charges, total charges, current charges, total cost, total price, grandtotal, gesamtkosten, "
    "kokonaissumma, mindosszesen, brutto osszeg, total de plata, "
    "total vat incl, total vat included, tax included, vat included, iva incluido, iva inclusa, tva comprise, "
    "inc vat, inc gst, total fare, total airfare, ticket total, total paid, total payment, amount charged, "
    "total charged",
    "due": "due, amount due, total due, balance due, balance, total amount due, payable, amount payable, "
    "total payable, net payable, total amount payable, to pay, total to pay, amount to pay, to be paid, "
    "pay this amount, please pay, outstanding, amount owing, amount outstanding, balance owing, open balance, "
    "zu zahlen, zu zahlender, zu zahlende, zu zahlenden, zu zahlender betrag, due payable, net due, "
    "noch zu zahlen, zahlbetrag, zahlungsbetrag, zahlbar, zahllast, zu uberweisen, uberweisungsbetrag, restbetrag, "
    "restforderung, offener betrag, offene forderung, forderungsbetrag, forderung, falliger betrag, fallig, "
    "noch offen, abbuchungsbetrag, lastschriftbetrag, "
    "a payer, net a payer, net a payer ttc, reste a payer, solde, solde a payer, solde du, montant a payer, "
    "total a payer, somme a payer, somme due, montant du, reste du, montant preleve, montant du prelevement, "
    "a regler, "
    "a pagar, total a pagar, importe a pagar, liquido a pagar, pendiente, pendiente de pago, saldo pendiente, "
    "saldo, valor a pagar, montante a pagar, da pagare, totale da pagare, netto a pagare, importo da pagare, "
    "totale dovuto, netto da pagare, saldo a pagare, "
    "te betalen, te voldoen, openstaand, openstaand bedrag, totaal te betalen, nog te betalen, te betalen bedrag, "
    "verschuldigd, att betala, summa att betala, belopp att betala, at betale, til betaling, a betale, "
    "belob til betaling, belop a betale, totalt a betale, "
    "do zaplaty, pozostaje do zaplaty, k uhrade, celkem k uhrade, zbyva uhradit, maksettava, maksettavaa, "
    "fizetendo, fizetendo osszeg, de plata, rest de plata",
    "prepaid": "prepaid, paid, already paid, amount paid, payment received, payments received, payments, "
    "less payments, less paid, less deposit, deposit, deposits, advance, advance payment, advance paid, "
    "down payment, payment, amount received, received, paid amount, "
    "anzahlung, anzahlungen, erhaltene anzahlungen, geleistete anzahlung, abzuglich anzahlung, bereits bezahlt, "
    "bereits gezahlt, gezahlt, bezahlt, gegeben, zahlung, vorauszahlung, abschlagszahlung, abschlagszahlungen, "
    "erhaltene zahlungen, "
    "acompte, acomptes, deja paye, deja regle, deja verse, montant paye, montant regle, paiement recu, regle, "
    "paye, avance, anticipo, anticipos, pagado, pagos, a cuenta, entrega a cuenta, acconto, acconti, gia pagato, "
    "pagato, "
    "voorschot, aanbetaling, betaald, reeds betaald, reeds voldaan, adiantamento, pago, ja pago, forskott, "
    "forskud, forskudd, betalt, innbetalt, zaliczka, zaplacono, wplata, zaloha, zaplaceno, uhrazeno, ennakko, "
    "maksettu, eloleg, fizetve, avans, achitat, "
    "cash, change, tendered, card, visa, mastercard, amex, wechselgeld, ruckgeld, rendu, especes, cambio, "
    "efectivo, contanti, resto, wisselgeld, kontant, bargeld, ec karte",
    "previous": "previous balance, balance forward, brought forward, last bill, previous bill, opening balance, "
    "carried forward, ubertrag, vortrag, saldovortrag, report, solde precedent, ancien solde, saldo anterior, "
    "saldo precedente, vorig saldo, previous reading, last invoice, your last bill, "
    "balance brought forward, ausstehende forderung, ausstehende forderungen, offene posten, arrears, overdue, "
    "past due, ruckstand, saldo iniziale, credits, credit, insurance, limit, credit limit, minimum, "
    "minimum payment, late fee, late payment, after due date, mahngebuhr, verzugszinsen, capital, au capital de, "
    "capital social, stammkapital, gesellschaftskapital, grundkapital, cap soc, kapital, late payment charge, "
    "penalite, indemnite",
    "allowance": "discount, discounts, rabatt, rabatte, remise, remises, skonto, sconto, sconti, descuento, "
    "descuentos, dto, korting, desconto, descontos, rabat, nachlass, abschlag, abschlage, abzug, abzuge, "
    "allowance, allowances, sondernachlass, ermassigung, gutschein, voucher, coupon, promotion, promotions, "
    "savings, you saved, "
    "escompte, ristourne, sleva, alennus, kedvezmeny, rabais, promo, reduction, gutschrift, rebate",
    "charge": "shipping, freight, shipping and handling, postage, versand, versandkosten, porto, delivery, "
    "delivery charge, lieferkosten, transport, transporte, trasporto, frais de port, port, frais, "
    "gastos de envio, envio, spedizione, spese di spedizione, spese, verzendkosten, frakt, fragt, fracht, "
    "frachtkosten, zuschlag, zuschlage, "
    "charges, handling, surcharge, fee, fees, service charge, tip, gratuity, trinkgeld, rounding, round off, "
    "rundung, arrondi, redondeo, arrotondamento, afronding, pourboire, transportkosten, verpackung, portes, "
    "doprava, toimituskulut, packing, kdv tevkifati",
    "unit": "unit price, price, preis, einzelpreis, prix unitaire, prix, pu, p u, precio, precio unitario, prezzo, "
    "prezzo unitario, prijs, stukprijs, preco, preco unitario, a pris, pris, enhetspris, cena, "
    "cena jednostkowa, rate, unit cost, quantity, qty, menge, quantite, cantidad, quantita, aantal, "
    "quantidade, antal, ilosc, weight, gewicht, kg, hours, stunden, "
    "net weight, gross weight, nettogewicht, bruttogewicht, nettopreis, bruttopreis, net price, gross price, "
    "nettoeinzelpreis, vk preis, price per unit, cena netto, bruttoeinzelpreis",
}
"""Part of a label to the phrases for it. The longest phrase wins."""

STEMS = (
    ("steuersatz", "rate"),
    ("gewicht", "unit"),
    ("preis", "unit"),
    ("netto", "net"),
    ("brutto", "gross"),
    ("steuer", "tax"),
    ("mwst", "tax"),
    ("moms", "tax"),
    ("btw", "tax"),
    ("umsatzst", "tax"),
    ("rabatt", "allowance"),
    ("korting", "allowance"),
    ("abschlag", "allowance"),
    ("zuschlag", "charge"),
    ("versand", "charge"),
    ("kosten", "charge"),
    ("gebuhr", "charge"),
    ("anzahlung", "prepaid"),
    ("vorauszahlung", "prepaid"),
    ("rechnungs", "gross"),
    ("gesamt", "total"),
    ("summe", "total"),
    ("betrag", "total"),
    ("bedrag", "total"),
    ("belopp", "total"),
    ("beitrag", "total"),
)
"""Parts of compounds of German, Dutch and their neighbours, with what they say; each that occurs counts."""
