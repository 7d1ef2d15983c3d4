"""Engines by name, with options from the call and from the settings."""

from __future__ import annotations

import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.plugin import is_orchestrated, open_compiler, open_engine, open_orchestrator
from nbmlops.settings import Pipelines, Settings

ADDRESS = "tcp://10.0.0.5:8786"


def test_the_engine_of_the_call_wins_over_that_of_the_settings() -> None:
    settings = Settings(pipeline=Pipelines(engine="dask"), engine={"dask": {"address": ADDRESS}})
    assert open_engine(Settings()).describe() == "this machine"
    assert open_engine(settings).describe() == f"Dask at {ADDRESS}"
    assert open_engine(settings, given=["address=tcp://h:1"]).describe() == "Dask at tcp://h:1"
    assert open_engine(settings, "local").describe() == "this machine"


def test_an_option_may_hold_whatever_comes_after_its_name() -> None:
    assert open_engine(Settings(), "dask", ["address=tls://h:1?a=b"]).describe() == "Dask at tls://h:1?a=b"


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("dask", ["adress=x"], "dask has no option 'adress'. It has: address."),
        ("local", ["address=x"], "local has no option 'address'. It has none."),
        ("dask", ["address"], "'address' does not say which option."),
        ("dask", ["=x"], "'=x' does not say which option."),
    ],
)
def test_an_option_that_there_is_not_is_one_line(name: str, given: list[str], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_engine(Settings(), name, given)
    assert words in str(caught.value)


def test_an_engine_that_takes_the_whole_pipeline_is_told_apart() -> None:
    with pytest.raises(UsageError, match="it takes the whole pipeline") as caught:
        open_engine(Settings(), "kfp")
    assert caught.value.hint == "nbmlops compile PIPELINE --to kfp --image IMAGE, or a Trainer with engine: kfp"


def test_both_halves_of_an_engine_take_their_own_options_from_one_place() -> None:
    options = {"address": "http://127.0.0.1:8001", "storage": "20Gi", "image": "registry.example.org/wine:1"}
    settings = Settings(engine={"tekton": options})
    assert open_orchestrator(settings, "tekton").describe() == "Tekton at http://127.0.0.1:8001"
    open_compiler(settings, "tekton", ["storage_class=fast"])
    with pytest.raises(UsageError, match=r"tekton has no option 'adress'\. It has: address"):
        open_orchestrator(Settings(engine={"tekton": {"adress": "x"}}), "tekton")
    with pytest.raises(UsageError, match="tekton has no option 'address'"):
        open_compiler(settings, "tekton", ["address=x"])


def test_engines_that_take_whole_pipelines_are_told_from_the_others() -> None:
    assert is_orchestrated(Settings(), "tekton")
    assert is_orchestrated(Settings(pipeline=Pipelines(engine="kfp")), "")
    assert not is_orchestrated(Settings(pipeline=Pipelines(engine="kfp")), "local")
    assert not is_orchestrated(Settings(), "dask")
    with pytest.raises(NotFoundError, match=r"There is no orchestrator 'tecton'\. There is: tekton"):
        open_orchestrator(Settings(), "tecton")


def test_names_that_there_are_not_have_near_ones() -> None:
    with pytest.raises(NotFoundError, match=r"There is no engine 'dusk'\. There is: dask"):
        open_engine(Settings(), "dusk")
    with pytest.raises(NotFoundError, match=r"There is no compiler 'tecton'\. There is: tekton"):
        open_compiler(Settings(), "tecton")
