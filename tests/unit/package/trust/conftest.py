"""One key pair for all tests: stretching a password takes its time on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.model.oci import MANIFEST, Descriptor, Manifest
from nbmlops.package.layout import Layout, written
from nbmlops.package.trust.keys import KeyPair, PrivateKey, generate, load_private

PASSWORD = "correct horse"
REPO = "localhost/wine"


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return generate(tmp_path_factory.mktemp("keys"), password=PASSWORD)


@pytest.fixture(scope="session")
def key(pair: KeyPair) -> PrivateKey:
    return load_private(pair.private, password=PASSWORD)


@pytest.fixture(scope="session")
def stranger() -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return PrivateKey(ec.generate_private_key(ec.SECP256R1()), name="stranger")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "storage")


@pytest.fixture
def package(layout: Layout) -> Descriptor:
    """A package of one layer, tagged v1."""
    return add(layout, b"model")


def add(layout: Layout, content: bytes) -> Descriptor:
    parts = [
        Descriptor(media_type="application/octet-stream", digest=layout.put(data), size=len(data))
        for data in (b"{}", content)
    ]
    data = written(Manifest(schema_version=2, media_type=MANIFEST, config=parts[0], layers=(parts[1],)))
    descriptor = Descriptor(media_type=MANIFEST, digest=layout.put(data), size=len(data))
    layout.add(REPO, descriptor, tags=["v1"])
    return descriptor
