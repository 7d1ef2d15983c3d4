"""A package is held against a policy: what its makers say under a signature, and what is in it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.package.trust import provenance
from nbmlops.package.trust.provenance import Facts, Material

DATA = "a,b\n1,2\n"
DIGEST = "b" * 64
KITFILE = f"""\
manifestVersion: 1.0.0
package: {{name: wine}}
model:
  path: model
  parameters: {{mlflow_provenance: {{mlflow_metrics: {{accuracy: 0.95}}}}}}
datasets:
  - path: data.csv
    parameters: {{blake3: {DIGEST}}}
docs:
  - path: provenance.json
"""
POLICY = """\
signed: nbmlops.pub
provenance: true
data: known
certificate: EQUIVALENT
metrics: {accuracy: ">= 0.9"}
pickles: refuse
secrets: refuse
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.setenv("NBMLOPS_KEY_PASSWORD", "between tests")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nbmlops-policy.yaml").write_text(POLICY)


def packed(place: Path, *, facts: Facts | None = None, kitfile: str = KITFILE, **files: bytes) -> None:
    said = facts or Facts(notebook="wine.ipynb", data=(Material(name="data.csv", digest=DIGEST),), verdict="EQUIVALENT",
                          certificate="c" * 64)  # fmt: skip
    folder = place / "wine"
    (folder / "model").mkdir(parents=True, exist_ok=True)
    (folder / "model" / "MLmodel").write_text("flavors: {}\n")
    (folder / "data.csv").write_text(DATA)
    (folder / "Kitfile").write_text(kitfile)
    (folder / "provenance.json").write_text(json.dumps(provenance.write(said)))
    for name, data in files.items():
        (folder / "model" / name.replace("_", ".")).write_bytes(data)
    api.pack(source="wine", tag="wine:v1", allow_secrets=True)
    api.sign(package="wine:v1", new_key=not (place / "nbmlops.key").exists())


def findings(package: str = "wine:v1") -> list[str]:
    result = api.verify(package=package)
    assert result.exit_code == (9 if result.package.findings else 0)
    return [each.split(" asks for ")[0] for each in result.package.findings]


def test_a_good_package_is_as_the_policy_asks(tmp_path: Path) -> None:
    packed(tmp_path)
    assert findings() == []
    assert [each.name for each in api.verify(package="wine:v1").package.signers] == ["nbmlops"]


def test_a_package_that_nobody_signed(tmp_path: Path) -> None:
    packed(tmp_path)
    api.pack(source="wine", tag="plain:v1", compression="gzip")
    rules = {each.partition(": ")[2] for each in findings("plain:v1")}
    assert rules == {"signed", "provenance", "data", "certificate"}  # what only a signature can say


def test_each_rule_is_told_with_its_line(tmp_path: Path) -> None:
    secret = b'aws_secret_access_key = "' + b"wJalrXUtnFEMIK7MDENGbPxRfiCYzzzzzzKEY123" + b'"\n'
    packed(
        tmp_path,
        facts=Facts(notebook="wine.ipynb", verdict="DIVERGES", certificate="c" * 64),
        kitfile=KITFILE.replace("0.95", "0.5"),
        model_pkl=pickle.dumps({"a": print}),
        settings_py=secret,
    )
    assert findings() == [
        "nbmlops-policy.yaml:3: data",
        "nbmlops-policy.yaml:4: certificate",
        "nbmlops-policy.yaml:5: metrics",
        "nbmlops-policy.yaml:6: pickles",
        "nbmlops-policy.yaml:7: secrets",
    ]


def test_data_that_the_provenance_does_not_know(tmp_path: Path) -> None:
    packed(tmp_path, kitfile=KITFILE.replace(DIGEST, "d" * 64))
    assert findings() == ["nbmlops-policy.yaml:3: data"]


def test_a_policy_that_is_wrong_or_not_there(tmp_path: Path) -> None:
    packed(tmp_path)
    (tmp_path / "nbmlops-policy.yaml").write_text("signed: true\nsinged: true\n")
    with pytest.raises(UsageError, match=r"nbmlops-policy\.yaml:2"):
        api.verify(package="wine:v1")
    with pytest.raises(NotFoundError, match="There is no policy"):
        api.verify(package="wine:v1", policy="other.yaml")


def test_a_provenance_that_is_no_json_is_told_before_it_is_signed(tmp_path: Path) -> None:
    packed(tmp_path)
    (tmp_path / "wine" / "provenance.json").write_text("{")
    api.pack(source="wine", tag="wine:v2")
    with pytest.raises(IntegrityError, match=r"provenance\.json of the package is no JSON object"):
        api.sign(package="wine:v2")
