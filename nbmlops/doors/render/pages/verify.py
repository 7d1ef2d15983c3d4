from pathlib import Path

from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, many, size
from nbmlops.doors.render.untrusted import untrusted_lines
from nbmlops.lib.digest import short
from nbmlops.ops.verify import Result
from nbmlops.ops.verify_package import PackageCheck

SHOWN = 30


def page(result: Result) -> Page:
    if result.package is not None:
        return _package(result.package)
    read = f"{many(result.packs, 'pack')}, {size(result.bytes_read)}, {many(result.entries + result.loose, 'piece')}"
    notes = (
        *((Line("The index was made again from the packs.", Tone.GOOD),) if result.is_rebuilt else ()),
        *(
            (Line(f"{many(result.recovered, 'snapshot')} put back into the list.", Tone.GOOD),)
            if result.recovered
            else ()
        ),
    )
    if not result.exit_code:
        return (*notes, Line(f"All good: {read}", Tone.GOOD))
    damaged = tuple(
        (cell(each.what, Tone.BAD), cell(short(each.name)), cell(short(each.pack)), cell(each.why))
        for each in result.damaged[:SHOWN]
    )
    needing = tuple(
        (
            cell(short(each.snapshot), Tone.STRONG),
            cell(each.message),
            cell(each.missing),
            cell(", ".join(each.paths[:3])),
        )
        for each in result.snapshots[:SHOWN]
    )
    return (
        *notes,
        Line(f"Damaged: {many(len(result.damaged), 'thing')} in {read}", Tone.BAD),
        *((Table(columns=("", "digest", "pack", "why"), rows=damaged),) if damaged else ()),
        *(
            (Table(columns=("snapshot", "about", "files", "missing"), rows=needing, title="Snapshots that need it",
                   numeric=frozenset({2})),)
            if needing
            else ()
        ),
        Line("Take a snapshot of the original files again: what they still hold is healed.", Tone.DIM),
    )  # fmt: skip


def _package(check: PackageCheck) -> Page:
    name = f"{check.reference} ({check.digest[7:19]})"
    lines = []
    if check.damaged:
        lines.append(Line(f"Damaged: {', '.join(check.damaged)} of {name}. Pull it again.", Tone.BAD))
    else:
        lines.append(Line(f"{name} is whole.", Tone.GOOD))
    lines += [Line(f"Signed by {each.name or 'key'} {each.fingerprint[:16]}.", Tone.GOOD) for each in check.signers]
    lines += [Line(each, Tone.BAD) for each in check.findings]
    if check.policy and not check.findings and not check.damaged:
        lines.append(Line(f"As {Path(check.policy).name} asks.", Tone.GOOD))
    if check.keys and not check.signers:
        why = check.refused[0] if check.refused else "it has no signature"
        lines.append(Line(f"Not signed by {'this key' if check.keys == 1 else 'these keys'}: {why}.", Tone.BAD))
    elif check.signatures and not check.keys:
        lines.append(Line("It is signed; by whom tells its public key: --key FILE", Tone.DIM))
    elif not check.signatures:
        lines.append(Line("It is not signed.", Tone.DIM))
    return (*lines, *untrusted_lines(check.untrusted))
