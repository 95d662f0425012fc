"""Terms side by side, maps of evidence, lists of claims, contradictions, misleading names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import httpx
import pytest
from iero.graph import KnowledgeGraph
from iero.server import create_app

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SPACE = "https://w3id.org/iero/"


@pytest.fixture(scope="module")
def release() -> Iterator[httpx.Client]:
    app = create_app(KnowledgeGraph.open(), shipped=True)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://iero.test") as made:
        yield made


def rows(release: httpx.Client, path: str) -> list[dict[str, str]]:
    response = release.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.text)))


def test_the_table_of_the_textbook_is_the_example(release: httpx.Client) -> None:
    markup = release.get("/compare", headers=BROWSER).text
    heads = re.findall(r'<th scope="col"><a href="/term/(\w+)"', markup)
    assert heads == ["EmotionalContagion", "SocialSharingOfEmotion", "EmotionalLabor",
                     "SocialSupport", "InterpersonalEmotionRegulation"]


def test_features_tell_contagion_from_regulation(release: httpx.Client) -> None:
    made = release.get("/compare", params=[("term", "EmotionalContagion"),
                                           ("term", "InterpersonalEmotionRegulation")]).json()
    table = {row["label"]: (row["differs"], [[each["label"] for each in cell]
                                             for cell in row["cells"]]) for row in made["rows"]}
    assert table["has level of processing"] == (True, [["automatic processing"],
                                                       ["controlled processing"]])
    assert table["has intent"] == (True, [["intent absent"], ["intent present"]])


def test_instruments_can_be_compared_by_their_abbreviations(release: httpx.Client) -> None:
    made = release.get("/compare?term=EROS&term=IERQ").json()
    table = {row["label"]: row["cells"] for row in made["rows"]}
    assert [each["label"] for each in table["measures"][1]] \
        == ["intrinsic interpersonal emotion regulation"]
    assert table["item count"][1][0]["value"] == "20"


@pytest.mark.parametrize(("query", "status"), [
    ("term=Ventng", 404), ("&".join(f"term=Kind{number}" for number in range(9)), 400)])
def test_what_cannot_be_compared_is_said_in_the_page(
    release: httpx.Client, query: str, status: int
) -> None:
    response = release.get(f"/compare?{query}", headers=BROWSER)
    assert response.status_code == status
    assert 'class="problem"' in response.text
    assert release.get(f"/compare?{query}").status_code == status


def test_programs_must_say_what_to_compare(release: httpx.Client) -> None:
    assert release.get("/compare").status_code == 400


# -- maps


def test_a_map_counts_the_claims_that_its_cells_open(release: httpx.Client) -> None:
    made = release.get("/evidence").json()
    assert len(made["cells"]) > 20
    for cell in made["cells"][:6]:
        ends = {"about": cell["row"], "with": cell["column"]}
        listed = release.get("/claims", params=ends).json()
        exact = [claim for claim in listed["claims"] if {claim["subject"]["iri"],
                 claim["object"]["iri"]} == {cell["row"], cell["column"]}]
        assert len(exact) == sum(cell["counts"].values())


def test_a_map_is_a_table_a_file_and_a_picture(release: httpx.Client) -> None:
    table = list(csv.reader(io.StringIO(release.get("/evidence?format=csv").text)))
    assert "depressive disorder" in table[0]
    assert "excessive reassurance seeking" in [row[0] for row in table]
    picture = release.get("/evidence?format=svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    tree = ElementTree.fromstring(picture.text)
    texts = [node.text for node in tree.iter() if node.tag.endswith("text")]
    assert "excessive reassurance seeking" in texts
    assert not [node for node in tree.iter() if "style" in node.attrib]
    page = release.get("/evidence", headers=BROWSER).text
    assert "/claims?about=iero:ExcessiveReassuranceSeeking&amp;with=iero:DepressiveDisorder" \
        in page.replace("%3A", ":")


def test_instruments_are_laid_against_what_they_measure(release: httpx.Client) -> None:
    made = release.get("/evidence?rows=Instrument&columns=EmotionRegulation").json()
    cells = {(cell["row"], cell["column"]): cell["counts"] for cell in made["cells"]}
    extrinsic = SPACE + "ExtrinsicInterpersonalEmotionRegulation"
    assert cells[SPACE + "EROS", extrinsic]["subscales"] == 2
    assert (SPACE + "IERQ", extrinsic) not in cells
    rows = {row for row, _ in cells}
    assert SPACE + "CEER" in rows  # an adaptation of EROS under a name of its own
    assert SPACE + "IERQPersian" not in rows  # one that keeps the name of the original


def test_a_map_of_anything_else_is_refused(release: httpx.Client) -> None:
    assert release.get("/evidence?rows=Venting").status_code == 400
    assert release.get("/evidence?rows=Treatment").status_code == 200


# -- claims


def test_claims_are_narrowed_by_filters(release: httpx.Client) -> None:
    everything = rows(release, "/claims?about=ReassuranceSeeking&format=csv")
    assert len(everything) > 25
    exact = rows(release, "/claims?about=ReassuranceSeeking&narrower=false&format=csv")
    assert 0 < len(exact) < len(everything)
    pooled = rows(release, "/claims?about=ReassuranceSeeking&study=iero:MetaAnalysis&format=csv")
    assert {row["study type"] for row in pooled} == {"meta-analysis"}
    related = rows(release, "/claims?about=ReassuranceSeeking&relation=iero:isUsedIn&format=csv")
    assert {row["relation"] for row in related} == {"is used in"}
    assert rows(release, "/claims?about=ReassuranceSeeking&polarity=mixed&format=csv") == []


def test_the_export_has_the_evidence_with_its_source(release: httpx.Client) -> None:
    found = {row["claim"]: row for row in rows(
        release, "/claims?about=ReassuranceSeeking&with=DepressiveDisorder&format=csv")}
    [pooled] = [row for row in found.values()
                if row["finding"] == "excessive reassurance seeking goes with depression"]
    assert pooled["effect"] == "correlation coefficient = 0.32"
    assert pooled["sample size"] == "6,973"
    assert pooled["source addresses"].startswith("https://doi.org/10.")


def test_claims_about_nothing_are_asked_back(release: httpx.Client) -> None:
    assert release.get("/claims").status_code == 400
    assert 'name="about"' in release.get("/claims", headers=BROWSER).text
    assert release.get("/claims?about=Ventng").status_code == 404


# -- contradictions and names


def test_contradictions_stand_side_by_side(release: httpx.Client) -> None:
    pairs = release.get("/conflicts").json()["conflicts"]
    both = {frozenset(claim["iri"].removeprefix(SPACE) for claim in pair) for pair in pairs}
    assert {"claim/depressed-mood-is-contagious", "claim/low-mood-does-not-spread"} in both
    assert "contradicted" in release.get(
        "/term/claim/low-mood-does-not-spread", headers=BROWSER).text
    assert len(rows(release, "/conflicts?format=csv")) == 2 * len(pairs)


def test_jingle_and_jangle_are_told(release: httpx.Client) -> None:
    made = release.get("/names").json()
    shared = {each["name"]: set(each["terms"]) for each in made["jingle"]}
    assert all(len(terms) > 1 for terms in shared.values())
    assert {SPACE + "ControlledInterpersonalAffectRegulation",
            SPACE + "ExtrinsicInterpersonalEmotionRegulation"} in map(set, made["jangle"])
    page = release.get("/names", headers=BROWSER).text
    assert 'id="jingle"' in page
    assert 'id="jangle"' in page
