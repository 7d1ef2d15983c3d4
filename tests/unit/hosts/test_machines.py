"""Units of systemd and lines of cron do what they say: asked of systemd itself, and of a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from nbmlops.errors import UsageError
from nbmlops.hosts import cron, systemd
from nbmlops.hosts.hosted import Hosted
from tests.unit.hosts.examples import AWKWARD, HOSTED

SETTINGS = {
    "Unit": {"Description"},
    "Service": {
        "Type", "WorkingDirectory", "ExecStart", "SuccessExitStatus", "Environment", "TimeoutStartSec",
        "TimeoutStopSec", "Nice", "KillMode", "NoNewPrivileges", "LockPersonality", "RestrictRealtime",
        "RestrictSUIDSGID", "SystemCallArchitectures",
    },
    "Timer": {
        "OnCalendar", "OnStartupSec", "OnUnitInactiveSec", "RandomizedDelaySec", "Persistent", "AccuracySec",
    },
    "Install": {"WantedBy"},
}  # fmt: skip


def parsed(text: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    section = ""
    for line in text.splitlines():
        assert not line.endswith("\\")
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[section].append((name, value))
    return found


def words(line: str) -> list[str]:
    """As systemd.syntax(7) has it, where every word is in double quotes."""
    found, word, place = [], "", 0
    while place < len(line):
        assert line[place] == '"'
        place += 1
        while line[place] != '"':
            if line[place] == "\\":
                place += 1
            elif line[place] == "%":
                place += 1
                assert line[place] == "%"
            word += line[place]
            place += 1
        found.append(word)
        word, place = "", place + 2
    return found


@pytest.mark.parametrize("hosted", [HOSTED, *AWKWARD])
def test_units_hold_known_settings_and_the_command_as_it_is(hosted: Hosted) -> None:
    files = systemd.files(hosted)
    name = hosted.object_name
    assert sorted(files) == [f"{name}.service", f"{name}.timer"]
    service, timer = parsed(files[f"{name}.service"]), parsed(files[f"{name}.timer"])
    for unit in (service, timer):
        for section, lines in unit.items():
            assert {key for key, _ in lines} <= SETTINGS[section]
    (command,) = [value for key, value in service["Service"] if key == "ExecStart"]
    assert command[0] == ":"
    assert words(command[1:]) == [*hosted.command, "reconcile", "--once", *hosted.reconcilers]
    variables = [words(value)[0] for key, value in service["Service"] if key == "Environment"]
    assert variables == [f"{key}={value}" for key, value in hosted.variables.items()]
    assert ("SuccessExitStatus", "10") in service["Service"]
    assert ("OnUnitInactiveSec", "600") in timer["Timer"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here to ask")
def test_systemd_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    broken = tmp_path / "nbmlops-broken.service"
    broken.write_text(f"[Service]\nType=oneshot\nExecStart={sys.executable}\nBogus=1\n")
    assert complaints([broken], tmp_path) != []
    for number, hosted in enumerate([HOSTED, *AWKWARD]):
        folder = tmp_path / str(number)
        folder.mkdir()
        here = msgspec.structs.replace(
            hosted,
            command=(sys.executable, "-m", "nbmlops"),
            schedule="*/7 3 1 * mon" if number % 2 else "",
            deployers=hosted.deployers if number % 3 else (),
        )
        for name, text in systemd.files(here).items():
            (folder / name).write_text(text, encoding="utf-8")
        assert complaints(sorted(folder.iterdir()), tmp_path) == [], hosted.name


def complaints(units: list[Path], runtime: Path) -> list[str]:
    said = subprocess.run(
        ["systemd-analyze", "--user", "verify", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime), "SYSTEMD_UNIT_PATH": f"{units[0].parent}:"},
    )
    return [line for line in said.stderr.splitlines() if str(runtime) in line or "nbmlops-" in line]


def test_what_is_deployed_outlives_the_tick() -> None:
    service = systemd.files(HOSTED)["nbmlops-wine.service"]
    assert "KillMode=process" in service
    # podman without root needs setuid programs.
    assert "NoNewPrivileges" not in service


def test_training_has_few_rights_and_leaves_nothing_behind() -> None:
    service = systemd.files(msgspec.structs.replace(HOSTED, deployers=()))["nbmlops-wine.service"]
    assert "KillMode" not in service
    assert "NoNewPrivileges=yes" in service


@pytest.mark.parametrize(
    "change", [{"command": ("nbmlops",)}, {"folder": "wine"}, {"folder": "/srv/x\\"}, {"folder": ""}, {"command": ()}]
)
def test_systemd_is_told_whole_paths(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        systemd.files(msgspec.structs.replace(HOSTED, **change))


def taken(line: str) -> tuple[str, str]:
    """Schedule and command as cron reads them: it knows one escape, and a bare per cent sign ends the command."""
    schedule, command = " ".join(line.split(" ")[:5]), line.split(" ", 5)[5]
    found, is_escaped = "", False
    for char in command:
        if is_escaped:
            found += char if char == "%" else f"\\{char}"
            is_escaped = False
        elif char == "\\":
            is_escaped = True
        else:
            assert char != "%"
            found += char
    return schedule, found


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Writes its arguments down, says something, and ends with the exit code of a file beside it."""
    path = tmp_path / "bin" / "a program"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >"$0.arguments"\necho "why it is so"\nexit "$(cat "$0.code")"\n')
    path.chmod(0o755)
    return path


