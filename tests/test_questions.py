"""The catalogue asks for all that psychology states of the subject, and the shipped graph answers.

Beside each question ``queries/questions/<name>.rq`` there is ``tests/questions/<name>.csv``, the
answer that the statement demands, written by hand. Its header names the variables to be compared.
IRIs are CURIEs, or stand in angle brackets if no prefix fits or if they are DOIs; an empty cell is
an unbound variable; ``…`` stands for any text.

A question about literature names a sample of annotations in its header: the ontology mentions no
documents. It is put to the release together with that sample, ``queries/samples/<sample>``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import httpx
import pytest
from iero import KnowledgeGraph
from iero.protocol import QueryRequest
from iero.resources import locate
from iero.server import create_app
from iero.store import Store
from iero.terms import IRI, Literal
from iero.vocabulary import PREFIXES, compress

HERE = Path(__file__).parent
QUESTIONS = HERE.parent / "queries" / "questions"
EXPECTED = HERE / "questions"
NAMES = sorted(path.stem for path in QUESTIONS.glob("*.rq"))
STATEMENTS = [line.split()[0] for line in
              (EXPECTED / "statements.txt").read_text("utf-8").splitlines()]
ANY = "…"
JSON = "application/sparql-results+json"


def cell(term):
    """Write a term as the expected files do."""
    if not isinstance(term, IRI):
        return str(term or "")
    curie = compress(term)
    return f"<{term}>" if curie == term or curie.startswith("doi:") else curie


def fits(wanted, found):
    """Say whether a row is the expected one."""
    patterns = [re.compile(".*".join(map(re.escape, text.split(ANY))), re.DOTALL)
                for text in wanted]
    return len(wanted) == len(found) and all(
        pattern.fullmatch(text) for pattern, text in zip(patterns, found, strict=True))


def differences(table, variables, rows):
    """Say in which ways an answer differs from a table: each row must be there, and once."""
    header, *wanted = table
    unknown = [f"no variable ?{name}" for name in header if name not in variables]
    if unknown:
        return unknown
    found = sorted({tuple(cell(row.get(name)) for name in header) for row in rows})
    said = []
    for number, row in enumerate(wanted, 2):
        count = sum(fits(row, other) for other in found)
        if count != 1:
            fault = "fits several rows" if count else "is missing"
            said.append(f"line {number} {fault}: {row}")
    for row in found:
        count = sum(fits(other, row) for other in wanted)
        if count != 1:
            said.append(f"{'expected more than once' if count else 'not expected'}: {row}")
    return said


def table_of(name):
    with (EXPECTED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def read_json(results):
    """Read variables and rows from the SPARQL 1.1 Query Results JSON Format."""
    kinds = {"uri": IRI, "literal": Literal}
    rows = [{name: kinds[term["type"]](term["value"]) for name, term in binding.items()}
            for binding in results["results"]["bindings"]]
    return results["head"]["vars"], rows


def unlabelled(variables, rows):
    """Return the variables that show an IRI without its label beside it."""
    return [name for name in variables
            if any(isinstance(row.get(name), IRI) and f"{name}Label" not in row for row in rows)]


@pytest.fixture(scope="module")
def graphs(shipped):
    """The graph that each question is put to: the release, with the sample of the question."""
    files = {name: shipped.catalogue[name].sample for name in NAMES}
    made = {"": shipped} | {sample: KnowledgeGraph(Store.open([
        locate("ontology/release/iero-kg.nq"), locate(f"queries/samples/{sample}")]))
        for sample in set(files.values()) - {""}}
    return {name: made[sample] for name, sample in files.items()}


@pytest.fixture(scope="module")
def browsers(graphs):
    made = {graph: httpx.Client(transport=httpx.WSGITransport(app=create_app(graph)),
                                base_url="http://localhost") for graph in set(graphs.values())}
    yield {name: made[graph] for name, graph in graphs.items()}
    for client in made.values():
        client.close()


def test_the_list_of_statements_runs_from_1_to_116():
    assert [f"S{number:02}" for number in range(1, 117)] == STATEMENTS


def test_every_statement_has_a_question_and_every_question_a_known_statement(shipped):
    asked = {statement for name in shipped.catalogue.names()
             for statement in shipped.catalogue[name].statements}
    assert asked == set(STATEMENTS)


def test_every_question_has_an_expected_answer_and_every_expected_answer_a_question(shipped):
    assert sorted(shipped.catalogue.names()) == NAMES
    assert sorted(path.stem for path in EXPECTED.glob("*.csv")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_question_is_answered_as_expected(graphs, name):
    answer = graphs[name].run(name, {})
    rows = list(answer.rows())
    assert rows
    assert differences(table_of(name), answer.variables, rows) == []


@pytest.mark.parametrize("name", NAMES)
def test_expected_answer_says_something_in_every_row(name):
    header, *rows = table_of(name)
    assert rows
    assert len(set(header)) == len(header)
    assert [row for row in rows if not any(text and ANY not in text for text in row)] == []


@pytest.mark.parametrize("name", NAMES)
def test_question_says_what_it_is_about(shipped, name):
    question = shipped.catalogue[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert question.name == name
    assert question.summary
    assert "?" in question.question
    assert question.tags
    assert set(question.statements) <= set(STATEMENTS)


@pytest.mark.parametrize("name", NAMES)
def test_question_declares_the_prefixes_that_it_uses_and_no_other(name):
    text = (QUESTIONS / f"{name}.rq").read_text("utf-8")
    declared = re.findall(r"^PREFIX (\w+): <([^>]*)>$", text, re.MULTILINE)
    body = re.sub(r"^( *#.*|PREFIX .*)$|\"[^\"]*\"", "", text, flags=re.MULTILINE)
    assert [prefix for prefix, iri in declared if PREFIXES.get(prefix) != iri] == []
    assert {prefix for prefix, _ in declared} == set(re.findall(r"(?<![\w<?])(\w+):(?!//)", body))


@pytest.mark.parametrize("name", NAMES)
def test_question_shows_no_iri_without_its_label_and_no_row_twice(graphs, name):
    answer = graphs[name].run(name, {})
    rows = list(answer.rows())
    assert unlabelled(answer.variables, rows) == []
    assert len({tuple(sorted(row.items())) for row in rows}) == len(rows)


@pytest.mark.parametrize("name", NAMES)
def test_question_is_plain_sparql_that_runs_as_it_stands(graphs, name):
    text = (QUESTIONS / f"{name}.rq").read_text("utf-8")
    answer = graphs[name].answer(QueryRequest(text, (), ()))
    assert list(answer.rows()) == list(graphs[name].run(name, {}).rows())


def test_only_questions_about_literature_have_a_sample_and_need_it(shipped):
    sampled = [name for name in NAMES if shipped.catalogue[name].sample]
    assert len(sampled) >= 3
    assert [name for name in NAMES if "literature" in shipped.catalogue[name].tags] == sampled
    assert [name for name in sampled if list(shipped.run(name, {}).rows())] == []


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statement_is_answered_over_http(shipped, browsers, statement):
    names = [name for name in NAMES if statement in shipped.catalogue[name].statements]
    assert names
    for name in names:
        answer = browsers[name].get(f"/queries/{name}", headers={"Accept": JSON})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith(JSON)
        assert differences(table_of(name), *read_json(answer.json())) == []


@pytest.mark.parametrize("name", NAMES)
def test_question_gives_a_table_over_http(browsers, name):
    answer = browsers[name].get(f"/queries/{name}", headers={"Accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    header, *rows = csv.reader(answer.text.splitlines())
    assert set(table_of(name)[0]) <= set(header)
    assert rows


# The comparison itself: what it takes for equal, and that it can fail.

VENTING = {"strategy": IRI("https://w3id.org/iero/Venting"), "definition": Literal("A\nway out.")}
WORK = {"strategy": IRI("https://doi.org/10.1037/a0033839")}
SAME = {
    "rows in any order": [["strategy"], ["<https://doi.org/10.1037/a0033839>"], ["iero:Venting"]],
    "a wildcard and an empty cell": [["strategy", "definition"], ["iero:Venting", "A…out."],
                                     ["<https://doi.org/10.1037/a0033839>", ""]],
    "a wildcard for nothing": [["strategy", "definition"], ["iero:Venting", "…A…way out.…"],
                               ["<https://doi.org/…>", ""]],
}
DIFFERENT = {
    "missing row": ([["strategy"], ["iero:Venting"], ["<https://doi.org/10.1037/a0033839>"],
                     ["iero:Soothing"]], ["line 4 is missing: ['iero:Soothing']"]),
    "extra row": ([["strategy"], ["<https://doi.org/10.1037/a0033839>"]],
                  ["not expected: ('iero:Venting',)"]),
    "wrong cell": ([["strategy", "definition"], ["iero:Venting", "A way in."],
                    ["<https://doi.org/10.1037/a0033839>", ""]],
                   ["line 2 is missing: ['iero:Venting', 'A way in.']",
                    "not expected: ('iero:Venting', 'A\\nway out.')"]),
    "words in another order": ([["strategy", "definition"], ["iero:Venting", "…out…way…"],
                                ["<https://doi.org/10.1037/a0033839>", ""]],
                               ["line 2 is missing: ['iero:Venting', '…out…way…']",
                                "not expected: ('iero:Venting', 'A\\nway out.')"]),
    "bound where nothing is expected": ([["definition"], [""]],
                                        ["not expected: ('A\\nway out.',)"]),
    "wildcard for several rows": ([["strategy"], ["…"]],
                                  ["line 2 fits several rows: ['…']"]),
    "row expected twice": ([["strategy"], ["iero:Venting"], ["…Venting"],
                            ["<https://doi.org/10.1037/a0033839>"]],
                           ["expected more than once: ('iero:Venting',)"]),
    "row of another length": ([["strategy"], ["iero:Venting", "A…"],
                               ["<https://doi.org/10.1037/a0033839>"]],
                              ["line 2 is missing: ['iero:Venting', 'A…']",
                               "not expected: ('iero:Venting',)"]),
    "literal for an IRI": ([["strategy"], ["https://w3id.org/iero/Venting"],
                            ["<https://doi.org/10.1037/a0033839>"]],
                           ["line 2 is missing: ['https://w3id.org/iero/Venting']",
                            "not expected: ('iero:Venting',)"]),
    "unknown variable": ([["strategie"], ["iero:Venting"]], ["no variable ?strategie"]),
}


@pytest.mark.parametrize("table", SAME.values(), ids=SAME)
def test_comparison_accepts(table):
    assert differences(table, ["strategy", "definition"], [VENTING, WORK]) == []


@pytest.mark.parametrize(("table", "expected"), DIFFERENT.values(), ids=DIFFERENT)
def test_comparison_reports(table, expected):
    assert differences(table, ["strategy", "definition"], [VENTING, WORK]) == expected


def test_an_iri_without_its_label_is_noticed():
    labelled = VENTING | {"strategyLabel": Literal("venting")}
    assert unlabelled(["strategy", "strategyLabel", "definition"], [labelled]) == []
    assert unlabelled(["strategy", "strategyLabel", "definition"], [labelled, WORK]) == ["strategy"]
