from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import UsageError
from nbmlops.settings import OWN_URI, Capture, Settings, Snapshots, Tracking, read_settings


def written(folder: Path, text: str) -> Path:
    path = folder / "nbmlops.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_everything_is_default(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "nbmlops.toml", {}) == (Settings(), {})


def test_every_value_knows_where_it_came_from(tmp_path: Path) -> None:
    path = written(tmp_path, '[tracking]\nexperiment = "été"\nmodels = false\n[capture]\nexclude = ["a/*"]\n')
    settings, origins = read_settings(path, {"MLFLOW_TRACKING_URI": "http://h:1", "NBMLOPS_EXPERIMENT": "other"})
    assert settings == Settings(
        tracking=Tracking(uri="http://h:1", experiment="other", models=False),
        capture=Capture(exclude=("a/*",)),
    )
    assert origins == {
        "tracking.experiment": "NBMLOPS_EXPERIMENT",
        "tracking.models": "nbmlops.toml",
        "capture.exclude": "nbmlops.toml",
        "tracking.uri": "MLFLOW_TRACKING_URI",
    }


def test_an_address_that_we_have_set_ourselves_does_not_count_as_the_users(tmp_path: Path) -> None:
    environ = {"MLFLOW_TRACKING_URI": "sqlite:///a.db", OWN_URI: "sqlite:///a.db"}
    assert read_settings(tmp_path / "none", environ) == (Settings(), {})
    environ["MLFLOW_TRACKING_URI"] = "http://users.own"
    assert read_settings(tmp_path / "none", environ)[0].tracking.uri == "http://users.own"


@pytest.mark.parametrize(
    "text",
    [
        "[tracking",
        "[tracking]\nmodels = 3\n",
        "[tracking]\nurl = 'x'\n",
        "[trackng]\n",
        "tracking = 3\n",
        "[capture]\nexclude = 'a'\n",
        "[snapshot]\nlargest_file = 5\n",
        "[snapshot]\nlargest_file = 'big'\n",
        "[snapshot]\nlargest_file = '-1 MB'\n",
    ],
)
def test_settings_that_are_not_understood_are_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"^nbmlops\.toml") as caught:
        read_settings(written(tmp_path, text), {"MLFLOW_TRACKING_URI": "http://h"})
    assert caught.value.kind == "settings-malformed"


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nbmlops.toml").write_bytes(b'[tracking]\nexperiment = "\xff"\n')
    with pytest.raises(UsageError, match="not valid TOML"):
        read_settings(tmp_path / "nbmlops.toml", {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("12", 12),
        ("5 B", 5),
        ("1 kB".upper(), 1000),
        ("1.5 MB", 1_500_000),
        ("2 GiB", 2 * 1024**3),
        ("1Ti", 1024**4),
        (" 3 KiB ", 3072),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, expected: int) -> None:
    assert Snapshots(largest_file=text).largest_bytes == expected
