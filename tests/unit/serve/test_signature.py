from pathlib import Path

import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.serve.signature import Signature, Tensor, describe
from tests.unit.serve.models import columns, mlmodel, tensor


def test_columns_have_datatypes_of_the_protocol(tmp_path: Path) -> None:
    kinds = ("boolean", "integer", "long", "float", "double", "string", "datetime")
    fields = [{"name": kind, "type": kind} for kind in kinds]
    found = describe(mlmodel(tmp_path, inputs=fields)).signature
    assert found.has_columns
    assert [each.datatype for each in found.inputs] == ["BOOL", "INT32", "INT64", "FP32", "FP64", "BYTES", "BYTES"]
    assert {each.shape for each in found.inputs} == {(-1,)}


def test_an_array_keeps_its_shape_and_gets_a_name(tmp_path: Path) -> None:
    about = describe(mlmodel(tmp_path, inputs=tensor("float32", -1, 28, 28), outputs=tensor("object", -1)))
    assert about.signature == Signature(
        inputs=(Tensor(name="input-0", datatype="FP32", shape=(-1, 28, 28), is_unnamed=True),),
        outputs=(Tensor(name="output-0", datatype="BYTES", shape=(-1,), is_unnamed=True),),
    )
    assert (about.platform, about.version) == ("sklearn", "m-1")


def test_without_a_signature_it_does_not_say(tmp_path: Path) -> None:
    assert describe(mlmodel(tmp_path)).signature == Signature()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no file MLmodel"):
        describe(tmp_path)
    for text in ("[", "a: b", "flavors: 3", 'flavors: {}\nsignature: {inputs: "[1]"}', "flavors: {}\nsignature: [1]"):
        (tmp_path / "MLmodel").write_text(text)
        with pytest.raises(UsageError, match="is no MLmodel file"):
            describe(tmp_path)
    mlmodel(tmp_path, inputs=[*columns("a"), {"name": "b"}])
    with pytest.raises(UsageError, match="its inputs are none"):
        describe(tmp_path)
