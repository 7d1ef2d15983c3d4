"""The model card of a package: what a run knows of itself, as a page of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from nbmlops.lib.digest import short
from nbmlops.model.run import DatasetUse, ModelView, RunView, Tags
from nbmlops.ops.origin import parameters_of


def model_card(name: str, run: RunView, model: ModelView | None, uses: Sequence[DatasetUse], framework: str) -> str:
    """Nothing in it depends on the hour of packing."""
    made = run.ended or run.started
    lines = [
        f"# {name}",
        "",
        f"Made by run `{run.name}` ({short(run.id)})"
        + (f" of `{run.tags[Tags.NOTEBOOK]}`" if run.tags.get(Tags.NOTEBOOK) else "")
        + (f" on {made:%Y-%m-%d}." if made is not None else "."),
        "",
    ]
    if model is not None:
        lines += ["## Model", "", f"`model/` is an MLflow model ({framework or 'pyfunc'}):", ""]
        lines += ["```python", "import mlflow", "", 'model = mlflow.pyfunc.load_model("model")', "```", ""]
    metrics = {key: f"{value:.6g}" for key, value in sorted(run.metrics.items())}
    lines += _table("Metrics", ("metric", "value"), list(metrics.items()))
    lines += _table("Parameters", ("parameter", "value"), list(parameters_of(run).items()))
    seen = {use.path: use for use in uses}
    lines += _table(
        "Data",
        ("file", "bytes", "digest"),
        [(path, str(seen[path].size), short(seen[path].digest)) for path in sorted(seen)],
    )
    return "\n".join(lines)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    body = [f"| {' | '.join(_cell(each) for each in row)} |" for row in rows]
    return [f"## {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}", *body, ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:200]
