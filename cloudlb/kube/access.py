"""The rights that the controller needs in a cluster: one table, from which `deploy/rbac.yaml` is made."""

from collections.abc import Iterator
from dataclasses import dataclass

NAME = "cloudlb"
"""Of the namespace, the service account, the roles, the Lease."""
HINTS = "cloudlb-hints"
"""Of the ConfigMap that remembers what was applied."""

WATCH = ("get", "list", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """Verbs on resources of one API group. `own` holds in the controller's own namespace only; `names` limits objects."""

    group: str = ""
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str
    own: bool = False
    names: tuple[str, ...] = ()


RIGHTS: tuple[Right, ...] = (
    Right(resources=("services",), verbs=(*WATCH, "patch"), why="what is asked for; our finalizer"),
    Right(resources=("services/status",), verbs=("patch",), why="addresses and conditions"),
    Right(resources=("nodes",), verbs=WATCH, why="targets"),
    Right(
        group="discovery.k8s.io",
        resources=("endpointslices",),
        verbs=WATCH,
        why="pods as targets",
    ),
    Right(resources=("events",), verbs=("create", "patch"), why="what happened to a Service"),
    Right(
        resources=("namespaces",),
        verbs=("get",),
        why="the UID of kube-system, which is the cluster's id",
        names=("kube-system",),
    ),
    Right(
        group="coordination.k8s.io",
        resources=("leases",),
        verbs=("create",),
        why="leader election",
        own=True,
    ),
    Right(
        group="coordination.k8s.io",
        resources=("leases",),
        verbs=("get", "update"),
        why="leader election",
        own=True,
        names=(NAME,),
    ),
    Right(resources=("configmaps",), verbs=("create",), why="what was applied last", own=True),
    Right(
        resources=("configmaps",),
        verbs=("get", "patch"),
        why="what was applied last",
        own=True,
        names=(HINTS,),
    ),
)


def manifest(namespace: str = NAME) -> str:
    """Return the YAML of the service account, its roles and their bindings."""
    parts = [
        "# Made by `make docs` from cloudlb/kube/access.py: the rights of the controller, and why it has them.",
        *_documents(namespace),
    ]
    return "\n".join(parts)


def _documents(namespace: str) -> Iterator[str]:
    inside = f"\n  namespace: {namespace}"
    yield f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {namespace}"
    yield f"---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {NAME}{inside}"
    for kind, own, place in (("ClusterRole", False, ""), ("Role", True, inside)):
        yield (
            f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n"
            f"metadata:\n  name: {NAME}{place}\nrules:"
        )
        yield from (_rule(each) for each in RIGHTS if each.own is own)
        yield (
            f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\n"
            f"metadata:\n  name: {NAME}{place}\n"
            f"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {NAME}\n"
            f"subjects:\n  - kind: ServiceAccount\n    name: {NAME}\n    namespace: {namespace}"
        )
    yield ""


def _rule(right: Right) -> str:
    lines = [
        f"  # {right.why}",
        f'  - apiGroups: ["{right.group}"]',
        f"    resources: [{_listed(right.resources)}]",
        f"    verbs: [{_listed(right.verbs)}]",
    ]
    if right.names:
        lines.append(f"    resourceNames: [{_listed(right.names)}]")
    return "\n".join(lines)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{each}"' for each in words)
