from __future__ import annotations

import base64
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils

from nbmlops.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    MissingDependencyError,
    NotFoundError,
    UsageError,
)
from nbmlops.package.trust.keys import KeyPair, PrivateKey, PublicKey, generate, load_private, load_public, read_public
from nbmlops.package.trust.sealed import open_sealed, seal
from tests.unit.package.trust.conftest import PASSWORD

Encryption = serialization.KeySerializationEncryption


def written(
    path: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    encryption: Encryption | None = None,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> Path:
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption or serialization.NoEncryption()))
    path.chmod(0o600)
    return path


def sealed_json(pair: KeyPair) -> dict[str, object]:
    lines = pair.private.read_text().splitlines()
    found: dict[str, object] = json.loads(base64.b64decode("".join(lines[1:-1])))
    return found


def test_what_a_pair_signs_its_public_half_verifies(pair: KeyPair, key: PrivateKey) -> None:
    public = load_public(pair.public)
    assert public == key.public
    assert public.name == "nbmlops"
    assert public.fingerprint == pair.fingerprint
    signature = key.sign(b"data")
    assert public.verify(signature, b"data")
    assert not public.verify(signature, b"Data")
    assert not public.verify(signature[:-1], b"data")
    assert not public.verify(b"", b"data")


def test_a_strangers_signature_does_not_hold(key: PrivateKey, stranger: PrivateKey) -> None:
    assert not key.public.verify(stranger.sign(b"data"), b"data")


def test_the_files_are_those_of_cosign(pair: KeyPair) -> None:
    lines = pair.private.read_text().splitlines()
    assert lines[0] == "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"
    assert lines[-1] == "-----END ENCRYPTED SIGSTORE PRIVATE KEY-----"
    assert max(len(line) for line in lines[1:-1]) == 64
    document = json.loads(base64.b64decode("".join(lines[1:-1])))
    assert {name: list(each) if isinstance(each, dict) else "" for name, each in document.items()} == {
        "kdf": ["name", "params", "salt"],
        "cipher": ["name", "nonce"],
        "ciphertext": "",
    }
    assert document["kdf"]["name"] == "scrypt"
    assert document["kdf"]["params"] == {"N": 65536, "r": 8, "p": 1}
    assert document["cipher"]["name"] == "nacl/secretbox"
    assert len(base64.b64decode(document["kdf"]["salt"])) == 32
    assert len(base64.b64decode(document["cipher"]["nonce"])) == 24
    assert isinstance(serialization.load_pem_public_key(pair.public.read_bytes()), ec.EllipticCurvePublicKey)


def test_only_the_owner_can_read_the_private_key(pair: KeyPair, key: PrivateKey) -> None:
    assert stat.S_IMODE(pair.private.stat().st_mode) == 0o600
    assert key.warning == ""
    assert PASSWORD not in repr(key)


def test_a_key_that_others_can_read_warns(pair: KeyPair, tmp_path: Path) -> None:
    path = tmp_path / "open.key"
    path.write_bytes(pair.private.read_bytes())
    path.chmod(0o640)
    assert load_private(path, password=PASSWORD).warning == f"Others can read {path} (mode 0640): chmod 600 {path}"


def test_a_pair_is_never_written_over(pair: KeyPair) -> None:
    with pytest.raises(ConflictError, match="exists already"):
        generate(pair.private.parent, password="other")
    pair_of_one = pair.private.parent / "half.pub"
    pair_of_one.write_text("")
    with pytest.raises(ConflictError, match=r"half\.pub exists already"):
        generate(pair.private.parent, "half", password="other")
    assert not (pair.private.parent / "half.key").exists()


def test_a_wrong_password_is_denied(pair: KeyPair) -> None:
    with pytest.raises(DeniedError, match="does not open"):
        load_private(pair.private, password="wrong")


@pytest.mark.parametrize("variable", ["NBMLOPS_KEY_PASSWORD", "COSIGN_PASSWORD"])
def test_the_password_comes_from_the_environment(
    pair: KeyPair, key: PrivateKey, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, PASSWORD)
    assert load_private(pair.private).public == key.public


def test_the_password_comes_from_who_is_asked(pair: KeyPair, key: PrivateKey) -> None:
    assert load_private(pair.private, password=lambda: PASSWORD).public == key.public


def test_without_a_password_the_variables_are_named(pair: KeyPair) -> None:
    with pytest.raises(UsageError, match="NBMLOPS_KEY_PASSWORD or COSIGN_PASSWORD"):
        load_private(pair.private)


