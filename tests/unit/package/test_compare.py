"""Two packages by their layers and Kitfiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbmlops.model.difference import Pair
from nbmlops.model.kitfile import Code, Dataset, Kitfile, Model, Package
from nbmlops.model.snapshot import ChangeKind
from nbmlops.package.compare import compare
from nbmlops.package.kitfile import new_kitfile
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, open_package
from tests.unit.package.kits import kit_of, tar_of


def kit(layout: Layout, *layers: tuple[str, str], parameters: Any = None, **about: str) -> Opened:
    """Each layer by its path and the text of its one file; the first is the model."""
    kitfile = new_kitfile(
        package=Package(**about),
        model=Model(path=layers[0][0], parameters=parameters),
        code=tuple(Code(path=path) for path, _ in layers[1:]),
    )
    tars = [tar_of((path, text.encode())) for path, text in layers]
    return open_package(layout, kit_of(layout, *tars, kitfile=kitfile))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def test_layers_are_paired_by_their_place(layout: Layout) -> None:
    before = kit(layout, ("model", "old"), ("train.py", "1"), ("gone.py", "2"))
    after = kit(layout, ("./model/", "newer"), ("new.py", "3"), ("train.py", "1"))
    diff, pairing = compare(before, after)
    assert [(each.path, each.change) for each in diff.layers] == [
        ("./model/", ChangeKind.CHANGED),
        ("new.py", ChangeKind.ADDED),
        ("train.py", None),
        ("gone.py", ChangeKind.REMOVED),
    ]
    assert [each.entry.path for each in pairing.before] == ["model", "gone.py"]
    assert [each.entry.path for each in pairing.after] == ["./model/", "new.py"]
    sizes = {each.path: (each.before, each.after) for each in diff.layers}
    assert diff.shared_bytes == sizes["train.py"][1]
    assert diff.new_bytes == sum(sizes[path][1] or 0 for path in ("./model/", "new.py"))
    assert not diff.is_same


def test_a_layer_that_has_another_place_in_the_kitfile_is_known_by_its_digest(layout: Layout) -> None:
    one = kit(layout, ("model", "m"), ("src", "s"))
    layers = tuple(reversed(one.layers))
    other = Opened(
        descriptor=one.descriptor,
        manifest=one.manifest,
        kitfile=one.kitfile,
        layers=(layers[1], type(layers[0])(kind="docs", entry=Code(path="lib"), descriptor=layers[0].descriptor)),
    )
    diff, pairing = compare(one, other)
    assert [each.change for each in diff.layers] == [None, None]
    assert pairing.before == pairing.after == ()


def test_one_digest_is_the_same_package(layout: Layout) -> None:
    package = kit(layout, ("model", "m"), parameters={"metrics": {"accuracy": 0.5}})
    diff, pairing = compare(package, package)
    assert diff.is_same
    assert diff.new_bytes == 0
    assert pairing.after == ()
    assert diff.metrics == (Pair(name="accuracy", before=0.5, after=0.5),)
    assert diff.params == diff.fields == ()


def test_kitfiles_are_compared_key_by_key(layout: Layout) -> None:
    def parameters(run: str, accuracy: float, trees: str, depth: int) -> dict[str, Any]:
        known = {"mlflow_run_id": run, "mlflow_metrics": {"val.accuracy": accuracy}, "mlflow_params": {"trees": trees}}
        return {"mlflow_provenance": known, "forest": {"depth": depth, "balanced": depth > 2}, "layers": [1, depth]}

    before = kit(layout, ("model", "m"), parameters=parameters("a", 0.5, "10", 2), version="1")
    after = kit(layout, ("model", "m"), parameters=parameters("b", 0.75, "20", 3), version="2", license="MIT")
    diff, _ = compare(before, after)
    assert diff.metrics == (Pair(name="val.accuracy", before=0.5, after=0.75),)
    assert diff.params == (
        Pair(name="forest.balanced", before="false", after="true"),
        Pair(name="forest.depth", before=2, after=3),
        Pair(name="layers.2", before=2, after=3),
        Pair(name="trees", before="10", after="20"),
    )
    assert diff.fields == (
        Pair(name="model.parameters.mlflow_provenance.mlflow_run_id", before="a", after="b"),
        Pair(name="package.license", before=None, after="MIT"),
        Pair(name="package.version", before="1", after="2"),
    )


def test_items_of_lists_go_by_their_path_whatever_their_order(layout: Layout) -> None:
    def described(*words: tuple[str, str]) -> Opened:
        data = tuple(Dataset(path=path, remote_path="s3://bucket/a", description=text) for path, text in words)
        kitfile: Kitfile = new_kitfile(package=Package(), model=Model(path="model"), datasets=data)
        return open_package(layout, kit_of(layout, tar_of(("model", b"m")), kitfile=kitfile))

    diff, _ = compare(described(("a.csv", "one"), ("b.csv", "two")), described(("b.csv", "two"), ("a.csv", "ONE")))
    assert diff.fields == (Pair(name="datasets.a.csv.description", before="one", after="ONE"),)


def test_parameters_may_be_deep(layout: Layout) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"x": deep}
    diff, _ = compare(kit(layout, ("model", "m")), kit(layout, ("model", "m"), parameters=deep))
    assert diff.params == (Pair(name=".".join("x" * 300), before=None, after=1),)
