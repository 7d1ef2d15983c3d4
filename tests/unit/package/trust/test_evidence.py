from __future__ import annotations

from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.trust import provenance, statement
from nbmlops.package.trust.attachments import attach
from nbmlops.package.trust.evidence import evidence
from nbmlops.package.trust.keys import PrivateKey
from nbmlops.package.trust.policy import read
from nbmlops.package.trust.policy_check import check
from nbmlops.package.trust.signing import attest, sign
from nbmlops.package.trust.verifying import verify
from tests.unit.package.trust.conftest import REPO

POLICY = read("signed: [team.pub]\nprovenance: true\ncertificate: EQUIVALENT\n")


def says(layout: Layout, package: Descriptor, key: PrivateKey, verdict: str) -> None:
    facts = provenance.Facts(notebook="wine.ipynb", certificate="cc", verdict=verdict)
    attach(layout, REPO, attest(layout, package, key, statement.PROVENANCE, provenance.write(facts)))


def findings(layout: Layout, package: Descriptor, *keys: PrivateKey) -> list[str]:
    public = [key.public for key in keys]
    facts = evidence(verify(layout, REPO, package.digest, public))
    return [each.rule for each in check(POLICY, facts, public)]


def test_a_package_signed_with_its_provenance_passes(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    assert findings(layout, package, key) == ["signed", "provenance", "certificate"]
    for each in sign(layout, REPO, package, key):
        attach(layout, REPO, each)
    assert findings(layout, package, key) == ["provenance", "certificate"]
    says(layout, package, key, "EQUIVALENT")
    assert findings(layout, package, key) == []


def test_a_strangers_provenance_says_nothing(
    layout: Layout, package: Descriptor, key: PrivateKey, stranger: PrivateKey
) -> None:
    for each in sign(layout, REPO, package, key):
        attach(layout, REPO, each)
    says(layout, package, stranger, "EQUIVALENT")
    assert findings(layout, package, key) == ["provenance", "certificate"]


def test_the_last_provenance_counts(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    says(layout, package, key, "EQUIVALENT")
    says(layout, package, key, "DIVERGES")
    assert findings(layout, package, key) == ["signed", "certificate"]


def test_provenance_of_other_builders_is_passed_over(layout: Layout, package: Descriptor, key: PrivateKey) -> None:
    says(layout, package, key, "EQUIVALENT")
    foreign = {
        "buildDefinition": {"buildType": "https://x", "externalParameters": {"notebook": ""}},
        "runDetails": {"builder": {"id": "https://y"}},
    }
    attach(layout, REPO, attest(layout, package, key, statement.PROVENANCE, foreign))
    assert findings(layout, package, key) == ["signed"]
