"""A deployment in a project as it is on the disk, without a router: its log is written by the tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import numpy as np

from nbmlops import api
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.model.deployment import Revision, Spec
from nbmlops.model.profile import ModelProfile
from nbmlops.monitor.windows import start_of
from nbmlops.ops.monitor import Result
from nbmlops.profile.model_file import FILE
from nbmlops.profile.table import profile_of
from tests.unit.monitor import logs

HOUR = timedelta(hours=1)


class Deployed:
    """One of wine, revision 1, created two days ago; `this_hour` is when the window of now began."""

    def __init__(self, root: Path, settings: str = "", **more: Any) -> None:
        root.mkdir(parents=True, exist_ok=True)
        api.init(folder=root)
        if settings:
            (root / "nbmlops.toml").write_text(settings)
        self.root = root
        self.folder = DeploymentFolder(root / ".nbmlops" / "deployments" / "wine")
        created = datetime.now(UTC) - timedelta(days=2)
        revision = Revision(number=1, package="wine:v1", digest="sha256:0", created=created, model="model")
        self.spec = Spec(name="wine", stable=1, monitored=True, is_wanted=False, revisions=(revision,))
        self.write(**more)
        self.this_hour = start_of(datetime.now(UTC), HOUR)
        self._count = 0

    def write(self, **more: Any) -> None:
        self.spec = msgspec.structs.replace(self.spec, **more)
        self.folder.path.mkdir(parents=True, exist_ok=True)
        self.folder.write(self.spec)

    def asked(
        self, hours_ago: float, count: int = 300, *, shift: float = 0.0, revision: str = "1", **more: Any
    ) -> None:
        """Requests spread over half an hour from that many hours before this one: hue, alcohol, colour and answers."""
        self._count += 1
        chance = np.random.default_rng(self._count)
        values: dict[str, Any] = {
            "input__hue": chance.normal(shift, 1.0, count),
            "input__alcohol": chance.normal(12, 1.0, count),
            "input__colour": chance.choice(["red", "white"], count),
            "output__prediction": chance.integers(0, 3, count),
        }
        values |= more
        kept = {name: value for name, value in values.items() if value is not None}
        start = self.this_hour - hours_ago * HOUR
        table = logs.columns(count, start, 1800, revision, **kept)
        logs.whole(self.folder.requests, table, f"{start:%Y%m%dT%H%M%S}-r{revision}-{self._count}")

    def trained(self, count: int = 2000) -> None:
        """The model has the profile of what it was trained on."""
        import pandas as pd

        chance = np.random.default_rng(99)
        frame = pd.DataFrame(
            {
                "hue": chance.normal(0, 1.0, count),
                "alcohol": chance.normal(12, 1.0, count),
                "colour": chance.choice(["red", "white"], count),
            }
        )
        said = pd.DataFrame({"prediction": chance.integers(0, 3, count)})
        found = ModelProfile(inputs=profile_of(frame), outputs=profile_of(said), rows=count)
        place = self.folder.files(1) / "model"
        place.mkdir(parents=True, exist_ok=True)
        (place / FILE).write_bytes(msgspec.json.encode(found))

    def look(self, hours_ago: float = 0.0, **more: Any) -> Result:
        """Ten minutes past that hour."""
        now = self.this_hour + timedelta(minutes=10) - hours_ago * HOUR
        with mock.patch("nbmlops.ops.monitor.utc_now", return_value=now):
            found = api.monitor(name="wine", folder=self.root, **more)
        assert isinstance(found, Result)
        return found


def told(found: Result) -> list[tuple[str, str]]:
    """Kind and subject of its findings."""
    return [(each.kind, each.subject) for each in found.findings]
