"""Draws the pictures of docs/explanation from the code itself: ``python docs/diagrams``.

The states of a job, of a document and of a circuit are not drawn from memory. The real rules of ``docmill.core`` are
driven through everything that may happen in every state that some small worlds can reach, and an arrow is drawn for
what was seen to happen. The layers come from the import contract, and the imports between them from the source.
"""

from pathlib import Path
from typing import Final

from charts import circuit_svg, documents_svg, jobs_svg
from explore import Explored, explore, settings
from layers import layers_svg

__all__ = ["pictures"]

PLACE: Final = Path(__file__).resolve().parents[1] / "explanation"


def pictures(explored: Explored) -> dict[str, str]:
    """All pictures, by the names of their files."""
    return {
        "states-of-a-job.svg": jobs_svg(explored),
        "states-of-a-document.svg": documents_svg(explored),
        "states-of-a-circuit.svg": circuit_svg(explored),
        "layers.svg": layers_svg(),
    }


if __name__ == "__main__":
    for name, picture in pictures(explore(settings())).items():
        (PLACE / name).write_text(picture, "utf-8")
