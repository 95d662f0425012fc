"""Search and suggestions over HTTP, and what programs that read sites find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import httpx
import pytest
from iero.graph import KnowledgeGraph
from iero.server import create_app

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SPACE = "https://w3id.org/iero/"
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(scope="module", params=["", "/a/b"], ids=["root", "below /a/b"])
def release(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    app = create_app(KnowledgeGraph.open(), shipped=True, base_path=request.param)
    with httpx.Client(transport=httpx.WSGITransport(app=app),
                      base_url="http://iero.test" + request.param) as made:
        yield made


@pytest.mark.parametrize(("text", "local", "role"), [
    ("reassurance seeking", "ReassuranceSeeking", "label"),
    ("reasurance seeking", "ReassuranceSeeking", "label"),
    ("IERQ", "IERQ", "name"),
    ("iero:Venting", "Venting", "name"),
    ("iero_Venting", "Venting", "name"),
    ("https://w3id.org/iero/Venting", "Venting", "name"),
    ("social_sharing_of_emotion", "SocialSharingOfEmotion", "label"),
    ("asking for reassurance", "ReassuranceSeeking", "synonym"),
])
def test_a_term_is_found_by_any_of_its_names(
    release: httpx.Client, text: str, local: str, role: str
) -> None:
    first = release.get("/search", params={"q": text}).json()["results"][0]
    assert (first["iri"], first["role"]) == (SPACE + local, role)


def test_claims_and_authors_are_found_too(release: httpx.Client) -> None:
    claims = release.get("/search?q=nearly half of adults with obsessive-compulsive").json()
    assert claims["results"][0]["kind"] == "claim"
    works = release.get("/search?q=Totterdell Stride").json()["results"]
    assert ("https://doi.org/10.1007/s12144-011-9099-9", "author") in [
        (each["iri"], each["role"]) for each in works]


def test_hits_are_narrowed_by_kind_and_paged(release: httpx.Client) -> None:
    markup = release.get("/search?q=reassurance", headers=BROWSER).text
    assert "<mark>" in markup
    assert "kind=claim" in markup
    assert 'rel="next"' in markup
    claims = release.get("/search?q=reassurance&kind=claim&limit=50").json()["results"]
    assert {each["kind"] for each in claims} == {"claim"}
    second = release.get("/search?q=reassurance&page=2", headers=BROWSER).text
    assert 'start="21"' in second
    assert not set(_hits(markup)) & set(_hits(second))


def _hits(markup: str) -> list[str]:
    listed = re.search(r'<ol class="hits".*?</ol>', markup, re.DOTALL)
    assert listed is not None
    return re.findall(r'href="([^"]+)"', listed[0])


def test_beginnings_are_completed(release: httpx.Client) -> None:
    made = release.get("/suggest?q=reassurance s").json()["suggestions"]
    assert made[0]["curie"] == "iero:ReassuranceSeeking"
    assert len(made) == 10
    assert made[0]["page"].endswith("/term/ReassuranceSeeking")
    assert release.get("/suggest?q=IER").json()["suggestions"][0]["label"]
    assert release.get("/suggest?q=").json()["suggestions"] == []


def test_browsers_understand_the_suggestions(release: httpx.Client) -> None:
    response = release.get("/suggest?q=vent&format=opensearch")
    assert response.headers["content-type"] == "application/x-suggestions+json"
    text, names, notes, addresses = response.json()
    assert text == "vent"
    assert names[0] == "venting"
    assert len(names) == len(notes) == len(addresses)
    assert addresses[0] == str(release.base_url).rstrip("/") + "/term/Venting"
    described = ElementTree.fromstring(release.get("/opensearch.xml").text)
    urls = [node.attrib["template"] for node in described if node.tag.endswith("Url")]
    assert all(url.startswith(str(release.base_url).rstrip("/")) for url in urls)


@pytest.mark.parametrize("query", ["q=x&limit=0", "q=x&limit=many", "q=x&q=y"])
def test_a_wrong_request_for_suggestions_is_refused(release: httpx.Client, query: str) -> None:
    assert release.get(f"/suggest?{query}").status_code == 400


# -- feed, site maps, robots


def test_the_feed_is_atom_and_goes_on(release: httpx.Client) -> None:
    response = release.get("/feed.atom")
    assert response.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(response.text)
    assert [node.tag for node in feed[:3]] == [ATOM + "id", ATOM + "title", ATOM + "updated"]
    entries = feed.findall(ATOM + "entry")
    assert len(entries) == 100
    ids = [entry.findtext(ATOM + "id") for entry in entries]
    assert len(set(ids)) == 100
    assert all(entry.find(ATOM + "updated") is not None for entry in entries)
    [following] = [link.attrib["href"] for link in feed.findall(ATOM + "link")
                   if link.attrib["rel"] == "next"]
    later = ElementTree.fromstring(release.get(following).text)
    assert not set(ids) & {entry.findtext(ATOM + "id") for entry in later.findall(ATOM + "entry")}
    assert release.get("/feed.atom?page=9999").status_code == 404


def test_site_maps_name_every_term(release: httpx.Client) -> None:
    index = ElementTree.fromstring(release.get("/sitemap.xml").text)
    parts = [node.text or "" for node in index.iter(SITEMAP + "loc")]
    addresses = [node.text for part in parts
                 for node in ElementTree.fromstring(release.get(part).text).iter(SITEMAP + "loc")]
    base = str(release.base_url).rstrip("/")
    assert len(addresses) > 1600
    assert f"{base}/term/Venting" in addresses
    assert f"{base}/browse" in addresses
    assert release.get("/sitemap-99.xml").status_code == 404


def test_robots_keep_off_what_costs_a_query(release: httpx.Client) -> None:
    rules = release.get("/robots.txt").text.splitlines()
    path = release.base_url.path.rstrip("/")
    assert f"Disallow: {path}/sparql" in rules
    assert f"Sitemap: {str(release.base_url).rstrip('/')}/sitemap.xml" in rules
    assert not [rule for rule in rules if rule.endswith("/term")]
    assert release.get("/favicon.ico").status_code == 302
