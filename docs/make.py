"""`make docs`: what is generated in docs/ and README.md.

    python docs/make.py              # texts and pictures
    python docs/make.py --texts      # texts only: seconds
    python docs/make.py --check      # says which text is stale; exit code 1 if one is

Texts (verbs.md, reconciler.schema.json, the tables in engines.md, errors.md and read-paths.md, and the front end's
types of what the server answers) are checked by tests/unit/docs; pictures (docs/pictures) take minutes, need Chromium
for the notebook pages, and differ in every run by what time things took.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nbmlops.doors.failures import FAMILIES
from nbmlops.doors.render.help import reference
from nbmlops.reconcile.schema import json_schema

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
import typescript  # noqa: E402

from tests.ports import parity  # noqa: E402
from tests.unit.capture import read_paths  # noqa: E402

BEGIN, END = "<!-- made by docs/make.py: begin -->", "<!-- end -->"


def texts() -> dict[Path, str]:
    """Each generated file and what it must hold."""
    errors = DOCS / "errors.md"
    reads = DOCS / "read-paths.md"
    engines = DOCS / "engines.md"
    return {
        DOCS / "verbs.md": reference(),
        DOCS / "reconciler.schema.json": json.dumps(json_schema(), indent=2) + "\n",
        errors: between(errors.read_text(encoding="utf-8"), error_table()),
        reads: between(reads.read_text(encoding="utf-8"), read_paths.table()),
        DOCS.parent / "labextension" / "src" / "api" / "types.ts": typescript.text(),
        engines: between(engines.read_text(encoding="utf-8"), parity.table()),
    }


def error_table() -> str:
    lines = ["| family | it means | exit code | HTTP status |", "| --- | --- | --- | --- |"]
    for family, (code, status) in FAMILIES.items():
        parent = f" ({family.__bases__[0].__name__})" if family.__bases__[0] in FAMILIES else ""
        meaning = (family.__doc__ or "").strip().splitlines()[0]
        lines.append(f"| `{family.__name__}`{parent} | {meaning} | {code} | {status} |")
    return "\n".join(lines)


def between(text: str, made: str) -> str:
    """The text with the part between the marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def main(arguments: list[str]) -> int:
    wanted = texts()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(DOCS.parent)} is stale: make docs")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")
    if "--texts" not in arguments:
        import pictures

        pictures.make(DOCS / "pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
