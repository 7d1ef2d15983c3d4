"""Names that go into paths and addresses."""

from __future__ import annotations

import re
import unicodedata


def slug(text: str, fallback: str = "step") -> str:
    """A short lower-case name safe in paths, YAML and tags: words of letters and digits with hyphens.

    Letters of any script are kept (`Données — été` gives `donnees-ete`, `訓練` stays).
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", plain).lower())
    return "-".join(words)[:48].strip("-") or fallback
