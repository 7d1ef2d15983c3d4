"""THE TABLE: every verb, once. Magics, command line, REST and the reference in docs/ are made from it.

A verb `name` lives in `nbmlops/ops/name.py`: a `Request`, a `Result` and a function `name(call, request)`.
What is a word of Python's own has an underscore behind it there: `import` is `import_`; `serve-needs` is `serve_needs`.
The modules load when their verb is used, so that loading the extension stays cheap.
"""

from __future__ import annotations

import importlib
import keyword
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError
from nbmlops.ops.call import Call
from nbmlops.ops.late_runs import waiting_for_late_runs


class Effect(StrEnum):
    READ = "read"
    WRITE = "write"


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    summary: str
    group: str
    effect: Effect
    needs_kernel: bool = False
    """Works only inside a notebook: the command line and REST do not list it."""
    is_terminal: bool = False
    """Works only at a terminal."""
    examples: tuple[str, ...] = ()

    @property
    def python_name(self) -> str:
        """Of its module and its function."""
        return f"{self.name}_" if keyword.iskeyword(self.name) else self.name.replace("-", "_")

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"nbmlops.ops.{self.python_name}")

    @property
    def request(self) -> type[msgspec.Struct]:
        request: type[msgspec.Struct] = self._module.Request
        return request

    @property
    def operation(self) -> Callable[[Call, Any], msgspec.Struct]:
        operation: Callable[[Call, Any], msgspec.Struct] = getattr(self._module, self.python_name)
        return waiting_for_late_runs(operation)


def _read(name: str, group: str, summary: str, *examples: str, **more: bool) -> Verb:
    return Verb(name=name, group=group, summary=summary, effect=Effect.READ, examples=examples, **more)


def _write(name: str, group: str, summary: str, *examples: str, **more: bool) -> Verb:
    return Verb(name=name, group=group, summary=summary, effect=Effect.WRITE, examples=examples, **more)


PROJECT, TRACK, SNAPSHOT, PIPELINE = ("Project", "Track", "Snapshot", "Pipeline")
PACKAGE, DEPLOY, MONITOR, RECONCILE = ("Package", "Deploy", "Monitor", "Reconcile")

