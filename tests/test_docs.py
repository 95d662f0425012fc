"""What the documents say is run: commands, addresses, Python, and the tables that they show."""

from __future__ import annotations

import doctest
import os
import pty
import re
import runpy
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from shutil import copy
from urllib.parse import urlsplit

import httpx
import pytest
from click import Command, Option
from iero import Client
from iero.cli import iero as group
from iero.server import create_app
from iero.server.records import OPTIONS
from iero.tagging.documents import INPUTS, OUTPUTS
from iero.tagging.documents.writers import COLUMNS

from tests.server.processes import running

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TAGGING = ("iero tag ", "iero eval ", "iero compare-tags ")  # run one after the other
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "service")}  # also where nothing is installed
LONG = {"iero build", "iero check", "iero serve",
        "iero serve --data store --tokens tokens.toml"}  # have test modules of their own


def console(text):
    """Return the commands that a document shows after a dollar sign."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line[2:].split("  #")[0].strip() for block in blocks for line in block.splitlines()
            if line.startswith("$ ")]


COMMANDS = sorted({command for document in DOCUMENTS for command in console(
    document.read_text(encoding="utf-8"))
    if command.startswith("iero ") and command not in LONG and "your-" not in command
    and document.name != "writing.md"
    and not command.startswith("iero serve --store")  # see tests/stores
    and not command.startswith(TAGGING)})
ADDRESSES = [command for command in console(README) if command.startswith("curl ")]


def in_a_terminal(command, columns):
    """Return what a command prints in a terminal of that width, without colours and links."""
    environment = ENVIRONMENT | {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"}
    child, terminal = pty.fork()
    if not child:
        os.execve(sys.executable, [sys.executable, "-m", *command], environment)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux tells the end of a terminal
            break
        if not piece:
            break
        shown += piece
    os.waitpid(child, 0)
    text = shown.decode().replace("\r\n", "\n")
    return re.sub(r"\x1b\]8;[^\x1b]*\x1b\\|\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_a_document_runs(command):
    made = subprocess.run([sys.executable, "-m", *shlex.split(command)], check=False, timeout=60,
                          capture_output=True, text=True, env=ENVIRONMENT)
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip()


FILES = {"library.ris": "scopus.ris", "library.bib": "zotero.bib", "pubmed.nbib": "pubmed.nbib",
         "pubmed.xml": "efetch.xml", "sample.jsonl": "records.jsonl"}
"""The files that documents tag, and the fixtures of which they are copies."""


@pytest.mark.parametrize("document", ["README.md", "docs/tagging.md"])
def test_commands_that_tag_run_one_after_the_other(document, tmp_path):
    for name, fixture in FILES.items():
        copy(ROOT / "tests" / "tagging" / "documents" / "fixtures" / fixture, tmp_path / name)
    commands = [command for command in console((ROOT / document).read_text(encoding="utf-8"))
                if command.startswith(TAGGING)]
    assert len(commands) >= 3
    for command in commands:
        made = subprocess.run([sys.executable, "-m", *shlex.split(command)], check=False,
                              timeout=60, capture_output=True, text=True, env=ENVIRONMENT,
                              cwd=tmp_path)
        assert made.returncode == 0, (command, made.stderr)
        if command.startswith("iero tag "):
            assert "Tagged" in made.stderr
            assert (tmp_path / shlex.split(command)[shlex.split(command).index("-o") + 1]).exists()


def test_the_tables_of_the_tagging_page_are_complete():
    page = (ROOT / "docs" / "tagging.md").read_text(encoding="utf-8")
    columns, formats = page.partition("## What every column means")[::-2], page
    assert [name for name in COLUMNS if f"`{name}`" not in columns[0]] == []
    assert [name for name in (*INPUTS, *OUTPUTS) if f"`{name}`" not in formats] == []


def test_the_readme_shows_commands_addresses_and_the_two_to_begin_with():
    assert len(COMMANDS) >= 4
    assert len(ADDRESSES) >= 2
    two = {"pip install . && iero serve", "pip install -e '.[dev]' && pytest"}
    assert two <= set(console(README))


def test_the_first_answer_is_the_one_that_the_readme_shows():
    block = re.search(r"\$ (iero query strategies-of-intrinsic-regulation)\n(.*?)```", README,
                      re.DOTALL)
    seen = in_a_terminal(block[1].split(), 100)
    lines = [line.rstrip() for line in seen.splitlines() if line.strip()]
    assert lines == block[2].splitlines()


@pytest.mark.parametrize("command", ADDRESSES)
def test_address_of_the_readme_answers(command, shipped):
    words = shlex.split(command)
    address = urlsplit(next(word for word in words if word.startswith("http")))
    options = dict(pairwise(words))
    headers = dict([options["-H"].split(": ", 1)]) if "-H" in options else {}
    name, _, value = options.get("--data-urlencode", "").partition("=")
    with httpx.Client(transport=httpx.WSGITransport(app=create_app(shipped)),
                      base_url="http://service") as client:
        path = f"{address.path}?{address.query}"
        answer = client.post(path, data={name: value}, headers=headers) if name \
            else client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.content


def test_python_of_the_readme_gives_what_it_shows():
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert found.attempted >= 3
    assert found.failed == 0


@pytest.fixture
def service_of_the_documents(shipped, monkeypatch):
    """Answer in this process what the documents ask of http://127.0.0.1:8000."""
    app = create_app(shipped, shipped=True)
    monkeypatch.setattr(httpx, "HTTPTransport", lambda: httpx.WSGITransport(app=app))
    return app


