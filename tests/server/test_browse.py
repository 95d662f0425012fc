"""The pages to browse: hierarchy, terms, works; what a stranger needs, and what hostile data do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from iero.graph import KnowledgeGraph
from iero.server import create_app

HERE = Path(__file__).parent
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
BIG = 10_000


def client_of(graph: KnowledgeGraph, base_path: str = "", **options: object) -> httpx.Client:
    app = create_app(graph, base_path=base_path, **options)  # type: ignore[arg-type]
    return httpx.Client(transport=httpx.WSGITransport(app=app),
                        base_url="http://iero.test" + base_path)


@pytest.fixture(scope="module")
def release() -> Iterator[httpx.Client]:
    with client_of(KnowledgeGraph.open(), shipped=True) as made:
        yield made


@pytest.fixture(scope="module", params=["", "/a/b"], ids=["root", "below /a/b"])
def hostile(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with client_of(KnowledgeGraph.open(HERE / "hostile.trig"), request.param) as made:
        yield made


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A class with 10,000 kinds below it."""
    file = tmp_path_factory.mktemp("crowded") / "crowded.ttl"
    head = ("@prefix iero: <https://w3id.org/iero/> .\n"
            "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
            "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
            'iero:Crowd a owl:Class ; rdfs:label "crowd"@en .\n')
    file.write_text(head + "".join(
        f'iero:Kind{number:05} a owl:Class ; rdfs:subClassOf iero:Crowd ; '
        f'rdfs:label "kind {number:05}"@en .\n' for number in range(BIG)))
    with client_of(KnowledgeGraph.open(file)) as made:
        yield made


def page(client: httpx.Client, path: str) -> str:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/html")
    return response.text


def text_of(markup: str) -> str:
    """Return what a reader sees, with single spaces."""
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[str] = []
            self.feed(markup)

        def handle_data(self, data: str) -> None:
            self.seen.append(data)

    return " ".join(" ".join(Reader().seen).split())


