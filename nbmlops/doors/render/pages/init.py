from nbmlops.doors.render.blocks import Line, Page, Tone, fields, place
from nbmlops.ops.init import Result


def page(result: Result) -> Page:
    return (
        Line(f"Made a project in {place(result.root)}", Tone.GOOD),
        fields([("settings", "nbmlops.toml"), ("memory", ".nbmlops/"), ("MLflow", result.tracking)]),
        Line("In a notebook: %load_ext nbmlops", Tone.DIM),
    )
