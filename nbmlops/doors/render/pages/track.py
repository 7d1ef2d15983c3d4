from nbmlops.doors.render.blocks import Line, Page, Tone, fields
from nbmlops.ops.track import Result


def page(result: Result) -> Page:
    head = Line("Tracking is on.", Tone.GOOD) if result.is_on else Line("Tracking is off.", Tone.WARN)
    return (
        head,
        fields(
            [
                ("experiment", result.experiment),
                ("notebook", result.notebook or "unknown: the front end does not say"),
                ("project", result.root),
                ("MLflow", result.tracking),
                ("cells recorded", result.cells),
            ]
        ),
    )
