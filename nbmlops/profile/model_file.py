"""A model's profile as a file among the model's own."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.model.profile import LAYOUT, ModelProfile

FILE = "profile.json"
_MOST_BYTES = 64 << 20


def dump(profile: ModelProfile) -> bytes:
    return msgspec.json.encode(profile)


def read_model_profile(folder: Path) -> ModelProfile | None:
    """None where the model has none. Raises IntegrityError for one that is damaged, or that a newer nbmlops wrote."""
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise IntegrityError(f"The profile {path} is larger than any.", kind="profile-malformed")
        found = msgspec.json.decode(path.read_bytes(), type=ModelProfile)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(
            f"The profile {path} cannot be read: {error}.", kind="profile-malformed", hint="Train the model again."
        ) from error
    if found.layout > LAYOUT:
        raise IntegrityError(
            f"The profile {path} was written by a newer nbmlops.", kind="profile-newer", hint="Update nbmlops."
        )
    return found
