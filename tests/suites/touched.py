"""What a test file depends on: the modules that it imports, theirs, and the files that lie beside them; one digest of all that
they say.

Imports are read from the source, those inside functions too, and those of code in a string, which a test starts as a process of
its own. Modules that are loaded by a name are found where a string is the whole name (`"app.cli.run"`) or follows `"-m"`. An
importer counts where its kind is named in a string; `importers.registry`, which can load each of them, counts for none.
Connectors of ticket systems and the signatures of their webhooks bear names of importers and are none; `app.tickets.registry`
counts for none of the connectors: their tests import them.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from importers import registry

ROOT = Path(__file__).parents[2]
TICKETS = "app.tickets"
NAMESAKES = (TICKETS, "app.domain.hooks")  # they say names of systems, and open no source
ROOMS = ("app", "importers", "tests", "benchmarks")
MODULE = re.compile(rf"(?:{'|'.join(ROOMS)})(?:\.\w+)+")


class Tree:
    """The modules below a folder. `kinds`: the modules that load when a source of a kind is opened, by a registry that loads
    any."""

    def __init__(self, root: Path, kinds: dict[str, set[str]], lazy: str = "importers.registry") -> None:
        self.root, self.kinds, self.lazy = root, kinds, lazy
        self._found: dict[Path, tuple[set[str], set[str]]] = {}

    def file_of(self, module: str) -> Path | None:
        """The module's source; a package's is its __init__.py; None: there is no such module."""
        path = self.root.joinpath(*module.split("."))
        for found in (path.with_suffix(".py"), path / "__init__.py"):
            if found.is_file():
                return found
        return None

    def said(self, path: Path) -> tuple[set[str], set[str]]:
        """The modules that a file names, and the strings that are a kind of source."""
        if path not in self._found:
            module = ".".join(path.relative_to(self.root).with_suffix("").parts)
            lazy = module in (self.lazy, f"{TICKETS}.registry")
            kinds = () if module.startswith(NAMESAKES) else self.kinds
            self._found[path] = _read(path, module.removesuffix(".__init__"), lazy, kinds)
        return self._found[path]

    def sources(self, start: Iterable[Path]) -> set[Path]:
        """These files and all that they import, one through another."""
        seen, waiting, kinds = set[Path](), [*start], set[str]()
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            modules, named = self.said(path)
            for kind in named - kinds:
                modules = modules | self.kinds[kind]
            kinds |= named
            waiting += [found for module in modules for found in self._files_of(module)]
            if path.is_relative_to(self.root / "tests"):
                waiting += [folder / "conftest.py" for folder in path.parents if (folder / "conftest.py").is_file()]
        return seen

    def _files_of(self, module: str) -> Iterator[Path]:
        """Of app.risk.first_order.sweep: its file and those of the packages around it."""
        parts = module.split(".")
        return filter(None, (self.file_of(".".join(parts[:size])) for size in range(1, len(parts) + 1)))

    def files(self, start: Iterable[Path], more: Iterable[str] = ()) -> list[Path]:
        """All files that these tests depend on, sorted. `more`: files and folders that no import leads to."""
        modules = self.sources(start)
        found = modules | {path for folder in {path.parent for path in modules} for path in self._beside.get(folder, ())}
        for name in more:
            path = self.root / name
            found |= {path} if path.is_file() else {one for one in path.rglob("*") if one.is_file() and _counts(one)}
        return sorted(found)

    @cached_property
    def _beside(self) -> dict[Path, list[Path]]:
        """The files that are no modules, by the nearest folder above them that has modules: queries, mappings, templates."""
        found: dict[Path, list[Path]] = {}
        for path in (path for room in ROOMS for path in (self.root / room).rglob("*")):
            if path.is_file() and path.suffix not in (".py", ".md", ".passed") and _counts(path):
                owner = next((folder for folder in path.parents if folder == self.root or any(folder.glob("*.py"))), self.root)
                found.setdefault(owner, []).append(path)
        return found

    def digest(self, start: Iterable[Path], more: Iterable[str] = (), also: str = "") -> str:
        """One digest of what all these files say, and of where they lie."""
        found = hashlib.blake2b(also.encode(), digest_size=16)
        for path in self.files(start, more):
            text = path.read_bytes()
            found.update(f"\0{path.relative_to(self.root).as_posix()}\0{len(text)}\0".encode() + text)
        return found.hexdigest()


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.suffix != ".pyc"


def _read(path: Path, module: str, lazy: bool, kinds: Iterable[str]) -> tuple[set[str], set[str]]:
    tree = ast.parse(path.read_text("utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    nodes = list(tree.body) if lazy else list(ast.walk(tree))
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for text in strings:
        if "import " in text and "\n" in text:
            nodes += _code(text)
    found = {name for node in nodes for name in (*_imported(node, package), *_started(node))}
    found |= {text for text in strings if MODULE.fullmatch(text)}
    return {name for name in found if name.split(".")[0] in ROOMS}, strings & set(kinds)


def _code(text: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return []


def _imported(node: ast.AST, package: str) -> list[str]:
    """The modules that a statement imports; what it takes from one may be a module too."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = package.split(".")
    base = ".".join([*above[: len(above) + 1 - node.level], *filter(None, [node.module])]) if node.level else str(node.module)
    return [base, *(f"{base}.{name.name}" for name in node.names)]


def _started(node: ast.AST) -> list[str]:
    """The package in [..., "-m", "app", ...]."""
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else node.args if isinstance(node, ast.Call) else []
    said = [part.value if isinstance(part, ast.Constant) else None for part in parts]
    return [name for flag, module in pairwise(said) if flag == "-m" for name in (f"{module}", f"{module}.__main__")]


def kinds() -> dict[str, set[str]]:
    """The modules that load when a source of a kind is opened."""
    return {kind: {module} for kind, module in registry.OPENINGS.items()}


def checkout() -> Tree:
    return Tree(ROOT, kinds())
