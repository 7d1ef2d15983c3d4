"""Makes what runs equal to what is wanted, again and again; for one deployment."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Coroutine
from typing import Any

from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.deploy.router.pools import Pools
from nbmlops.deploy.supervise.launch import launch_of
from nbmlops.deploy.supervise.replica import Replica
from nbmlops.errors import NbmlopsError
from nbmlops.model.deployment import Revision, RevisionStatus, Spec

logger = logging.getLogger("nbmlops.router")

_LOOK_SECONDS = 0.1


class Supervisor:
    def __init__(self, folder: DeploymentFolder, pools: Pools) -> None:
        self._folder = folder
        self._pools = pools
        self._replicas: dict[int, list[Replica]] = {}
        self._spec: Spec | None = None
        self._beside: tuple[Replica, ...] = ()
        """Replicas that are to take the place of one that has grown too large, and those that leave it."""
        self._stopping: set[asyncio.Task[None]] = set()
        self.problem = ""

    def apply(self, spec: Spec) -> None:
        """Starts what is missing, gives each its share, and stops what nobody wants any more."""
        self._spec = spec
        self.problem = ""
        for number in spec.running:
            self._scale(spec, number)
        self._pools.share(spec.stable, spec.canary, spec.percent, spec.shadow)
        for number in [number for number in self._replicas if number not in spec.running]:
            self._stop(number, self._replicas.pop(number))

    def _scale(self, spec: Spec, number: int) -> None:
        revision = spec.revision(number)
        if revision is None:
            self.problem = f"Revision {number} is wanted and there is none."
            return
        running = self._replicas.setdefault(number, [])
        # What has failed is tried anew when somebody asks for it again.
        for replica in [each for each in running if each.has_failed]:
            running.remove(replica)
        while len(running) < spec.replicas:
            try:
                replica = self._started(spec, revision)
            except NbmlopsError as error:
                self.problem = str(error)
                return
            running.append(replica)
        if len(running) > spec.replicas:
            gone, self._replicas[number] = running[spec.replicas :], running[: spec.replicas]
            self._stop(0, gone)

    def _started(self, spec: Spec, revision: Revision, restarts: int = 0) -> Replica:
        """Raises MissingDependencyError where there is nothing that runs it."""
        number = revision.number
        taken = {each.number for each in (*self._replicas.get(number, ()), *self._beside)}
        place = next(n for n in itertools.count() if n not in taken)
        replica = Replica(
            place,
            launch_of(self._folder, spec, revision, place),
            self._pools.of(number),
            self._folder.log(number),
            restarts=restarts,
            on_large=lambda large: self._succeed(number, large),
        )
        replica.start()
        return replica

    def _succeed(self, number: int, large: Replica) -> None:
        """Another one takes its place, once that is ready. Until then it goes on."""

        async def succeed() -> None:
            spec = self._spec
            revision = spec.revision(number) if spec is not None else None
            if spec is None or revision is None:
                return
            fresh = leaving = self._started(spec, revision, large.restarts + 1)
            self._beside += (fresh,)
            while not fresh.is_ready and not fresh.has_failed and large in self._replicas.get(number, ()):
                await asyncio.sleep(_LOOK_SECONDS)
            running = self._replicas.get(number, [])
            if fresh.is_ready and large in running:
                running[running.index(large)], leaving = fresh, large
                logger.info("Replica %d of revision %d answers in its place", fresh.number, number)
            self._beside += (leaving,)
            await leaving.stop()
            self._beside = tuple(each for each in self._beside if each not in (fresh, leaving))

        self._aside(succeed())

    def _stop(self, number: int, replicas: list[Replica]) -> None:
        """`number` 0: the revision goes on with others."""

        async def stop() -> None:
            await asyncio.gather(*(each.stop() for each in replicas))
            if number and number not in self._replicas:
                self._pools.drop(number)

        self._aside(stop())

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def close(self) -> None:
        for number, replicas in list(self._replicas.items()):
            self._stop(number, replicas)
        self._replicas.clear()
        while self._stopping:
            await asyncio.gather(*self._stopping, return_exceptions=True)

    def told(self) -> tuple[RevisionStatus, ...]:
        spec = self._spec
        found = []
        for number, replicas in sorted(self._replicas.items()):
            pool = self._pools.of(number)
            role = "candidate"
            if spec is not None:
                roles = {spec.shadow: "shadow", spec.canary: "canary", spec.stable: "stable"}
                role = roles.get(number, "candidate")
            found.append(
                RevisionStatus(
                    number=number,
                    role=role,  # type: ignore[arg-type]
                    replicas=tuple(each.told() for each in replicas),
                    traffic=pool.traffic(),
                )
            )
        return tuple(found)
