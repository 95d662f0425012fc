"""The catalogue: reading, naming, and what is wrong with a header."""

from __future__ import annotations

import pytest
from iero.errors import NotFound, OntologyError
from iero.queries import Catalogue, parse

GOOD = """#+ summary: Strategies that maintain a disorder
#+ question: Which strategies maintain an anxiety disorder?
#+ tags: [disorders]
#+ parameters:
#+   disorder: {type: iri, summary: the disorder, kinds: iero:MentalDisorder}
#+   least: {type: integer, summary: the smallest sample}
#+ statements: [S72, 77]
PREFIX iero: <https://w3id.org/iero/>
#+ this is a comment like any other
ASK { VALUES ?disorder { iero:A } VALUES ?least { 1 } }
"""


def test_a_header_says_what_a_query_is_for() -> None:
    query = parse("queries/questions/maintains.rq", GOOD)
    assert query.name == "maintains"
    assert query.summary == "Strategies that maintain a disorder"
    assert query.question == "Which strategies maintain an anxiety disorder?"
    assert query.tags == ("disorders",)
    assert query.statements == ("S72", "77")
    assert query.text == GOOD
    disorder = query.parameters["disorder"]
    assert (disorder.name, disorder.type, disorder.summary, disorder.kinds) \
        == ("disorder", "iri", "the disorder", "iero:MentalDisorder")
    assert query.parameters["least"].type == "integer"


@pytest.mark.parametrize(("old", "new", "reason"), [
    ("#+ ", "# ", "does not begin with a header"),
    ("#+ summary: Strategies that maintain a disorder\n", "", "no summary"),
    ("#+ question: Which strategies maintain an anxiety disorder?\n", "", "no question"),
    ("#+ summary: Strategies that maintain a disorder", "#+ summary: [a]", "no summary"),
    ("#+ tags: [disorders]", "#+ tags: disorders", "tags must be a list"),
    ("#+ tags: [disorders]", "#+ tag: [disorders]", "unknown key 'tag'"),
    ("#+ tags: [disorders]", "#+ sample: [a.trig]", "sample must be the name of a file"),
    ("#+ tags: [disorders]", "#+ tags: [disorders", "not YAML"),
    ("type: iri", "type: uri", "type of 'disorder'"),
    ("{type: iri,", "{kind: iri,", "'disorder' may have"),
    ("VALUES ?disorder", "VALUES ?disorders", "no parameter 'disorder'"),
    ("#+   disorder: {type: iri, summary: the disorder, kinds: iero:MentalDisorder}\n",
     "#+   - x\n", "not YAML"),
])
def test_a_malformed_header_is_an_error_with_file_and_reason(
    old: str, new: str, reason: str
) -> None:
    assert old in GOOD
    with pytest.raises(OntologyError) as error:
        parse("queries/x.rq", GOOD.replace(old, new))
    assert error.value.details["file"] == "queries/x.rq"
    assert reason in error.value.details["reason"]


def test_the_shipped_catalogue_is_in_order_and_every_entry_is_named_by_its_file() -> None:
    catalogue = Catalogue.open()
    assert len(catalogue) > 20
    assert catalogue.names() == sorted(catalogue.names())
    for query in catalogue:
        assert query.name in catalogue
        assert catalogue[query.name] is query
        assert "?" in query.question
        assert query.tags


def test_an_unknown_question_is_not_found_and_the_nearest_are_named() -> None:
    catalogue = Catalogue({name: parse(f"{name}.rq", GOOD) for name in
                           ("what-is-venting", "kinds-of-support", "theories")})
    with pytest.raises(NotFound, match="what-is-ventng") as error:
        catalogue["what-is-ventng"]
    assert error.value.details["nearest"] == ["what-is-venting"]
    assert catalogue.nearest("support") == ["kinds-of-support"]
    assert catalogue.nearest("zzz") == []
    with pytest.raises(NotFound, match="zzz"):
        catalogue["zzz"]


def test_a_folder_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match="queries/nowhere"):
        Catalogue.open("queries/nowhere")
