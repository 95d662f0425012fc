"""The ask page and the questions as people use them: by keyboard, without script, mistaken."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

EDITOR = ".editor .cm-content"
KINDS = ("SELECT ?kind ?label { ?kind rdfs:subClassOf iero:EmotionRegulationStrategy ; "
         "rdfs:label ?label }")
PASTE = """(node, text) => {
  node.focus();
  const data = new DataTransfer();
  data.setData("text/plain", text);
  node.dispatchEvent(new ClipboardEvent("paste", {
    clipboardData: data, bubbles: true, cancelable: true }));
}"""
COLOURS = """() => {
  const root = document.querySelector(".editor").shadowRoot;
  const spans = [...root.querySelectorAll(".cm-line span")];
  const keyword = spans.find((each) => each.textContent === "SELECT");
  return [keyword, root.querySelector(".cm-line")].map((each) => getComputedStyle(each).color);
}"""

PLACE = """async (frame) => {
  for (let frames = 0; frames < 3; frames += 1) await new Promise(requestAnimationFrame);
  return frame._cyreg.cy.nodes()[0].renderedPosition();
}"""
"""Where the first thing of a drawn graph is: cytoscape keeps itself with its element."""


def written(page):
    """Return what stands in the editor."""
    return page.locator(f"{EDITOR} .cm-line").all_inner_texts()


def complete(page, text):
    """Take the first completion with a text by keyboard, once it is shown."""
    # While the list waits for the completions of the last key it takes none, and has a class.
    options = page.locator(".cm-tooltip-autocomplete:not(.cm-tooltip-autocomplete-disabled) li")
    options.filter(has_text=text).first.wait_for()
    texts = options.all_inner_texts()
    for _ in range(next(place for place, each in enumerate(texts) if text in each)):
        page.keyboard.press("ArrowDown")
    page.wait_for_timeout(150)  # nor does it at once, so that nothing is taken by mistake
    page.keyboard.press("Enter")
    options.first.wait_for(state="detached")


def clear(page):
    page.locator(EDITOR).focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")


def test_a_query_is_written_with_names_by_label_and_run_by_keyboard(opened):
    page = opened("/sparql")
    clear(page)
    page.keyboard.type("SELECT ?kind { ?kind rdfs:subClassOf reassurance seek")
    complete(page, "iero:ReassuranceSeeking")
    lines = written(page)
    assert lines[0] == "PREFIX iero: <https://w3id.org/iero/>"
    assert lines[1].startswith("SELECT ?kind { ?kind rdfs:subClassOf iero:ReassuranceSeeking")


def test_prefixes_keywords_and_variables_are_completed(opened):
    page = opened("/sparql")
    clear(page)
    page.keyboard.type("SELE")
    complete(page, "SELECT")
    page.keyboard.type(" ?strategy { ?st")
    complete(page, "?strategy")
    page.keyboard.type(" skos")
    complete(page, "skos:")
    assert written(page) == ["PREFIX skos: <http://www.w3.org/2004/02/skos/core#>",
                             "SELECT ?strategy { ?strategy skos:}"]  # the editor closes braces


def test_control_enter_runs_and_tab_leaves_the_editor(opened, asking):
    page = opened(asking("ASK { iero:Venting a owl:Class }".replace("owl:Class", "?class")))
    assert page.locator(".verdict").inner_text().startswith("Yes")
    page.locator(EDITOR).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Run"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+End")
    page.keyboard.type(" # again")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert parse_qs(urlsplit(page.url).query)["query"][0].endswith(" # again")


def test_the_keywords_are_coloured(opened):
    page = opened("/sparql")
    page.locator(EDITOR).wait_for()
    keyword, other = page.evaluate(COLOURS)
    assert keyword != other


def test_rows_are_sorted_by_a_heading(opened, asking):
    page = opened(asking(KINDS))
    for order in ("ascending", "descending"):
        page.get_by_role("link", name="label", exact=True).press("Enter")
        page.locator(f"th[aria-sort={order}]").wait_for()
        labels = [text.lower()
                  for text in page.locator(".answer td:nth-child(2)").all_inner_texts()]
        assert len(labels) > 3
        assert labels == sorted(labels, reverse=order == "descending")


def test_things_in_rows_are_links_with_their_labels(opened, asking):
    page = opened(asking("SELECT ?s { VALUES ?s { iero:Venting } }"))
    link = page.locator(".answer td a")
    assert link.inner_text() == "venting"
    assert link.get_attribute("href") == "/a/b/term/Venting"
    assert "iero:Venting" in page.locator(".answer td").inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_views_of_an_answer_have_addresses(opened, asking, script):
    page = opened(asking("SELECT ?s ?o ?n { ?s rdfs:subClassOf iero:SupportSeeking, ?o "
                         "BIND(STRLEN(STR(?o)) AS ?n) }"), script=script)
    views = page.locator("nav.views a")
    assert views.all_inner_texts() == ["Table", "Chart", "Graph"]
    views.nth(1).click()
    assert "view=chart" in page.url
    assert page.locator("figure.chart svg rect").count() > 5
    assert page.locator(".answer tbody tr").count() > 5  # the same numbers in words
    page.locator("nav.views a").nth(2).click()
    assert "view=graph" in page.url
    if script:
        page.locator(".graph canvas").first.wait_for()
    else:
        assert page.locator(".graph").is_hidden()
    assert page.locator(".answer tbody tr").count() > 5


def test_the_drawn_graph_leads_to_the_pages_of_its_things(opened, asking):
    page = opened(asking("SELECT ?s ?o { VALUES (?s ?o) { (iero:Venting iero:SupportSeeking) } }",
                         view="graph"))
    page.locator(".graph canvas").first.wait_for()
    graph = page.locator(".graph")
    graph.scroll_into_view_if_needed()
    graph.click(position=graph.evaluate(PLACE))
    page.wait_for_url(re.compile(r"/a/b/term/(Venting|SupportSeeking)$"), timeout=10_000)


def test_triples_are_shown_as_table_and_as_turtle(opened, asking):
    page = opened(asking("CONSTRUCT { ?s rdfs:label ?l } WHERE { VALUES ?s { iero:Venting } "
                         "?s rdfs:label ?l }"), script=False)
    assert page.locator(".answer tbody tr").count() == 1
    page.get_by_role("link", name="Turtle", exact=True).click()
    assert 'iero:Venting rdfs:label "venting"@en' in page.locator("section pre").first.inner_text()


def test_a_download_is_the_whole_answer(opened, asking):
    page = opened(asking(KINDS))
    rows = page.locator(".answer tbody tr").count()
    address = page.locator(".downloads a", has_text="csv").get_attribute("href")
    body = page.evaluate("(address) => fetch(address).then((answer) => answer.text())", address)
    assert len(body.strip().splitlines()) == rows + 1


def test_a_query_too_long_for_an_address_is_posted_and_still_has_views(opened):
    page = opened("/sparql")
    clear(page)
    many = " ".join(f"iero:Nothing{number}" for number in range(600))
    query = ("PREFIX iero: <https://w3id.org/iero/>\n"
             f"SELECT ?s ?t {{ VALUES ?s {{ iero:Venting {many} }} ?s a ?t }}")
    page.locator(EDITOR).evaluate(PASTE, query)
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert "query=" not in page.url
    assert page.locator(".answer tbody tr").count() > 0
    page.get_by_role("button", name="Graph").click()
    page.locator(".graph canvas").first.wait_for()


def test_a_fault_is_marked_where_it_stands(opened, asking):
    page = opened(asking("SELECT ?s {\n  ?s iero:measures ?o\n  FLTER(?s != ?o) }"))
    assert page.locator(".editor .cm-fault").inner_text() == "FLTER"
    problem = page.get_by_role("alert").inner_text()
    assert "line 4, column 3" in problem
    assert "Did you mean FILTER?" in problem


def test_a_fault_behind_signs_of_two_units_is_marked_where_it_stands(opened, asking):
    page = opened(asking("SELECT ?s { ?s rdfs:label '😀😀' FLTER(true) }"))
    assert page.locator(".editor .cm-fault").inner_text() == "FLTER"


def test_a_fault_is_told_without_script(opened, asking):
    page = opened(asking("SELECT ?s {\n  ?s iero:measures ?o\n  FLTER(?s != ?o) }"), script=False)
    lines = page.locator(".problem pre").inner_text().splitlines()
    assert lines[1].index("^") == lines[0].index("FLTER")
    assert "FLTER" in page.locator("textarea").input_value()


@pytest.mark.parametrize(("query", "said"), [
    ("SELECT ?s { ?s a iero:Instrument ; rdfs:label 'venting'@en }",
     ["This pattern has matches, but none together", "?s rdfs:label 'venting'@en ."]),
    ("SELECT ?s { ?s rdfs:label 'venting' }",
     ["Nothing in the graph matches", '"venting"@en']),
    ("SELECT ?s { iero:SupportSeeking rdfs:subClassOf ?s . "
     "?s rdfs:subClassOf iero:MentalDisorder }",
     ["This pattern has matches, but none together with the 1 before it"]),
    ("SELECT ?s { iero:EmotionRegulationStrategy rdfs:subClassOf iero:SupportSeeking }",
     ["The other way round"]),
    ("SELECT ?s { ?s rdfs:subClassOf iero:Ventng }",
     ["There is no term iero:Ventng", "Did you mean iero:Venting"]),
    ("SELECT ?s { ?s a iero:Instrument FILTER(STRLEN(STR(?s)) < 3) }",
     ["leaves nothing", "FILTER(STRLEN(STR(?s)) < 3)"]),
    ("SELECT ?s { ?s a iero:Instrument } LIMIT 0", ["LIMIT 0"]),
    ("ASK { ?s a iero:Instrument ; iero:measures iero:Ventng }", ["No (false)", "iero:Ventng"]),
], ids=["second", "language", "chain", "direction", "unknown term", "filter", "limit", "ask"])
def test_it_says_why_nothing_was_found(opened, asking, query, said):
    text = opened(asking(query), script=False).locator("main").inner_text()
    assert "Why is there nothing?" in text
    for each in said:
        assert each in text


def test_nothing_is_explained_where_something_was_found(opened, asking):
    page = opened(asking("SELECT ?s { ?s a iero:Instrument } LIMIT 1"), script=False)
    assert "Why is there nothing?" not in page.locator("main").inner_text()


def test_examples_are_narrowed_and_loaded(opened):
    page = opened("/sparql")
    page.get_by_label("Narrow the list").fill("maintain disorder")
    shown = page.locator(".examples li:visible")
    assert 0 < shown.count() < 20
    shown.first.locator("a").press("Enter")
    page.wait_for_url("**?question=*")
    page.locator(EDITOR).focus()
    assert "VALUES ?disorder" in "\n".join(written(page))
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert page.locator(".answer tbody tr").count() > 0


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_question_is_asked_about_another_term_by_its_label(opened, script):
    page = opened("/queries/strategies-that-maintain-a-disorder", script=script)
    field = page.get_by_label("Disorder")
    assert field.input_value() == "anxiety disorder"  # the default of the query, as people call it
    options = page.locator(f"#{field.get_attribute('list')} option")
    assert options.count() > 10
    field.fill("panic disorder")
    with page.expect_navigation():
        field.press("Enter")
    assert "disorder=panic+disorder" in page.url
    assert page.locator(".answer tbody tr").count() > 0
    assert "iero:PanicDisorder" in page.locator("section pre").last.inner_text() \
        or "PanicDisorder>" in page.locator("section pre").last.inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_questions_are_narrowed_by_words(opened, script):
    page = opened("/queries", script=script)
    everything = page.locator(".question:visible").count()
    field = page.get_by_label("Words of a question")
    field.fill("reliab")
    if not script:
        field.press("Enter")
        page.wait_for_url("**q=reliab*")
    shown = page.locator(".question:visible")
    assert 0 < shown.count() < everything
    assert all("reliab" in text.lower() for text in shown.all_inner_texts())


def test_the_search_of_every_page_suggests_and_leads_there_by_keyboard(opened):
    page = opened("/docs")
    field = page.get_by_role("combobox", name="Search terms")
    field.focus()
    page.keyboard.type("reassurance see")
    page.get_by_role("option").first.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    assert chosen.get_attribute("id") == field.get_attribute("aria-activedescendant")
    page.keyboard.press("Escape")
    assert page.get_by_role("option").count() == 0
    page.keyboard.type("k")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "/a/b/term/" in page.url
