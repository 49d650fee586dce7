import pytest

from docmill_text_statistics.counting import Tally


def tally(*lines: str) -> Tally:
    counted = Tally()
    for line in lines:
        counted.add(line)
    return counted


@pytest.mark.parametrize(
    "line, words, sentences",
    [
        ("", 0, 0),
        ("One two three.", 3, 1),
        ("It's well-known!", 2, 1),
        ("Really?! Yes... No.", 3, 3),
        ('He said "no." Then he left', 6, 1),
        ("Version 3.11 costs 1.50 a month", 4, 0),
        ("Größe, naïve, 東京", 3, 0),
    ],
)
def test_words_and_sentences_are_counted(line: str, words: int, sentences: int) -> None:
    counted = tally(line)

    assert (counted.words, counted.sentences) == (words, sentences)


@pytest.mark.parametrize(
    "language, text",
    [
        ("de", "Das Ergebnis ist nicht mit dem Vertrag vereinbar, und die Frist wird verlängert."),
        ("en", "The result is not in line with the contract, and the period was extended for them."),
        ("es", "El resultado no es conforme a los contratos, y por eso hay una prórroga para las partes."),
        ("fr", "Le résultat est contraire au contrat, et les délais sont prolongés pour une durée d'un mois."),
        ("it", "Il risultato non è conforme alla norma, che è anche della parte, e i termini sono più lunghi."),
        (None, "Lorem ipsum dolor sit amet."),
        (None, ""),
    ],
)
def test_the_language_is_guessed_by_its_stop_words(language: str | None, text: str) -> None:
    assert tally(text).language == language


def test_as_much_of_one_language_as_of_another_is_none() -> None:
    assert tally("the and of", "der und nicht").language is None
