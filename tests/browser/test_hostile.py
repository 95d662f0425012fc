"""Data that try to break a page: markup, right-to-left marks, emoji, 10,000 characters."""

from __future__ import annotations

import pytest

PAGES = ["/term/HostileScript", "/term/HostileRightToLeft", "/term/HostileEmoji",
         "/term/HostileLong", "/term/HostileWords", "/browse", "/search?q=hostile",
         "/search?q=%3Cscript%3E", "/evidence", "/claims?about=HostileScript",
         "/compare?term=HostileScript&term=HostileEmoji&term=HostileLong",
         "/names", "/conflicts", "/ontology",
         "/term/claim/hostile", "/sparql?query=SELECT+*+%7B+?s+?p+?o+%7D+LIMIT+200",
         "/sparql?query=SELECT+*+%7B+?s+?p+?o+%7D+LIMIT+200&view=graph",
         "/sparql?query=CONSTRUCT+WHERE+%7B+?s+?p+?o+%7D&view=turtle"]

PROVOKE = """() => {
  for (const each of document.querySelectorAll("*:not(a, button, form, summary)")) {
    for (const kind of ["mouseover", "click", "focus", "error", "load"]) {
      each.dispatchEvent(new Event(kind));
    }
  }
}"""
INERT = "[type='application/json'], [type='application/ld+json']"
WATCH = "window.alert = window.confirm = window.prompt = (text) => { window.ran = text; };"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_hostile_data_stays_a_page(opened, hostile, path):
    page = opened("/health", address=hostile)
    page.context.add_init_script(WATCH)
    page.goto(hostile + path)
    for width in (360, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, width
    # Handlers that wait for a mouse or a focus wait in vain.
    page.evaluate(PROVOKE)
    assert page.evaluate("window.ran ?? null") is None
    marks = page.evaluate("""() => [...document.querySelectorAll("*")].flatMap((each) =>
      [...each.attributes].filter(({ name, value }) => name.startsWith("on")
        || (/^(href|src|action|formaction)$/.test(name) && /^\\s*(javascript|data):/i.test(value)))
        .map(({ name, value }) => `${each.tagName} ${name}=${value}`))""")
    assert marks == []
    assert page.locator(f"main script:not({INERT})").count() == 0
    assert page.locator("main").inner_text().strip()


def test_suggestions_of_hostile_labels_are_text(opened, hostile):
    page = opened("/", address=hostile)
    field = page.locator("header input[name=q]")
    field.focus()
    page.keyboard.type("script alert label")
    page.get_by_role("option").first.wait_for()
    assert "<script>alert('label')</script>" in page.get_by_role("option").all_inner_texts()[0]
    assert page.locator("[role=option] script").count() == 0


def test_hostile_texts_are_tagged_as_text(opened):
    page = opened("/tag")
    page.get_by_label("Text").fill("</textarea><script>window.ran = 1</script> panic disorder <b>")
    page.get_by_role("button", name="Tag", exact=True).click()
    page.locator("#result a.mark").first.wait_for()
    assert page.evaluate("window.ran ?? null") is None
    assert "<script>window.ran = 1</script>" in page.locator("p.tagged").inner_text()
