"""The ontology's source files: found, parsed, and tied together by their imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Final
from xml.etree import ElementTree

from iero.build import owl
from iero.build.faults import Fault, refuse
from iero.build.mappings import read_mappings
from iero.errors import OntologyError
from iero.rdf import Triple, is_iri, parse
from iero.vocabulary import ONTOLOGY, PREFIXES

ROOT_FILE: Final = "iero.ttl"
CATALOG: Final = "catalog-v001.xml"
MAPPINGS: Final = "mappings/iero.sssom.tsv"
SOURCE_FOLDERS: Final = ("modules", "claims")

_URI: Final = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}uri"
_PREFIX: Final = re.compile(r"^\s*(?:@prefix|PREFIX)\s+([\w.-]*):\s*<([^>]*)>", re.M | re.I)


@dataclass(frozen=True)
class Module:
    """One source file: an ontology document of its own, or a file of shapes."""

    path: str
    iri: str
    text: str = field(repr=False)
    triples: tuple[Triple, ...] = field(repr=False)

    @property
    def holds_claims(self) -> bool:
        """Say whether the file states what sources found, rather than what things are."""
        return self.path.startswith("claims/")

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that the file declares."""
        return dict(_PREFIX.findall(self.text))

    def line(self, term: str) -> int:
        r"""Return the line at which a term is described, else first named; 0 if nowhere.

        >>> text = "@prefix x: <http://x/> .\nx:b a x:a .\nx:a a x:c ."
        >>> Module("m.ttl", "", text, ()).line("<http://x/a>")
        3
        """
        names = [re.escape(name) for name in self._names(term)]
        mention = rf"(?<![\w:.-])(?:{'|'.join(names)})(?![\w-]|\.\w)"
        found = re.search(rf"^{mention}", self.text, re.M) or re.search(mention, self.text)
        return self.text.count("\n", 0, found.start()) + 1 if found else 0

    def _names(self, term: str) -> Iterator[str]:
        yield term
        for prefix, space in self.prefixes.items():
            if is_iri(term) and term[1:].startswith(space) and len(term) > len(space) + 2:
                yield f"{prefix}:{term[1 + len(space):-1]}"


@dataclass(frozen=True)
class Sources:
    """Everything that a release is made from."""

    modules: tuple[Module, ...]
    shapes: tuple[Module, ...]
    mappings: tuple[Triple, ...]

    @property
    def root(self) -> Module:
        """The file that imports the others."""
        return self.modules[0]

    def triples(self, *, claims: bool | None = None) -> list[Triple]:
        """Return what the modules say: all, or only those with (without) claims."""
        return [triple for module in self.modules if claims in (None, module.holds_claims)
                for triple in module.triples]

    def import_closure(self, module: Module) -> set[str]:
        """Return the IRIs of a module and of all that it imports, directly or not."""
        modules = {one.iri: one for one in self.modules}
        seen, waiting = {module.iri}, [module]
        while waiting:
            fresh = imports(waiting.pop()) - seen
            seen |= fresh
            waiting += [modules[address] for address in fresh]
        return seen

    def place(self, term: str) -> tuple[str, int]:
        """Return the file that describes a term, else one that names it, and the line."""
        describing = [m for m in self.modules if any(t.subject == term for t in m.triples)]
        for module in (*describing, *self.modules, *self.shapes):
            line = module.line(term)
            if line:
                return module.path, line
        return self.root.path, 0

    def fault(self, term: str, name: str, reason: str) -> Fault:
        """Return a fault at the place of a term."""
        return Fault(*self.place(term), name, reason)


