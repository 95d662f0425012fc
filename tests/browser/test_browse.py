"""Home, tree, terms, comparison, evidence: by keyboard, with a script and without."""

from __future__ import annotations

import re

import pytest

MODES = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


def tab_to(page, selector, most=60):
    """Go from stop to stop until the focus is on an element that a selector names."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{most} stops lead to no {selector}")


@MODES
def test_home_says_what_it_is_and_leads_to_everything(opened, script):
    page = opened("/", script=script)
    text = page.locator("main").inner_text()
    assert "interpersonal emotion regulation" in text
    for entry in ("Regulation", "Strategies", "Instruments", "Disorders", "Therapies", "Theories"):
        card = page.locator("main a", has_text=re.compile(f"^{entry}")).first
        assert card.get_attribute("href").startswith("/a/b/")
    assert re.search(r"\d,\d{3}\nterms", text)
    foot = page.locator("footer").inner_text()
    assert re.search(r"IERO \d+\.\d+\.\d+ · service \d+\.\d+\.\d+", foot)


def test_home_is_searched_by_keyboard_alone(opened):
    page = opened("/")
    tab_to(page, "main input[name=q]")
    page.keyboard.type("IERQ")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")  # without a choice the search itself is made
    page.wait_for_url("**/search?q=IERQ")
    tab_to(page, "main a[href*='/term/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/term/**")


@MODES
def test_a_branch_of_the_tree_is_opened_by_keyboard(opened, script):
    page = opened("/browse", script=script)
    page.locator("a[data-branch]").first.focus()
    if not script:
        page.keyboard.press("Enter")
        page.wait_for_url("**/browse/*")
        assert page.locator("main ul.tree li").count() > 0
        return
    before = page.locator("ul.tree li:visible").count()
    page.keyboard.press("Enter")
    page.locator("a[data-branch][aria-expanded=true]").wait_for()
    assert page.locator("ul.tree li:visible").count() > before
    assert page.locator("ul.tree ul.tree").count() == 1
    page.keyboard.press(" ")
    page.locator("a[data-branch][aria-expanded=true]").wait_for(state="detached")
    assert page.locator("ul.tree li:visible").count() == before


def test_inferred_places_in_the_tree_are_told_apart(opened):
    page = opened("/browse/IntrinsicInterpersonalEmotionRegulation", script=False)
    assert page.locator("ul.tree .badge.inferred").count() > 3


@MODES
def test_a_term_page_has_its_parts(opened, script):
    page = opened("/term/ReassuranceSeeking", script=script)
    text = page.locator("main").inner_text()
    assert "asking others to confirm that things are safe" in text  # its definition
    for part in ("Evidence", "What tells it apart", "Place in the hierarchy", "Relations",
                 "Measured by"):
        assert page.get_by_role("heading", name=re.compile(f"^{part}")).count() == 1
    assert page.locator("main a[href^='https://doi.org/']").count() > 3
    assert page.locator("aside a[href$='.ttl']").count() == 1
    if script:
        page.locator(".graph").scroll_into_view_if_needed()
        page.locator(".graph canvas").first.wait_for()


def test_the_query_behind_a_page_runs(opened):
    page = opened("/term/ReassuranceSeeking", script=False)
    page.locator("details", has_text="The SPARQL behind this page").locator("summary").click()
    page.locator("aside details a, main details a[href*='/sparql?query=']").first.click()
    assert page.locator(".answer tbody tr").count() > 1


@MODES
def test_terms_are_compared_side_by_side(opened, script):
    page = opened("/compare", script=script)
    assert page.locator("table.compared thead th").count() >= 4
    page.get_by_label("Add", exact=True).fill("venting")
    with page.expect_navigation():
        page.get_by_role("button", name="Compare").click()
    assert "venting" in page.locator("table.compared thead").inner_text()


def test_a_cell_of_the_map_opens_its_claims_and_the_map_is_taken_along(opened):
    page = opened("/evidence", script=False)
    formats = page.locator("main p a", has_text=re.compile("^(CSV|SVG|JSON)$"))
    assert formats.all_inner_texts() == ["CSV", "SVG", "JSON"]
    page.locator("table.map td.cell a").first.click()
    assert "/claims?" in page.url
    assert page.locator("main a[href*='/term/claim/']").count() > 0
    assert page.locator("main a[href^='https://']").count() > 0  # the source of each


def test_the_tabs_of_a_term_page_are_reached_in_reading_order(opened):
    page = opened("/term/IERQ")
    stops = []
    for _ in range(25):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("""() => {
          const box = document.activeElement.getBoundingClientRect();
          const shown = getComputedStyle(document.activeElement);
          return [document.activeElement.tagName, box.width > 0, shown.outlineStyle];
        }"""))
    assert all(tag in ("A", "INPUT", "BUTTON", "SUMMARY", "DIV", "PRE", "SELECT")
               for tag, _, _ in stops)
    assert all(seen for _, seen, _ in stops)
    assert all(outline != "none" for tag, _, outline in stops if tag == "A")
