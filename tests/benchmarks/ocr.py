"""How well words survive printing, scanning and recognition: `python tests/benchmarks/ocr.py --help`.

It draws receipts in several fonts, degrades them as printers, scanners and cameras do, lets the built-in engine read
them, and compares its words with those that were drawn. Everything is drawn here, so the truth is exact.
"""

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from docmill.documents.ocr import RapidOcr, read_scanned
from docmill.documents.quality import check
from docmill.documents.reading import read

DPI = 150
WIDTH = 3.0
"""Inches: a receipt with its margins."""

FONTS = (
    "DejaVuSansMono.ttf",
    "DejaVuSans.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSansCondensed.ttf",
    "DejaVuSansMono-Bold.ttf",
)

SHOPS = (
    ("Kastanie Bäckerei", "Am Markt 4", "99990 Neuenwald", "EUR", "Summe", "Datum"),
    ("Green Fig Grocers", "21 Quay Street", "Port Harlan", "GBP", "Total", "Date"),
    ("Librairie du Canal", "8 quai Vert", "99001 Valmont", "EUR", "Total TTC", "Date"),
    ("Ferretería Olmo", "Calle Nueva 17", "Villarrosa", "EUR", "Total", "Fecha"),
    ("Nordlys Apotek", "Havnegata 2", "9999 Sandvika", "NOK", "Sum", "Dato"),
)

GOODS = (
    "Coffee 250g", "Rye bread", "Butter", "Pencil HB", "Notebook A5", "Lamp E27", "Green tea", "Olive oil 0.5l",
    "Apples 1kg", "Soap", "Paper roll", "Batteries AA", "Milk 1l", "Honey", "Screws 4x40", "Envelope C5",
)  # fmt: skip


@dataclass(frozen=True)
class Receipt:
    """A drawn receipt and what stands on it."""

    picture: Image.Image
    words: list[str]
    total: str
    date: str


def draw(seed: int) -> Receipt:
    """Draw the receipt of this number; its font, shop, size and contents follow from it."""
    dice = random.Random(seed)
    shop, street, town, currency, total_label, date_label = SHOPS[seed % len(SHOPS)]
    size = dice.choice((16, 18, 20, 22))
    font = ImageFont.truetype(FONTS[seed // len(SHOPS) % len(FONTS)], size)
    date = f"{dice.randint(1, 28):02d}.{dice.randint(1, 12):02d}.{dice.randint(2021, 2025)}"
    goods = [(name, dice.randint(59, 4999)) for name in dice.sample(GOODS, dice.randint(4, 10))]
    total = f"{sum(price for _, price in goods) / 100:.2f}"
    rows = [(shop, ""), (street, ""), (town, ""), ("", "")]
    rows += [(f"{date_label} {date}", f"No. {dice.randint(1000, 99999)}"), ("", "")]
    rows += [(name, f"{price / 100:.2f}") for name, price in goods]
    rows += [("", ""), (f"{total_label} {currency}", total), ("", ""), (f"Card **** {dice.randint(1000, 9999)}", "")]
    leading = round(size * 1.45)
    picture = Image.new("L", (round(WIDTH * DPI), leading * len(rows) + 80), 255)
    pen = ImageDraw.Draw(picture)
    for number, (left, right) in enumerate(rows):
        y = 40 + number * leading
        pen.text((24, y), left, 0, font)
        pen.text((picture.width - 24, y), right, 0, font, anchor="ra")
    words = [word for row in rows for cell in row for word in cell.split()]
    return Receipt(picture, words, total, date)


def _of_levels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Image.Image], Image.Image]:
    def degrade(picture: Image.Image) -> Image.Image:
        return Image.fromarray(np.clip(change(np.asarray(picture, np.float32)), 0, 255).astype(np.uint8))

    return degrade


