"""How Sphinx makes the site: ``uv run --group docs sphinx-build -W --keep-going -n docs build/site``.

Neither making it nor reading it needs the network.
"""

import os
import re
import sys
from enum import Enum
from importlib import import_module
from importlib.metadata import version as version_of
from importlib.util import find_spec
from inspect import isclass, unwrap
from pathlib import Path
from typing import Any

import attrs
from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.pycode import ModuleAnalyzer
from sphinx.transforms import SphinxTransform

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "docmill"
release = version_of("docmill")
html_title = f"docmill {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

# The anchors that GitHub makes of headings, so that a link works in both places.
myst_heading_anchors = 4

# Docstrings have code in `single` and in ``double`` backticks.
default_role = "code"
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_mock_imports = [package for package in ("distributed", "ray") if find_spec(package) is None]
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 60
toc_object_entries_show_parents = "hide"

nitpick_ignore_regex = [
    # What other projects document is not looked up, since that takes the network.
    ("py:.*", r"(collections\.abc|datetime|enum|os|pathlib|types)\..*"),
    ("py:.*", r"(PIL|distributed|matplotlib|numpy)\..*|Axes"),
    # Internal: an engine is handed them and hands them on.
    ("py:.*", r"docmill\.(core|loops)\..*"),
    # Type variables, and what only tells type checkers something.
    ("py:.*", r"docmill\..*\.[A-Z]|docmill\.notebook\.BlockingQueue|docmill\.engines\.remote\.engine\.Settings"),
    ("py:.*", r"docmill\.emitter\.listening\.Listening|OnInterrupt"),
]

SECTIONS = {"Args:", "Attributes:", "Returns:", "Raises:"}
NAPOLEON = Config(napoleon_use_ivar=True)  # attributes are told once, in the docstring of their class

INCLUDED = {
    "changes": ROOT / "CHANGELOG.md",
    "contributing": ROOT / "CONTRIBUTING.md",
    "examples": ROOT / "examples" / "README.md",
    "security": ROOT / "SECURITY.md",
}
"""Pages whose text is that of a file elsewhere in the repository."""


class LinksOutOfDocs(SphinxTransform):
    """Makes sense of links to files outside of this folder, and of all links of the files that are included."""

    default_priority = 100

    def apply(self, **_: Any) -> None:
        """Turn links into links to pages of the site, into downloads, or into words for what the site has not."""
        for node in list(self.document.findall(is_link_to_file)):
            of_document = node.get("refdomain") == "doc"
            target, _, anchor = node["reftarget"].partition("#")
            if of_document:
                path, anchor = DOCS / f"{target}.md", node["reftargetid"]
            else:
                path = INCLUDED.get(self.env.docname, DOCS / self.env.docname).parent / target
            self._mend(node, path.resolve(), anchor)

    def _mend(self, node: nodes.Element, path: Path, anchor: str | None) -> None:
        page = page_of(path)
        common = {"refdoc": self.env.docname, "reftype": "myst", "refexplicit": True}
        if page is not None:
            link = pending_xref("", refdomain="doc", reftarget=page, reftargetid=anchor or None, **common)
        elif path.is_file():
            target = Path(os.path.relpath(path, (DOCS / self.env.docname).parent)).as_posix()
            link = download_reference("", refdomain=None, reftarget=target, **common)
        elif path.is_dir():
            link = nodes.inline()
        else:
            return  # Sphinx says that it is missing
        link += node.children
        node.replace_self(link)


def is_link_to_file(node: nodes.Node) -> bool:
    """Whether a node is a link of Markdown with a path, not just an anchor."""
    return (
        isinstance(node, pending_xref | download_reference)
        and node.get("reftype") == "myst"
        and (node.get("refdomain") == "doc" or "/" in node["reftarget"] or "." in node["reftarget"])
    )


