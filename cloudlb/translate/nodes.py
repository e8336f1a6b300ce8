"""Which nodes may be targets.

The predicate is the stable node set of KEP-3458: deletion, the exclusion label and the cluster autoscaler's taint
count; readiness, cordons and roles do not, because the health check answers for those.
"""

from collections.abc import Iterable

from cloudlb.kube.objects import Node as NodeObject
from cloudlb.model import Node

EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers"
GOING = "ToBeDeletedByClusterAutoscaler"

_ZONES = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_ADDRESSES = ("InternalIP", "ExternalIP")
_FALSE = frozenset({"0", "f", "F", "false", "False", "FALSE"})  # as Go's strconv.ParseBool has it

Labels = tuple[tuple[str, str], ...]


class EligibleNodes:
    """The eligible nodes of a cluster, by name. Made once a list of nodes.

    `select` gives the very same tuple for the same labels, so that many Services share one.
    """

    def __init__(self, nodes: Iterable[NodeObject]) -> None:
        """Keep the eligible ones; of several with one name, the first."""
        kept: dict[str, NodeObject] = {}
        for node in nodes:
            if eligible(node):
                kept.setdefault(node.metadata.name, node)
        ordered = sorted(kept.items())
        self._labels = tuple(node.metadata.labels for _, node in ordered)
        self._nodes = tuple(_node(node) for _, node in ordered)
        self._selected: dict[Labels, tuple[Node, ...]] = {(): self._nodes}

    def select(self, labels: Labels) -> tuple[Node, ...]:
        """Return the nodes that have all of these labels, sorted by name; without labels, all."""
        if labels not in self._selected:
            self._selected[labels] = tuple(
                node
                for node, has in zip(self._nodes, self._labels, strict=True)
                if all(has.get(key) == value for key, value in labels)
            )
        return self._selected[labels]


def eligible(node: NodeObject) -> bool:
    """Tell whether a node may be a target. Source: KEP-3458."""
    if node.metadata.deletion_timestamp is not None:
        return False
    excluded = node.metadata.labels.get(EXCLUDED)
    if excluded is not None and excluded not in _FALSE:
        return False
    return all(taint.key != GOING for taint in node.spec.taints)


def _node(node: NodeObject) -> Node:
    labels = node.metadata.labels
    return Node(
        name=node.metadata.name,
        provider_id=node.spec.provider_id,
        zone=next((labels[key] for key in _ZONES if labels.get(key)), ""),
        addresses=tuple(
            each.address
            for kind in _ADDRESSES
            for each in node.status.addresses
            if each.type == kind
        ),
    )
