"""Draw ``docs/model.svg`` from the ontology: kinds, and the relations that tie them.

``python docs/diagram.py`` writes ``model.dot`` and, with Graphviz, ``model.svg``. The tests compare
the first with what the release says now.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

from iero import KnowledgeGraph
from iero.terms import Row

HERE = Path(__file__).parent
LINES = 5
"""Relations written at one arrow, the most frequent first."""
HEAD = """digraph model {
  graph [rankdir=LR, nodesep=0.35, ranksep=1.1, fontname="Helvetica", bgcolor="transparent"];
  node [shape=box, style="rounded,filled", fillcolor="#f2f5f9", color="#46617c",
        fontname="Helvetica", fontsize=13];
  edge [fontname="Helvetica", fontsize=9, color="#46617c", fontcolor="#33475b"];
"""


def draw(graph: KnowledgeGraph) -> str:
    """Return the picture in the DOT language: the same text for the same release."""
    arrows: dict[tuple[str, str, bool], list[Row]] = defaultdict(list)
    for row in graph.select((HERE / "diagram.rq").read_text(encoding="utf-8")):
        arrows[row["fromLabel"], row["toLabel"], row["claimed"] == "true"].append(row)
    names = sorted({name for source, target, _ in arrows for name in (source, target)})
    lines = [f'  "{name}";' for name in names]
    for (source, target, claimed), rows in sorted(arrows.items()):
        style = ", style=dashed" if claimed else ""
        lines.append(f'  "{source}" -> "{target}" [label="{_label(rows)}"{style}];')
    return HEAD + "\n".join(lines) + "\n}\n"


def _label(rows: list[Row]) -> str:
    ranked = sorted(rows, key=lambda row: (-int(row["pairs"]), row["propertyLabel"]))
    shown = [f"{row['propertyLabel']} {int(row['pairs']):,}" for row in ranked[:LINES]]
    more = len(ranked) - LINES
    return r"\n".join([*shown, f"and {more} more"] if more > 0 else shown)


def main() -> None:
    """Write both files."""
    dot = draw(KnowledgeGraph.open())
    (HERE / "model.dot").write_text(dot, encoding="utf-8")
    program = shutil.which("dot")
    if program is None:
        raise SystemExit("The picture is drawn by Graphviz: apt-get install graphviz")
    made = subprocess.run([program, "-Tsvg"], input=dot, capture_output=True, text=True, check=True)
    (HERE / "model.svg").write_text(made.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
