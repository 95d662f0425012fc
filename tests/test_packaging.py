"""Every way of installing finds the ontology and the queries."""

import json
import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUNDLE = "iero/server/static/bundle/"
COMPILED = "iero_compiled/"
BINARY = EXTENSION_SUFFIXES[0]

PROBE = """
import iero
from iero import resources
print(resources.home())
graph = iero.KnowledgeGraph.open()
print(graph.ask("ASK { iero:Venting a owl:Class }"), len(graph.catalogue.names()))
"""


def run(code, *paths, cwd):
    """Run code in a fresh interpreter that sees these folders, and nothing of the checkout."""
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment = clean | {"PYTHONPATH": os.pathsep.join(map(str, paths)),
                           "PYTHONWARNINGS": "error"}
    made = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=environment, check=False,
                          capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    return made.stdout.splitlines()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    made = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(folder), str(ROOT)],
        check=False, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    return next(folder.glob("iero-*.whl"))


def shipped_files():
    """Return what must be in the wheel, by its path in the checkout."""
    data = [path for folder in ("ontology", "queries") for path in (ROOT / folder).rglob("*")]
    data += [path for suffix in ("md", "svg") for path in (ROOT / "docs").rglob(f"*.{suffix}")
             if "screenshots" not in path.parts]
    data += [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE")]
    code = [path for path in (ROOT / "service" / "iero").rglob("*")
            if "__pycache__" not in path.parts and "bundle" not in path.parts]
    return [path.relative_to(ROOT) for path in data + code if path.is_file()]


def test_wheel_holds_package_ontology_and_queries_and_nothing_else(wheel):
    expected = {
        str(path.relative_to("service") if path.parts[0] == "service" else Path("iero", path))
        for path in shipped_files()
    }
    assert len(expected) > 150
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    compiled = {name for name in names if name.startswith("iero/tagging/data/lexicon-")}
    assert len(compiled) == 1
    names -= compiled
    assert {name for name in names if not name.startswith((BUNDLE, COMPILED))
            and not is_shared(name)} == expected


def is_shared(name):
    """Say whether a file holds the code of the compiled modules, to which they lead."""
    return "/" not in name and name.endswith("__mypyc" + BINARY)


@pytest.mark.skipif(not shutil.which("cc"), reason="the tagger is compiled by a C compiler")
def test_wheel_holds_the_inner_loop_of_the_tagger_compiled(wheel, tmp_path):
    modules = (ROOT / "service/iero/tagging/finding").glob("[!_]*.py")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert {name for name in names if name.startswith(COMPILED)} == {
        COMPILED + "SOURCES", *(f"{COMPILED}{path.stem}{BINARY}" for path in modules)}
    assert len([name for name in names if is_shared(name)]) == 1
    assert run("import os; os.environ['IERO_COMPILED'] = 'yes'\n"
               "from iero.tagging.finding import COMPILED, finder; print(COMPILED)\n"
               f"print(finder.__file__.endswith({BINARY!r}))", tmp_path, cwd=tmp_path
               ) == ["True", "True"]


@pytest.mark.skipif(not shutil.which("npm"), reason="the script of the pages is bundled by npm")
def test_wheel_holds_the_script_of_the_pages_with_the_licences_of_what_is_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix(BUNDLE) for name in archive.namelist()
                 if name.startswith(BUNDLE)}
        licences = archive.read(BUNDLE + "LICENSES.txt").decode()
        scripts = b"".join(archive.read(BUNDLE + name) for name in names if name.endswith(".js"))
    assert {"site.js", "ask.js", "tag.js"} <= names
    assert {f"{name}.gz" for name in names if name.endswith(".js")} <= names
    asked_for = json.loads((ROOT / "service/web/package.json").read_text())["dependencies"]
    bundled = set(asked_for) - {"esbuild"}
    assert [name for name in bundled if f"{name} " not in licences] == []
    assert b"sourceMappingURL" not in scripts


def test_the_lock_of_the_script_names_no_host():
    lock = (ROOT / "service/web/package-lock.json").read_text()
    assert '"integrity"' in lock
    assert '"resolved"' not in lock


class Told:
    """Keeps what a build hook says."""

    def __init__(self):
        self.warnings = []

    def display_warning(self, text):
        self.warnings.append(text)


def hook(root, monkeypatch, tools):
    """Return the build hook for a checkout, with these commands for npm and Node.js."""
    names = runpy.run_path(str(ROOT / "hatch_build.py"))
    monkeypatch.setitem(names["MadeParts"]._bundle.__globals__, "_tools", lambda: tools)
    told = Told()
    return names["MadeParts"](str(root), {}, None, None, "", "wheel", app=told), told


@pytest.fixture
def checkout(tmp_path):
    """A checkout with sources of a script and nothing else."""
    sources = tmp_path / "service" / "web"
    sources.mkdir(parents=True)
    (sources / "site.js").write_text("1")
    return tmp_path


def test_a_package_is_built_without_npm_and_says_so(checkout, monkeypatch):
    made, told = hook(checkout, monkeypatch, None)
    assert made._bundle() is None
    assert "no npm" in told.warnings[0]


def test_a_package_is_built_where_npm_fails_and_says_why(checkout, monkeypatch):
    fails = [sys.executable, "-c", "import sys; sys.exit('the registry is away')"]
    made, told = hook(checkout, monkeypatch, (fails, fails))
    assert made._bundle() is None
    assert "the registry is away" in told.warnings[0]
    assert not (checkout / "service/iero/server/static/bundle").exists()


def test_the_script_is_bundled_again_only_when_its_sources_change(checkout, monkeypatch):
    node = [sys.executable, "-c", "import pathlib, sys; folder = pathlib.Path(sys.argv[2]); "
            "folder.mkdir(parents=True, exist_ok=True); "
            "(folder / 'site.js').open('a').write('made ')"]
    made, told = hook(checkout, monkeypatch, ([sys.executable, "-c", ""], node))
    folder = made._bundle()
    assert made._bundle() == folder
    assert (folder / "site.js").read_text() == "made "
    (checkout / "service/web/site.js").write_text("2")
    made._bundle()
    assert (folder / "site.js").read_text() == "made made "
    assert told.warnings == []


def test_unpacked_wheel_finds_its_data(wheel, tmp_path):
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    home, answer = run(PROBE, place, cwd=tmp_path)
    assert Path(home) == place / "iero"
    assert answer == f"True {len(list((ROOT / 'queries' / 'questions').glob('*.rq')))}"


def test_wheel_on_the_path_as_an_archive_finds_its_data(wheel, tmp_path):
    home, answer = run(PROBE, wheel, cwd=tmp_path)
    assert home.startswith(str(wheel))
    assert answer.startswith("True ")


def test_checkout_finds_the_data_at_its_root(tmp_path):
    home, answer = run(PROBE, ROOT / "service", cwd=tmp_path)
    assert Path(home) == ROOT
    assert answer.startswith("True ")
