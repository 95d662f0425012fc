"""Write the table of settings in `docs/operating.md` anew: `python docs/settings.py`."""

from __future__ import annotations

from pathlib import Path

from iero.configuration import SETTINGS, Setting

PAGE = Path(__file__).with_name("operating.md")
HEAD = ["| key | flag | variable | default | what it says |", "|---|---|---|---|---|"]
UNITS = {"MB": " MB", "SECONDS": " s"}


def row(setting: Setting) -> str:
    """Return the row of one setting."""
    default = "" if setting.default in (None, "", ()) else \
        f"`{str(setting.default).lower()}`{UNITS.get(setting.metavar, '')}"
    flag = f"`{setting.flag}`" if setting.flag else "none: a secret"
    return f"| `{setting.key}` | {flag} | `{setting.variable}` | {default} | {setting.help} |"


def table() -> str:
    """Return the whole table."""
    return "\n".join(HEAD + [row(setting) for setting in SETTINGS.values()]) + "\n"


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    before, mark, rest = page.partition("## Settings\n\n")
    after = rest.partition("\n\n")[2]
    PAGE.write_text(before + mark + table() + ("\n" + after if after else ""), encoding="utf-8")
