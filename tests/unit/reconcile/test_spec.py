"""Documents of reconcilers, and what is told of those that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.reconciler import GateSpec, GuardSpec, Kind, NeedSpec, Place, PublishSpec, Reconciler, Window
from nbmlops.reconcile.spec import MOST_BYTES, load, read
from tests.unit.reconcile.documents import DEPLOYER, SMALL, TRAINER


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_a_trainer_is_what_its_document_says() -> None:
    (found,) = read(TRAINER, place="churn.yaml", path="reconcilers/churn.yaml")
    needs = found.needs
    assert needs is not None
    assert found == Reconciler(
        name="labels-train",
        kind=Kind.TRAINER,
        path="reconcilers/churn.yaml",
        digest=found.digest,
        interval=600.0,
        retry_interval=30.0,
        timeout=7200.0,
        depends_on=("tokenizer-train",),
        most_attempts=3,
        model="labels",
        pipeline="pipelines/labels",
        engine="dask",
        parameters={"max_age_days": {"from": "max_age_days"}, "trees": 100},
        needs=needs,
        guard=GuardSpec(
            cooldown=21600.0,
            most_runs_a_day=4,
            cpu_hours=8.0,
            least_rows=1000,
            windows=(Window(days=(0, 1, 2, 3, 4), start=22 * 60, end=6 * 60, zone="Europe/Berlin"),),
            pin="7",
        ),
        gate=GateSpec(
            file="gate.yaml", data="data/holdout.csv", target="label", contract="contract.yaml", is_certified=True
        ),
        publish=PublishSpec(
            place=Place(file="deploy/prod.yaml", pointer="/model/version", remote="origin", branch="main"),
            branch="auto-update/labels-train",
        ),
    )
    assert [(part.need, part.options, part.line) for part in needs.parts] == [
        ("maxAge", {"age": 86400.0}, 17),
        ("drift", {"deployment": "prod", "columns": 2}, 18),
        ("performance", {"deployment": "prod", "metric": "accuracy", "below": 0.81}, 19),
        ("newRows", {"data": ["data/labelled.csv"], "rows": 500}, 20),
        ("dataChanged", {"data": ["data/labelled.csv"]}, 21),
        ("codeChanged", {}, 22),
        ("schedule", {"cron": "0 4 * * 1"}, 23),
        ("upstream", {"model": "tokenizer", "alias": "champion"}, 24),
        ("registry", {"tag": "localhost:5000/wine:staging"}, 25),
        ("python", {"file": "ops/needs.py", "function": "needs_train"}, 26),
        ("url", {"address": "http://127.0.0.1:8080/needsTrain"}, 27),
        ("all", {}, 28),
    ]
    assert needs.parts[-1].parts[0] == NeedSpec(need="maxAge", options={"age": 3600.0}, line=28)


def test_a_deployer_is_what_its_document_says() -> None:
    (found,) = read(DEPLOYER)
    assert (found.kind, found.deployment, found.deployment_options) == (
        Kind.DEPLOYER, "labels", {"port": 8123, "replicas": 1}
    )  # fmt: skip
    assert found.desired == Place(file="deploy/prod.yaml", pointer="/model/version")
    text = changed(
        DEPLOYER, "{file: deploy/prod.yaml, pointer: /model/version}", "{tag: 'localhost:5000/wine:staging'}"
    )
    (found,) = read(text)
    assert (found.desired, found.desired_tag) == (None, "localhost:5000/wine:staging")


def test_a_file_holds_several() -> None:
    assert [each.name for each in read(f"{TRAINER}---\n{DEPLOYER}---\n")] == ["labels-train", "labels-deploy"]


def test_comments_and_order_make_no_other_generation() -> None:
    (one,) = read(DEPLOYER)
    (other,) = read("# a comment\n" + changed(DEPLOYER, "{port: 8123, replicas: 1}", "{replicas: 1, port: 8123}"))
    (third,) = read(changed(DEPLOYER, "8123", "8124"))
    assert one.digest == other.digest != third.digest


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("interval: 10m", "intervall: 10m", 7, "there is no field 'intervall'; do you mean interval?"),
        ("interval: 10m", "interval: soon", 7, "interval is a duration such as 10m"),
        ("interval: 10m", "interval: 0", 7, "interval is 1 s or longer"),
        ("interval: 10m", "interval: 20000w", 7, "interval is longer than ten years"),
        ("interval: 10m", "interval: [10m]", 7, "interval is a duration"),
        ("interval: 10m", "interval: true", 7, "interval is a duration"),
        ("interval: 10m", "interval: .inf", 7, "interval is a duration"),
        ("suspend: false", "suspend: no", 10, "suspend is true or false"),
        ("kind: Trainer", "kind: Trainr", 2, "there is no kind 'Trainr'; do you mean Trainer?"),
        ("kind: Trainer\n", "", 1, "a reconciler says no kind"),
        ("dev/v1", "dev/v2", 1, "apiVersion is nbmlops.dev/v1"),
        ("labels-train}", "Labels}", 3, "name of metadata is a name of lower-case letters"),
        ("labels-train}", '"a\\n"}', 3, "name of metadata is a name of lower-case letters"),
        ("labels-train}", "../../x}", 3, "name of metadata is a name of lower-case letters"),
        ("  model: labels\n", "", 4, "spec says no model"),
        ("pipelines/labels", "/etc", 6, "pipeline is a path in the project"),
        ("pipelines/labels", "a/../..", 6, "pipeline is a path in the project"),
        ("pipelines/labels", "C:\\\\x", 6, "pipeline is a path in the project"),
        ("maxAge: 24h", "maxage: 24h", 17, "there is no need 'maxage'; do you mean maxAge?"),
        ("maxAge: 24h", "maxAge: -1", 17, "maxAge is a duration"),
        ("{deployment: prod, columns: 2}", "{columns: 2}", 18, "drift says no deployment"),
        ("columns: 2", "columns: 1.5", 18, "columns of drift is a whole number from 1"),
        ("columns: 2", "colums: 2", 18, "there is no field 'colums'; do you mean columns?"),
        (", below: 0.81", "", 19, "performance says one of below and above"),
        (", below: 0.81", ", below: 1, above: 2", 19, "performance says one of below and above"),
        ("rows: 500", "rows: -1", 20, "rows of newRows is a whole number from 1 on"),
        ("codeChanged: true", "codeChanged: false", 22, "codeChanged is true"),
        ('"0 4 * * 1"', '"0 4 * *"', 23, "has 4 fields; cron has five"),
        ('"0 4 * * 1"', '"0 0 31 2 *"', 23, "never comes"),
        ("needs.py:needs_train", "needs.py", 26, "python is a file and a function"),
        ("ops/needs.py", "../needs.py", 26, "python is a file and a function"),
        ("http://127.0.0.1:8080", "file:///etc/passwd", 27, "url is an address of http or https"),
        ("- maxAge: 24h", "- {maxAge: 24h, codeChanged: true}", 17, "an entry of any is one need"),
        ("all: [{maxAge: 1h}, {codeChanged: true}]", "all: []", 28, "all is a list of 1 to 50 needs"),
        ("days: mon-fri", "days: monday", 34, "days of windows is days such as mon-fri"),
        ('from: "22:00"', 'from: "25:00"', 34, "from of windows is a time"),
        ("Europe/Berlin", "Europe/Berln", 34, "there is no time zone 'Europe/Berln'"),
        ("Europe/Berlin", "../../etc/passwd", 34, "zone of windows is a time zone"),
        ("cooldown: 6h", "coolDown: 6h", 30, "do you mean cooldown?"),
        ("certificate: true", "certificate: 1", 42, "certificate of gate is true or false"),
        ("pointer: /model/version", "pointer: model", 45, "pointer of edit is a JSON pointer"),
        ("remote: origin", "remote: --upload-pack=x", 45, "remote of edit is a remote's name or address"),
        ("branch: auto-update/labels-train", "branch: a..b", 46, "branch of publish is a branch's name"),
        ("branch: auto-update/labels-train", "branch: -f", 46, "branch of publish is a branch's name"),
        ("approve: pr", "approve: pull", 47, "approve of publish is pr or auto or manual"),
        ("trees: 100", "trees: 2026-01-01", 14, "trees of parameters is no text, number"),
        ("trees: 100", "trees: .nan", 14, "trees of parameters is no text, number"),
        ("trees: 100", "a-b: 100", 14, "a name in parameters is a name of letters"),
        ("trees: 100", "trees: 99999999999999999999999", 14, "too large; write it in quotes"),
        ("trees: 100", "1: 100", 14, "is no text; write it in quotes"),
        ("model: labels", "model: [", 7, "it is no YAML"),
        ("model: labels", "model: labels\n  model: other", 6, "it is no YAML"),
        ("model: labels", "model: !!python/object:os.system labels", 5, "model is a registered model's name"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused_with_its_line(old: str, new: str, line: int, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(changed(TRAINER, old, new), place="churn.yaml")
    assert caught.value.message.startswith(f"churn.yaml:{line}: ")
    assert told in caught.value.message
    assert "\n" not in caught.value.message
    assert (caught.value.kind, caught.value.facts["line"]) == ("reconciler-malformed", line)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("deployment: labels", "deployment: Labels", "a deployment's name of lower-case letters"),
        ("{file: deploy/prod.yaml, pointer: /model/version}", "{tag: a, file: b}", "a tag, or a file and its pointer"),
        ("{file: deploy/prod.yaml, pointer: /model/version}", "{file: b}", "desired says no pointer"),
        ("{file: deploy/prod.yaml, pointer: /model/version}", "{}", "desired says none of"),
        ("port: 8123", "prt: 8123", "there is no option of a deployment 'prt'; do you mean port?"),
        ("model: labels", "model: labels\n  gate: {file: a}", "there is no field 'gate'"),
    ],
)
def test_what_is_no_deployer_is_refused(old: str, new: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(changed(DEPLOYER, old, new))
    assert told in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "", "---\n", "# nothing", "[]", "- a", "a", "1", "kind: {a: b}", "kind: [1]", "{" * 5000, "[" * 5000, "\x00",
        "a: &a [*a]", "? [a]\n: b", "kind: Trainer\nspec: &x {needs: {any: [*x]}}", "%YAML 9.9\n---\na: b", "\ufeff",
        "kind: Trainer\napiVersion: nbmlops.dev/v1\nmetadata: {name: a}\nspec: {parameters: &p {a: *p}}", "!!set {a}",
        "kind: !!binary AAAA", "&a : b", "- - - -\n -", "<<: 1", "a: b: c", "!<x> a", "*a",
        "kind: Trainer\n<<: {spec: 1}",
    ],
)  # fmt: skip
def test_hostile_texts_are_refused_in_a_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^reconciler.yaml:\d+: "):
        read(text)


def test_a_bomb_of_anchors_is_refused() -> None:
    layers = "".join(f", x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 9))
    text = SMALL.replace("NAME", "a").replace("spec: {", f"spec: {{parameters: {{x0: &x0 [1]{layers}}}, ")
    with pytest.raises(UsageError, match="is too large"):
        read(text)


def test_anchors_may_be_used() -> None:
    text = SMALL.replace("NAME", "a").replace(
        "needs: {codeChanged: true}", "suspend: &yes true, needs: {any: [&n {codeChanged: *yes}, *n]}"
    )
    (found,) = read(text)
    assert found.is_suspended is True
    assert found.needs is not None
    assert [each.need for each in found.needs.parts] == ["codeChanged", "codeChanged"]


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60), st.integers(0, len(TRAINER)), st.integers(0, 60))
def test_any_change_of_a_document_is_read_or_refused(text: str, start: int, length: int) -> None:
    try:
        assert read(TRAINER[:start] + text + TRAINER[start + length :])
    except UsageError as error:
        assert error.message.startswith("reconciler.yaml:")  # noqa: PT017 - both ends are good ones


def test_files_that_are_missing_or_too_large_are_told_of(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no reconciler"):
        load(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(UsageError, match=r"a\.yaml:1: it is larger than 256 KiB"):
        load(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00kind")
    with pytest.raises(UsageError, match=r"b\.yaml:1: "):
        load(tmp_path / "b.yaml")