def test_other_forms_of_private_keys_are_read(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = serialization.BestAvailableEncryption(b"pw")
    plain = written(tmp_path / "plain.key", key)
    found = load_private(plain)
    assert found.warning == f"{plain} has no password."
    sec1 = serialization.PrivateFormat.TraditionalOpenSSL
    others = [
        load_private(written(tmp_path / "locked.key", key, locked), password="pw"),
        load_private(written(tmp_path / "sec1.key", key, form=sec1)),
        load_private(written(tmp_path / "sec1-locked.key", key, locked, sec1), password="pw"),
    ]
    assert {each.public.der for each in others} == {found.public.der}
    with pytest.raises(DeniedError, match="does not open"):
        load_private(tmp_path / "locked.key", password="other")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048), "it is a RSA"),
        (ed25519.Ed25519PrivateKey.generate, "it is a Ed25519"),
        (lambda: ec.generate_private_key(ec.SECP384R1()), "it is on the curve secp384r1"),
    ],
)
def test_keys_of_other_kinds_are_refused_by_name(
    tmp_path: Path,
    make: Callable[[], rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey],
    what: str,
) -> None:
    key = make()
    with pytest.raises(IntegrityError, match=f"{what}.*; packages are signed with ECDSA on P-256"):
        load_private(written(tmp_path / "other.key", key))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(IntegrityError, match=what):
        read_public(public.decode())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no PEM file"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n", "it is no PEM file"),
        ("-----BEGIN PRIVATE KEY-----\nA*AA\n-----END PRIVATE KEY-----\n", "cannot be used as a key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be used as a key"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it holds a certificate"),
        (
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\ne30=\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
            "missing required field",
        ),
        ("x" * 20_000, "larger than 16 KiB"),
    ],
)
def test_what_is_no_private_key_is_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "odd.key"
    path.write_text(text)
    with pytest.raises(IntegrityError, match=why):
        load_private(path, password="pw")


def test_a_private_key_is_no_public_one(pair: KeyPair) -> None:
    with pytest.raises(IntegrityError, match="not a public key"):
        load_public(pair.private)
    with pytest.raises(IntegrityError, match="it holds a public key"):
        load_private(pair.public)


def test_there_may_be_no_key(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no key"):
        load_public(tmp_path / "none.pub")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kdf": {"name": "scrypt", "params": {"N": 1 << 30, "r": 8, "p": 1}, "salt": ""}}, "its cost is N=1073741824"),
        ({"kdf": {"name": "scrypt", "params": {"N": 65536, "r": 800, "p": 1}, "salt": ""}}, "r=800"),
        ({"kdf": {"name": "argon2", "params": {"N": 65536, "r": 8, "p": 1}, "salt": ""}}, "hidden with argon2"),
        ({"cipher": {"name": "rot13", "nonce": ""}}, "rot13"),
        ({"cipher": {"name": "nacl/secretbox", "nonce": "AAAA"}}, "its nonce has 3 bytes"),
        ({"ciphertext": 7}, "ciphertext"),
    ],
)
def test_a_sealed_key_chooses_neither_cost_nor_cipher(pair: KeyPair, change: dict[str, object], why: str) -> None:
    document = sealed_json(pair) | change
    with pytest.raises(IntegrityError, match=why):
        open_sealed(json.dumps(document).encode(), PASSWORD)


def test_a_sealed_key_that_was_altered_does_not_open(pair: KeyPair) -> None:
    document = sealed_json(pair)
    hidden = bytearray(base64.b64decode(str(document["ciphertext"])))
    hidden[20] ^= 1
    document["ciphertext"] = base64.b64encode(hidden).decode()
    with pytest.raises(DeniedError):
        open_sealed(json.dumps(document).encode(), PASSWORD)


def test_sealing_twice_gives_different_bytes() -> None:
    first, second = seal(b"secret", ""), seal(b"secret", "")
    assert first != second
    assert open_sealed(first, "") == open_sealed(second, "") == b"secret"


def test_a_signature_of_rfc_6979_holds() -> None:
    """Appendix A.2.5: P-256, SHA-256, the message `sample`."""
    x = 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
    y = 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    point = bytes.fromhex(f"3059301306072a8648ce3d020106082a8648ce3d03010703420004{x:064x}{y:064x}")
    public = PublicKey(der=point)
    assert read_public(public.pem).der == point
    assert public.verify(utils.encode_dss_signature(r, s), b"sample")
    assert not public.verify(utils.encode_dss_signature(r, s + 1), b"sample")


@pytest.mark.parametrize(("module", "package"), [("nacl.secret", "PyNaCl"), ("cryptography", "cryptography")])
def test_without_the_extra_it_is_named(
    pair: KeyPair, monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == module.split(".")[0]]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match=f"need {package}.*pip install 'nbmlops\\[sign\\]'"):
        load_private(pair.private, password=PASSWORD) if package == "PyNaCl" else load_public(pair.public)


def test_nothing_of_cryptography_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, nbmlops.package.trust.evidence as _; "
        "print(sorted({'cryptography', 'nacl', 'ruamel'} & {name.split('.')[0] for name in sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
