"""What comes out otherwise at every run, and why: random numbers without a seed, clocks, servers.

causes = find_causes(flow)
causes.of("accuracy", last=7)      # ("train_test_split() in cell 4 is not seeded",)
"""

from __future__ import annotations

from nbmlops.model.dataflow import Flow, Statement

Key = tuple[int, int]
UNSEEDED = "is not seeded"


class Causes:
    """Each statement with what it owes to chance, itself or through what it reads."""

    def __init__(self, statements: tuple[Statement, ...], found: dict[Key, dict[str, None]]) -> None:
        self._statements = statements
        self._found = found

    def of(self, name: str, last: int) -> tuple[str, ...]:
        """Of a variable or of a file by its path, as it is after the cell with index `last`; empty: none is known."""
        causes: dict[str, None] = {}
        for statement in self._statements:
            made = (*statement.binds, *statement.may_bind, *statement.mutates, *statement.files_written)
            if statement.cell <= last and name in made:
                if name in statement.binds:
                    causes = {}
                causes |= self._found.get((statement.cell, statement.position), {})
        return tuple(causes)


def find_causes(flow: Flow) -> Causes:
    statements = flow.statements
    found: dict[Key, dict[str, None]] = {(s.cell, s.position): dict.fromkeys(s.chance) for s in statements}
    # Edges lead from earlier statements to later ones, ordered by the later one: one pass is enough.
    for edge in flow.edges:
        found[edge.target] |= found[edge.source]
    return Causes(statements, found)
