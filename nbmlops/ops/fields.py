"""How a request's field is typed at a prompt: help, and whether it is positional or has a short form.

class Request(msgspec.Struct, frozen=True, kw_only=True):
    notebook: Annotated[str, positional("The notebook to export.")]
    output: Annotated[str, option("Folder of the pipeline.", short="o")] = ""
"""

from __future__ import annotations

from typing import Any

import msgspec

POSITIONAL, SHORT, METAVAR = "positional", "short", "metavar"


def positional(help: str, *, metavar: str = "") -> msgspec.Meta:
    return msgspec.Meta(description=help, extra={POSITIONAL: True, METAVAR: metavar})


def option(help: str, *, short: str = "", metavar: str = "") -> msgspec.Meta:
    return msgspec.Meta(description=help, extra={POSITIONAL: False, SHORT: short, METAVAR: metavar})


class Field(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: Any
    help: str
    is_positional: bool
    short: str
    metavar: str
    default: Any
    is_required: bool

    @property
    def is_many(self) -> bool:
        return getattr(self.type, "__origin__", None) is tuple

    @property
    def is_flag(self) -> bool:
        return self.type is bool

    @property
    def flag(self) -> str:
        return "--" + self.name.strip("_").replace("_", "-")

    @property
    def shown(self) -> str:
        """As the usage line writes it: `NOTEBOOK`, `PATH...`, `--output DIR`."""
        value = self.metavar or self.name.upper().replace("_", "-")
        if self.is_positional:
            text = f"{value}..." if self.is_many else value
            return text if self.is_required else f"[{text}]"
        text = self.flag if self.is_flag else f"{self.flag} {value}"
        return f"[-{self.short}|{text}]" if self.short else f"[{text}]"


def fields_of(request: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of a request in order, positional ones first."""
    import typing

    hints = typing.get_type_hints(request, include_extras=True)
    found = []
    for info in msgspec.structs.fields(request):
        annotation = hints[info.name]
        base, *metas = typing.get_args(annotation) if hasattr(annotation, "__metadata__") else (annotation,)
        meta = next((meta for meta in metas if isinstance(meta, msgspec.Meta)), msgspec.Meta())
        extra = meta.extra or {}
        found.append(
            Field(
                name=info.name,
                type=base,
                help=meta.description or "",
                is_positional=bool(extra.get(POSITIONAL)),
                short=extra.get(SHORT, ""),
                metavar=extra.get(METAVAR, ""),
                default=None if info.required else info.default,
                is_required=info.required,
            )
        )
    return tuple(sorted(found, key=lambda field: not field.is_positional))
