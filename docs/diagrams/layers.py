"""The picture of the layers: the import contract in pyproject.toml, and the imports in the source."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final, NamedTuple

from svg import LINE, draw, text

__all__ = ["layers_svg"]

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "src" / "docmill"
ROW: Final = 34
CELL: Final = 18
LEFT: Final = 484
TOP: Final = 92


class Module(NamedTuple):
    """A module or package right below ``docmill``."""

    name: str
    says: str
    imports: frozenset[str]


def _layers() -> list[list[str]]:
    """The layers of the import contract, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["id"] == "layers")
    return [[name.strip(" ()") for name in layer.replace(":", "|").split("|")] for layer in layers]


def _module(name: str) -> Module:
    """What a module says of itself in its first line, and what it really imports of its neighbours."""
    folder = PACKAGE / name
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{name}.py"]
    face = folder / "__init__.py" if folder.is_dir() else files[0]
    says = ast.get_docstring(ast.parse(face.read_text("utf-8"))) or ""
    imports = {found for file in files for found in _imports(file)}
    return Module(name, says.partition("\n")[0], frozenset(imports - {name}))


def _imports(file: Path) -> Iterator[str]:
    """The names right below ``docmill`` that a file imports, at its top, in functions or for types only."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("docmill."))


def layers_svg() -> str:
    """The layers, one above the other, and a dot for every import from one module to another."""
    layers = _layers()
    modules = [_module(name) for layer in layers for name in layer]
    at = {module.name: number for number, module in enumerate(modules)}
    height = TOP + ROW * len(modules) + 12
    parts = list(_bands(layers))
    for number, module in enumerate(modules):
        parts += _row(module, number)
        x, y = LEFT + CELL * (number + 0.5), TOP + ROW * (number + 0.5)
        parts.append(text(x + 4, TOP - 8, module.name, kind="code", turn=True))
        parts.append(f'<rect class="self" x="{x - 5:g}" y="{y - 5:g}" width="10" height="10" rx="2"/>')
        parts += [_dot(module.name, other, LEFT + CELL * (at[other] + 0.5), y) for other in sorted(module.imports)]
    return draw("The layers of docmill, and what imports what.", (LEFT + CELL * len(modules) + 12, height), parts)


def _bands(layers: list[list[str]]) -> Iterator[str]:
    first = 0
    width = LEFT + CELL * sum(map(len, layers)) + 4
    for number, layer in enumerate(layers):
        if number % 2 == 0:
            place = f'x="4" y="{TOP + ROW * first}" width="{width}" height="{ROW * len(layer)}"'
            yield f'<rect class="band" {place} rx="4"/>'
        first += len(layer)


def _row(module: Module, number: int) -> list[str]:
    y = TOP + ROW * number + 14
    lines = wrap(module.says.replace("``", ""), 62, max_lines=2, placeholder=" ...")
    shift = 0 if len(lines) > 1 else LINE / 2
    return [
        text(12, TOP + ROW * (number + 0.5) + 4, module.name, kind="name"),
        *(text(104, y + shift + LINE * line - 1, words, kind="faint") for line, words in enumerate(lines)),
    ]


def _dot(name: str, other: str, x: float, y: float) -> str:
    return f'<circle class="dot" cx="{x:g}" cy="{y:g}" r="4.5"><title>{name} imports {other}</title></circle>'
