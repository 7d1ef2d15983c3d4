"""Requests for every verb, in the order in which each door is asked them, and the files they are about."""

from __future__ import annotations

import platform
from typing import Any

import msgspec

from nbmlops.model.names import slug
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import find_verb

SCORED = """
# %%
%load_ext nbmlops
# %% tags=["parameters"]
x = 1
# %%
%mlops log score={-x * x}
"""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A request: a verb and its arguments by name. `kind` is that of the error it has to end in."""

    verb: str
    values: dict[str, Any] = {}
    kind: str = ""

    def __str__(self) -> str:
        return slug(f"{self.verb} {' '.join(str(value) for value in self.values.values())}", "case")

    @property
    def tokens(self) -> list[str]:
        """As it is typed."""
        tokens = [self.verb]
        for field in fields_of(find_verb(self.verb).request):
            if field.name not in self.values:
                continue
            value = self.values[field.name]
            if field.is_positional:
                tokens += value if field.is_many else [value]
            elif field.is_flag:
                tokens += [field.flag] if value else []
            else:
                for each in value if isinstance(value, list) else [value]:
                    tokens += [field.flag, str(each)]
        return tokens


# In order: later ones see what earlier ones did. Every verb that works at all four doors is here.
CASES = (
    Case(verb="runs"),
    Case(verb="runs", values={"limit": 1, "sort": "name", "reverse": True}),
    Case(verb="runs", values={"offset": 1, "sort": "params.factor", "columns": True, "search": "COUNT"}),
    Case(verb="runs", values={"filter": ["factor >= 2", "status = FINISHED", "name ~ count"]}),
    Case(verb="runs", values={"deleted": True}),
    Case(verb="status"),
    Case(verb="verify"),
    Case(verb="verify", values={"rebuild_index": True}),
    Case(verb="gc", values={"dry_run": True}),
    Case(verb="gc", values={"older_than": "soon"}, kind="age-malformed"),
    Case(verb="doctor"),
    Case(verb="show", values={"run": "count"}),
    Case(verb="history", values={"runs": ["count"], "points": 20}),
    Case(verb="history", values={"runs": ["count"], "metric": ["loss"]}, kind="metric-missing"),
    Case(verb="annotate", values={"run": "count", "tag": ["team=red"], "note": "<b>first</b>"}),
    Case(verb="annotate", values={"run": "count", "tag": ["mlflow.user=x"]}, kind="tag-reserved"),
    Case(verb="delete", values={"runs": ["count"]}),
    Case(verb="delete", values={"runs": ["count"]}, kind="run-not-found"),
    Case(verb="undelete", values={"runs": ["count"]}),
    Case(verb="promote", values={"run": "count", "alias": "champion", "model": "counter"}),
    Case(verb="promote", values={"run": "count", "alias": "v1"}, kind="alias-malformed"),
    Case(verb="snapshots", values={"scope": "data"}),
    Case(verb="diff", values={"before": "data"}),
    Case(verb="snapshot", values={"paths": ["count.ipynb", "data"], "message": "both of them"}),
    Case(verb="snapshot", values={"paths": ["count.ipynb", "data"]}),
    Case(verb="diff", values={"before": "count", "after": "data"}),
    Case(verb="restore", values={"snapshot": "data", "to": "old"}),
    Case(verb="restore", values={"snapshot": "count", "paths": ["data/*.txt"], "dry_run": True}),
    Case(verb="remote", values={"action": "add", "name": "near", "more": ["backup"]}),
    Case(verb="remote", values={"action": "list"}),
    Case(verb="remote", values={"action": "pull", "name": "nobody"}, kind="remote-empty"),
    Case(verb="stale", values={"runs": ["count"]}),
    Case(verb="reproduce", values={"run": "count"}),
    Case(verb="verify"),
    Case(verb="gc", values={"dry_run": True}),
    Case(verb="explain", values={"notebook": "count.ipynb"}),
    Case(verb="explain", values={"notebook": "count.ipynb", "cell": "4"}),
    Case(verb="cells", values={"notebook": "count.ipynb"}),
    Case(verb="cells", values={"notebook": "absent.ipynb"}, kind="notebook-not-found"),
    Case(verb="slice", values={"notebook": "count.ipynb", "want": ["numbers"]}),
    Case(verb="slice", values={"notebook": "count.ipynb", "want": ["total"], "output": "total.ipynb"}),
    Case(verb="export", values={"notebook": "count.ipynb", "output": "again", "no_verify": True}),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factor=3"], "name": "trebled"}),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factor=4"], "dry_run": True}),
    Case(verb="run", values={"pipeline": "pipelines/count", "data": "data", "dry_run": True}),
    Case(verb="compile", values={"pipeline": "pipelines/count", "to": "tekton", "image": "example.org/count:1"}),
    Case(verb="executed", values={"run": "count"}),
    Case(verb="executed", values={"run": "trebled", "step": "count", "output": "as-it-ran.ipynb"}),
    Case(verb="executed", values={"run": "trebled", "output": "as-it-ran.ipynb"}, kind="file-exists"),
    Case(verb="resume", values={"run": "trebled"}),
    Case(verb="compare", values={"runs": ["count", "trebled"], "all": True}),
    Case(verb="export", values={"notebook": "scored.ipynb", "no_verify": True}),
    Case(
        verb="sweep",
        values={"pipeline": "pipelines/scored", "space": ["x=choice(0, 2)"], "sampler": "grid", "name": "small"},
    ),
    Case(
        verb="sweep",
        values={
            "pipeline": "pipelines/count",
            "space": ["factor=int(1, 9, 2)"],
            "metric": "score",
            "katib": "tune.yaml",
            "image": "example.org/count:1",
        },
    ),
    Case(verb="pipelines", values={"limit": 3}),
    Case(verb="pipelines", values={"name": "pipelines/count"}),
    Case(verb="pipelines", values={"name": "cuont"}, kind="pipeline-missing"),
    Case(verb="pack", values={"source": "kit", "tag": "counted:v1,v2"}),
    Case(verb="pack", values={"source": "kit", "tag": "counted:small", "compression": "gzip"}),
    Case(verb="diff", values={"before": "counted:v1", "after": "counted:small"}),
    Case(verb="packages", values={"name": "counted"}),
    Case(verb="import", values={"source": "models:/counter@champion", "tag": "counter:v1"}),
    Case(verb="inspect", values={"package": "counted:v1"}),
    Case(verb="tag", values={"package": "counted:v1", "name": "example.org/team/counted:v1"}),
    Case(verb="unpack", values={"package": "counted:v2", "dir": "unpacked", "filter": ["model", "docs:README.md"]}),
    Case(verb="image", values={"package": "counted:v1", "modelcar": True, "base": "scratch", "output": "car.tar"}),
    Case(verb="image", values={"package": "counted:v1", "output": "service.tar"}, kind="model-other"),
    Case(verb="image", values={"package": "counted:v1"}, kind="image-unnamed"),
    Case(verb="sign", values={"package": "counted:v1", "new_key": True}),
    Case(verb="verify", values={"package": "counted:v1", "key": ["nbmlops.pub"]}),
    Case(verb="trust"),
    Case(verb="trust", values={"key": "nbmlops.pub", "name": "team"}),
    Case(verb="trust", values={"key": "nbmlops.pub", "name": "team"}),
    Case(verb="verify", values={"package": "counted:v1"}),
    Case(verb="trust", values={"remove": "team"}),
    Case(verb="trust", values={"remove": "team"}, kind="key-missing"),
    Case(verb="trust", values={"key": "absent.pub"}, kind="key-missing"),
    Case(verb="pack", values={"source": "kit", "tag": "counted:v3", "data": "apart"}),
    Case(verb="unpack", values={"package": "counted:v3", "dir": "with-data", "include_remote": True}),
    Case(verb="packages"),
    Case(verb="inspect", values={"package": "counted:v1"}),
    Case(verb="pack", values={"source": "line", "tag": "line:v1"}),
    Case(verb="evaluate", values={"ref": "line:v1", "data": "line.csv", "output": "line.html"}),
    Case(
        verb="evaluate",
        values={"ref": "line:v1", "data": "line.csv", "against": "line:v1", "gate": "gate.yaml", "no_track": True},
    ),
    Case(verb="profile", values={"data": "line.csv", "output": "line-profile.json"}),
    Case(verb="drift", values={"reference": "line-profile.json", "current": "line.csv", "output": "drift.html"}),
    Case(verb="drift", values={"reference": "line.csv", "current": "line.csv", "limit": ["psi=0.1"], "check": True}),
    Case(verb="explain", values={"notebook": "line:v1", "data": "line.csv", "row": [2, 50], "output": "why.html"}),
    Case(verb="explain", values={"notebook": "line:v1", "data": "line.csv", "metric": "r2", "no_track": True}),
    Case(verb="validate", values={"data": "line.csv", "infer": "line.yaml"}),
    Case(verb="validate", values={"data": "line.csv", "schema": "line.yaml"}),
    Case(verb="validate", values={"data": "line.csv", "schema": "narrow.yaml", "sample": 2, "no_fail": True}),
    Case(verb="validate", values={"schema": "line.yaml", "export": "gx", "output": "suite.json"}),
    Case(verb="validate", values={"data": "line.csv", "import_": "suite.json", "output": "suite.yaml"}),
    Case(verb="validate", values={"schema": "narrow.yaml", "export": "pandera"}),
    Case(verb="reconcilers"),
    Case(verb="reconcile", values={"dry_run": True}),
    Case(verb="reconcile"),
    Case(verb="suspend", values={"name": "count-train"}),
    Case(verb="reconcile", values={"names": ["count-train"]}),
    Case(verb="suspend", values={"name": "count-train", "off": True}),
    Case(verb="reconcilers", values={"name": "count-train"}),
    Case(verb="logout", values={"registry": "example.org"}),
    Case(verb="remove", values={"package": "counted:v2"}),
    Case(verb="init", values={"path": "inner"}),
    # Each family of errors that a person can cause.
    Case(verb="runs", values={"limit": "many"}, kind="arguments-malformed"),
    Case(verb="runs", values={"filter": ["factor >> 2"]}, kind="filter-malformed"),
    Case(verb="snapshots", values={"scope": "everything"}, kind="arguments-malformed"),
    Case(verb="compare", values={"runs": ["count"]}, kind="runs-too-few"),
    Case(verb="show", values={"run": "no-such-run"}, kind="run-not-found"),
    Case(verb="restore", values={"snapshot": "no-such-thing"}, kind="snapshot-missing"),
    Case(verb="export", values={"notebook": "absent.ipynb"}, kind="notebook-not-found"),
    Case(verb="export", values={"notebook": "broken.ipynb"}, kind="notebook-not-json"),
    Case(verb="explain", values={"notebook": "count.ipynb", "cell": "1"}, kind="cell-not-found"),
    Case(verb="explain", values={"notebook": "line:v1", "row": [2]}, kind="data-missing"),
    Case(verb="explain", values={"notebook": "nobody", "data": "line.csv"}, kind="model-missing"),
    Case(verb="explain", values={"notebook": "line:v1", "data": "line.csv", "of": "red"}, kind="class-unknown"),
    Case(verb="slice", values={"notebook": "count.ipynb", "want": ["totl"]}, kind="name-not-found"),
    Case(verb="slice", values={"notebook": "count.ipynb", "output": "count.ipynb"}, kind="file-exists"),
    Case(verb="run", values={"pipeline": "pipelines/absent"}, kind="pipeline-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factr=3"]}, kind="parameter-unknown"),
    Case(verb="run", values={"pipeline": "pipelines/count", "data": "no-such-run"}, kind="snapshot-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "code": "no-such-run"}, kind="snapshot-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "param": ["factor=many"]}, kind="parameter-ill-typed"),
    Case(verb="run", values={"pipeline": "pipelines/count", "only": ["cuont"]}, kind="step-missing"),
    Case(verb="run", values={"pipeline": "pipelines/count", "engine": "dusk"}, kind="plugin-missing"),
    Case(
        verb="run",
        values={"pipeline": "pipelines/count", "engine": "local", "engine_option": ["address=x"], "force": True},
        kind="engine-option",
    ),
    Case(verb="compile", values={"pipeline": "pipelines/count", "to": "tecton", "image": "a:1"}, kind="plugin-missing"),
    Case(verb="compile", values={"pipeline": "pipelines/count", "to": "tekton", "image": ""}, kind="image-missing"),
    Case(verb="resume", values={"run": "no-such-run"}, kind="run-not-found"),
    Case(verb="sweep", values={"pipeline": "pipelines/count", "space": ["factor=1"]}, kind="space-malformed"),
    Case(verb="init", values={"path": "inner"}, kind="project-exists"),
    Case(verb="snapshot", values={"paths": ["absent.csv"]}, kind="path-missing"),
    Case(verb="pack", values={"source": "data"}, kind="kitfile-missing"),
    Case(verb="pack", values={"source": "kit", "transform": "shape"}, kind="transform-without-run"),
    Case(verb="pack", values={"source": "kit", "kitfile": "odd/Kitfile"}, kind="kitfile-invalid"),
    Case(verb="pack", values={"source": "kit", "tag": "Counted"}, kind="reference-malformed"),
    Case(verb="inspect", values={"package": "nobody:v1"}, kind="package-missing"),
    Case(verb="diff", values={"before": "counted:v1", "after": "nobody:v1"}, kind="package-missing"),
    Case(verb="diff", values={"before": "counted:v1", "after": "count"}, kind="diff-mixed"),
    Case(verb="import", values={"source": "models:/counter@nobody"}, kind="model-missing"),
    Case(
        verb="import",
        values={"source": "models:/counter@champion", "from_": "http://127.0.0.1:9"},
        kind="mlflow-unreachable",
    ),
    Case(verb="inspect", values={"package": "counted:v1", "remote": True}, kind="registry-missing"),
    Case(verb="push", values={"package": "counted:v1"}, kind="registry-missing"),
    Case(verb="pull", values={"package": "counted:v1"}, kind="registry-missing"),
    Case(verb="sign", values={"package": "counted:v1", "new_key": True}, kind="key-exists"),
    Case(verb="verify", values={"key": ["nbmlops.pub"]}, kind="package-unnamed"),
    Case(
        verb="unpack", values={"package": "counted:v1", "dir": "unpacked", "filter": ["prompts"]}, kind="filter-empty"
    ),
    Case(verb="evaluate", values={"ref": "line:v1"}, kind="data-missing"),
    Case(verb="profile", values={"data": "absent.csv"}, kind="data-missing"),
    Case(verb="profile", values={"data": "odd/gate.yaml"}, kind="data-format"),
    Case(verb="drift", values={"reference": "line.csv", "current": "absent.csv"}, kind="data-missing"),
    Case(
        verb="drift", values={"reference": "line.csv", "current": "line.csv", "columns": ["z"]}, kind="column-missing"
    ),
    Case(
        verb="drift", values={"reference": "line.csv", "current": "line.csv", "limit": ["psy=1"]}, kind="limit-unknown"
    ),
    Case(
        verb="drift",
        values={"reference": "line.csv", "current": "line.csv", "limit": ["psi=x"]},
        kind="limit-malformed",
    ),
    Case(verb="evaluate", values={"ref": "nobody", "data": "line.csv"}, kind="model-missing"),
    Case(verb="evaluate", values={"ref": "line:v1", "data": "odd/gate.yaml"}, kind="data-format"),
    Case(
        verb="evaluate", values={"ref": "line:v1", "data": "line.csv", "gate": "odd/gate.yaml"}, kind="gate-malformed"
    ),
    Case(verb="evaluate", values={"ref": "line:v1", "data": "line.csv", "gate": "gate.yaml"}, kind="against-missing"),
    Case(verb="validate", kind="validate-malformed"),
    Case(verb="validate", values={"data": "line.csv"}, kind="contract-unnamed"),
    Case(verb="validate", values={"data": "line.csv", "schema": "absent.yaml"}, kind="contract-missing"),
    Case(verb="validate", values={"data": "line.csv", "schema": "odd/gate.yaml"}, kind="contract-malformed"),
    Case(verb="validate", values={"data": "absent.csv", "schema": "line.yaml"}, kind="data-missing"),
    Case(verb="validate", values={"data": "line.csv", "infer": "line.yaml"}, kind="file-exists"),
    Case(verb="validate", values={"schema": "line.yaml", "import_": "odd/gate.yaml"}, kind="validate-malformed"),
    Case(verb="deployments"),
    Case(verb="deployments", values={"name": "counter"}, kind="deployment-missing"),
    Case(verb="deploy", values={"package": "nobody"}, kind="deployable-missing"),
    Case(verb="deploy", values={"package": "counted:v1", "canary": 120}, kind="deploy-malformed"),
    Case(verb="deploy", values={"package": "counted:v1"}, kind="model-absent"),
    Case(verb="deploy", values={"package": "counted:v1", "max_difference": -0.5}, kind="deploy-malformed"),
    Case(verb="schedule", values={"as_": "github", "notebook": ["count.ipynb"], "sample": ["n=1e3"]}),
    Case(verb="schedule", values={"as_": "kubernetes", "image": "a:1", "repository": "https://a/b", "output": "host"}),
    Case(verb="schedule", values={"as_": "kubernetes", "repository": "https://a/b"}, kind="host-incomplete"),
    Case(verb="schedule", values={"names": ["nobody"], "as_": "cron"}, kind="reconciler-missing"),
    Case(verb="deploy", values={"package": "counted:v1", "memory": "plenty"}, kind="deploy-malformed"),
    Case(verb="deploy", values={"name": "counter", "canary": 20}, kind="deployment-missing"),
    Case(verb="deploy", values={"restore": True}),
    Case(verb="predict", values={"name": "counter"}, kind="deployment-missing"),
    Case(
        verb="batch",
        values={"model": "nobody", "input": "kit/numbers.csv", "output": "scored.csv"},
        kind="deployable-missing",
    ),
    Case(
        verb="batch", values={"model": "counted:v1", "input": "kit/none.csv", "output": "scored"}, kind="input-missing"
    ),
    Case(
        verb="batch",
        values={"model": "counted:v1", "input": "kit/*.csv", "output": "scored.csv", "keep": ["all"], "dry_run": True},
        kind="model-absent",
    ),
    Case(verb="rollback", values={"name": "counter", "to": 1}, kind="deployment-missing"),
    Case(verb="undeploy", values={"name": "Counter"}, kind="deployment-name"),
    Case(verb="logs", values={"name": "counter"}, kind="deployment-missing"),
    Case(verb="monitor", values={"name": "counter"}, kind="deployment-missing"),
    Case(verb="monitor", values={"name": "counter", "since": "soon"}, kind="window-malformed"),
    Case(verb="corrections", values={"name": "counter", "output": "said.csv"}, kind="deployment-missing"),
    Case(verb="corrections", values={"name": "counter", "output": "said.txt"}, kind="data-format"),
    Case(verb="reconcilers", values={"name": "nobody"}, kind="reconciler-missing"),
    Case(verb="reconcile", values={"names": ["nobody"]}, kind="reconciler-missing"),
    Case(verb="reconcile", values={"watch": True, "dry_run": True}, kind="watch-contradicted"),
    Case(verb="approve", values={"name": "count-train"}, kind="proposal-missing"),
    Case(verb="reject", values={"name": "count-train", "why": "no"}, kind="proposal-missing"),
    Case(verb="suspend", values={"name": "nobody"}, kind="reconciler-missing"),
)
CARRIED_OUT_ELSEWHERE = {
    *("push", "pull", "predict", "batch", "rollback", "undeploy", "logs", "monitor"),
    *("corrections", "approve", "reject"),
}
"""Here they are refused: tests/services has registries and services for them, tests/journeys a model for `batch`."""
KIT = {
    "Kitfile": "package: {name: counted}\nmodel: {path: total.txt}\ndatasets: [{path: numbers.csv}]\n"
    "docs: [{path: README.md}]\n",
    "total.txt": "12\n",
    "numbers.csv": "3\n4\n5\n",
    "README.md": "# Counted\n",
}
LINE = {
    "line/Kitfile": "package: {name: line}\nmodel: {path: model}\n",
    "line/model/MLmodel": "flavors:\n"
    f"  python_function: {{loader_module: a_line, code: code, python_version: {platform.python_version()}}}\n"
    """signature: {inputs: '[{"name": "x", "type": "double", "required": true}]'}\n""",
    "line/model/code/a_line.py": "class Line:\n    def predict(self, table):\n        return 2 * table['x']\n\n\n"
    "def _load_pyfunc(path):\n    return Line()\n",
    "line.csv": "x,y\n" + "".join(f"{x},{2 * x + x % 3 / 4}\n" for x in range(60)),
    "gate.yaml": "metrics: {mae: {max: 0.1}}\nagainst: {mae: {min_change: 0.0}}\n",
    "narrow.yaml": "columns: {x: {type: integer, max: 50}, y: {type: number, max: {is: 100, severity: warning}}}\n",
    "odd/gate.yaml": "metrics: {mea: {max: 0.1}}\n",
    "reconcilers/count.yaml": "apiVersion: nbmlops.dev/v1\nkind: Trainer\nmetadata: {name: count-train}\n"
    "spec:\n  model: counter\n  pipeline: pipelines/count\n  needs: {all: [{python: needs.py:needed}]}\n",
    "needs.py": "def needed():\n    return False, 'there is enough'\n",
}
"""A model of Python code, what it is judged by, and a gate that it does not pass; and when it is made anew."""
