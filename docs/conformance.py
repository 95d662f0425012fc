"""Write the tables of `docs/conformance.md` anew: `python docs/conformance.py`."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

PAGE = Path(__file__).with_name("conformance.md")
TESTS = Path(__file__).parents[1] / "tests" / "server"
SUITES = {
    "protocol": "SPARQL 1.1 Protocol",
    "graph-store-protocol": "SPARQL 1.1 Graph Store HTTP Protocol",
    "http-rdf-update": "SPARQL 1.1 Graph Store HTTP Protocol, the first tests",
    "service-description": "SPARQL 1.1 Service Description",
}


def cases(file: str) -> list[dict[str, str]]:
    """Return the tests of a file."""
    return list(yaml.safe_load((TESTS / file).read_text(encoding="utf-8")))


def summary() -> str:
    """Return the table of suites; each test of each runs with the others, and none may fail."""
    lines = ["| suite | folder of w3c/rdf-tests | tests | passed |", "|---|---|---|---|"]
    for name, title in SUITES.items():
        count = len(cases(f"w3c/{name}.yaml"))
        lines.append(f"| {title} | `sparql/sparql11/{name}` | {count} | {count} |")
    return "\n".join(lines)


def tests() -> str:
    """Return the table of single tests."""
    lines = ["| suite | test | what it asks |", "|---|---|---|"]
    lines += [f"| {suite} | `{case['name']}` | {case['says']} |"
              for suite in SUITES for case in cases(f"w3c/{suite}.yaml")]
    return "\n".join(lines)


def features() -> str:
    """Return the table of features beyond SPARQL 1.1."""
    lines = ["| feature | example |", "|---|---|"]
    lines += [f"| {case['feature']} | `{case['example'].replace('|', chr(92) + '|')}` |"
              for case in cases("sparql12.yaml")]
    return "\n".join(lines)


def page(text: str) -> str:
    """Return the page with its tables made anew, each after its mark."""
    for name, table in (("summary", summary()), ("features", features()), ("tests", tests())):
        mark = f"<!-- {name} -->\n"
        text, count = re.subn(re.escape(mark) + r"(?:\|.*\n)*", lambda _, t=mark + table: t + "\n",
                              text)
        if count != 1:
            raise ValueError(f"{PAGE} has the mark {name!r} {count} times")
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
