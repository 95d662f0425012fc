"""Faults that the sources show before any reasoning: names, owners, OWL 2 DL, literals.

The sections cited are those of OWL 2 Structural Specification (second edition) and of OWL 2 Mapping
to RDF Graphs. The whole of the profile is checked on the release by the OWL API, in the tests; what
authors get wrong in practice stops the build here, with file and line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import cached_property

from iero.build import owl
from iero.build.faults import Fault
from iero.build.sources import Module, Sources
from iero.rdf import Triple, curie, iri, is_blank, is_iri, is_literal, value
from iero.vocabulary import IERO, PREFIXES, is_own


def find_faults(sources: Sources) -> list[Fault]:
    """Return everything that is wrong with the sources as they are written."""
    profile = Profile(sources)
    checks: tuple[Callable[[], Iterator[Fault]], ...] = (
        profile.undefined_names, profile.wrong_owners, profile.missing_imports,
        profile.punned_names,
        profile.wrong_predicates, profile.wrong_classes, profile.wrong_properties,
        profile.broken_restrictions, profile.wrong_types, profile.non_simple_properties,
        profile.wrong_literals,
    )
    return sorted({fault for check in checks for fault in check()})


class Profile:
    """The merged sources, indexed by what each name is declared to be."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.triples = sources.triples()
        self.kinds: dict[str, set[str]] = defaultdict(set)
        self.homes: dict[str, list[Module]] = defaultdict(list)
        self.about: dict[str, list[Triple]] = defaultdict(list)
        for module in sources.modules:
            for triple in module.triples:
                self._note(module, triple)

    def _note(self, module: Module, triple: Triple) -> None:
        self.about[triple.subject].append(triple)
        if triple.predicate != owl.TYPE:
            return
        if triple.object in owl.DECLARES:
            self.kinds[triple.subject].add(owl.DECLARES[triple.object])
        elif triple.object not in owl.KINDS_OF_AXIOM:
            self.kinds[triple.subject].add(owl.INDIVIDUAL)
        if module not in self.homes[triple.subject]:
            self.homes[triple.subject].append(module)

    # names and their owners

    def undefined_names(self) -> Iterator[Fault]:
        """Names of ours that no file declares: most are misspelt."""
        documents = [*self.sources.modules, *self.sources.shapes]
        declared = {t.subject for m in documents for t in m.triples if t.predicate == owl.TYPE}
        used: dict[str, str] = {}
        for module in documents:
            for triple in module.triples:
                for term in triple[:2] if triple.predicate in owl.NAMES_VERSIONS else triple:
                    used.setdefault(term, module.path)
        used |= {t.subject: "mappings/iero.sssom.tsv" for t in self.sources.mappings
                 if t.subject not in used}
        for term, path in used.items():
            if is_iri(term) and is_own(term[1:-1]) and term not in declared:
                yield self._undefined(term, path, declared)

    def _undefined(self, term: str, path: str, declared: set[str]) -> Fault:
        space = len("<" + IERO)
        names = sorted(name[space:-1] for name in declared if name.startswith("<" + IERO))
        close = get_close_matches(term[space:-1], names, n=3, cutoff=0.75)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        lines = {m.path: m.line(term) for m in (*self.sources.modules, *self.sources.shapes)}
        return Fault(path, lines.get(path, 0), curie(term),
                     f"It is used, but no file declares it with an rdf:type.{hint}")

    def wrong_owners(self) -> Iterator[Fault]:
        """Terms without the one ``rdfs:isDefinedBy`` that names the file they are declared in."""
        for term, homes in self.homes.items():
            if not is_iri(term) or (term, owl.TYPE, owl.ONTOLOGY_CLASS) in self.about[term]:
                continue
            if len(homes) > 1 and is_own(term[1:-1]):
                paths = " and ".join(module.path for module in homes)
                yield self._fault(term, f"It is declared in {paths}; keep one of them.")
                continue
            owners = [t.object for t in self.about[term] if t.predicate == owl.DEFINED_BY]
            expected = f"<{homes[0].iri}>"
            needs_owner = is_own(term[1:-1]) and not term.startswith(f"<{IERO}claim/")
            if owners != [expected] and (owners or needs_owner):
                found = ", ".join(owners) or "missing"
                yield self._fault(term, f"rdfs:isDefinedBy must be {expected}; it is {found}.")

    def missing_imports(self) -> Iterator[Fault]:
        """Files that use what a file declares that they do not import, directly or not.

        OWL tools open files singly, and take an object property whose declaration they do not see
        for an annotation property (Structural Specification, section 5.8.2).
        """
        for module in self.sources.modules:
            seen = self.sources.import_closure(module)
            told: set[str] = set()
            for term in self._declarable_terms(module):
                homes = {home.iri for home in self.homes[term]}
                if homes and not homes & (seen | told):
                    home = self.homes[term][0]
                    told.add(home.iri)
                    yield Fault(module.path, module.line(term), curie(term), "It is declared in "
                                f"{home.path}, so this file must import <{home.iri}>, or one "
                                "that does.")

    def _declarable_terms(self, module: Module) -> Iterator[str]:
        """Yield the names of classes, properties and datatypes that a file's axioms use."""
        for triple in module.triples:
            annotation = self._is_annotation(triple.predicate)
            for term in (triple.predicate,) if annotation else triple:
                if self.kinds.get(term, set()) - {owl.INDIVIDUAL} and is_iri(term):
                    yield term

    def punned_names(self) -> Iterator[Fault]:
        """One name for things that OWL 2 DL keeps apart (Structural Specification, 5.8.1)."""
        for term, kinds in self.kinds.items():
            properties = [kind for kind in owl.PROPERTIES if kind in kinds]
            if len(properties) > 1:
                yield self._fault(term, f"It is declared as {' and as '.join(properties)}.")
            if {owl.CLASS, owl.DATATYPE} <= kinds and is_iri(term):
                yield self._fault(term, "It is declared as a class and as a datatype.")

    # positions

    def wrong_predicates(self) -> Iterator[Fault]:
        """Predicates that are not declared, or whose subject or object is of the wrong sort."""
        for triple in self.triples:
            predicate = triple.predicate
            kinds = self.kinds.get(predicate, set()).intersection(owl.PROPERTIES)
            if predicate.startswith(owl.BUILT_IN_SPACES):
                if predicate not in owl.STRUCTURE:
                    yield self._fault(predicate, "OWL 2 has no such property.", triple.subject)
            elif not kinds and predicate in self.kinds:
                yield self._fault(predicate, "It is used as a property but declared as "
                                  f"{' and '.join(sorted(self.kinds[predicate]))}.", triple.subject)
            elif not kinds and not is_own(predicate[1:-1]):
                yield self._fault(predicate, "It is used as a property but declared nowhere as an "
                                  "object, data or annotation property.", triple.subject)
            else:
                yield from self._wrong_ends(triple, kinds)

    def _wrong_ends(self, triple: Triple, kinds: set[str]) -> Iterator[Fault]:
        subject, predicate, object_ = triple
        name = curie(predicate)
        if kinds == {owl.OBJECT} and is_literal(object_):
            yield self._fault(subject, f"{name} is an object property, but its value is {object_}.")
        elif kinds == {owl.DATA} and not is_literal(object_):
            yield self._fault(subject, f"{name} is a data property, but its value is "
                              f"{curie(object_)}.")
        elif kinds <= {owl.OBJECT, owl.DATA} and kinds:
            for end in (subject, object_):
                if owl.CLASS in self.kinds.get(end, ()) and is_iri(end):
                    yield self._fault(subject, f"{name} ties individuals, but {curie(end)} is a "
                                      "class: write an owl:Restriction, or an iero:Claim.")

    def wrong_classes(self) -> Iterator[Fault]:
        """Names used as classes that are not declared as classes (Mapping to RDF, section 3.1)."""
        either, only = {owl.CLASS, owl.DATATYPE}, {owl.CLASS}
        for triple in self.triples:
            subject, predicate, object_ = triple
            if predicate in owl.CLASS_TO_CLASS:
                yield from self._not_a_class(subject, subject, predicate, only)
            if predicate in owl.TO_CLASS and not self._is_annotation(subject):
                yield from self._not_a_class(object_, subject, predicate, only)
            elif predicate in owl.TO_CLASS_OR_DATA and not self._is_annotation(subject):
                yield from self._not_a_class(object_, subject, predicate, either)
            elif self._lists_classes(triple):
                allowed = either if predicate in owl.TO_CLASS_OR_DATA_LIST else only
                for member in self._members(object_):
                    yield from self._not_a_class(member, subject, predicate, allowed)

    def _lists_classes(self, triple: Triple) -> bool:
        disjoint = Triple(triple.subject, owl.TYPE, owl.ALL_DISJOINT)
        return (triple.predicate in owl.TO_CLASS_LIST | owl.TO_CLASS_OR_DATA_LIST
                or (triple.predicate == owl.MEMBERS and disjoint in self.about[triple.subject]))

    def _is_annotation(self, term: str) -> bool:
        return owl.ANNOTATION in self.kinds.get(term, ())

    def _not_a_class(self, term: str, subject: str, predicate: str,
                     allowed: set[str]) -> Iterator[Fault]:
        kinds = self.kinds.get(term, set())
        built_in = owl.DATATYPES if owl.DATATYPE in allowed else frozenset[str]()
        if kinds & allowed or term in built_in or term in (owl.THING, owl.NOTHING):
            return
        if is_blank(term) and (term, owl.TYPE, owl.RESTRICTION) in self.about[term]:
            return
        if is_iri(term) and is_own(term[1:-1]) and not kinds:
            return  # told once, as an undefined name
        sort = " and ".join(sorted(kinds)) or "nothing"
        what = "A blank node" if is_blank(term) else curie(term)
        yield self._fault(term, f"{what} stands where {curie(predicate)} needs a class, but it is "
                          f"declared as {sort}.", subject)

    def wrong_properties(self) -> Iterator[Fault]:
        """Axioms about properties that mix their sorts or name no property."""
        for subject, predicate, object_ in self.triples:
            if predicate in owl.BETWEEN_PROPERTIES:
                yield from self._mixed(subject, predicate, object_)
            elif predicate == owl.ON_PROPERTY:
                kinds = self._property_kinds(object_)
                if not kinds & {owl.OBJECT, owl.DATA} and self._known(object_):
                    yield self._fault(object_, "A restriction needs an object or data property; "
                                      f"it is {_sorts(kinds)}.", subject)
            elif predicate == owl.CHAIN:
                for link in self._members(object_):
                    if owl.OBJECT not in self._property_kinds(link) and self._known(link):
                        yield self._fault(link, "A chain needs object properties.", subject)

    def _mixed(self, subject: str, predicate: str, object_: str) -> Iterator[Fault]:
        left, right = self._property_kinds(subject), self._property_kinds(object_)
        expression = is_blank(subject) and predicate == owl.INVERSE
        if not left & right and not expression and self._known(subject) and self._known(object_):
            yield self._fault(subject, f"{curie(predicate)} must tie two properties of one sort, "
                              f"but {curie(object_)} is {_sorts(right)}, {curie(subject)} "
                              f"{_sorts(left)}.")

    def _known(self, term: str) -> bool:
        """Say whether a name is declared or foreign: undefined names of ours are told already."""
        return term in self.kinds or not is_iri(term) or not is_own(term[1:-1])

    def _property_kinds(self, term: str) -> set[str]:
        if is_blank(term) and any(t.predicate == owl.INVERSE for t in self.about[term]):
            return {owl.OBJECT}
        if term in owl.BUILT_IN_ANNOTATIONS:
            return {owl.ANNOTATION}
        if term in (iri("owl:topObjectProperty"), iri("owl:bottomObjectProperty")):
            return {owl.OBJECT}
        return self.kinds.get(term, set()).intersection(owl.PROPERTIES)

    def broken_restrictions(self) -> Iterator[Fault]:
        """Restrictions without property or filler (Mapping to RDF, table 13)."""
        for triple in self.triples:
            if triple[1:] != (owl.TYPE, owl.RESTRICTION):
                continue
            said = [t.predicate for t in self.about[triple.subject]]
            fillers = [predicate for predicate in said if predicate in owl.FILLERS]
            if said.count(owl.ON_PROPERTY) != 1 or len(fillers) != 1:
                found = ", ".join(sorted(curie(p) for p in said if p != owl.TYPE)) or "nothing"
                yield self._fault(triple.subject, "A restriction needs one owl:onProperty and one "
                                  f"filler such as owl:someValuesFrom; it has {found}.")

    def wrong_types(self) -> Iterator[Fault]:
        """Things typed by what is not a class."""
        for subject, predicate, object_ in self.triples:
            if predicate != owl.TYPE or object_ in owl.KINDS_OF_AXIOM:
                continue
            yield from self._not_a_class(object_, subject, predicate, {owl.CLASS})
            if self.kinds.get(subject, set()) & {owl.CLASS} and is_iri(subject) and is_iri(object_):
                yield self._fault(subject, f"It is a class and, by its type {curie(object_)}, an "
                                  "individual: use rdfs:subClassOf.")

    def non_simple_properties(self) -> Iterator[Fault]:
        """Composite properties where only simple ones may stand (section 11.2)."""
        composite = self._composite
        for subject, predicate, object_ in self.triples:
            if predicate == owl.TYPE and object_ in owl.SIMPLE_ONLY and subject in composite:
                yield self._fault(subject, f"It is an {curie(object_)}, but it follows from a "
                                  "chain or a transitive property, which OWL 2 DL forbids.")
            elif predicate in owl.CARDINALITIES:
                for t in self.about[subject]:
                    if t.predicate == owl.ON_PROPERTY and t.object in composite:
                        yield self._fault(t.object, f"{curie(predicate)} counts along it, but it "
                                          "follows from a chain or a transitive property.", subject)
            elif predicate == iri("owl:propertyDisjointWith"):
                for end in sorted(composite.intersection((subject, object_))):
                    yield self._fault(end, "A disjointness axiom names it, but it follows from a "
                                      "chain or a transitive property.")

    @cached_property
    def _composite(self) -> set[str]:
        """Properties that chains or transitivity can produce, with all that lie above them."""
        made = {t.subject for t in self.triples if t.predicate == owl.CHAIN
                or t[1:] == (owl.TYPE, owl.TRANSITIVE)}
        above: dict[str, set[str]] = defaultdict(set)
        for subject, predicate, object_ in self.triples:
            if predicate in owl.BETWEEN_PROPERTIES - {iri("owl:propertyDisjointWith")}:
                above[subject].add(object_)
                if predicate != owl.SUBPROPERTY:
                    above[object_].add(subject)
        waiting = list(made)
        while waiting:
            fresh = above[waiting.pop()] - made
            made |= fresh
            waiting += fresh
        return made

    def wrong_literals(self) -> Iterator[Fault]:
        """Literals whose text does not fit their datatype, and datatypes that OWL 2 lacks (4)."""
        for subject, predicate, object_ in self.triples:
            if not is_literal(object_) or not object_.endswith(">"):
                continue
            text, _, datatype = value(object_)
            rule = owl.LEXICAL.get(datatype.removeprefix(PREFIXES["xsd"]))
            place, name = curie(predicate), curie(f"<{datatype}>")
            declared = owl.DATATYPE in self.kinds.get(f"<{datatype}>", ())
            if f"<{datatype}>" not in owl.DATATYPES and not declared:
                yield self._fault(subject, f"{place} has a value of {name}, which is no datatype "
                                  "of OWL 2.")
            elif rule is not None and not rule.fullmatch(text):
                yield self._fault(subject, f"{place} has the value {text!r}, which is no {name}.")

    # helpers

    def _members(self, node: str) -> Iterator[str]:
        while node != owl.NIL and self.about[node]:
            said = {t.predicate: t.object for t in self.about[node]}
            if owl.FIRST in said:
                yield said[owl.FIRST]
            node = said.get(owl.REST, owl.NIL)

    def _owner(self, node: str) -> str:
        """Return the nearest name above a blank node."""
        while is_blank(node):
            above = next((t.subject for t in self.triples if t.object == node), "")
            if not above:
                named = [t.object for t in self.about[node] if is_iri(t.object)]
                return named[-1] if named else node
            node = above
        return node

    def _fault(self, term: str, reason: str, used_by: str = "") -> Fault:
        """Return a fault about a term, placed where the term, or else its user, is described."""
        owner, user = self._owner(term), self._owner(used_by or term)
        where = user if used_by else owner
        extra = f" (in {curie(user)})" if used_by and user != owner else ""
        return self.sources.fault(where, curie(owner), reason[:-1] + extra + ".")


def _sorts(kinds: set[str]) -> str:
    return " and ".join(sorted(kinds)) or "no declared property"