def test_python_of_the_page_about_the_client_gives_what_it_shows(service_of_the_documents):
    found = doctest.testfile(str(ROOT / "docs" / "client.md"), module_relative=False)
    assert found.attempted >= 15
    assert found.failed == 0


def test_addresses_of_the_page_about_the_client_answer(service_of_the_documents, tmp_path):
    (tmp_path / "records.jsonl").write_text('{"text": "mood contagion"}', encoding="utf-8")
    commands = console((ROOT / "docs" / "client.md").read_text(encoding="utf-8"))
    assert len(commands) >= 4
    with httpx.Client(transport=httpx.HTTPTransport()) as client:
        for command in commands:
            words = shlex.split(command)
            address = next(word for word in words if word.startswith("http"))
            options = dict(pairwise(words))
            headers = dict([options["-H"].split(": ", 1)]) if "-H" in options else {}
            body = options.get("--data-binary") or options.get("-d")
            files = {"file": (tmp_path / "records.jsonl").open("rb")} if "-F" in options else None
            method = "POST" if body or files else "GET"
            answer = client.request(method, address, headers=headers, content=body, files=files)
            assert answer.status_code == 200, answer.text
            if files:
                files["file"].close()


def test_commands_of_the_page_about_writing_give_what_it_shows(tmp_path):
    blocks = re.findall(r"```console\n(.*?)```",
                        (ROOT / "docs" / "writing.md").read_text(encoding="utf-8"), re.DOTALL)
    shown = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks), re.MULTILINE)
    assert len(shown) >= 8
    (token, _), (serve, _), *rest = shown
    in_the_shell(token, tmp_path)
    options = shlex.split(serve.removeprefix("iero serve"))
    with running(*options, cwd=tmp_path, seconds=120) as address:
        for command, output in rest:
            seen = in_the_shell(command.replace("http://127.0.0.1:8000", address), tmp_path)
            pattern = re.escape(output).replace("…", ".*") or ".*"
            assert re.fullmatch(pattern, seen, re.DOTALL), (command, seen)


def in_the_shell(command, folder):
    """Return what a command of a page prints; curl without its progress, iero from here."""
    here = command.replace("iero ", f"{sys.executable} -m iero ", 1) \
        if command.startswith("iero ") else command.replace("curl ", "curl -sS --max-time 30 ", 1)
    done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, timeout=60,
                          check=False, cwd=folder, env=ENVIRONMENT)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def test_the_page_about_the_client_names_every_method_and_option():
    text = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
    methods = [name for name in vars(Client) if not name.startswith("_") and name != "close"]
    assert len(methods) > 8
    assert [name for name in methods if f"`{name}(" not in text and f", `{name}(" not in text] == []
    assert [name for name in OPTIONS if f"`{name}`" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document):
    named = re.findall(r"`((?:ontology|queries|service|tests|benchmarks|docs)/[\w./-]*)`",
                       document.read_text(encoding="utf-8"))
    ours = [name for name in named if "your-" not in name]
    assert [name for name in ours if not (ROOT / name).exists()] == []


def commands():
    return sorted(group.commands.items())


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_teaches(name, command):
    assert isinstance(command, Command)
    assert command.help
    assert f"iero {name}" in command.help, "the help shows no example"
    options = [option for option in command.params if isinstance(option, Option)]
    undescribed = [option.name for option in options if not option.help]
    assert undescribed == []


def test_every_command_is_in_the_readme():
    assert [name for name, _ in commands() if f"iero {name}" not in README] == []


def test_the_picture_of_the_model_is_drawn_from_this_release(shipped):
    names = runpy.run_path(str(ROOT / "docs" / "diagram.py"))
    drawn = (ROOT / "docs" / "model.dot").read_text(encoding="utf-8")
    assert names["draw"](shipped) == drawn, "draw it again: python docs/diagram.py"
    picture = (ROOT / "docs" / "model.svg").read_text(encoding="utf-8")
    nodes = re.findall(r'^  "([^"]+)";$', drawn, re.MULTILINE)
    assert len(nodes) > 10
    assert [node for node in nodes if f">{node}</text>" not in picture] == []
