"""Names of objects, and the marks that say whose they are. Names are deterministic, and never parsed."""

import hashlib
from collections.abc import Mapping

from cloudlb.model import Owner, OwnerKind, Scheme
from cloudlb.plan.resource import CloudId, Key
from cloudlb.provider import Entry
from cloudlb.testing.memory.account import Thing

CLUSTER, OWNER, UID, RESOURCE = "cluster", "owner", "owner-uid", "resource"


def name_for(owner: Owner, role: str) -> str:
    """Return the name of an owner's object. A role with every immutable setting in it lets a successor live beside."""
    digest = hashlib.sha256("\0".join((*owner.identity, role)).encode()).hexdigest()
    return f"lb-{digest[:16]}"


def balancer_name(owner: Owner, scheme: Scheme) -> str:
    """Return the name of an owner's load balancer."""
    return name_for(owner, f"load-balancer {scheme}")


def firewall_name(cluster: Owner) -> str:
    """Return the name of the firewall that all owners of a cluster share."""
    return name_for(cluster, "firewall")


def main_names(owner: Owner) -> tuple[tuple[str, str], ...]:
    """Return (kind, name) of everything that an owner's main objects can be called."""
    if owner.kind is OwnerKind.CLUSTER:
        return (("firewall", firewall_name(owner)),)
    return tuple(("load-balancer", balancer_name(owner, scheme)) for scheme in Scheme)


def of_owner(owner: Owner) -> dict[str, str]:
    """Return the marks that all objects of an owner carry."""
    return {CLUSTER: owner.cluster, OWNER: owner.path, UID: owner.uid}


def of_resource(owner: Owner, key: Key) -> dict[str, str]:
    """Return all marks of one object."""
    return {**of_owner(owner), RESOURCE: key}


def resource_id(marks: Mapping[str, str]) -> str:
    """Return the logical id that marks name, without the kind."""
    return marks[RESOURCE].partition("/")[2]


def entry_of(thing: Thing) -> Entry:
    """Return an object as an inventory lists it."""
    kind, _, names = thing.marks[OWNER].partition("/")
    namespace, _, name = names.rpartition("/")
    kinds = {each.value.lower(): each for each in OwnerKind}
    owner = Owner(
        cluster=thing.marks[CLUSTER],
        kind=kinds[kind],
        namespace=namespace,
        name=name,
        uid=thing.marks[UID],
    )
    return Entry(id=CloudId(thing.id), key=Key(thing.marks[RESOURCE]), owner=owner)