VERBS: tuple[Verb, ...] = (
    _write("init", PROJECT, "Make a project in a folder.", "init", "init churn"),
    _read("status", PROJECT, "Show the project at a glance: runs, snapshots, pipelines, kernels.", "status"),
    _read("doctor", PROJECT, "Show versions, what is patched, what is missing and how to get it.", "doctor"),
    _write("demo", PROJECT, "Take the wine notebook all the way, in a folder of its own.", "demo", "demo --to tour",
           is_terminal=True),
    _write("lab", PROJECT, "Open JupyterLab with the sidebar, tracking to the project's own store.", "lab",
           "lab wine.ipynb", is_terminal=True),
    _write("track", TRACK, "Switch tracking of this notebook on or off.", "track", "track off",
           "track on --experiment wine", needs_kernel=True),
    _write("log", TRACK, "Log parameters and metrics to the run of this cell.", "log accuracy=0.93 model=forest",
           "log loss={loss} --step 3", needs_kernel=True),
    _write("keep", TRACK, "Make a run of what has already been executed.", "keep", "keep 3 5-8 --as baseline",
           needs_kernel=True),
    _read("runs", TRACK, "List runs, newest first.", "runs", "runs --sort accuracy --limit 20",
          "runs --filter 'accuracy > 0.9' --filter 'params.trees = 10'", "runs --search wine --offset 20"),
    _read("show", TRACK, "Show one run: parameters, metrics, code, data, environment.", "show baseline"),
    _read("compare", TRACK, "Put runs side by side and mark what differs.", "compare baseline tuned"),
    _read("history", TRACK, "Draw the values that metrics have had.", "history baseline",
          "history baseline tuned --metric loss"),
    _write("annotate", TRACK, "Name a run, tag it, write a note to it.", "annotate 4f2a91 --name baseline",
           "annotate baseline --tag team=red --note 'before the new data'"),
    _write("delete", TRACK, "Delete runs, and those inside them.", "delete baseline", "delete 4f2a91 9be1c0"),
    _write("undelete", TRACK, "Bring deleted runs back.", "undelete baseline"),
    _write("promote", TRACK, "Give a run's model an alias in MLflow's registry.", "promote baseline champion",
           "promote baseline staging --model wine"),
    _write("snapshot", SNAPSHOT, "Keep files as they are now.", "snapshot data/", "snapshot -m 'before cleaning'"),
    _read("snapshots", SNAPSHOT, "List snapshots, newest first.", "snapshots"),
    _write("restore", SNAPSHOT, "Bring back the files of a snapshot or of a run.", "restore 4f2a91c07be3",
           "restore baseline data/train.csv --to old"),
    _read("diff", SNAPSHOT, "Show what changed between two snapshots, runs or packages, or since.", "diff 4f2a 9be1",
          "diff data", "diff wine:v1 wine:v2"),
    _read("stale", SNAPSHOT, "Show which runs and cells no longer fit today's data and code.", "stale"),
    _write("reproduce", SNAPSHOT, "Execute again what a run executed, and compare.", "reproduce baseline",
           "reproduce baseline --new-data"),
    _write("verify", SNAPSHOT, "Read all that is kept, or a package, and name what is damaged.", "verify",
           "verify --rebuild-index", "verify wine:v1 --key team.pub"),
    _write("gc", SNAPSHOT, "Free the room of what nothing needs any more.", "gc --dry-run", "gc --older-than 30d"),
    _write("remote", SNAPSHOT, "Keep snapshots in a folder or bucket as well, and bring them to another machine.",
           "remote add team s3://bucket/wine", "remote push", "remote pull team baseline", "remote status"),
    _write("explain", PIPELINE, "Show why each cell stays or goes, or which columns a model's answers come from.",
           "explain wine.ipynb", "explain wine.ipynb 7", "explain wine.ipynb '[4]'",
           "explain models:/wine@champion --data data/test.csv", "explain tuned --data data/test.csv --row 17"),
    _read("cells", PIPELINE, "Show what each cell is: its step, its run, how it ran, why it goes or is out of date.",
          "cells wine.ipynb"),
    _write("slice", PIPELINE, "Show which cells some variables need; write them as a notebook.",
           "slice wine.ipynb --want model", "slice wine.ipynb -w model -o model.ipynb"),
    _write("export", PIPELINE, "Make a notebook into a verified pipeline.", "export wine.ipynb",
           "export wine.ipynb -o pipelines/wine"),
    _read("pipelines", PIPELINE, "List pipelines, their runs and sweeps, also those under way.", "pipelines",
          "pipelines wine"),
    _write("run", PIPELINE, "Run a pipeline; what has not changed is kept.", "run pipelines/wine",
           "run pipelines/wine -p trees=50", "run pipelines/wine --dry-run"),
    _write("compile", PIPELINE, "Write a pipeline for Kubeflow Pipelines or Tekton.",
           "compile pipelines/wine --to tekton --image registry.example.org/wine:1"),
    _write("sweep", PIPELINE, "Run a pipeline with many values and find the best.",
           "sweep pipelines/wine --space 'trees=int(10, 200)' --metric accuracy_score"),
    _write("executed", PIPELINE, "Show a run's notebook as it was executed, or write it to a file.",
           "executed baseline", "executed wine --step train -o train.ipynb"),
    _write("resume", PIPELINE, "Go on with a run of a pipeline where it broke.", "resume", "resume a6c4f8303ecc"),
    _write("enter", PIPELINE, "Bring the variables of a failed step into this notebook.", "enter", "enter last train",
           needs_kernel=True),
    _write("pack", PACKAGE, "Make a package of a run, a pipeline or a folder with a Kitfile.", "pack", "pack baseline",
           "pack pipelines/wine -t wine:v1,latest", "pack pipelines/wine --transform features",
           "pack models:/wine@champion"),
    _write("import", PACKAGE, "Make a package of a model on another tracking server.",
           "import models:/wine@champion --from http://127.0.0.1:5000 -t wine:v1", "import runs:/4f2a91c0/model"),
    _read("packages", PACKAGE, "List the packages on this machine, newest first.", "packages", "packages wine"),
    _read("inspect", PACKAGE, "Show what a package holds, where it says it comes from, and its signatures.",
          "inspect wine:v1", "inspect ghcr.io/team/wine:v1 --remote"),
    _write("unpack", PACKAGE, "Write the files of a package into a folder.", "unpack wine:v1 -d wine",
           "unpack wine:v1 -f model -f docs:README.md"),
    _write("tag", PACKAGE, "Give a package another name.", "tag wine:v1 ghcr.io/team/wine:v1"),
    _write("push", PACKAGE, "Send a package to a registry: only what the registry lacks.",
           "push ghcr.io/team/wine:v1", "push wine:v1 ghcr.io/team/wine:v1"),
    _write("pull", PACKAGE, "Bring a package from a registry to this machine.", "pull ghcr.io/team/wine:v1"),
    _write("sign", PACKAGE, "Sign a package with a key.", "sign wine:v1 --new-key", "sign wine:v1 --key team.key"),
    _write("image", PACKAGE, "Make an image of a package's service, without a daemon.",
           "image wine:v1 -t ghcr.io/team/wine-service:v1", "image wine:v1 -t wine-service:v1"),
    _write("trust", PACKAGE, "Say whose signature is enough for a model to run code here.", "trust",
           "trust team.pub --name team", "trust --remove team"),
    _write("login", PACKAGE, "Keep a login for a registry.", "login ghcr.io -u me", is_terminal=True),
    _write("logout", PACKAGE, "Forget the login for a registry.", "logout ghcr.io"),
    _write("remove", PACKAGE, "Take a package's name away; with its last name it goes itself.", "remove wine:v1"),
    _write("evaluate", DEPLOY, "Measure a model on data that it has not seen; let it through, or not.",
           "evaluate tuned --data data/test.csv",
           "evaluate tuned --data data/test.csv --against champion --gate gate.yaml --promote champion"),
    _write("validate", DEPLOY, "Hold a table against its contract, and show the rows that break it.",
           "validate data/train.csv --infer contract.yaml", "validate data/new.csv --schema contract.yaml",
           "validate new.parquet --from baseline", "validate --schema contract.yaml --export pandera -o schema.py"),
    _write("deploy", DEPLOY, "Let a package answer requests, on one port that stays.", "deploy wine:v1 --name wine",
           "deploy wine:v2 --name wine --canary 20", "deploy --name wine --canary 100",
           "deploy wine:v1 --target kserve --image ghcr.io/team/wine-service:v1"),
    _read("deployments", DEPLOY, "List what is deployed, and how it is.", "deployments", "deployments wine"),
    _read("predict", DEPLOY, "Ask a deployment.", "predict wine", "predict wine -d rows.csv",
          "predict wine -d '[[13.2, 2.4, 1050.0]]' --revision 2"),
    _write("batch", DEPLOY, "Let a model score the rows of files; what is stopped goes on later.",
           "batch wine:v1 new.parquet scored.parquet",
           "batch models:/wine@champion 'exports/*.csv' scored.csv --keep id --on-error skip",
           "batch wine:v1 new.parquet scored.parquet --on dask --scheduler tcp://10.0.0.5:8786"),
    _write("rollback", DEPLOY, "Let the revision before answer again, or take the canary away.", "rollback wine",
           "rollback wine --to 1"),
    _write("monitor", DEPLOY, "Look at what a deployment is asked and answers; tell what is wrong.", "monitor wine",
           "monitor wine --window 15min --since 6h -o wine.html", "monitor wine --data train.csv",
           "monitor wine --watch --every 60s"),
    _write("corrections", DEPLOY, "Write what people have corrected as a table to train on.",
           "corrections labels data/corrections.csv --target label"),
    _write("undeploy", DEPLOY, "Stop a deployment; it can be started again.", "undeploy wine", "undeploy wine --purge"),
    _read("logs", DEPLOY, "Show what the service of a deployment says.", "logs wine", "logs wine --router"),
    _write("profile", MONITOR, "Show what a table holds, in a small summary that can be kept.",
           "profile data/train.parquet", "profile tuned", "profile data/train.csv -o train.json"),
    _write("drift", MONITOR, "Show how far a table has moved from another, or from what a model was trained on.",
           "drift data/2025.parquet data/2026.parquet", "drift tuned data/today.csv -o drift.html --check"),
    _write("reconcile", RECONCILE, "Make what documents in git say so: models fresh, deployments as wanted.",
           "reconcile", "reconcile --dry-run", "reconcile labels-train", "reconcile --watch"),
    _read("reconcilers", RECONCILE, "Show reconcilers: whether all is as it should be, and what they wait for.",
          "reconcilers", "reconcilers labels-train"),
    _write("approve", RECONCILE, "Merge what a reconciler proposes.", "approve labels-train"),
    _write("reject", RECONCILE, "Close what a reconciler proposes; it is never proposed again.",
           "reject labels-train --why 'it knows no French'"),
    _write("suspend", RECONCILE, "Let a reconciler do nothing, until it may go on.", "suspend labels-train",
           "suspend labels-train --off"),
    _write("schedule", RECONCILE, "Write the files that let a host call reconcilers again and again.",
           "schedule --as systemd", "schedule --as github -o .",
           "schedule wine-train --as kubernetes --image ghcr.io/team/wine:1 -o deploy"),
    _read("serve-needs", RECONCILE, "Answer over HTTP whether reconcilers would do something now.",
          "serve-needs", "serve-needs labels-train --port 8080", is_terminal=True),
)  # fmt: skip


def find_verb(name: str) -> Verb:
    """Raises NotFoundError with near names."""
    for verb in VERBS:
        if verb.name == name:
            return verb
    import difflib

    near = difflib.get_close_matches(name, [verb.name for verb in VERBS], n=1)
    raise NotFoundError(
        f"There is no verb {name!r}.",
        kind="verb-missing",
        hint=f"Did you mean {near[0]}?" if near else "List them: nbmlops --help",
        verb=name,
    )