def load_sources(root: Traversable) -> Sources:
    """Read ``iero.ttl``, every module that it imports, the shapes and the mappings.

    Imports are resolved through ``catalog-v001.xml``, as Protégé does, and never over the network.

    :param root: the folder ``ontology/``.
    :raises OntologyError: if a file is missing, does not parse, or is imported by nobody.
    """
    catalog = _read_catalog(root)
    modules: dict[str, Module] = {}
    waiting = [(ONTOLOGY, ROOT_FILE, ROOT_FILE)]
    faults: list[Fault] = []
    while waiting:
        address, path, importer = waiting.pop(0)
        if address in modules:
            continue
        modules[address] = _read_module(root, path, address, importer)
        for target in sorted(imports(modules[address])):
            if target in catalog:
                waiting.append((target, catalog[target], path))
            else:
                faults.append(_unmapped(modules[address], target))
    faults += _orphans(root, {module.path for module in modules.values()})
    refuse(faults)
    shapes = tuple(_read_document(root, path) for path in _files(root, "shapes"))
    mapped = root.joinpath(*MAPPINGS.split("/"))
    mappings = read_mappings(mapped.read_bytes(), MAPPINGS) if mapped.is_file() else ()
    return Sources(tuple(modules.values()), shapes, tuple(mappings))


def imports(module: Module) -> set[str]:
    """Return the IRIs that a module imports."""
    return {t.object[1:-1] for t in module.triples if t.predicate == owl.IMPORTS}


def _unmapped(module: Module, target: str) -> Fault:
    return Fault(module.path, module.line(f"<{target}>"), f"<{target}>",
                 f"It is imported, but {CATALOG} names no file for it.")


def _orphans(root: Traversable, used: set[str]) -> Iterator[Fault]:
    for folder in SOURCE_FOLDERS:
        for path in _files(root, folder):
            if path not in used:
                yield Fault(path, 0, "", f"No file imports this module, so {ROOT_FILE} would be "
                            "built without it: add its owl:imports and its line in the catalog.")


def _files(root: Traversable, folder: str) -> list[str]:
    """Return the Turtle files of a folder, deep, in path order."""
    place = root.joinpath(*folder.split("/"))
    if not place.is_dir():
        return []
    found = []
    for entry in sorted(place.iterdir(), key=lambda item: item.name):
        path = f"{folder}/{entry.name}"
        found += _files(root, path) if entry.is_dir() else [path] * path.endswith(".ttl")
    return found


def _read_catalog(root: Traversable) -> dict[str, str]:
    """Return ontology IRI to file, from an OASIS XML catalog (section 6.5.5, the uri entry)."""
    data = _read(root, CATALOG, "", f"Write {CATALOG} with one <uri name= uri=/> per module.")
    try:
        tree = ElementTree.fromstring(data)  # noqa: S314  # our own file, and expat bounds entities
    except ElementTree.ParseError as error:
        reason = f"{str(error).capitalize()}."
        raise OntologyError(f"{CATALOG}:{error.position[0]}: {reason}", file=CATALOG, term="",
                            line=error.position[0], reason=reason) from error
    return {entry.attrib.get("name", ""): entry.attrib.get("uri", "") for entry in tree.iter(_URI)}


def _read(root: Traversable, path: str, term: str, hint: str) -> bytes:
    place = root.joinpath(*path.split("/"))
    if not place.is_file():
        raise OntologyError(f"{path}: There is no such file in {root}.", hint=hint, file=path,
                            term=term, reason="There is no such file.")
    return place.read_bytes()


def _read_module(root: Traversable, path: str, address: str, importer: str) -> Module:
    hint = f"It is the file of <{address}>, which {importer} imports."
    module = _read_document(root, path, address, hint)
    headers = [t.subject for t in module.triples if t[1:] == (owl.TYPE, owl.ONTOLOGY_CLASS)]
    if headers != [f"<{address}>"]:
        named = ", ".join(headers) or "none"
        refuse([Fault(path, module.line(headers[0]) if headers else 0, f"<{address}>",
                      f"The file must declare this owl:Ontology alone; it declares {named}.")])
    return module


def _read_document(root: Traversable, path: str, address: str = "", hint: str = "") -> Module:
    data = _read(root, path, f"<{address}>" * bool(address), hint)
    triples = parse(data, "turtle", name=path, base=PREFIXES["iero"])
    return Module(path, address, data.decode("utf-8"), tuple(triples))
