"""The commands that tag literature: ``iero tag``, ``iero eval``, ``iero compare-tags``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from iero.tagging.output import Progress
    from iero.tagging.tagger import Tagger

__all__ = ["compare_tags", "evaluate", "tag"]

_FINDINGS: Final = 1


@click.command(short_help="Tag the records of files with concepts.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@click.option("-o", "--output", required=True, metavar="OUT",
              help="The file to write; its name tells the format; - is standard output.")
@click.option("-f", "--format", "wanted", default="", metavar="FORMAT",
              help="same, jsonl, csv, tsv, xlsx, nquads, trig, turtle, jsonld, brat, pubtator "
                   "or html.")
@click.option("--from", "source_format", default="", metavar="FORMAT",
              help="The format of the inputs, if it cannot be told: ris, nbib, bibtex, pubmed, "
                   "jats, endnote, csv, tsv, jsonl or text.")
@click.option("--field", "fields", multiple=True, metavar="NAME",
              help="A column or member to tag, instead of title, abstract and text; repeatable.")
@click.option("-j", "--jobs", default=1, show_default=True, type=click.IntRange(1, 64),
              help="Processes; the order of the records stays as it is.")
@click.option("-c", "--concepts", multiple=True, metavar="CONCEPT",
              help="Tag only this concept and what is narrower; may be repeated.")
@click.option("--min-score", default=0.0, type=click.FloatRange(0, 1), metavar="SCORE",
              help="Leave out mentions that are less sure than this, from 0 to 1.")
@click.option("--batch", default="", metavar="NAME",
              help="The graph of the annotations, graph:literature/NAME; OUT's name by default.")
@click.option("--rejects", default="", metavar="FILE",
              help="Where broken records go; OUT.rejects.jsonl by default.")
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Take the concepts from this RDF file instead of the shipped graph.")
def tag(inputs: tuple[str, ...], output: str, wanted: str, source_format: str,
        fields: tuple[str, ...], jobs: int, concepts: tuple[str, ...], min_score: float, batch: str,
        rejects: str, resume: bool, data: Path | None) -> None:
    """Tag the records of files with the constructs, instruments and disorders they mention.

    INPUT is a file that a data base or a reference manager has exported: RIS, NBIB, BibTeX, PubMed
    XML, JATS, EndNote XML, CSV, TSV, JSON Lines or plain text, compressed with gzip or not; - is
    standard input. With an output of the same format, each record keeps every byte and gains
    keywords that begin with "iero: "; a concept that a record only denies is not among them. All
    other formats hold each mention with its place, score and reasons.

    A broken record is set aside in OUT.rejects.jsonl with its place and the reason, the run goes
    on, and the exit code is 1. An interrupted run goes on with --resume.

    \b
    Examples:
      iero tag library.ris -o tagged.ris
      iero tag pubmed.nbib scopus.ris -o mentions.csv
      iero tag export.bib -o report.html
      iero tag medline.xml.gz -o annotations.nq.gz --batch medline-2026 --jobs 2
      iero tag records.jsonl -o tagged.jsonl -c EmotionRegulation --min-score 0.8
      iero tag table.csv --field Notes -o mentions.xlsx
      iero tag library.ris -o tagged.ris --resume
    """
    from iero.tagging.job import Job, run

    job = Job(inputs, output, wanted, source_format, fields, batch, jobs, resume, rejects)
    options: dict[str, Any] = {"concepts": list(concepts), "min_score": min_score}
    if output.lower().endswith(".html") or wanted == "html":
        options["expand_class_hierarchy"] = True
    tagger = _tagger(data, **options)
    screen = _screen()
    try:
        with screen.bar("Tagging") as show:
            done = run(job, tagger, lambda at: show(at.taken, at.total, at.records))
    except KeyboardInterrupt:
        if output != "-":
            click.echo("Go on with the same command and --resume.", err=True)
        raise
    _report(done, output, rejects)


def _report(done: Progress, output: str, rejects: str) -> None:
    """Say on standard error what a run has done, and leave with 1 if records were set aside."""
    where = "" if output == "-" else f" to {output}"
    click.echo(f"Tagged {_count(done.records, 'record')}: "
               f"{_count(done.mentions, 'mention')}{where}.", err=True)
    others = {name: count for name, count in done.encodings.items() if name != "utf-8"}
    for name, count in sorted(others.items()):
        click.echo(f"{_count(count, 'record')} read as {name}.", err=True)
    if not done.rejected:
        return
    aside = rejects or ("iero" if output == "-" else output) + ".rejects.jsonl"
    click.echo(f"{_count(done.rejected, 'broken record')} set aside in {aside}:", err=True)
    for file, number, line, reason in done.reasons:
        click.echo(f"  {file}, record {number}, line {line}: {reason}", err=True)
    if done.rejected > len(done.reasons):
        click.echo(f"  and {done.rejected - len(done.reasons):,} more", err=True)
    raise SystemExit(_FINDINGS)


@click.command("eval", short_help="Measure tags against a gold standard.")
@click.argument("gold")
@click.argument("predicted", required=False, default="")
@click.option("-f", "--format", "wanted", default="table", show_default=True,
              type=click.Choice(["table", "json"]), help="How to show the result.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(0),
              help="At most this many concepts and confusions, the worst first; 0: all.")
@click.option("--fail-under", default=0.0, type=click.FloatRange(0, 1), metavar="F1",
              help="Leave with exit code 1 if the F1 of exact mentions is below this.")
@click.option("-c", "--concepts", multiple=True, metavar="CONCEPT",
              help="Tag only this concept and what is narrower; may be repeated.")
@click.option("--min-score", default=0.0, type=click.FloatRange(0, 1), metavar="SCORE",
              help="Leave out mentions that are less sure than this, from 0 to 1.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE",
              help="Take the concepts from this RDF file instead of the shipped graph.")
def evaluate(gold: str, predicted: str, wanted: str, limit: int, fail_under: float,
             concepts: tuple[str, ...], min_score: float, data: Path | None) -> None:
    """Measure precision, recall and F1 against a gold standard, by mention, document and concept.

    GOLD is JSON Lines as "iero tag -o gold.jsonl" writes it, corrected by hand: of each annotation
    only field, start, end and concept are looked at. PREDICTED holds the same records as they
    were tagged; without it they are tagged now.

    \b
    Examples:
      iero eval gold.jsonl
      iero eval gold.jsonl tagged.jsonl --format json
      iero eval gold.jsonl --fail-under 0.9
    """
    from iero.tagging.evaluation import evaluate as measured

    tagger = None if predicted else _tagger(data, concepts=list(concepts), min_score=min_score)
    result = measured(gold, predicted, tagger)
    if wanted == "json":
        _print_json(result.to_dict())
    else:
        _screen().evaluation(result, limit)
    if result.exact.f1 < fail_under:
        click.echo(f"F1 is {result.exact.f1:.3f}, below {fail_under}.", err=True)
        raise SystemExit(_FINDINGS)


@click.command("compare-tags", short_help="Show what a new version changes in a tagged corpus.")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("-f", "--format", "wanted", default="table", show_default=True,
              type=click.Choice(["table", "json"]), help="How to show the result.")
@click.option("-n", "--limit", default=40, show_default=True, type=click.IntRange(0),
              help="At most this many kinds of change in the table, the commonest first; 0: all.")
def compare_tags(first: str, second: str, wanted: str, limit: int) -> None:
    """Show which mentions come, go and change from A to B, and the label or rule that caused it.

    A and B are JSON Lines that "iero tag" has written for the same records, before and after a
    change of the ontology or of the tagger. The exit code is 1 if they differ.

    \b
    Examples:
      iero compare-tags before.jsonl after.jsonl
      iero compare-tags before.jsonl after.jsonl --format json
    """
    from iero.tagging.comparison import compare

    result = compare(first, second)
    if wanted == "json":
        _print_json(result.to_dict())
    else:
        _screen().comparison(result, limit)
    if result.changes or result.only_first or result.only_second:
        raise SystemExit(_FINDINGS)


def _tagger(data: Path | None, **options: Any) -> Tagger:
    from iero.tagging.tagger import Tagger

    if data is None:
        return Tagger.open(**options)
    from iero.graph import KnowledgeGraph

    return Tagger.open(KnowledgeGraph.open(data), **options)


def _screen() -> Any:
    from iero.terminal import Screen

    return Screen()


def _print_json(data: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
