"""The tree of errors, and the table that gives each family its exit code and status."""

from __future__ import annotations

import pickle

import pytest

from nbmlops import errors
from nbmlops.doors.failures import FAMILIES, as_facts, exit_code, http_status, in_grammar
from nbmlops.errors import NbmlopsError
from nbmlops.reconcile.references import MovedError


def tree(cls: type[NbmlopsError] = NbmlopsError) -> list[type[NbmlopsError]]:
    """Every class of ours below the root, each once."""
    below = [one for child in cls.__subclasses__() for one in (child, *tree(child))]
    return [one for one in dict.fromkeys(below) if one.__module__.startswith("nbmlops.")]


def test_the_table_of_families_holds_exactly_the_tree() -> None:
    assert set(FAMILIES) == {cls for cls in tree() if cls.__module__ == errors.__name__}


def test_an_error_of_one_room_is_told_as_its_family() -> None:
    error = MovedError("It moved.", kind="remote-moved", hint="Try again.")
    assert (exit_code(error), http_status(error), as_facts(error)["error"]) == (4, 409, "ConflictError")


@pytest.mark.parametrize(
    ("cls", "code", "status"),
    [
        (errors.UsageError, 2, 400),
        (errors.NotFoundError, 3, 404),
        (errors.ConflictError, 4, 409),
        (errors.StateError, 5, 409),
        (errors.BrokenContractError, 1, 422),
        (errors.NotebookError, 6, 422),
        (errors.CellFailedError, 6, 422),
        (errors.MissingDependencyError, 7, 501),
        (errors.ExternalError, 8, 502),
        (errors.DeniedError, 8, 502),
        (errors.UnavailableError, 8, 503),
        (errors.IntegrityError, 9, 500),
        (errors.InterruptedRunError, 130, 409),
        (errors.InternalError, 70, 500),
    ],
)
def test_each_family_has_its_exit_code_and_status(cls: type[NbmlopsError], code: int, status: int) -> None:
    error = cls("It is so.", kind="thing-problem")
    assert (exit_code(error), http_status(error)) == (code, status)


def test_a_class_below_a_family_is_answered_like_its_family() -> None:
    class OddUsageError(errors.UsageError):
        pass

    assert exit_code(OddUsageError("x", kind="k")) == 2


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.UsageError, ValueError),
        (errors.NotFoundError, LookupError),
        (errors.MissingDependencyError, ImportError),
    ],
)
def test_an_error_is_also_what_python_calls_it(cls: type[NbmlopsError], builtin: type[Exception]) -> None:
    assert issubclass(cls, builtin)


@pytest.mark.parametrize("cls", tree())
def test_ipython_shows_one_line_whatever_the_message_holds(cls: type[NbmlopsError]) -> None:
    error = cls("First line.\nSecond\tline.", kind="k", hint="Do\nthis.")
    assert error._render_traceback_() == [f"{cls.__name__}: First line. Second line. Do this."]


@pytest.mark.parametrize("cls", tree())
def test_an_error_stays_what_it_is_in_another_process(cls: type[NbmlopsError]) -> None:
    error = pickle.loads(pickle.dumps(cls("No.", kind="a-b", hint="Try.", path="/x", count=3)))
    assert type(error) is cls
    assert (str(error), error.kind, error.facts) == ("No. Try.", "a-b", {"path": "/x", "count": 3})


def test_a_message_without_a_hint_has_no_space_at_its_end() -> None:
    assert str(errors.StateError("Not now.", kind="k")) == "Not now."


def test_facts_for_programs_are_complete() -> None:
    error = errors.NotFoundError("There is no x.", kind="x-missing", hint="Make one.", near=["y"])
    assert as_facts(error) == {
        "error": "NotFoundError",
        "kind": "x-missing",
        "message": "There is no x.",
        "hint": "Make one.",
        "facts": {"near": ["y"]},
    }


def test_a_hint_speaks_the_grammar_of_the_door_that_asked() -> None:
    hint = "List them: nbmlops snapshots"
    assert in_grammar(hint, magics=False) == hint
    assert in_grammar(hint, magics=True) == "List them: %mlops snapshots"
    assert in_grammar("List them: nbmlops --help", magics=True) == "List them: %mlops"


def test_a_hint_that_points_to_the_terminal_stays_so_in_a_notebook() -> None:
    hint = "Type it there: `nbmlops lab`."
    assert in_grammar(hint, magics=True) == hint
