from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.package.trust.keys import KeyPair, PrivateKey
from nbmlops.package.trust.pickles import Import, Pickle
from nbmlops.package.trust.policy import RULES, Bound, load, load_keys, read
from nbmlops.package.trust.policy_check import Facts, check
from nbmlops.package.trust.provenance import Facts as Provenance
from nbmlops.package.trust.provenance import Material
from nbmlops.package.trust.secrets import Secret

WHOLE = """\
# Before anything of ours is deployed.
signed: [keys/nbmlops.pub]
provenance: true
data: known
certificate: EQUIVALENT

metrics:
  accuracy: ">= 0.9"
  rmse: "< 1e-1"
pickles: trusted
secrets: refuse
"""
DATA = Material(name="wine.csv", digest="aa")
PROVENANCE = Provenance(notebook="wine.ipynb", data=(DATA,), certificate="cc", verdict="EQUIVALENT")


def said(text: str, facts: Facts, *keys: PrivateKey) -> list[str]:
    return [str(each) for each in check(read(text), facts, [key.public for key in keys])]


def test_a_package_that_is_as_asked_gives_no_finding(key: PrivateKey) -> None:
    facts = Facts(
        signers=(key.public,),
        provenance=PROVENANCE,
        data=(DATA,),
        metrics={"accuracy": 0.9, "rmse": 0.05},
        pickles=(Pickle(path="model.pkl"),),
        trusts_pickles=True,
    )
    assert said(WHOLE, facts, key) == []


def test_everything_that_is_not_as_asked_is_told_with_its_line() -> None:
    facts = Facts(pickles=(Pickle(path="model.pkl"),), secrets=(Secret(path="a.py", line=3, kind="GitHub token"),))
    assert said(WHOLE, facts) == [
        "nbmlops-policy.yaml:2: signed asks for a signature by keys/nbmlops.pub, but it is not signed. "
        "Have it signed, or add the key of its signer.",
        "nbmlops-policy.yaml:3: provenance asks for signed provenance, but there is none. "
        "Pack and sign it with nbmlops again.",
        "nbmlops-policy.yaml:4: data asks for data known by digest, but nothing says what it learnt from. "
        "Run it again with capture on and pack that run.",
        "nbmlops-policy.yaml:5: certificate asks for a certificate that says EQUIVALENT, but there is none in its "
        "provenance. Compare the pipeline with its notebook, and pack it again.",
        "nbmlops-policy.yaml:8: metrics asks for accuracy >= 0.9, but there is no metric accuracy. "
        "Use another version of the model.",
        "nbmlops-policy.yaml:9: metrics asks for rmse < 0.1, but there is no metric rmse. "
        "Use another version of the model.",
        "nbmlops-policy.yaml:10: pickles asks for pickles of trusted signers only, but there is model.pkl. "
        "If you know its signer, trust their key: nbmlops trust KEY.pub",
        "nbmlops-policy.yaml:11: secrets asks for no secrets, but a.py:3 holds a GitHub token. "
        "Take it out, leave the file out with .kitignore, and change the secret.",
    ]


def test_every_rule_is_in_the_example_and_is_checked() -> None:
    policy = read(WHOLE)
    assert tuple(policy.lines) == RULES
    assert {each.rule for each in check(policy, Facts(pickles=(Pickle(path="a"),)))} == {*RULES} - {"secrets"}


def test_nothing_asked_is_nothing_found() -> None:
    assert said("", Facts()) == []
    assert said("# nothing yet\n", Facts(secrets=(Secret(path="a", line=0, kind="x"),))) == []
    assert said("signed: false\nprovenance: false\n", Facts()) == []


def test_only_the_named_keys_count(key: PrivateKey, stranger: PrivateKey) -> None:
    signed = Facts(signers=(stranger.public,))
    assert said("signed: true", signed) == []
    (found,) = said("signed: [a.pub, b.pub]", signed, key)
    assert "a signature by a.pub or b.pub, but it is signed by stranger." in found
    assert said("signed: a.pub", Facts(signers=(stranger.public, key.public)), key) == []
    (found,) = said("signed: true", Facts(refused=("none of the keys made it",)))
    assert "but none of its signatures holds: none of the keys made it." in found
    unnamed = msgspec.structs.replace(stranger.public, name="")
    (found,) = said("signed: a.pub", Facts(signers=(unnamed,)), key)
    assert f"signed by {unnamed.fingerprint[:12]}." in found


@pytest.mark.parametrize(
    ("provenance", "data", "found"),
    [
        (PROVENANCE, (), None),
        (Provenance(notebook="a"), (), "nothing says what it learnt from"),
        (
            Provenance(notebook="a", data=(Material(name="x", digest=""),)),
            (),
            "there is no digest of x in its provenance",
        ),
        (PROVENANCE, (Material(name="y", digest="bb"), Material(name="z", digest="")), "there is no digest of y and z"),
    ],
)
def test_data_is_known_by_its_digest(provenance: Provenance, data: tuple[Material, ...], found: str | None) -> None:
    findings = said("data: known", Facts(provenance=provenance, data=data))
    assert [found in each for each in findings if found] == ([True] if found else [])


def test_a_certificate_has_to_say_equivalent() -> None:
    diverges = msgspec.structs.replace(PROVENANCE, verdict="DIVERGES")
    (found,) = said("certificate: EQUIVALENT", Facts(provenance=diverges))
    assert "but its verdict is DIVERGES." in found


@pytest.mark.parametrize(
    ("bound", "value", "holds"),
    [
        (">= 0.9", 0.9, True),
        (">=.9", 0.89, False),
        ("> 0.9", 0.9, False),
        ("<= -1", -1.0, True),
        ("< 1e-3", 0.001, False),
        ("== 5", 5.0, True),
        (">= 0", float("nan"), False),
        ("<= 0", float("nan"), False),
    ],
)
def test_metrics_are_bounded(bound: str, value: float, holds: bool) -> None:
    findings = said(f'metrics: {{accuracy: "{bound}"}}', Facts(metrics={"accuracy": value}))
    assert (findings == []) is holds


