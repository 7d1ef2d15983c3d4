"""Runs that a server keeps, watched: by asking for the newest."""

from __future__ import annotations

import pytest

from nbmlops.doors.server.signs import ServerSign
from nbmlops.track.client import connect
from tests.services.conftest import Team

pytestmark = pytest.mark.slow


def test_runs_and_metrics_of_a_server_are_seen(team: Team) -> None:
    sign = ServerSign(team.uri)
    sign.has_changed()
    assert not sign.has_changed()
    client = connect(team.uri)
    run = client.create_run(client.create_experiment("watched")).info.run_id
    assert sign.has_changed()
    client.log_metric(run, "loss", 0.5)
    assert sign.has_changed()
    assert not sign.has_changed()
    client.set_terminated(run)
    assert sign.has_changed()


def test_a_server_that_goes_away_and_comes_back(team: Team) -> None:
    sign = ServerSign(team.uri)
    sign.has_changed()
    team.server.stop()
    try:
        assert not sign.has_changed()
        assert not sign.is_due
    finally:
        team.server.start()
    sign.has_changed()
    assert not sign.has_changed()
