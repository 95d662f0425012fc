"""Every main page: accessible, light and dark, on a phone and on a wide screen, without script."""

from __future__ import annotations

READ = """() => {
  const seen = (node) => node.checkVisibility({ visibilityProperty: true });
  return {
    h1: [...document.querySelectorAll("h1")].filter(seen).map((each) => each.innerText),
    lang: document.documentElement.lang,
    title: document.title,
    over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    paper: getComputedStyle(document.body).backgroundColor,
    unlabelled: [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
      .filter(seen).filter((each) => !each.labels.length && !each.ariaLabel).length,
  };
}"""


def brightness(colour: str) -> float:
    """Return how light a colour like ``rgb(252, 251, 248)`` is, from 0 to 255."""
    return sum(map(float, colour.removeprefix("rgb(").rstrip(")").split(","))) / 3


def test_axe_finds_nothing_against_it_light_or_dark(opened, violations, main_page):
    page = opened(main_page)
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        paper = brightness(page.evaluate(READ)["paper"])
        assert paper < 60 if scheme == "dark" else paper > 200
        assert violations(page) == [], scheme


def test_it_fits_phones_and_wide_screens_and_is_entered_by_keyboard(opened, main_page):
    page = opened(main_page)
    for width in (360, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        seen = page.evaluate(READ)
        assert len(seen["h1"]) == 1
        assert seen["lang"] == "en"
        assert seen["unlabelled"] == 0
        assert seen["over"] <= 0, width
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_it_is_whole_without_script(opened, main_page):
    page = opened(main_page, width=360, script=False)
    assert page.title().endswith("· IERO")
    assert page.locator("h1:visible").count() == 1
    assert page.locator("main").inner_text().strip()
    assert page.locator("header a:visible, footer a:visible").count() > 5
    # What only a script could fill or draw is not there to be stared at.
    assert page.locator("[data-script]:visible, [data-graph]:visible, [role=listbox]:visible"
                        ).count() == 0
