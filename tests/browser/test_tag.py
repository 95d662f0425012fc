"""The tag page, as people use it: pasted texts and files, with and without script."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

TEXT = ("Excessive reassurance seeking\n\nWe measured it with the Interpersonal Emotion Regulation "
        "Questionnaire (IERQ) in patients with panic disorder. No co-rumination was found.")
RIS = """TY  - JOUR
AN  - one
TI  - Mood contagion among nurses
AB  - Emotional contagion was common; we used the EROS (Emotion Regulation of Others and Self).
ER  -\u0020
TY  - JOUR
AN  - two
TI  - A house without sources
ER  -\u0020
"""
MODES = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


def submit(page):
    page.get_by_role("button", name="Tag", exact=True).click()
    page.locator("#result h2, #result .problem").first.wait_for()


def ris():
    return {"name": "library.ris", "mimeType": "application/x-research-info-systems",
            "buffer": RIS.encode()}


@MODES
def test_mentions_of_a_text_are_marked_with_cards_and_reasons(opened, script):
    page = opened("/tag", script=script)
    page.get_by_label("Text").fill(TEXT)
    submit(page)
    marks = page.locator("#result a.mark")
    assert marks.all_inner_texts() == ["Excessive reassurance seeking",
                                       "Interpersonal Emotion Regulation Questionnaire", "IERQ",
                                       "panic disorder", "co-rumination"]
    assert "abbreviation, spelt out in the text" in marks.nth(2).get_attribute("title")
    assert "negated" in marks.nth(4).get_attribute("class")
    marks.nth(3).click()
    card = page.locator(".card:target")
    assert "panic disorder" in card.inner_text()
    assert "disorder" in card.locator("p").first.inner_text().lower()  # its definition
    assert card.locator("a").get_attribute("href") == "/a/b/term/PanicDisorder"
    assert page.get_by_label("Text").input_value() == TEXT


def test_a_text_is_tagged_by_keyboard_alone(opened):
    page = opened("/tag")
    page.get_by_label("Text").focus()
    page.keyboard.insert_text(TEXT)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.actions button')"):
            break
    page.keyboard.press("Enter")
    page.locator("#result a.mark").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "result"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "mark"


def test_what_is_shown_is_narrowed_by_kind_and_score_and_widened_again(opened):
    page = opened("/tag")
    page.get_by_label("Text").fill(TEXT)
    submit(page)
    rows = page.locator("#mentions tbody tr:visible")
    assert rows.count() == 5
    page.get_by_label("Instruments").check()
    assert [text.split("\t")[0] for text in rows.all_inner_texts()] == [
        "Interpersonal Emotion Regulation Questionnaire", "IERQ"]
    assert page.locator(".card:visible").count() == 1
    assert page.locator("#result h2 .count").first.inner_text() == "2 of 5"
    page.get_by_label("Score of at least").fill("1")
    assert rows.count() == 1
    page.get_by_label("Score of at least").fill("0")
    page.get_by_label("Instruments").uncheck()
    assert rows.count() == 5


def test_kind_and_score_narrow_without_script_too(opened):
    page = opened("/tag", script=False)
    page.get_by_label("Text").fill(TEXT)
    page.get_by_label("Instruments").check()
    page.get_by_label("Disorders").check()
    page.get_by_label("Score of at least").fill("1")
    submit(page)
    assert page.locator("#result a.mark").all_inner_texts() == [
        "Interpersonal Emotion Regulation Questionnaire", "panic disorder"]
    assert page.get_by_label("Instruments").is_checked()


@MODES
def test_a_file_is_tagged_record_by_record(opened, script):
    page = opened("/tag", script=script)
    page.get_by_label("Or a file").set_input_files([ris()])
    submit(page)
    records = page.locator("details.record")
    assert records.count() == 2
    assert "3 mentions" in records.first.locator("summary").inner_text() \
        or "4 mentions" in records.first.locator("summary").inner_text()
    assert records.first.locator("a.mark").first.inner_text() == "Mood contagion"
    assert "Nothing of what IERO knows" in records.nth(1).inner_text()


def test_a_dropped_file_takes_the_place_of_the_text(opened):
    page = opened("/tag")
    data = page.evaluate_handle("""(text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "library.ris"));
      return data;
    }""", RIS)
    page.dispatch_event("form.tagging", "dragover", {"dataTransfer": data})
    assert "over" in page.locator(".drop").get_attribute("class")
    page.dispatch_event("form.tagging", "drop", {"dataTransfer": data})
    assert page.get_by_label("Text").is_hidden()
    submit(page)
    assert page.locator("details.record").count() == 2
    page.get_by_role("button", name="Without the file").click()
    assert page.get_by_label("Text").is_visible()


FORMATS = {
    "csv": ("library-tagged.csv", lambda data: b"Mood contagion" in data),
    "tsv": ("library-tagged.tsv", lambda data: b"\tMood contagion\t" in data),
    "xlsx": ("library-tagged.xlsx", lambda data: "xl/workbook.xml" in zipfile.ZipFile(
        io.BytesIO(data)).namelist()),
    "same": ("library-tagged.ris", lambda data: b"KW  - iero: emotional contagion" in data),
    "report": ("library-tagged.html", lambda data: data.lower().startswith(b"<!doctype html")),
    "jsonl": ("library-tagged.jsonl", lambda data: len(
        [json.loads(line) for line in data.splitlines()]) == 2),
    "trig": ("library-tagged.trig", lambda data: b"graph/literature/library" in data
             or b"literature/library" in data),
    "pubtator": ("library-tagged.pubtator", lambda data: b"|t|Mood contagion among nurses" in data),
    "brat": ("library-tagged.zip", lambda data: "annotation.conf" in zipfile.ZipFile(
        io.BytesIO(data)).namelist()),
    "jsonld": ("tags.jsonld", lambda data: b"@context" in data),
    "turtle": ("tags.ttl", lambda data: b"oa:Annotation" in data),
    "nquads": ("tags.nq", lambda data: b"oa#Annotation> <" in data),
}


def test_every_format_can_be_had_of_a_file(opened):
    page = opened("/tag")
    page.get_by_label("Or a file").set_input_files([ris()])
    submit(page)  # and the file is still chosen
    page.locator("details.files summary").click()
    for name, (saved, holds) in FORMATS.items():
        with page.expect_download() as download:
            page.locator(f"button[value={name}]").click()
        with open(download.value.path(), "rb") as file:
            data = file.read()
        assert download.value.suggested_filename == saved
        assert holds(data), (name, data[:300])
    listed = page.locator("details.files button").all_inner_texts()
    assert sorted(listed) == sorted([*FORMATS, "json"])


def test_a_file_is_had_without_script(opened):
    page = opened("/tag", script=False)
    page.get_by_label("Or a file").set_input_files([ris()])
    page.locator("details.files summary").click()
    with page.expect_download() as download:
        page.locator("button[value=same]").click()
    with open(download.value.path(), encoding="utf-8") as file:
        assert "KW  - iero: emotional contagion" in file.read()


@MODES
def test_what_cannot_be_tagged_is_said(opened, script):
    page = opened("/tag", script=script)
    page.get_by_label("Or a file").set_input_files(
        [{"name": "picture.png", "mimeType": "image/png", "buffer": b"\x89PNG"}])
    submit(page)
    assert "cannot be told" in page.get_by_role("alert").inner_text()
