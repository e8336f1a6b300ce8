"""What is known of anything that somebody made in a cloud: whose it is, and whether what it was made for is left."""

from dataclasses import dataclass
from datetime import datetime

from cloudlb.model import Owner

OURS = "cloudlb"
"""`Origin.maker` of what cloudlb made."""

_UID_DIGITS = 31
"""How much of a UID is in the names of cloud-provider controllers: `a` and as much as makes 32 characters
(k8s.io/cloud-provider, DefaultLoadBalancerName)."""


def uid_in_names(uid: str) -> str:
    """Return a UID as other controllers' names have it: without dashes, and cut."""
    return uid.replace("-", "")[:_UID_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who made something, and what is known of what it was made for.

    `maker` is the program, empty where nothing tells. `cluster` is the cluster whose it is: of ours the id that it carries,
    of another's the name that it carries where that is one of the further clusters that were read. Of another
    controller's, `gone` tells that nothing in the cloud is left of what it was made for, `facts` how that is known, `named`
    which object it names (`service/ns/name`, `ingress/ns/name`), `uid` that object's UID as names have it (`uid_in_names`),
    and `elsewhere` which cluster lives and was not read.
    """

    maker: str = ""
    cluster: str = ""
    named: str = ""
    uid: str = ""
    elsewhere: str = ""
    gone: bool = False
    facts: tuple[str, ...] = ()


NOBODY = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Something with an id, at a place (a network, a group of instances), as the cloud describes it.

    Of ours, `owner` is whose it is, None where the marks are not whole, and `direct` says that a person made it by command,
    beside what the controller makes. `created` and `expires` are None where the cloud does not tell. `saved` is what the
    provider needs to put it back, as text of its own; it says everything of it but its id.
    """

    id: str
    place: str
    place_name: str
    description: str = ""
    origin: Origin = NOBODY
    owner: Owner | None = None
    direct: bool = False
    created: datetime | None = None
    expires: datetime | None = None
    saved: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent(Made):
    """An object that firewall rules are in or come from, or that goes with one: a group, a health check, what uses it.

    `kind` says what it is, for people. It can be deleted when `rules` and `dependents` (ids) have gone before it; `users`
    says what else needs it.
    """

    kind: str
    rules: frozenset[str] = frozenset()
    dependents: frozenset[str] = frozenset()
    users: tuple[str, ...] = ()
