"""What steps ask of the place where they run: read with care, given or refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nbmlops.errors import StateError, UsageError
from nbmlops.model.pipeline import Step
from nbmlops.pipeline.document import dump, load
from nbmlops.pipeline.engines.local import LocalEngine
from nbmlops.pipeline.needs import places_of, visible_cards
from nbmlops.pipeline.step_key import identity_of, step_key

TEXT = """\
name: wine
notebook: wine.ipynb
steps:
  - name: train
    cpu: 2
    gpu: 1
    env: {OMP_NUM_THREADS: "2"}
    secrets: [TOKEN]
"""
CORES = len(os.sched_getaffinity(0))


def step(**asks: Any) -> Step:
    return Step(name="train", notebook="steps/train.ipynb", **asks)


def test_needs_go_round_and_are_left_out_where_nothing_is_asked() -> None:
    pipeline = load(TEXT, "p.yaml")
    assert pipeline.steps[0] == Step(
        name="train",
        notebook="steps/01-train.ipynb",
        cpu=2.0,
        gpu=1,
        env={"OMP_NUM_THREADS": "2"},
        secrets=("TOKEN",),
    )
    assert load(dump(pipeline), "p.yaml") == pipeline
    plain = dump(load("name: wine\nnotebook: wine.ipynb\nsteps: [{name: train}]", "p.yaml"))
    assert not {"cpu", "gpu", "env", "secrets"} & {line.split(":")[0].strip() for line in plain.splitlines()}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("cpu: 2", "cpu: -1", "step train wants -1 cores"),
        ("cpu: 2", "cpu: .inf", "step train wants inf cores"),
        ("gpu: 1", "gpu: -1", "step train wants -1 graphics cards"),
        ("gpu: 1", "gpu: 0.5", "gpu"),
        ("OMP_NUM_THREADS", "OMP THREADS", "names a variable 'OMP THREADS'"),
        ('"2"', "2", "env"),
        ("[TOKEN]", "[OMP_NUM_THREADS]", "has OMP_NUM_THREADS under env and under secrets"),
    ],
)
def test_a_need_that_means_nothing_is_one_line(old: str, new: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(TEXT.replace(old, new, 1), "p.yaml")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_step_takes_as_many_places_as_it_wants_cores() -> None:
    assert [places_of(step(cpu=cpu)) for cpu in (0.0, 0.5, 1.0, 1.5, 4.0)] == [1, 1, 1, 2, 4]


@pytest.mark.parametrize(
    ("asks", "field"),
    [({"cpu": CORES + 1.0}, "cpu"), ({"gpu": 99}, "gpu"), ({"secrets": ("NBMLOPS_NOT_SET",)}, "secrets")],
)
def test_this_machine_refuses_what_it_cannot_give(asks: dict[str, Any], field: str, tmp_path: Path) -> None:
    engine = LocalEngine()
    with pytest.raises(StateError) as caught:
        engine.check([step(), step(**asks)], tmp_path)
    assert str(caught.value).startswith(f"The engine local cannot give step train its {field}: ")
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_this_machine_gives_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "swordfish")
    LocalEngine().check([step(cpu=CORES, secrets=("TOKEN",), env={"A": "b"})], tmp_path)
    assert LocalEngine().places() == CORES


def test_cards_are_counted_as_far_as_they_may_be_used(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "sda"):
        (tmp_path / name).touch()
    assert visible_cards(tmp_path, {}) == 2
    assert visible_cards(tmp_path, {"CUDA_VISIBLE_DEVICES": "1"}) == 1
    assert visible_cards(tmp_path, {"CUDA_VISIBLE_DEVICES": "-1"}) == 0
    assert visible_cards(tmp_path, {"CUDA_VISIBLE_DEVICES": ""}) == 0
    assert visible_cards(tmp_path / "absent", {}) == 0


def test_results_rest_on_the_variables_of_a_step_and_never_on_its_secrets() -> None:
    def identity(**asks: Any) -> str:
        return identity_of(step_key(step(**asks), (), kernel="python3", values={}, given={}))

    assert len({identity(), identity(env={"A": "1"}), identity(env={"A": "2"}), identity(env={"B": "1"})}) == 4
    assert identity(secrets=("TOKEN",), cpu=2.0) == identity()
