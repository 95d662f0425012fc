"""One run of the tagger over files, batch by batch, in order, to be resumed.

The parent cuts the inputs into batches of records and writes what comes back; reading, tagging and
rendering a batch is the worker's. The output has its own name only when it is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iero.errors import BadParameter
from iero.tagging.documents.dialect import Dialect, line_count, no_place
from iero.tagging.documents.document import Piece, Place
from iero.tagging.documents.formats import dialect_of, output_format
from iero.tagging.documents.source import Source
from iero.tagging.documents.webannotation import SYNTAXES, AnnotationWriter
from iero.tagging.documents.writers import (
    JsonWriter,
    PubTatorWriter,
    SameWriter,
    TableWriter,
    Writer,
)
from iero.tagging.output import Output, Progress
from iero.tagging.workers import Batch, Worker, working

if TYPE_CHECKING:
    from iero.tagging.tagger import Tagger

__all__ = ["Job", "run"]

_BATCH: Final = 256 * 1024
_MANY: Final = 512
_JOINABLE: Final = ("ris", "nbib", "bibtex", "jsonl")
_LATER: Final = ("xlsx", "html", "brat")


@dataclass(frozen=True)
class Job:
    """What is to be done.

    :ivar inputs: names of files; ``-`` is standard input.
    :ivar output: name of the file, or of the folder for BRAT; ``-`` is standard output.
    :ivar format: of the output; empty to tell it by its name.
    :ivar source_format: of the inputs; empty to tell it from each.
    :ivar fields: the columns or members to tag; empty for the usual ones.
    :ivar batch: name of the named graph of the annotations.
    :ivar jobs: number of processes.
    :ivar resume: go on with an interrupted run.
    :ivar rejects: where broken records go; empty for a name after the output's.
    :ivar names: what the inputs are called in the output; empty for their own names.
    """

    inputs: tuple[str, ...]
    output: str
    format: str = ""
    source_format: str = ""
    fields: tuple[str, ...] = ()
    batch: str = ""
    jobs: int = 1
    resume: bool = False
    rejects: str = ""
    names: tuple[str, ...] = ()


def run(job: Job, tagger: Tagger, progress: Callable[[Progress], None] = lambda _: None
        ) -> Progress:
    """Tag the inputs of a job and write its output.

    :param progress: is told after every batch how far the run has come.
    :return: how far it came, which is the end.
    :raises BadParameter: if inputs, output and formats do not go together, or cannot be read or
        written.
    :raises NotFound: if an input does not exist.
    :raises LimitExceeded: if the system has ended a worker.
    """
    form = output_format(job.output, job.format)
    _check_output(job, form)
    with ExitStack() as stack:
        sources = [stack.enter_context(Source(name)) for name in job.inputs]
        dialects = [dialect_of(each, job.source_format, job.fields) for each in sources]
        _check_same(form, sources, dialects)
        names = job.names or tuple(each.name for each in sources)
        files = tuple((name, dialect, each.wide)
                      for name, each, dialect in zip(names, sources, dialects, strict=True))
        worker = Worker(tagger, files, _writer(form, job, tagger), job.output.endswith(".gz"))
        output = Output(job.output, job.rejects, _fingerprint(job, form, tagger), worker, progress)
        stack.enter_context(output).begin(sources, job.resume)
        batches = _batches(sources, dialects, output.at.input)
        for batch, done in stack.enter_context(working(worker, job.jobs))(batches):
            output.add(batch, done)
        output.end()
    if job.output != "-":
        _finish(form, output.part, Path(job.output))
        output.close()
    return output.at


def _check_output(job: Job, form: str) -> None:
    if job.output == "-" and (form in _LATER or job.resume):
        raise BadParameter("Standard output " + ("cannot be resumed." if job.resume
                           else f"cannot take {form}."), hint="Name a file: -o FILE.")
    if form in _LATER and job.output.endswith(".gz"):
        raise BadParameter(f"{form} is not compressed.", hint="Leave out the .gz.")
    folder = Path(job.output).parent
    if job.output != "-" and not folder.is_dir():
        raise BadParameter(f"There is no folder {str(folder)!r}.")
    target = Path(job.output).resolve()
    if any(name != "-" and Path(name).resolve() == target for name in job.inputs):
        raise BadParameter("The output would overwrite its input.", hint="Give it another name.")
    if form == "brat" and target.exists() and (
            not target.is_dir() or any(target.iterdir())):
        raise BadParameter(f"{job.output!r} exists and is no empty folder.")
    if form != "brat" and Path(job.output).is_dir():
        raise BadParameter(f"{job.output!r} is a folder.")
    if job.inputs.count("-") > 1 or ("-" in job.inputs and job.resume):
        raise BadParameter("Standard input can be read only once.")


def _check_same(form: str, sources: Sequence[Source], dialects: Sequence[Dialect]) -> None:
    """See that records can be written in the format in which they were read."""
    if form != "same":
        return
    names = {dialect.name for dialect in dialects}
    if "text" in names:
        raise no_place("text")
    if len(names) > 1:
        raise BadParameter("The inputs are in several formats: " + ", ".join(sorted(names)) + ".",
                           hint="Tag them one by one, or write jsonl, csv or nquads.")
    if len(sources) > 1 and (names - set(_JOINABLE) or len({each.wide for each in sources}) > 1):
        raise BadParameter(f"Several files in {names.pop()} do not make one.",
                           hint="Tag them one by one.")


def _writer(form: str, job: Job, tagger: Tagger) -> Writer:
    if form in SYNTAXES:
        batch = job.batch or Path(job.output.removesuffix(".gz")).stem or "batch"
        return AnnotationWriter(form, "batch" if batch == "-" else batch, tagger.version,
                                tagger.ontology_version)
    makers: dict[str, Callable[[], Writer]] = {
        "same": SameWriter, "jsonl": JsonWriter, "csv": TableWriter, "pubtator": PubTatorWriter,
        "tsv": partial(TableWriter, "\t"), **dict.fromkeys(_LATER, partial(JsonWriter, False))}
    return makers[form]()


def _fingerprint(job: Job, form: str, tagger: Tagger) -> dict[str, Any]:
    """Return what must be the same when a run is resumed."""
    files = [[name, Path(name).stat().st_size, Path(name).stat().st_mtime_ns]
             for name in job.inputs if name != "-"]
    return {"inputs": files, "format": form, "fields": list(job.fields), "batch": job.batch,
            "source format": job.source_format, "options": _listed(asdict(tagger.options)),
            "ontology": tagger.ontology_version, "tagger": tagger.version}


def _listed(data: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}


# -- cutting ---------------------------------------------------------------------------------------


def _batches(sources: Sequence[Source], dialects: Sequence[Dialect], first: int
             ) -> Iterator[Batch]:
    """Yield the batches of all inputs from the first that a run has not finished."""
    finished = sum(source.size or 0 for source in sources[:first])
    for number in range(first, len(sources)):
        source = sources[number]
        offset, line, count = source.place
        held: list[Piece] = []
        size = 0
        for piece in dialects[number].split(source):
            held.append(piece)
            size += len(piece.raw)
            count = piece.number or count
            if size >= _BATCH or len(held) >= _MANY:
                offset, line = offset + size, _after(held[-1])
                yield Batch(number, held, Place(offset, line, count), finished + source.position())
                held, size = [], 0
        if held:
            yield Batch(number, held, Place(offset + size, _after(held[-1]), count),
                         finished + source.position())
        finished += source.size or 0


def _after(piece: Piece) -> int:
    return piece.line + line_count(piece.raw)


def _finish(form: str, part: Path, target: Path) -> None:
    """Give the output its name, or make it from the records that were gathered."""
    if form not in _LATER:
        part.replace(target)
        return
    _converter(form)(part, target)
    part.unlink()


def _converter(form: str) -> Callable[[Path, Path], None]:
    """Return what makes an output of the records that were gathered."""
    if form == "xlsx":
        from iero.tagging.documents.workbook import write_workbook

        return write_workbook
    if form == "html":
        from iero.tagging.documents.report import write_report

        return write_report
    from iero.tagging.documents.standoff import write_brat

    return write_brat
