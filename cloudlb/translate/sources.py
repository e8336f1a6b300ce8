"""Who may connect: the source ranges of a Service, by family.

The rules are those of the Kubernetes service helpers (spec before annotation, spaces around entries, everyone by
default), with the default given for both families, and with an empty family meaning nobody.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from cloudlb.kube.objects import Service
from cloudlb.model import Family, Problem
from cloudlb.translate.annotations import Parsed, Table

EVERYONE = {Family.IPV4: "0.0.0.0/0", Family.IPV6: "::/0"}
SPEC = "spec.loadBalancerSourceRanges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Canonical CIDRs, sorted, unique; None of `ranges` for a family means that nobody of it may connect."""

    ranges: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


def counting(service: Service, table: Table) -> dict[str, str]:
    """Return the annotations of a Service without those for source ranges that say nothing.

    These are all of them where the spec has ranges, and empty ones (kubernetes.md 1.4): what such an annotation holds is
    not even looked at, as the API server does not either.
    """
    by_spec = bool(service.spec.load_balancer_source_ranges)
    return {
        key: text
        for key, text in service.metadata.annotations.items()
        if (text.strip() and not by_spec) or not _is_for_sources(key, table)
    }


def _is_for_sources(key: str, table: Table) -> bool:
    found = table.find(key)
    return found is not None and found[1].field == "source_ranges"


def sources_of(service: Service, parsed: Parsed, families: tuple[Family, ...]) -> Sources:
    """Return who may connect to a Service."""
    written = [each.strip() for each in service.spec.load_balancer_source_ranges]
    if not written:
        given = parsed.values.get("source_ranges")
        if given is None:
            return Sources(ranges=tuple(sorted(EVERYONE[family] for family in families)))
        return _by_family(given, families, parsed.path("source_ranges"))
    problems: list[Problem] = []
    networks = []
    for index, each in enumerate(written):
        try:
            network = ipaddress.ip_network(each, strict=False)
        except ValueError:
            problems.append(_not_a_range(index, each))
            continue
        networks.append(str(network))
        if ipaddress.ip_interface(each).ip != network.network_address:
            problems.append(_host_bits(index, each, str(network)))
    found = _by_family(networks, families, SPEC)
    return Sources(ranges=found.ranges, problems=(*problems, *found.problems))


def family_of(cidr: str) -> Family:
    """Return the family of a CIDR."""
    return Family.IPV6 if ":" in cidr else Family.IPV4


def _by_family(ranges: Iterable[str], families: tuple[Family, ...], path: str) -> Sources:
    unique = tuple(sorted(set(ranges)))
    kept = tuple(each for each in unique if family_of(each) in families)
    stray = tuple(each for each in unique if family_of(each) not in families)
    problems = []
    if stray:
        problems.append(
            Problem.warning(
                path,
                f"{', '.join(stray)} can not count: the Service has only {_words(families)}",
                "add the family to spec.ipFamilies, or remove the range",
                reason="SourceRangeOfOtherFamily",
            )
        )
    shut = [family for family in families if not any(family_of(each) is family for each in kept)]
    if shut:
        problems.append(
            Problem.warning(
                path,
                f"has no {_words(shut)} range, so nobody may connect over {_words(shut)}",
                f"add {' and '.join(EVERYONE[family] for family in shut)} if everyone may",
                reason="FamilyShut",
            )
        )
    return Sources(ranges=kept, problems=tuple(problems))


def _words(families: Iterable[Family]) -> str:
    return " and ".join(families)


def _not_a_range(index: int, given: str) -> Problem:
    return Problem.error(
        f"{SPEC}[{index}]",
        f"{given!r} is not a CIDR",
        "write an address and a prefix length, such as 10.0.0.0/24",
        reason="InvalidSourceRange",
    )


def _host_bits(index: int, given: str, meant: str) -> Problem:
    return Problem.warning(
        f"{SPEC}[{index}]",
        f"{given} has bits beyond its prefix, and is taken as {meant}",
        f"write {meant}",
        reason="SourceRangeHostBits",
    )
