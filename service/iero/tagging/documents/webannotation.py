"""W3C Web Annotations: what a document mentions, as statements in the named graph of its batch.

An annotation has the concept as its body, and as its target the document with two selectors: the
exact quote with what stands around it, and the position in code points, from 0, the end excluded,
within the text of the field that ``oa:hasScope`` names. The run of the tagger is a
``prov:Activity``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

from iero.tagging.documents.dialect import Dialect
from iero.tagging.documents.document import Document
from iero.tagging.documents.tagged import Mention, Tagged
from iero.tagging.documents.writers import Writer
from iero.terms import IRI, Literal
from iero.vocabulary import IERO, PREFIXES, compress, expand

__all__ = ["SYNTAXES", "AnnotationWriter"]

SYNTAXES: Final = ("nquads", "trig", "turtle", "jsonld")

_USED: Final = ("iero", "graph", "dcterms", "oa", "prov", "rdf", "rdfs", "xsd")
_AROUND: Final = 32
_TYPE: Final = PREFIXES["rdf"] + "type"
_XSD: Final = PREFIXES["xsd"]


class _Triple(NamedTuple):
    subject: IRI
    predicate: IRI
    object: IRI | Literal


class AnnotationWriter(Writer):
    """Writes the annotations of a batch of documents as RDF.

    :param syntax: one of :data:`SYNTAXES`.
    :param batch: name of the batch; the annotations stand in ``graph:literature/<batch>``.
    :param tagger_version: of the tagger, and ``ontology_version`` likewise.
    """

    def __init__(self, syntax: str, batch: str, tagger_version: str, ontology_version: str) -> None:
        self._syntax = syntax
        self.graph = f"{IERO}graph/literature/{quote(batch, safe='-._~')}"
        self._tagger, self._ontology = tagger_version, ontology_version
        self._write = {"nquads": self._nquads, "trig": self._turtle, "turtle": self._turtle,
                       "jsonld": self._jsonld}[syntax]

    def header(self) -> bytes:
        """Return prefixes or context, and what is said of the run."""
        first = ""
        if self._syntax in ("trig", "turtle"):
            first = "".join(f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in _USED) + "\n"
        if self._syntax == "trig":
            first += f"<{self.graph}> {{\n"
        elif self._syntax == "jsonld":
            context = json.dumps({name: PREFIXES[name] for name in _USED})
            first = f'{{"@context": {context},\n"@id": "{self.graph}",\n"@graph": [\n'
        run = self._write(self._run()).decode()
        return (first + run.removeprefix(",\n")).encode()

    def footer(self) -> bytes:
        """Close what the header has opened."""
        return {"trig": b"}\n", "jsonld": b"\n]}\n"}.get(self._syntax, b"")

    def write(self, tagged: Tagged, dialect: Dialect) -> bytes:
        """See :meth:`Writer.write`."""
        document = tagged.document
        iri = IRI(document.iri or f"{self.graph}/document/{quote(document.id, safe='-._~')}")
        triples = [*_about(iri, document)] if tagged.mentions else []
        for mention in tagged.mentions:
            triples += self._annotation(iri, document, mention)
        return self._write(triples) if triples else b""

    def _run(self) -> list[_Triple]:
        run, tool = IRI(f"{self.graph}#run"), IRI(f"{IERO}tagger/{quote(self._tagger, safe='+.')}")
        made = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()))
        when = Literal(time.strftime("%Y-%m-%dT%H:%M:%SZ", made), datatype=_XSD + "dateTime")
        return [
            _triple(run, _TYPE, IRI(expand("prov:Activity"))),
            _triple(run, "prov:startedAtTime", when),
            _triple(run, "prov:wasAssociatedWith", tool),
            _triple(run, "prov:used", IRI(f"{IERO}{quote(self._ontology)}" if self._ontology
                                          else IERO.rstrip("/"))),
            _triple(tool, _TYPE, IRI(expand("prov:SoftwareAgent"))),
            _triple(tool, "rdfs:label", Literal(f"IERO tagger {self._tagger}", language="en")),
        ]

    def _annotation(self, document: IRI, about: Document, mention: Mention) -> Iterator[_Triple]:
        field, found = mention
        read, text = found.reading, about.fields[field]
        key = "\n".join((document, field, str(found.start), str(found.end), read.concept))
        made = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8)
        name = f"{self.graph}#{made.hexdigest()}"
        annotation, target = IRI(name), IRI(name + "-target")
        exact, position = IRI(name + "-quote"), IRI(name + "-position")
        yield _triple(annotation, _TYPE, _property("oa:Annotation"))
        yield _triple(annotation, "oa:motivatedBy", _property("oa:tagging"))
        yield _triple(annotation, "oa:hasBody", IRI(read.concept))
        yield _triple(annotation, "oa:hasTarget", target)
        yield _triple(annotation, "prov:wasGeneratedBy", IRI(f"{self.graph}#run"))
        yield from self._judged(annotation, mention)
        yield _triple(target, _TYPE, _property("oa:SpecificResource"))
        yield _triple(target, "oa:hasSource", document)
        yield _triple(target, "oa:hasScope", IRI(f"{document}#{quote(field, safe='-._~')}"))
        yield _triple(target, "oa:hasSelector", exact)
        yield _triple(target, "oa:hasSelector", position)
        yield _triple(exact, _TYPE, _property("oa:TextQuoteSelector"))
        yield _triple(exact, "oa:exact", _literal(found.quote))
        yield _triple(exact, "oa:prefix", _literal(text[max(0, found.start - _AROUND):found.start]))
        yield _triple(exact, "oa:suffix", _literal(text[found.end:found.end + _AROUND]))
        yield _triple(position, _TYPE, _property("oa:TextPositionSelector"))
        for name, place in (("oa:start", found.start), ("oa:end", found.end)):
            yield _triple(position, name, Literal(
                str(place), datatype=_XSD + "nonNegativeInteger"))

    def _judged(self, annotation: IRI, mention: Mention) -> Iterator[_Triple]:
        """Yield how the mention was understood."""
        read = mention.annotation.reading
        yield _triple(annotation, "iero:matchScore",
                      Literal(str(read.score), datatype=_XSD + "decimal"))
        yield _triple(annotation, "iero:isNegated",
                      Literal(str(read.negated).lower(), datatype=_XSD + "boolean"))
        for name, value in (("matchedForm", read.form), ("matchScope", read.scope),
                            ("mentionRole", read.role), ("mentionSection", read.section)):
            if value:
                yield _triple(annotation, f"iero:{name}", _literal(value))
        for rule in read.rules:
            yield _triple(annotation, "iero:firedRule", _literal(rule))

    # -- syntaxes ----------------------------------------------------------------------------------

    def _nquads(self, triples: list[_Triple]) -> bytes:
        graph = f" <{self.graph}> .\n"
        return "".join(f"{s.n3()} {p.n3()} {o.n3()}{graph}" for s, p, o in triples).encode()

    def _turtle(self, triples: list[_Triple]) -> bytes:
        lines, last = [], ""
        for subject, predicate, value in triples:
            lead = " ;\n    " if subject == last else f"{' .' * bool(last)}\n{_short(subject)} "
            name = "a" if predicate == _TYPE else _short(predicate)
            lines.append(f"{lead.lstrip() if not last else lead}{name} {_short(value)}")
            last = subject
        return ("".join(lines) + " .\n").encode()

    def _jsonld(self, triples: list[_Triple]) -> bytes:
        nodes: dict[str, dict[str, list[object]]] = {}
        for subject, predicate, value in triples:
            node = nodes.setdefault(subject, {})
            if predicate == _TYPE:
                node.setdefault("@type", []).append(str(compress(value)))
            else:
                node.setdefault(compress(predicate), []).append(_json(value))
        made = ({"@id": subject, **node} for subject, node in nodes.items())
        return "".join(",\n" + json.dumps(node, ensure_ascii=False) for node in made).encode()


@lru_cache(maxsize=64)
def _property(name: str) -> IRI:
    return IRI(expand(name))


def _triple(subject: IRI, predicate: str, value: IRI | Literal) -> _Triple:
    return _Triple(subject, _property(predicate), value)


def _literal(text: str) -> Literal:
    """Return a text as a literal; half a surrogate pair, which RDF cannot hold, is replaced."""
    return Literal(text.encode("utf-8", "replace").decode())


def _about(iri: IRI, document: Document) -> Iterator[_Triple]:
    yield _triple(iri, "dcterms:identifier", _literal(document.id))
    if document.title:
        yield _triple(iri, "dcterms:title", _literal(document.title))


_LOCAL: Final = re.compile(r"[A-Za-z]\w*:[A-Za-z]\w*", re.ASCII)


def _short(term: IRI | Literal) -> str:
    if isinstance(term, Literal):
        return term.n3()
    curie = compress(term)
    prefix = curie.partition(":")[0]
    return curie if prefix in _USED and _LOCAL.fullmatch(curie) else term.n3()


def _json(value: IRI | Literal) -> object:
    if isinstance(value, IRI):
        return {"@id": str(value)}
    if value.language:
        return {"@value": str(value), "@language": value.language}
    return {"@value": str(value), "@type": value.datatype} if value.datatype != _XSD + "string" \
        else str(value)
