"""Names that go into paths and addresses."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from functools import lru_cache

METRIC_NAME_CHARS = 250


def slug(text: str, fallback: str = "step") -> str:
    """A short lower-case name safe in paths, YAML and tags: words of letters and digits with hyphens.

    Letters of any script are kept (`Données — été` gives `donnees-ete`, `訓練` stays).
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", plain).lower())
    return "-".join(words)[:48].strip("-") or fallback


@lru_cache(maxsize=1024)
def metric_name_problem(name: str) -> str:
    """Why MLflow would not take a metric of this name; empty when it would. The rules are MLflow's.

    Asked before the name is put on its way, since MLflow itself hears of it only later.
    """
    if len(name) > METRIC_NAME_CHARS:
        return f"is longer than {METRIC_NAME_CHARS} characters"
    if not re.match(r"^[/\w.\- :]*$", name):
        return "may only contain letters, digits, _ - . : / and spaces"
    plain = posixpath.normpath(name)
    if plain != name or plain == "." or plain.startswith(("..", "/")):
        return f"is not a plain name or path (that would be {plain!r})"
    return ""
