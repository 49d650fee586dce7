"""How exact the skew of a page is, and what a quality check costs: `python tests/benchmarks/quality.py --help`.

It draws the pages of a folder of PDFs, turns them by random angles, and compares what is measured with what was done.
A page is taken as it is drawn for level unless it is a scan; scans are left out. Each document is checked as well, and
the processor time of that is divided by its pages.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from docmill.documents.errors import DocumentError
from docmill.documents.limits import Budget
from docmill.documents.quality import check
from docmill.documents.quality.measures import measure
from docmill.documents.quality.skew import Skew
from docmill.documents.reading.pdf import open_pdf

EXAMPLES = Path(__file__).parents[2] / "examples" / "documents"

CHARACTERS = 30
"""Of its text layer that a page must have to be a page of text."""

DPIS = (72, 100, 150)

MAX_ANGLE = 10.0

GRAIN = 25.0
"""Grey levels: the noise of every second picture."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=EXAMPLES, help="of PDFs, searched with all below it")
    parser.add_argument("--pages", type=int, default=3, help="of each document (default: 3)")
    parser.add_argument("--turns", type=int, default=4, help="of each page (default: 4)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    files = sorted(arguments.folder.rglob("*.pdf"))
    print(json.dumps({"skew": skew_figures(files, arguments), "check": check_figures(files)}, indent=1))


def skew_figures(files: list[Path], arguments: argparse.Namespace) -> dict[str, float]:
    dice = random.Random(arguments.seed)
    grain = np.random.default_rng(arguments.seed)
    errors, wrong_side, unknown, wrong_turn, count = [], 0, 0, 0, 0
    for level in level_pages(files, arguments.pages):
        for at in range(arguments.turns):
            angle = dice.uniform(-MAX_ANGLE, MAX_ANGLE)
            found = measured(level, angle, dice.choice(DPIS), GRAIN * (at % 2), grain)
            count += 1
            if found.degrees is None:
                unknown += 1
                continue
            errors.append(abs(found.degrees - angle))
            wrong_side += found.degrees * angle < 0 and abs(angle) > 0.2
            wrong_turn += found.turn != 0
    return {
        "rotations": count,
        "without an answer": unknown,
        "median": round(float(np.median(errors)), 3),
        "p95": round(float(np.percentile(errors, 95)), 3),
        "max": round(max(errors), 3),
        "beyond 0.2 degrees": sum(error > 0.2 for error in errors),
        "to the wrong side": wrong_side,
        "called upside down or sideways": wrong_turn,
    }


def measured(level: Image.Image, clockwise: float, dpi: int, grain: float, dice: np.random.Generator) -> Skew:
    """The skew of a page that is drawn at 150 dpi, turned, reduced, and made grainy."""
    turned = level.rotate(-clockwise, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    size = (turned.width * dpi // 150, turned.height * dpi // 150)
    levels = np.asarray(turned.resize(size, Image.Resampling.BOX), np.float32)
    noisy = levels + dice.normal(0, grain, levels.shape)
    return measure(np.clip(noisy, 0, 255).astype(np.uint8)).skew


def level_pages(files: list[Path], pages: int) -> Iterator[Image.Image]:
    """Pictures of the pages of text."""
    for file in files:
        try:
            with open_pdf(file.read_bytes()) as pdf:
                for number in range(1, min(pages, pdf.page_count) + 1):
                    with pdf.page(number) as page:
                        words, _ = page.words()
                        if sum(len(word.text) for word in words) >= CHARACTERS:
                            yield Image.fromarray(page.render(150).pixels)
        except DocumentError:
            continue


def check_figures(files: list[Path]) -> dict[str, float]:
    """Milliseconds of processor time for a page, over all documents, and of the slowest one."""
    costs, total, pages = [], 0.0, 0
    for file in files:
        data = file.read_bytes()
        start = time.process_time()
        found = check(data, file.name, budget=Budget(30))
        spent = time.process_time() - start
        if found.pages:
            costs.append(spent / len(found.pages))
            total, pages = total + spent, pages + len(found.pages)
    return {
        "documents": len(costs),
        "pages": pages,
        "mean ms per page": round(1000 * total / pages, 1),
        "median ms per page": round(1000 * float(np.median(costs)), 1),
        "max ms per page": round(1000 * max(costs), 1),
    }


if __name__ == "__main__":
    main()
