"""The real world of a reconciler's tick: this project's pipelines, MLflow, git, deployments and registries."""

from __future__ import annotations

from datetime import datetime

from nbmlops.errors import NbmlopsError
from nbmlops.lib.clock import utc_now
from nbmlops.model.reconciler import Attempt, Kind, Memory, Proposal, Reason, Reconciler
from nbmlops.ops.call import Call
from nbmlops.ops.reconciling.inputs import inputs_digest
from nbmlops.ops.reconciling.needs.observe import observe
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.ops.reconciling.proposing import Repositories
from nbmlops.reconcile.world import Seen, Told, Trained, Verdict

CHAMPION = "champion"


class RealWorld:
    """What only some ticks do is loaded by those: most look, and do nothing."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.git = Repositories(call)
        self._reasons: dict[str, Reason] = {}
        """As they were last seen, for what a proposal says."""
        self._digests: dict[tuple[str, ...], str] = {}
        """Of files, until something is done: many documents name the same ones."""

    def refresh(self) -> None:
        """What remotes said and files held is asked again."""
        self.git.refresh()
        self._digests.clear()

    def now(self) -> datetime:
        return utc_now()

    def look(self, spec: Reconciler, memory: Memory) -> Seen:
        """What cannot be seen is not known: nothing is done for it."""
        return self._deployer(spec) if spec.kind == Kind.DEPLOYER else self._trainer(spec, memory)

    def train(self, spec: Reconciler, attempt: Attempt, told: Told) -> Trained:
        from nbmlops.ops.reconciling.train import train

        try:
            return train(self._call, spec, attempt, told)
        finally:
            self._digests.clear()

    def judge(self, spec: Reconciler, attempt: Attempt, told: Told) -> Verdict:
        from nbmlops.ops.reconciling.judge import judge

        return judge(self._call, spec, attempt, told)

    def propose(self, spec: Reconciler, attempt: Attempt, verdict: Verdict) -> Proposal:
        reason = self._reasons.get(spec.name) or Reason(need="needed", holds=True, why=attempt.why)
        return self.git.propose(spec, attempt, verdict, reason)

    def adopt(self, spec: Reconciler, version: str) -> None:
        from nbmlops.track import edit

        edit.set_alias(self._call.project.prepare_tracking(), spec.model, CHAMPION, version)

    def deploy(self, spec: Reconciler, attempt: Attempt, told: Told) -> None:
        from nbmlops.ops.reconciling.deploying import deploy

        deploy(self._call, spec, attempt, told)

    def clean(self, spec: Reconciler, memory: Memory) -> None:
        self.git.clean(spec, memory)

    def _trainer(self, spec: Reconciler, memory: Memory) -> Seen:
        look = Observing(self._call, spec, memory, self.now(), self._digests)
        reason = observe(look, spec.needs) if spec.needs is not None else None
        if reason is not None:
            self._reasons[spec.name] = reason
        trouble, inputs = "", ""
        desired: str | None = None
        earlier: tuple[str, ...] = ()
        proposal: Proposal | None = None
        try:
            if reason is None or reason.holds is not False:
                inputs = inputs_digest(look)
            if spec.publish is not None:
                desired, earlier, proposal = self.git.published(spec.publish, memory)
        except NbmlopsError as error:
            trouble = error.message
            reason = None
        return Seen(
            reason=reason,
            inputs=inputs,
            facts=look.facts,
            rows=look.rows,
            desired=desired,
            earlier=earlier,
            proposal=proposal,
            trouble=trouble,
        )

    def _deployer(self, spec: Reconciler) -> Seen:
        from nbmlops.ops.reconciling.deploying import answering, wanted_digest

        try:
            desired: str | None
            earlier: tuple[str, ...] = ()
            if spec.desired is None:
                desired = wanted_digest(self._call, spec)
            else:
                desired, earlier = self.git.said(spec.desired)
            return Seen(desired=desired, earlier=earlier, actual=answering(self._call, spec, desired or ""))
        except NbmlopsError as error:
            return Seen(trouble=error.message)