def page_of(path: Path) -> str | None:
    """The page that shows a file of the repository, or that tells of a folder of examples."""
    for page, file in INCLUDED.items():
        if path == file:
            return page
    if path.is_relative_to(ROOT / "examples") and path.is_dir():
        return "examples"
    if path.is_relative_to(DOCS) and path.suffix == ".md" and path.is_file():
        return path.relative_to(DOCS).with_suffix("").as_posix()
    return None


SHOWN = bool | int | float | str | tuple | None
"""Defaults that are written as they are; of others, such as functions, only that there is one."""

NOT_MADE_BY_CALLERS = {"Job", "EventStream", "OutcomeStream", "OwnedQueue", "Script", "SyncScript", "SimulatedStore"}


def show_signature(
    _: Sphinx, __: str, name: str, value: Any, ___: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None] | None:
    """Leave out signatures that say nothing to a caller, and write the values of constants for their names."""
    if isclass(value) and (
        issubclass(value, Enum) or is_protocol(value) or name.rpartition(".")[2] in NOT_MADE_BY_CALLERS
    ):
        return "", None
    if signature is None:
        return None
    constants = getattr(unwrap(value.__init__ if isclass(value) else value), "__globals__", {})
    fields = attrs.fields_dict(value) if isclass(value) and attrs.has(value) else {}
    signature = re.sub(r"attr_dict\['(\w+)'\]\.default", lambda found: written(fields[found[1]].default), signature)
    signature = re.sub(
        r"(?<== )[A-Z_]+\b|(?<==)[A-Z_]+\b", lambda found: written(constants.get(found[0], ...)), signature
    )
    return signature, returns


def written(default: Any) -> str:
    """A default as one would write it."""
    if isinstance(default, Enum) and default is not attrs.NOTHING:
        return str(default)
    if attrs.has(type(default)) and default == type(default)():
        return f"{type(default).__name__}()"
    return repr(default) if isinstance(default, SHOWN) else "..."


def is_protocol(value: type) -> bool:
    """Whether a class only says what others have to have."""
    return bool(getattr(value, "_is_protocol", False))


def show_bases(_: Sphinx, __: str, ___: Any, ____: Any, bases: list[Any]) -> None:
    """Leave out bases that say nothing to a caller: internal ones, and what makes a class a Protocol or generic."""
    bases[:] = [base for base in bases if isclass(base) and is_telling(base)]


def is_telling(base: type) -> bool:
    """Whether a base says something to a caller."""
    if base.__module__.partition(".")[0] == "docmill":
        return any(
            getattr(import_module(module), base.__name__, None) is base for module in ("docmill", "docmill.documents")
        )
    return issubclass(base, BaseException | Enum)


def read_docstring(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Read a docstring in Google's style."""
    if what == "data":
        lines[:] = words_below(name, value)
    if not SECTIONS.isdisjoint(lines):
        if "Returns:" in lines:  # else its words up to a colon would be taken for a type
            number = lines.index("Returns:")
            lines[number : number + 2] = [f":returns: {lines[number + 1].strip()}"]
        lines[:] = GoogleDocstring(lines, NAPOLEON, app, what, name, value, options).lines()


def words_below(name: str, value: Any) -> list[str]:
    """What is said of a value where it is defined, which need not be the module that exports it."""
    attribute = name.rpartition(".")[2]
    for module in [*sys.modules]:
        if module.startswith("docmill.") and vars(sys.modules[module]).get(attribute) is value:
            words = ModuleAnalyzer.for_module(module).find_attr_docs().get(("", attribute))
            if words:
                return list(words)
    return []


def setup(app: Sphinx) -> None:
    """Add what is above to Sphinx."""
    analyzer = ModuleAnalyzer.for_module("docmill.ports.processing")
    analyzer.analyze()
    del analyzer.overloads["processor"]  # its one signature for all says more than that of each way to call it
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.add_transform(LinksOutOfDocs)
    app.connect("autodoc-process-signature", show_signature)
    app.connect("autodoc-process-bases", show_bases)
    app.connect("autodoc-process-docstring", read_docstring)
