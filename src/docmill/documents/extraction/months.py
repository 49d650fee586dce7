"""The names of the months, as they are printed on documents of many countries."""

from docmill.documents.extraction.layout import normalise

__all__ = ["MONTHS"]

_NAMES = (
    # In en de fr es it pt nl sv da no pl cs fi hu ro: full names, and the forms that stand next to a day.
    "january jan januar jaenner janner janvier janv enero ene gennaio gen janeiro januari jan stycznia styczen "
    "sty ledna leden tammikuuta tammikuu januar ianuarie; "
    "february feb februar febr fevrier fev fevr febrero febbraio feb fevereiro fev februari lutego luty lut "
    "unora unor helmikuuta helmikuu februarie; "
    "march mar marz maerz mars marzo marco maart mrt marts marca marzec brezna brezen maaliskuuta maaliskuu "
    "marcius martie; "
    "april apr avril avr abril abr aprile abr kwietnia kwiecien kwi dubna duben huhtikuuta huhtikuu aprilis "
    "aprilie; "
    "may mai mayo maggio mag maio mei maj maja kvetna kveten toukokuuta toukokuu majus; "
    "june jun juni juin junio giugno giu junho czerwca czerwiec cze cervna cerven kesakuuta kesakuu junius "
    "iunie; "
    "july jul juli juillet juil julio luglio lug julho lipca lipiec lip cervence cervenec heinakuuta heinakuu "
    "julius iulie; "
    "august aug aout agosto ago augustus augusti sierpnia sierpien sie srpna srpen elokuuta elokuu augusztus; "
    "september sep sept septembre septiembre settembre set setembro wrzesnia wrzesien wrz zari syyskuuta "
    "syyskuu szeptember septembrie; "
    "october oct oktober okt octobre octubre ottobre ott outubro out oktobra pazdziernika pazdziernik paz "
    "rijna rijen lokakuuta lokakuu octombrie; "
    "november nov novembre noviembre novembro listopada listopad lis listopadu marraskuuta marraskuu noiembrie; "
    "december dec dezember dez decembre diciembre dic dicembre dezembro desember des grudnia grudzien gru "
    "prosince prosinec joulukuuta joulukuu decembrie"
)

MONTHS = {normalise(name): number for number, names in enumerate(_NAMES.split(";"), start=1) for name in names.split()}
"""Normalised name to number. Croatian names are left out, for they clash with those of its neighbours."""
