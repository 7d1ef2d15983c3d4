"""A decision as the answer to whoever asks whether something is to be done.

It tells not what is needed but what would be done: whoever starts a run on a yes knows no gate, no pause and no version
that was rejected.
"""

from __future__ import annotations

from nbmlops.model.needs_answer import NeedsAnswer
from nbmlops.model.reconciler import Action, Decision, Kind, Reconciler
from nbmlops.reconcile.conditions import is_stalled, is_unknown
from nbmlops.reconcile.key import told

NAME = "name"
"""Under which a ModelSync's service gives the version that is wanted."""


def answer_of(spec: Reconciler, decision: Decision) -> NeedsAnswer:
    """An attempt of our own that goes on (`resume`) is a no: it is nobody else's to go on with."""
    is_needed = decision.action in (Action.TRAIN, Action.DEPLOY)
    if is_needed:
        return NeedsAnswer(needs_sync=True, parameters=_given(spec, decision))
    cannot_tell = is_unknown(decision.conditions) and not decision.held
    if decision.action is Action.NONE and (cannot_tell or is_stalled(decision.conditions)):
        return NeedsAnswer(needs_sync=False, errors=(decision.why,))
    return NeedsAnswer(needs_sync=False)


def _given(spec: Reconciler, decision: Decision) -> dict[str, str]:
    """Only what the document asks for by name: a ModelSync hands the rest to a parameter without a name."""
    reason = decision.reason
    if reason is None:
        return {}
    if spec.kind is Kind.DEPLOYER:
        return {NAME: reason.key}
    given = told(reason)
    names = [value["from"] for value in spec.parameters.values() if isinstance(value, dict) and "from" in value]
    return {name: given[name] for name in names if name in given}
