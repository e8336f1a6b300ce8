"""The annotations of Services on GCP: one table for parsing, checking, suggestions and the docs page.

The keys of the incumbents (GKE's cloud-provider-gcp and ingress-gce) are taken as they are, so that nobody has to edit a
manifest (gcp.md 1.2).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudlb.model import Scheme
from cloudlb.translate.annotations import (
    CORE_ROWS,
    PREFIX,
    UNSET,
    Row,
    Table,
    boolean,
    choice,
    cidr,
    csv,
    one_of,
)

GKE = "networking.gke.io/"
CLOUD = "cloud.google.com/"

PREMIUM, STANDARD = "PREMIUM", "STANDARD"

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the annotations of one Service say about its load balancer; empty means nothing was said."""

    tier: str = ""
    global_access: bool = False
    subnet: str = ""
    internal_subnet: str = ""
    addresses: tuple[str, ...] = ()
    weighted: bool = False
    strong_affinity: bool = False
    deny_others: bool = False
    manage_firewall: bool | None = None


def _options(values: Mapping[str, Any]) -> Options:
    return Options(**values)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a name: up to 63 of a-z, 0-9 and -, beginning with a letter"
        )
    return value


_names = csv(_name)


def _addresses(value: str) -> tuple[str, ...]:
    found: tuple[str, ...] = _names(value)
    if len(found) > 2 or len(set(found)) != len(found):
        raise ValueError(f"{value!r} is not one name, or two different ones")
    return found


def _scheme(value: str) -> Scheme:
    """Read a type as the incumbents do: whatever is not internal is external."""
    return Scheme.INTERNAL if value.strip().lower() == "internal" else Scheme.INTERNET


def _anything(_value: str) -> object:
    return UNSET


ROWS = (
    *CORE_ROWS,
    Row(
        key=f"{GKE}load-balancer-type",
        field="scheme",
        parse=_scheme,
        type="Internal, or anything else for external",
        doc="Who can reach it. A change makes new forwarding rules, with another address, before the old ones go.",
        default="External, or --default-scheme",
    ),
    Row(
        key=f"{CLOUD}load-balancer-type",
        field="scheme",
        parse=_scheme,
        type="Internal, or anything else for external",
        doc="Who can reach it.",
        deprecated=f"{GKE}load-balancer-type",
    ),
    Row(
        key=f"{CLOUD}l4-rbs",
        field="rbs",
        parse=_anything,
        type="enabled",
        doc="Accepted whatever it says: every load balancer is one on a backend service.",
    ),
    Row(
        key=f"{CLOUD}network-tier",
        field="tier",
        parse=one_of(PREMIUM, STANDARD),
        type="Premium | Standard",
        doc="The network tier of an external load balancer. A change makes a new forwarding rule, with another address.",
        default="Premium",
    ),
    Row(
        key=f"{GKE}internal-load-balancer-allow-global-access",
        field="global_access",
        parse=boolean,
        type="true | false",
        doc="Whether clients of other regions reach an internal load balancer.",
        default="false",
    ),
    Row(
        key=f"{GKE}load-balancer-subnet",
        field="subnet",
        parse=_name,
        type="a subnetwork's name",
        doc="Where an internal load balancer, or an IPv6 one, has its address.",
        default="the nodes' subnetwork",
    ),
    Row(
        key=f"{GKE}internal-load-balancer-subnet",
        field="internal_subnet",
        parse=_name,
        type="a subnetwork's name",
        doc="The same, for internal load balancers only. The other one wins.",
        default="the nodes' subnetwork",
    ),
    Row(
        key=f"{GKE}load-balancer-ip-addresses",
        field="addresses",
        parse=_addresses,
        type="names of reserved addresses, one a family",
        doc="The addresses to answer on. One that does not exist is an error: no other address is ever taken in its place.",
        default="any",
    ),
    Row(
        key=f"{GKE}weighted-load-balancing",
        field="weighted",
        parse=choice({"pods-per-node": True}),
        type="pods-per-node",
        doc="Nodes get traffic in proportion to their pods. Needs `externalTrafficPolicy: Local`.",
        default="every node gets the same",
    ),
    Row(
        key=f"{GKE}l4-strong-session-affinity",
        field="strong_affinity",
        parse=choice({"enabled": True, "disabled": False}),
        type="enabled | disabled",
        doc="Connections of a client stay with a node even while its health changes. Needs `sessionAffinity: ClientIP`"
        " with a timeout of 60 to 57600 seconds, and an external load balancer.",
        default="disabled",
    ),
    Row(
        key="service.beta.kubernetes.io/load-balancer-source-ranges",
        aliases=("service.kubernetes.io/load-balancer-source-ranges",),
        field="source_ranges",
        parse=csv(cidr),
        type="CIDRs, separated by commas",
        doc="Who may connect. `spec.loadBalancerSourceRanges` wins.",
        default="everyone",
    ),
    Row(
        key=f"{PREFIX}deny-others",
        field="deny_others",
        parse=boolean,
        type="true | false",
        doc="Adds a rule that shuts out everybody else from the address, whatever wider rules the network has.",
        default="false",
    ),
    Row(
        key=f"{PREFIX}manage-firewall",
        field="manage_firewall",
        parse=boolean,
        type="true | false",
        doc="Whether firewall rules are made. Without, those that were made are deleted, and what is needed is said as gcloud"
        " commands, unless rules of others do it.",
        default="true, or --manage-firewall",
    ),
)

TABLE = Table(
    rows=ROWS,
    prefixes=(
        PREFIX,
        f"{CLOUD}l4-",
        f"{CLOUD}load-balancer",
        f"{CLOUD}network-tier",
        f"{GKE}internal-load-balancer",
        f"{GKE}l4",
        f"{GKE}load-balancer",
        f"{GKE}weighted",
    ),
    options=_options,
    unsupported={
        f"{GKE}l4lb-config": "configure logging on the backend service with gcloud: cloudlb leaves it as it is",
        f"{GKE}custom-forwarding-rule": "cloudlb makes the forwarding rules itself",
        f"{GKE}ip-collection-v6": f"reserve the address and name it in {GKE}load-balancer-ip-addresses",
        f"alpha.{CLOUD}load-balancer-backend-share": "every load balancer has a backend service of its own",
        f"{CLOUD}load-balancer-backend-share": "every load balancer has a backend service of its own",
    },
    classes={
        f"{GKE}l4-regional-external": Scheme.INTERNET,
        f"{GKE}l4-regional-external-legacy": Scheme.INTERNET,
        f"{GKE}l4-regional-internal": Scheme.INTERNAL,
        f"{GKE}l4-regional-internal-legacy": Scheme.INTERNAL,
    },
)
