"""What docs/how-to/durable-jobs.md says of kills and power cuts, made from the artifacts of their runs."""

import json
import re
from pathlib import Path
from textwrap import fill

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "durable-jobs.md"
KILLS = Path(__file__).with_name("kills.json")
POWER_CUTS = Path(__file__).with_name("power_cuts.json")

MARKED = re.compile(r"(<!-- durability -->\n)(.*?)(<!-- /durability -->)", re.DOTALL)


def said() -> str:
    """The list that follows from the artifacts."""
    kills = json.loads(KILLS.read_text())["sqlite"]
    cuts = json.loads(POWER_CUTS.read_text())
    full, normal, off = cuts["FULL"], cuts["NORMAL"], cuts["OFF"]
    resume = kills["resume_ms"]
    of_kills = (
        f"- {kills['kills']:,} times `kill -9`: of {kills['facts']:,} facts that the queue had told, {kills['lost']} "
        f"were lost; {kills['repeated']} of {kills['documents_started']:,} starts were of a recorded document. "
        f"Documents were at work {resume['median']:.0f} ms (median; at most {resume['max']:.0f} ms) after the process "
        "had begun, beyond what Python takes to start."
    )
    of_cuts = (
        f"- {full['cuts']:,} simulated power cuts with FULL: {full['lost']} lost something, {full['corrupt']} damaged "
        f"the file. With NORMAL {normal['lost']:,} of {normal['cuts']:,} lost something and {normal['corrupt']} "
        f"damaged it; without any flush {off['corrupt']:,} of {off['cuts']:,} did."
    )
    return "".join(fill(item, width=130, subsequent_indent="  ") + "\n" for item in (of_kills, of_cuts))


def write() -> None:
    """Put it into the page, if both artifacts are there."""
    if KILLS.exists() and POWER_CUTS.exists():
        PAGE.write_text(MARKED.sub(lambda match: match[1] + said() + match[3], PAGE.read_text()))
