"""Measure the tagger beside its peers: the same forms, the same texts, one process each in turn.

    pip install 'iero[bench]'
    python benchmarks/tagger.py abstracts.jsonl.gz

Every line of the input is a JSON object with ``title`` and ``abstract``. Each tool reads the lines,
finds the forms of IERO's lexicon, and writes each line with what it found; peers have no rules, so
they do less. A tool that is not installed, or cannot run without a network, is left out and named.
"""

from __future__ import annotations

import sys

sys.path[:] = sys.path[1:]  # drop this folder, where another benchmark would hide Python's http

import argparse
import gc
import gzip
import logging
import re
import resource
import time
from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat
from pathlib import Path

import orjson
from iero import Tagger
from iero.tagging import to_json
from iero.tagging.finding import COMPILED
from iero.tagging.finding.matcher import ENGINE
from iero.tagging.finding.text import fold_form

Line = Callable[[str], object]


def iero_tagger(forms: dict[str, str]) -> Line:
    """IERO with all its filters on."""
    del forms
    tagger = Tagger.open()
    return lambda text: orjson.Fragment(to_json(tagger.tag(text)))


def spacy_matcher(forms: dict[str, str]) -> Line:
    """SpaCy's PhraseMatcher over the tokens of a blank English pipeline, case aside."""
    import spacy
    from spacy.matcher import PhraseMatcher

    language = spacy.blank("en")
    matcher = PhraseMatcher(language.vocab, attr="LOWER")
    for concept in dict.fromkeys(forms.values()):
        phrases = [form for form, each in forms.items() if each == concept]
        matcher.add(concept, list(language.tokenizer.pipe(phrases)))

    def tag(text: str) -> object:
        document = language.make_doc(text)
        return [(document.vocab.strings[key], document[start:end].start_char,
                 document[start:end].end_char) for key, start, end in matcher(document)]

    return tag


def flashtext(forms: dict[str, str]) -> Line:
    """FlashText: a trie over characters, walked in Python."""
    from flashtext import KeywordProcessor

    processor = KeywordProcessor()
    for form, concept in forms.items():
        processor.add_keyword(form, concept)
    return lambda text: processor.extract_keywords(text, span_info=True)


def pyahocorasick(forms: dict[str, str]) -> Line:
    """Pyahocorasick's automaton alone: no words, no overlap, no rules."""
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for form, concept in forms.items():
        automaton.add_word(form, (concept, len(form)))
    automaton.make_automaton()
    return lambda text: [(concept, end - length + 1, end + 1)
                         for end, (concept, length) in automaton.iter_long(text.lower())]


def gilda(forms: dict[str, str]) -> Line:
    """Gilda's annotator with a grounder of our own forms, without the models that it downloads."""
    import gilda.grounder
    from gilda import Term
    from gilda.ner import annotate
    from gilda.process import normalize

    gilda.grounder.load_gilda_models = dict  # type: ignore[assignment]
    terms = [Term(normalize(form), form, "iero", concept.rpartition("/")[2], form, "synonym",
                  "iero") for form, concept in forms.items()]
    grounder = gilda.grounder.Grounder(terms)
    annotate("venting", grounder=grounder, sent_split_fun=_sentences)
    return lambda text: [
        (each.start, each.end, each.text)
        for each in annotate(text, grounder=grounder, sent_split_fun=_sentences)]


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in [*(found.end() for found in re.finditer(r"\. ", text)), len(text)]:
        if end > start:
            yield start, end
        start = end


def oaklib(forms: dict[str, str]) -> Line:
    """OAK's annotator over an ontology of our forms."""
    from oaklib import get_adapter
    from oaklib.datamodels.text_annotator import TextAnnotationConfiguration

    logging.disable(logging.INFO)

    adapter = get_adapter(f"simpleobo:{_obo(forms)}")
    settings = TextAnnotationConfiguration(matches_whole_text=False)
    list(adapter.annotate_text("venting", settings))
    return lambda text: [(each.subject_start, each.subject_end, each.object_id)
                         for each in adapter.annotate_text(text, settings)]


def _obo(forms: dict[str, str]) -> Path:
    path = Path("/tmp/iero-forms.obo")
    with path.open("w", encoding="utf-8") as file:
        file.write("format-version: 1.2\n")
        for number, form in enumerate(forms):
            file.write(f"\n[Term]\nid: IERO:{number:07}\nname: {form}\n")
    return path


TOOLS = (iero_tagger, spacy_matcher, flashtext, pyahocorasick, gilda, oaklib)


def forms_of(tagger: Tagger) -> dict[str, str]:
    """Return every form that IERO looks for, with the concept of its first sense."""
    lexicon = tagger.lexicon
    return {form: lexicon.concepts[senses[0][0]].iri
            for form, senses in sorted(lexicon.forms.items()) if fold_form(form)}


def measure(tag: Line, lines: Iterator[bytes], seconds: float) -> tuple[float, int]:
    """Tag lines until the time is over; return the rate in MB of text per second, and the lines."""
    size = count = 0
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        for line in islice(lines, 100):
            record = orjson.loads(line)
            text = f"{record['title']}\n{record['abstract']}"
            record["tags"] = tag(text)
            orjson.dumps(record)
            size += len(text.encode())
            count += 1
    return size / (time.perf_counter() - start) / 1e6, count


def memory() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show_memory(tag: Line, lines: list[bytes], most: int) -> None:
    """Print the memory held after each tenfold of text up to so many MB."""
    source, done, size = chain.from_iterable(repeat(lines)), 0.0, 1
    while size <= most:
        while done < size:
            for line in islice(source, 100):
                record = orjson.loads(line)
                record["tags"] = tag(f"{record['title']}\n{record['abstract']}")
                done += len(orjson.dumps(record)) and len(line) / 1e6
        print(f"{size:,} MB: {memory():.0f} MB held")
        size *= 10


def main() -> None:
    """Measure every tool in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--flat", type=int, metavar="MB", help="only show memory over so much text")
    asked = parser.parse_args()
    opened = gzip.open if asked.input.suffix == ".gz" else open
    with opened(asked.input, "rb") as file:
        lines = file.read().splitlines()
    tagger = Tagger.open()
    forms = forms_of(tagger)
    print(f"{len(lines):,} lines, {len(forms):,} forms, {len(tagger.lexicon.concepts):,} concepts; "
          f"IERO is {'compiled' if COMPILED else 'run from its sources'}, over {ENGINE}")
    if asked.flat:
        show_memory(iero_tagger(forms), lines, asked.flat)
        return
    ready = {}
    for make in TOOLS:
        name = make.__name__
        if not asked.only or name in asked.only:
            try:
                ready[name] = make(forms)
            except (ImportError, OSError, LookupError, AttributeError, TypeError) as error:
                print(f"{name} is left out: {type(error).__name__}: {error}", file=sys.stderr)
    for tag in ready.values():  # what is made on first use is made
        for line in lines[:300]:
            tag(line.decode())
    gc.collect()
    gc.freeze()  # as the workers of `iero tag --jobs` do: no collector goes through the lexicons
    best = dict.fromkeys(ready, 0.0)
    for _ in range(asked.rounds):  # in turns, so that other work on the machine hits all alike
        for name, tag in ready.items():
            rate, _ = measure(tag, chain.from_iterable(repeat(lines)), asked.seconds)
            best[name] = max(best[name], rate)
    ours = best.get("iero_tagger", 0.0)
    for name, rate in best.items():
        print(f"| {name} | {rate:.2f} MB/s | {ours / rate:.1f} × |")


if __name__ == "__main__":
    main()
