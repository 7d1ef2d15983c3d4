"""The contract that a revision holds rows against: its own file, or that of the revision before."""

from __future__ import annotations

import shutil

import msgspec

from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.errors import UsageError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.contract import OF_VALUES
from nbmlops.model.deployment import OnBreach, Spec
from nbmlops.ops.call import Call


class WantedContract(msgspec.Struct, frozen=True, kw_only=True):
    """As it was asked for."""

    file: str
    way: OnBreach | None
    is_dropped: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    way: OnBreach


def lay_contract(call: Call, folder: DeploymentFolder, number: int, spec: Spec, wanted: WantedContract) -> Asked | None:
    """None where nothing is asked of rows. Raises NotFoundError and UsageError for what is no contract, UsageError for
    rows that are to be kept apart where none are kept.
    """
    before = spec.revision(spec.stable)
    if wanted.is_dropped or not (wanted.file or (before is not None and before.contract)):
        if wanted.way is not None:
            raise UsageError(
                "--on-breach is about a contract, and there is none.",
                kind="contract-missing",
                hint="Name one: --contract contract.yaml",
            )
        return None
    way: OnBreach = wanted.way or (before.on_breach if before is not None and before.contract else "warn")
    if way == "quarantine" and not spec.monitored:
        raise UsageError(
            "Rows that break the contract are kept apart only where requests are kept.",
            kind="monitor-missing",
            hint="Add --monitor, or choose --on-breach warn or reject.",
        )
    target = folder.contract(number)
    with refusing_disk_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not wanted.file:
            assert before is not None
            shutil.copyfile(folder.contract(before.number), target)
            return Asked(name=before.contract, way=way)
        from nbmlops.quality.document import load

        contract = load(call.path(wanted.file))
        if not any(rule.kind in OF_VALUES for rule in contract.every):
            raise UsageError(
                f"{contract.place} has no rule that one request could keep or break.",
                kind="contract-empty",
                hint="Rules about values and checks of a row are asked of requests; others by nbmlops validate.",
            )
        write_atomic(target, msgspec.json.encode(contract))
    return Asked(name=contract.place, way=way)
