"""The event `nbmlops/changed` on Jupyter's own bus. A schema must be known before a page opens its socket."""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.doors.server.documents import Changed, Kind

SCHEMA_ID = "event:nbmlops/changed"
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "A project has changed",
    "description": "Data is fetched over REST; this says only that some of it is new.",
    "type": "object",
    "required": ["folder", "rev", "changed"],
    "properties": {
        "folder": {"type": "string", "title": "The project's folder, from the server's root"},
        "rev": {"type": "integer", "title": "Grows with each change"},
        "changed": {
            "type": "array",
            "title": "What may be new",
            "items": {"type": "string", "enum": [str(kind) for kind in Kind]},
        },
    },
}


def register(event_logger: Any) -> None:
    if SCHEMA_ID not in event_logger.schemas:
        event_logger.register_event_schema(SCHEMA)


def emit(event_logger: Any, changed: Changed) -> None:
    """On the server's loop only: listeners are called as its tasks."""
    event_logger.emit(schema_id=SCHEMA_ID, data=msgspec.json.decode(msgspec.json.encode(changed)))
