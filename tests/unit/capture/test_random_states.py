"""States of the global generators: seen when they move, and set back exactly."""

from __future__ import annotations

import json
import random

import numpy
import pytest

from nbmlops.capture.random_states import RandomWatch, restore
from nbmlops.errors import IntegrityError


def test_nothing_is_told_while_nothing_moves() -> None:
    watch = RandomWatch()
    assert watch.moved() is not None
    assert watch.moved() is None
    numpy.random.rand()
    assert watch.moved() is not None
    random.random()
    assert watch.moved() is not None
    assert watch.moved() is None


def test_states_survive_json_and_bring_back_the_same_numbers() -> None:
    numpy.random.standard_normal()  # leaves a spare normal number inside
    random.gauss(0, 1)
    kept = json.loads(json.dumps(RandomWatch().moved()))
    expected = [numpy.random.standard_normal(), numpy.random.rand(), random.gauss(0, 1), random.random()]
    numpy.random.seed(1)
    random.seed(1)
    restore(kept)
    assert [numpy.random.standard_normal(), numpy.random.rand(), random.gauss(0, 1), random.random()] == expected


@pytest.mark.parametrize("states", [{"os": 1}, {"random": [3, "AAAA", None]}, {"numpy.random": ["MT19937"]}])
def test_what_is_no_state_is_refused_by_name(states: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match=next(iter(states))):
        restore(states)


def test_torch_is_seen_where_it_is_installed() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed: its generator cannot be tried")
    kept = RandomWatch().moved()
    expected = torch.rand(3).tolist()
    assert kept is not None
    restore(kept)
    assert torch.rand(3).tolist() == expected
