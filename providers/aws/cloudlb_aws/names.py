"""Names of AWS objects: deterministic, valid for any namespace and name, and never parsed back.

`clb-<namespace>-<name>-<hash>`: the words are for people and cut short; the hash of cluster, owner and role decides. The
role holds whatever can not change in place, so that an object never meets the name of the one that it replaces.
"""

import hashlib
import re

from cloudlb.model import Owner
from cloudlb.plan.resource import Key

LONGEST = 32
"""Characters of a load balancer's or target group's name (ELBv2 API, CreateLoadBalancer)."""

CUSTOM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
"""A load balancer's name that AWS takes."""

INTERNET_FACING, INTERNAL = "internet-facing", "internal"
LOAD_BALANCER = Key("load-balancer/network")

_WORD = 8
_DIGEST = 10
_GENERATED = re.compile(rf"clb-(?:[a-z0-9]{{1,{_WORD}}}-){{0,2}}[a-z0-9]{{{_DIGEST}}}")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def generated(owner: Owner, *role: str) -> str:
    """Return the name of an owner's object in a role."""
    words = (_word(owner.namespace), _word(owner.name))
    return "-".join(filter(None, ("clb", *words, _digest(owner.cluster, owner.uid, *role))))


def is_generated(name: str) -> bool:
    """Tell whether a name has the form of ours: a hash at its end that nobody else comes by."""
    return _GENERATED.fullmatch(name) is not None


def generation(scheme: str, addresses: tuple[str, ...] = ()) -> str:
    """Tell the load balancers apart that one owner may have one after the other: by what can not change in place."""
    return _digest(scheme, *addresses)


def load_balancer(owner: Owner, of_generation: str) -> str:
    """Return the name of an owner's load balancer of a generation."""
    return generated(owner, LOAD_BALANCER, of_generation)


def load_balancers(owner: Owner) -> tuple[str, ...]:
    """Return the names that an owner's load balancer can have, unless it has addresses or a name of the user's choice."""
    return tuple(load_balancer(owner, generation(scheme)) for scheme in (INTERNET_FACING, INTERNAL))


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())[:_WORD]


def _digest(*parts: str) -> str:
    """Hash parts into letters and digits, with no two lists of parts that run together alike."""
    text = "\0".join(parts).encode()
    number = int.from_bytes(hashlib.sha256(text).digest())
    digits = []
    for _ in range(_DIGEST):
        number, rest = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[rest])
    return "".join(digits)
