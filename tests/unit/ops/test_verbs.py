"""THE TABLE: each verb is whole, in its module, its page and its help."""

from __future__ import annotations

import importlib
import inspect
import shlex

import msgspec
import pytest

from nbmlops.doors.arguments import parse, usage
from nbmlops.doors.render import help
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import NotFoundError
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import VERBS, Verb, find_verb

every_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)


@every_verb
def test_a_verb_has_a_request_a_result_and_a_function(verb: Verb) -> None:
    module = importlib.import_module(f"nbmlops.ops.{verb.python_name}")
    assert issubclass(verb.request, msgspec.Struct)
    assert verb.request.__struct_config__.forbid_unknown_fields
    assert verb.request.__struct_config__.frozen
    assert issubclass(module.Result, msgspec.Struct)
    assert list(inspect.signature(verb.operation).parameters) == ["call", "request"]


@every_verb
def test_a_verb_has_a_page(verb: Verb) -> None:
    drawn = importlib.import_module(f"nbmlops.doors.render.pages.{verb.python_name}")
    assert list(inspect.signature(drawn.page).parameters) == ["result"]


@every_verb
def test_each_argument_of_a_verb_is_explained_and_short_forms_are_unique(verb: Verb) -> None:
    fields = fields_of(verb.request)
    assert all(field.help.endswith(".") for field in fields)
    shorts = [field.short for field in fields if field.short]
    assert len(shorts) == len(set(shorts))


@every_verb
def test_the_examples_of_a_verb_are_understood(verb: Verb) -> None:
    assert verb.examples
    for example in verb.examples:
        name, *tokens = shlex.split(example)
        assert name == verb.name
        assert isinstance(parse(verb, tokens), verb.request)


@every_verb
def test_help_of_a_verb_shows_its_usage_and_examples(verb: Verb) -> None:
    text = plain_text(help.verb_page(verb, magics=verb.needs_kernel), width=500)
    start = "%mlops" if verb.needs_kernel else "nbmlops"
    assert text.splitlines()[:2] == [f"{start} {usage(verb)}", verb.summary]
    assert all(f"{start} {example}" in text for example in verb.examples)
    assert usage(verb) in help.reference([verb])


def test_names_are_unique_and_summaries_are_sentences() -> None:
    names = [verb.name for verb in VERBS]
    assert len(names) == len(set(names))
    assert all(verb.summary.endswith(".") and verb.summary[0].isupper() for verb in VERBS)
    assert not any(verb.needs_kernel and verb.is_terminal for verb in VERBS)


def test_each_door_offers_the_verbs_that_work_there() -> None:
    magics = {verb.name for verb in help.offered(magics=True)}
    terminal = {verb.name for verb in help.offered(magics=False)}
    assert magics | terminal == {verb.name for verb in VERBS}
    assert magics - terminal == {"enter", "keep", "log", "track"}
    assert terminal - magics == {"demo", "lab", "login", "serve-needs"}


def test_a_verb_that_is_not_there_is_answered_with_a_near_one() -> None:
    assert find_verb("snapshot").name == "snapshot"
    with pytest.raises(NotFoundError) as caught:
        find_verb("snapshto")
    assert str(caught.value) == "There is no verb 'snapshto'. Did you mean snapshot?"
    with pytest.raises(NotFoundError, match=r"There is no verb 'qqq'\. List them: nbmlops --help"):
        find_verb("qqq")
