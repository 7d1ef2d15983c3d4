"""Compares the values that two executions left: `python -m nbmlops.pipeline.comparing SPEC.json`.

A process of its own, because reading a pickle runs code of the user's. Writes `comparisons.json` beside the spec.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_file
from nbmlops.model.certificate import Comparison, Verdict
from nbmlops.model.names import slug
from nbmlops.pipeline.equality import Incomparable, difference, summary
from nbmlops.pipeline.file_contents import PICTURES, read_content
from nbmlops.pipeline.handoff import Manifest, manifest_of, read

COMPARING_SECONDS = 600
TEXT = frozenset({".csv", ".tsv", ".txt", ".json", ".jsonl", ".md", ".html", ".xml", ".yaml", ".yml", ".npy"})
"""Endings of what people read: it may not differ, even where nobody here can say in what."""


class ComparingSpec(msgspec.Struct, frozen=True, kw_only=True):
    names: dict[str, tuple[str, ...]]
    """Variables by step."""
    files: dict[str, tuple[str, ...]]
    expected: str
    """Folder of the notebook's values."""
    actual: str
    expected_folder: str
    """Where the notebook ran."""
    actual_folder: str
    tolerance: float
    owners: tuple[str, str] = ("the notebook", "the pipeline")


def compare(spec: ComparingSpec, scratch: Path) -> tuple[Comparison, ...]:
    """In a process of its own: values are unpickled, which runs their code and imports the user's modules."""
    (scratch / "comparing.json").write_bytes(canonical_json(spec))
    done = subprocess.run(
        [sys.executable, "-m", "nbmlops.pipeline.comparing", str(scratch / "comparing.json")],
        cwd=spec.expected_folder,
        capture_output=True,
        timeout=COMPARING_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    answer = scratch / "comparisons.json"
    if done.returncode != 0 or not answer.is_file():
        text = done.stderr.decode(errors="replace").strip().splitlines()
        why = f"comparing ended with code {done.returncode}: {text[-1] if text else ''}"
        return (Comparison(name="*", step="", verdict=Verdict.NOT_COMPARABLE, difference=why),)
    return msgspec.json.decode(answer.read_bytes(), type=tuple[Comparison, ...])


def main(spec_path: str) -> int:
    spec = msgspec.json.decode(Path(spec_path).read_bytes(), type=ComparingSpec)
    sys.path.insert(0, spec.expected_folder)
    found: list[Comparison] = []
    for step, names in spec.names.items():
        found += [_variable(spec, step, name) for name in names]
    for step, paths in spec.files.items():
        found += [_file(spec, step, path) for path in paths]
    kept = [comparison for comparison in found if comparison is not None]
    Path(spec_path).with_name("comparisons.json").write_bytes(canonical_json(kept))
    return 0


def _variable(spec: ComparingSpec, step: str, name: str) -> Comparison:
    places = (Path(spec.expected) / slug(step), Path(spec.actual) / slug(step))
    manifests = tuple(manifest_of(place) for place in places)
    refused = [manifest.refused[name] for manifest in manifests if manifest and name in manifest.refused]
    if refused:
        return Comparison(name=name, step=step, verdict=Verdict.NOT_COMPARABLE, difference=refused[0])
    for manifest, owner in zip(manifests, spec.owners, strict=True):
        if manifest is None or not _has(manifest, name):
            verdict = Verdict.DIVERGES if owner == spec.owners[1] else Verdict.NOT_COMPARABLE
            return Comparison(name=name, step=step, verdict=verdict, difference=f"{owner} has no value for it")
    try:
        expected, actual = (read(place, (name,))[name] for place in places)
        found = difference(expected, actual, tolerance=spec.tolerance, path=name)
    except Incomparable as reason:
        return Comparison(name=name, step=step, verdict=Verdict.NOT_COMPARABLE, difference=str(reason))
    except NbmlopsError as error:
        return Comparison(name=name, step=step, verdict=Verdict.NOT_COMPARABLE, difference=error.message)
    except Exception as error:  # noqa: BLE001 - unpickling runs the value's own code
        why = f"it cannot be read back: {type(error).__name__}: {error}"
        return Comparison(name=name, step=step, verdict=Verdict.NOT_COMPARABLE, difference=why)
    return Comparison(
        name=name,
        step=step,
        verdict=Verdict.EQUIVALENT if found is None else Verdict.DIVERGES,
        expected=_summary(expected),
        actual=_summary(actual),
        difference=f"{found.path}: {found.text} ({_both(spec)})" if found is not None else "",
    )


def _file(spec: ComparingSpec, step: str, path: str) -> Comparison:
    expected, actual = Path(spec.expected_folder) / path, Path(spec.actual_folder) / path
    if not expected.is_file():
        why = f"{spec.owners[0]} does not write it when it runs"
        return Comparison(name=path, step=step, verdict=Verdict.NOT_COMPARABLE, difference=why)
    if not actual.is_file():
        why = f"{spec.owners[1]} does not write it"
        return Comparison(name=path, step=step, verdict=Verdict.DIVERGES, difference=why)
    if digest_file(expected) == digest_file(actual):
        size = f"{expected.stat().st_size:,} bytes"
        return Comparison(name=path, step=step, verdict=Verdict.EQUIVALENT, expected=size, actual=size)
    verdict, why = _contents(expected, actual, spec)
    is_same = verdict is Verdict.EQUIVALENT
    return Comparison(
        name=path,
        step=step,
        verdict=verdict,
        expected=f"{expected.stat().st_size:,} bytes{', the same content' if is_same else ''}",
        actual=f"{actual.stat().st_size:,} bytes",
        difference=why,
    )


def _contents(expected: Path, actual: Path, spec: ComparingSpec) -> tuple[Verdict, str]:
    """Of two files whose bytes differ. What nobody can read is not held against the pipeline, unless it is text."""
    suffix = expected.suffix.lower()
    try:
        found = difference(read_content(expected), read_content(actual), tolerance=spec.tolerance, path=expected.name)
    except Exception:  # noqa: BLE001 - no reader, a library that is missing, a file of another kind than its name says
        return (Verdict.DIVERGES if suffix in TEXT else Verdict.NOT_COMPARABLE), "its bytes differ"
    if found is None:
        return Verdict.EQUIVALENT, ""
    if suffix in PICTURES:
        return Verdict.NOT_COMPARABLE, "its pixels differ"
    return Verdict.DIVERGES, f"{found.path}: {found.text} ({_both(spec)})"


def _both(spec: ComparingSpec) -> str:
    return " and ".join(owner.removeprefix("the ") for owner in spec.owners)


def _has(manifest: Manifest, name: str) -> bool:
    return any(name in held.names for held in manifest.held)


def _summary(value: Any) -> str:
    try:
        return summary(value)
    except Exception as error:  # noqa: BLE001 - repr() is the value's own code
        return f"a {type(value).__name__} ({error})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
