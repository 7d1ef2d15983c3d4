"""The largest set of elements of which no two are related, for a transitive relation (Dilworth, by König's theorem)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def largest_antichain(nodes: Sequence[Node], related: set[tuple[Node, Node]]) -> set[Node]:
    """`related` must be transitive and without circles."""
    below = {node: [b for b in nodes if (node, b) in related] for node in nodes}
    partner: dict[Node, Node] = {}
    """Of the right side of the bipartite graph, the match on its left."""

    def augment(node: Node, seen: set[Node]) -> bool:
        for other in below[node]:
            if other not in seen:
                seen.add(other)
                if other not in partner or augment(partner[other], seen):
                    partner[other] = node
                    return True
        return False

    for node in nodes:
        augment(node, set())
    free = [node for node in nodes if node not in partner.values()]
    left, right = set(free), set[Node]()
    while free:
        node = free.pop()
        for other in below[node]:
            if other not in right:
                right.add(other)
                if other in partner and partner[other] not in left:
                    left.add(partner[other])
                    free.append(partner[other])
    # A node is in the cover by its left copy if that was not reached, by its right copy if it was.
    return {node for node in nodes if node in left and node not in right}