def section(markup: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">(.*?)</section>', markup, re.DOTALL)
    assert found is not None, name
    return text_of(found[1])


# -- the hierarchy


def test_the_top_of_the_hierarchy_leads_down(release: httpx.Client) -> None:
    markup = page(release, "/browse")
    assert '<a href="/term/Process">' in markup
    assert 'data-branch="/browse/AffectRegulation?format=fragment"' in markup
    assert "social influence on emotion" in text_of(markup)


def test_a_branch_tells_what_was_inferred_from_what_was_stated(release: httpx.Client) -> None:
    below = release.get("/browse/ReassuranceSeeking").json()["children"]
    stated = {each["label"]: each["inferred"] for each in below}
    assert stated["excessive reassurance seeking"] is False
    intrinsic = release.get("/browse/IntrinsicResponseDependentIER").json()["children"]
    assert {each["label"]: each["inferred"] for each in intrinsic}["reassurance seeking"] is True
    markup = page(release, "/browse/IntrinsicResponseDependentIER?format=fragment")
    assert re.search(r'reassurance seeking</a>.*?badge inferred', markup, re.DOTALL)
    assert "<html" not in markup


def test_a_class_with_ten_thousand_kinds_is_paged(crowded: httpx.Client) -> None:
    first = crowded.get("/browse/Crowd").json()
    assert [first["more"], len(first["children"]), first["children"][0]["label"]] \
        == [True, 100, "kind 00000"]
    last = crowded.get("/browse/Crowd?page=100").json()
    assert [last["more"], last["children"][-1]["label"]] == [False, f"kind {BIG - 1:05}"]
    assert len(page(crowded, "/browse/Crowd")) < 100_000
    assert 'rel="next"' in page(crowded, "/browse/Crowd?page=2")
    assert len(page(crowded, "/term/Crowd")) < 100_000
    assert crowded.get("/neighbors/Crowd").json()["more"] is False  # a page of children is one


@pytest.mark.parametrize("number", ["0", "-1", "many", "1.5", ""])
def test_a_page_that_is_no_number_is_refused(release: httpx.Client, number: str) -> None:
    assert release.get("/browse/Process", params={"page": number}).status_code == 400


# -- terms


def test_a_term_page_has_what_a_reader_of_the_field_looks_for(release: httpx.Client) -> None:
    markup = page(release, "/term/ReassuranceSeeking")
    assert "asking others to confirm that things are safe" in text_of(markup)
    assert "asking for reassurance; " in text_of(markup)
    features = section(markup, "features")
    assert "regulation target self as target" in features
    assert "level of processing controlled processing" in features
    evidence = section(markup, "evidence")
    assert "nearly half of adults with obsessive-compulsive disorder seek reassurance" in evidence
    assert "percentage = 47.9" in evidence
    assert "https://doi.org/10.1016/j.jad.2012" in markup or "Starcevic et al. (2012)" in evidence
    assert "overt reassurance seeking" in section(markup, "place")
    assert "urge to seek reassurance from claims" in section(markup, "relations")
    assert "added in 0.1.0" in text_of(markup)
    assert "iero:ReassuranceSeeking" in markup
    assert "/sparql?query=" in markup
    assert 'href="/term/ReassuranceSeeking.ttl"' in markup


def test_claims_stand_by_relation_and_the_more_telling_studies_first(release: httpx.Client) -> None:
    evidence = section(page(release, "/term/ExcessiveReassuranceSeeking"), "evidence")
    meta = evidence.index("excessive reassurance seeking goes with depression")
    survey = evidence.index("goes with symptoms of generalized anxiety")
    assert meta < survey
    assert "correlation coefficient = 0.32" in evidence
    assert "6,973" in evidence


def test_an_instrument_shows_subscales_versions_and_reliability(release: httpx.Client) -> None:
    markup = page(release, "/term/IERQ")
    assert "IERQ soothing 5 soothing" in section(markup, "parts")
    assert "Turkish" in section(markup, "versions")
    tested = section(markup, "psychometrics")
    assert "the Persian IERQ is internally consistent in students" in tested
    assert "Cronbach's alpha = 0.88" in tested
    assert "Item count 20" in text_of(markup)


def test_a_theory_is_drawn_without_styles_that_the_policy_blocks(release: httpx.Client) -> None:
    markup = page(release, "/term/SocialBaselineTheory")
    drawn = re.search(r"<svg class=\"drawing\".*?</svg>", markup, re.DOTALL)
    assert drawn is not None
    tree = ElementTree.fromstring(drawn[0])  # well-formed
    assert not [node for node in tree.iter() if "style" in node.attrib]
    names = {" ".join(text.text or "" for text in link if text.tag.endswith("text"))
             for link in tree.iter() if link.tag.endswith("a")}
    assert {"load sharing", "risk distribution", "economy of action", "James Coan"} <= names


def test_a_work_shows_what_it_supports(release: httpx.Client) -> None:
    markup = page(release, "/work?iri=https://doi.org/10.1007/s12144-011-9099-9")
    assert "Niven, Totterdell, Stride, Holman" in text_of(markup)
    assert "EROS has four factors in a sample of 551 people" in section(markup, "evidence")
    assert '"ScholarlyArticle"' in markup
    assert release.get("/work?iri=https://doi.org/10.1/nothing").status_code == 404
    assert release.get("/work").status_code == 400


def test_a_claim_says_on_what_it_rests(release: httpx.Client) -> None:
    shown = text_of(page(release, "/term/claim/anxious-attachment-venting"))
    assert "attachment anxiety is associated with DIRE vent" in shown
    assert "Kind of study cross-sectional study" in shown
    assert "Sample size 420" in shown


def test_neighbors_are_nodes_and_edges(release: httpx.Client) -> None:
    made = release.get("/neighbors/ReassuranceSeeking").json()
    ids = {node["id"] for node in made["nodes"]}
    assert made["center"] == "https://w3id.org/iero/ReassuranceSeeking"
    assert {edge["source"] for edge in made["edges"]} | {
        edge["target"] for edge in made["edges"]} <= ids
    assert {"label": "increases", "ground": "claims", "source": made["center"],
            "target": "https://w3id.org/iero/UrgeToSeekReassurance"} in made["edges"]
    assert len(release.get("/neighbors/Process").json()["nodes"]) <= 121


def test_a_term_links_to_its_other_representations(release: httpx.Client) -> None:
    link = release.get("/term/Venting", headers=BROWSER).headers["link"]
    assert '<http://iero.test/term/Venting>; rel="canonical"' in link
    assert '<http://iero.test/term/Venting.ttl>; rel="alternate"; type="text/turtle"' in link


def test_places_in_the_literature_are_shown(tmp_path: Path) -> None:
    sample = HERE.parents[1] / "queries" / "samples" / "annotations.trig"
    terms = tmp_path / "all.trig"
    terms.write_text(sample.read_text() + """
        <https://w3id.org/iero/DepressiveDisorder> a <http://www.w3.org/2002/07/owl#Class> ;
        <http://www.w3.org/2000/01/rdf-schema#label> "depressive disorder"@en .""")
    with client_of(KnowledgeGraph.open(terms)) as client:
        mentioned = section(page(client, "/term/DepressiveDisorder"), "mentions")
        assert "Regulating a partner's feelings and depression" in mentioned
        assert "partner's feelings and depression" in text_of(
            page(client, "/mentions/DepressiveDisorder"))


# -- hostile data

HOSTILE_PAGES = (
    "/", "/browse", "/browse/HostileScript", "/term/HostileScript", "/term/HostileLong",
    "/term/HostileRightToLeft", "/term/HostileEmoji", "/term/claim/hostile",
    "/work?iri=https://doi.org/10.1000/%253Cscript%253E",
    "/compare?term=HostileScript&term=HostileLong",
    "/evidence", "/claims?about=HostileScript", "/names", "/conflicts", "/search?q=script",
    "/mentions/HostileScript",
)


@pytest.mark.parametrize("path", HOSTILE_PAGES)
def test_hostile_data_stay_text(hostile: httpx.Client, path: str) -> None:
    markup = page(hostile, path)

    class Elements(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            names = dict(attrs)
            assert tag not in ("img", "iframe", "b", "i") or names.get("src", "").startswith("/")
            own = (names.get("src") or "").removeprefix("/a/b").startswith("/scripts/")
            assert tag != "script" or own or names == {"type": "application/ld+json"}
            assert not [name for name in names if name.startswith("on") or name == "style"]
            href = names.get("href") or ""
            assert href.split(":")[0].lower() not in ("javascript", "data")

    Elements().feed(markup)
    assert len(markup) < 150_000


def test_hostile_data_do_not_become_formulas(hostile: httpx.Client) -> None:
    written = hostile.get("/claims?about=HostileLong&format=csv").text
    assert "'=cmd|" in written


def test_hostile_names_are_found_and_marked(hostile: httpx.Client) -> None:
    markup = page(hostile, "/search?q=alert")
    assert "&lt;script&gt;" in markup or "&lt;<mark>" in markup
    assert "<mark>alert</mark>" in markup
