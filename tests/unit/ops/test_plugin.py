"""Engines by name, with options from the call and from the settings."""

from __future__ import annotations

import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.plugin import open_compiler, open_engine
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
    assert caught.value.hint == "nbmlops compile PIPELINE --to kfp --image IMAGE"


def test_names_that_there_are_not_have_near_ones() -> None:
    with pytest.raises(NotFoundError, match=r"There is no engine 'dusk'\. There is: dask"):
        open_engine(Settings(), "dusk")
    with pytest.raises(NotFoundError, match=r"There is no compiler 'tecton'\. There is: tekton"):
        open_compiler(Settings(), "tecton")
