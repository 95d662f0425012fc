"""Every way of installing finds the ontology and the queries."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

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
    code = [path for path in (ROOT / "service" / "iero").rglob("*")
            if "__pycache__" not in path.parts]
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
    assert names == expected


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