def test_a_metric_that_is_nearly_called_so_is_named() -> None:
    (found,) = said('metrics: {accuracy: "> 0"}', Facts(metrics={"acuracy": 1.0}))
    assert found.endswith("there is no metric accuracy. Do you mean acuracy?")


def test_pickles_are_refused_by_name(key: PrivateKey) -> None:
    facts = Facts(
        signers=(key.public,),
        trusts_pickles=True,
        pickles=(
            Pickle(path="a.pkl", imports=(Import(name="os.system", danger="x"), Import(name="a.B"))),
            Pickle(path="b.pkl", is_whole=False, why="it ends before its end"),
            Pickle(path="c.skops!schema.json", is_pickle=False),
            Pickle(path="d.skops!schema.json", is_pickle=False, imports=(Import(name="os.system", danger="x"),)),
        ),
    )
    assert [each.found for each in check(read("pickles: refuse"), facts)] == [
        "there is a.pkl, which imports os.system",
        "there is b.pkl, which cannot be looked through: it ends before its end",
        "there is d.skops!schema.json, which imports os.system",
    ]
    assert said("pickles: trusted", facts) == []
    unsigned = msgspec.structs.replace(facts, signers=())
    assert len(said("pickles: trusted", unsigned)) == 3


def test_many_findings_are_counted() -> None:
    facts = Facts(
        secrets=tuple(Secret(path="a", line=each, kind="x") for each in range(1, 31)),
        pickles=(Pickle(path="a.pkl"),) * 25,
    )
    assert check(read("secrets: refuse"), facts)[-1].found == "there are 10 more"
    assert check(read("pickles: refuse"), facts)[-1].found == "there are 5 more"
    assert (
        check(read("secrets: refuse"), Facts(secrets=(Secret(path=".env", line=0, kind="x"),)))[0].found
        == ".env holds a x"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("signed: true\nsigend: true\n", "p.yaml:2: there is no rule 'sigend'; do you mean signed?"),
        ("\n\nblue: 1\n", "p.yaml:3: there is no rule 'blue'; there are signed, provenance, data"),
        ("7: true\n", "p.yaml:1: there is no rule '7'"),
        ("signed: 7\n", "p.yaml:1: signed is true, false or a list of files of public keys."),
        ("signed: []\n", "p.yaml:1: signed is true"),
        ("signed: [7]\n", "p.yaml:1: signed is true"),
        ("provenance: yes\n", "p.yaml:1: provenance is true or false."),
        ("provenance: 1\n", "p.yaml:1: provenance is true or false."),
        ("data: all\n", "p.yaml:1: data is known."),
        ("certificate: DIVERGES\n", "p.yaml:1: certificate is EQUIVALENT."),
        ("pickles: ask\n", "p.yaml:1: pickles is refuse or trusted."),
        ("secrets: true\n", "p.yaml:1: secrets is refuse."),
        ("metrics: 7\n", "p.yaml:1: metrics is a mapping, as in accuracy:"),
        ("metrics:\n", "p.yaml:1: metrics is a mapping"),
        ("metrics:\n  a: '> 0'\n  b: 0.9\n", "p.yaml:3: b is bounded by a sign and a number in quotes"),
        ("metrics:\n  a: '>> 0'\n", "p.yaml:2: a is bounded"),
        ("metrics:\n  a: '> 1e999'\n", "p.yaml:2: a is bounded"),
        ("metrics:\n  a: >= 0.9\n", "p.yaml:2: it is no YAML: .*; write bounds in quotes"),
        ("data: known\ndata: known\n", "p.yaml:2: it is no YAML: found duplicate key"),
        ("signed: [a\n", "p.yaml:2: it is no YAML: "),
        ("- signed\n", "p.yaml:1: it is no list of rules."),
        ("signed\n", "p.yaml:1: it is no list of rules."),
        ("[" * 5000, "p.yaml:1: it is no YAML: "),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "p.yaml:1: there is no rule 'a'"),
        ("pickles: !!python/name:os.system refuse\n", "p.yaml:1: pickles is refuse or trusted"),
        ("signed: \0\n", "p.yaml:1: it is no YAML: "),
    ],
)
def test_a_policy_is_read_strictly(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        read(text, place="p.yaml")


def test_a_policy_is_read_from_its_file_with_the_keys_beside_it(tmp_path: Path, pair: KeyPair) -> None:
    path = tmp_path / "nbmlops-policy.yaml"
    path.write_text(WHOLE)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "nbmlops.pub").write_bytes(pair.public.read_bytes())
    policy = load(path)
    assert policy.keys == ("keys/nbmlops.pub",)
    assert policy.metrics == (
        Bound(metric="accuracy", sign=">=", value=0.9, line=8),
        Bound(metric="rmse", sign="<", value=0.1, line=9),
    )
    assert [each.fingerprint for each in load_keys(policy, tmp_path)] == [pair.fingerprint]
    with pytest.raises(NotFoundError, match="There is no policy"):
        load(tmp_path / "other.yaml")
    with pytest.raises(NotFoundError, match="There is no key"):
        load_keys(policy, tmp_path / "keys")
    path.write_text("#" * 70_000)
    with pytest.raises(UsageError, match="larger than 64 KiB"):
        load(path)


@given(st.text(max_size=60))
def test_any_text_is_a_policy_or_refused_with_its_line(text: str) -> None:
    try:
        read(text)
        line = 1
    except UsageError as error:
        line = error.facts["line"]
    assert line >= 1