def _grain(strength: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda levels: levels + np.random.default_rng(5).normal(0, strength, levels.shape)


def _resized(dpi: float) -> Callable[[Image.Image], Image.Image]:
    def degrade(picture: Image.Image) -> Image.Image:
        size = (round(picture.width * dpi / DPI), round(picture.height * dpi / DPI))
        return picture.resize(size, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)

    return degrade


def _turned(degrees: float) -> Callable[[Image.Image], Image.Image]:
    return lambda picture: picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _compressed(quality: int) -> Callable[[Image.Image], Image.Image]:
    def degrade(picture: Image.Image) -> Image.Image:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("L")

    return degrade


def _creased(levels: np.ndarray) -> np.ndarray:
    shade = 0.55 + 0.45 * np.abs(np.sin(np.linspace(0, 9, levels.shape[0])))
    return levels * shade[:, None].astype(np.float32)


DEGRADATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "clean": lambda picture: picture,
    "72 dpi": _resized(72),
    "50 dpi": _resized(50),
    "blur 2 px": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "blur 3 px": lambda picture: picture.filter(ImageFilter.GaussianBlur(3)),
    "faded to 25 %": _of_levels(lambda levels: 235 - (255 - levels) * 0.25),
    "faded and grainy": _of_levels(lambda levels: _grain(12)(235 - (255 - levels) * 0.3)),
    "grain 40": _of_levels(_grain(40)),
    "creased": _of_levels(_creased),
    "JPEG quality 8": _compressed(8),
    "turned by 3 degrees": _turned(3),
    "turned by -8 degrees": _turned(-8),
}


@dataclass(frozen=True)
class Outcome:
    """How one degraded receipt was read.

    Attributes:
        found: words that are right.
        read: words that were recognised.
        drawn: words that there are.
        total: whether the total survived.
        date: whether the date did.
        seconds: of processor time.
        ready: the readiness that was predicted.
    """

    found: int
    read: int
    drawn: int
    total: bool
    date: bool
    seconds: float
    ready: float


def outcome(receipt: Receipt, degrade: Callable[[Image.Image], Image.Image], engine: RapidOcr) -> Outcome:
    """Send a receipt the way that documents go: as a file, through the reading of scans."""
    file = BytesIO()
    degrade(receipt.picture).save(file, "PNG", dpi=(DPI, DPI))
    reading = read(file.getvalue())
    start = time.process_time()
    read_scanned(file.getvalue(), reading, engine, level=True)
    seconds = time.process_time() - start
    words = [word.text for page in reading.pages for word in page.words]
    found = Counter(map(_plain, words)) & Counter(map(_plain, receipt.words))
    (page,) = check(file.getvalue()).pages
    return Outcome(
        found=found.total(),
        read=len(words),
        drawn=len(receipt.words),
        total=receipt.total in words,
        date=receipt.date in words,
        seconds=seconds,
        ready=page.ocr_readiness or 0.0,
    )


def _plain(word: str) -> str:
    """A word without its case, and without what stands around it."""
    return re.sub(r"^\W+|\W+$", "", word.casefold()) or word


def figures(outcomes: list[Outcome]) -> dict[str, float]:
    found, read_, drawn = (sum(getattr(one, name) for one in outcomes) for name in ("found", "read", "drawn"))
    precision, recall = found / max(1, read_), found / drawn
    return {
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
        "total": round(float(np.mean([one.total for one in outcomes])), 3),
        "date": round(float(np.mean([one.date for one in outcomes])), 3),
        "cpu_seconds": round(float(np.mean([one.seconds for one in outcomes])), 2),
        "readiness": round(float(np.mean([one.ready for one in outcomes])), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receipts", type=int, default=10, help="how many, each in all degradations (default: 10)")
    parser.add_argument("--only", action="append", choices=DEGRADATIONS, metavar="NAME", help=", ".join(DEGRADATIONS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    arguments = parser.parse_args()
    engine = RapidOcr()
    engine.recognize(Image.new("L", (64, 64), 255), DPI)
    rows: dict[str, dict[str, float]] = {}
    for name in arguments.only or DEGRADATIONS:
        receipts = [draw(seed) for seed in range(arguments.receipts)]
        rows[name] = figures([outcome(receipt, DEGRADATIONS[name], engine) for receipt in receipts])
        print(f"{name:22}", "  ".join(f"{key} {value}" for key, value in rows[name].items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