def run_cron(hosted: Hosted, program: Path, code: int) -> tuple[int, str]:
    Path(f"{program}.code").write_text(str(code))
    _, command = taken(cron.line(hosted))
    # cron's own environment is as poor as this.
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("hosted", [HOSTED, *(each for each in AWKWARD if "\\" not in each.name)])
def test_a_line_of_cron_runs_the_command_in_the_folder(hosted: Hosted, program: Path, tmp_path: Path) -> None:
    folder = tmp_path / hosted.name.replace("/", "")
    folder.mkdir()
    here = msgspec.structs.replace(hosted, command=(str(program),), folder=str(folder))
    assert "\n" not in cron.line(here)
    assert taken(cron.line(here))[0].endswith("* * * *")
    assert run_cron(here, program, 0) == (0, "")
    told = Path(f"{program}.arguments").read_text().splitlines()
    assert told == ["reconcile", "--once", *here.reconcilers]
    assert (folder / ".nbmlops" / "reconcile" / "cron.log").read_text() == "why it is so\n"


def test_cron_mails_what_went_wrong_and_nothing_else(program: Path, tmp_path: Path) -> None:
    here = msgspec.structs.replace(HOSTED, command=(str(program),), folder=str(tmp_path))
    assert run_cron(here, program, 10) == (0, "")
    assert run_cron(here, program, 20) == (20, "why it is so\n")
    assert run_cron(here, program, 1) == (1, "why it is so\n")


def test_a_tick_that_is_still_going_on_is_left_alone(program: Path, tmp_path: Path) -> None:
    here = msgspec.structs.replace(HOSTED, command=(str(program),), folder=str(tmp_path))
    run_cron(here, program, 0)
    Path(f"{program}.arguments").unlink()
    lock = tmp_path / ".nbmlops" / "reconcile" / "cron.lock"
    with subprocess.Popen(["flock", str(lock), "sh", "-c", "echo held; read x"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as other:  # fmt: skip
        assert other.stdout is not None
        other.stdout.readline()
        assert run_cron(here, program, 0) == (0, "")
        other.communicate(b"\n")
    assert not Path(f"{program}.arguments").exists()


@pytest.mark.parametrize("folder", ["/srv/a\\%b", f"/srv/{'x' * 1000}"])
def test_what_no_crontab_can_carry_is_refused(folder: str) -> None:
    with pytest.raises(UsageError, match="No crontab can carry"):
        cron.line(msgspec.structs.replace(HOSTED, folder=folder))
