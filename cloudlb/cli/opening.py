"""What `firewall open` and `firewall close` do: by an annotation for the controller, or by rules of their own."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime

from cloudlb.cli import rules
from cloudlb.cli.options import ClusterOptions
from cloudlb.cli.screen import Screen
from cloudlb.cli.source import open_source
from cloudlb.errors import UsageError
from cloudlb.firewall.rules import Door, Opening, Rule
from cloudlb.kube.client import connect
from cloudlb.kube.objects import Service
from cloudlb.model import Owner
from cloudlb.translate.exposure import KEY
from cloudlb.translate.nodes import EligibleNodes
from cloudlb.translate.service import owner_of

EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})


def sources_of(given: Sequence[str]) -> tuple[str, ...]:
    """Read CIDRs. Raises UsageError: none, or one that is none."""
    if not given:
        message = (
            "say who is to be let in: --source CIDR, once or more often;"
            " the whole internet is --source 0.0.0.0/0"
        )
        raise UsageError(message)
    found = set()
    for each in given:
        try:
            found.add(str(ipaddress.ip_network(each.strip(), strict=False)))
        except ValueError as error:
            message = f"--source {each}: that is no CIDR such as 192.0.2.0/24"
            raise UsageError(message) from error
    return tuple(sorted(found))


def open_direct(
    options: ClusterOptions,
    screen: Screen,
    wanted: str,
    sources: tuple[str, ...],
    expires: datetime | None,
) -> None:
    """Let the sources in to the node ports of a Service. Raises CloudlbErrors, UsageError for no such Service."""
    place = rules.ground(options, screen)
    service = rules.service(place.source, wanted)
    openings = _openings(service, wanted)
    door = Door(
        owner=_owner(service, place),
        openings=openings,
        sources=sources,
        expires=expires,
    )
    nodes = EligibleNodes(place.source.cluster.nodes()).select(())
    made = place.firewall.open(door, nodes)
    ports = ", ".join(f"{each.protocol} {each.ports}" for each in openings)
    until = f" until {expires.strftime('%Y-%m-%d %H:%M UTC')}" if expires else ""
    for each in made:
        screen.line(f"{each} is there")
    screen.line(f"{', '.join(sources)} may reach {ports} on {_count(len(nodes), 'node')}{until}:")
    for url in rules.addresses_of(place.source, service):
        screen.line(f"  {url}")
    if EVERYBODY & set(sources):
        screen.warning(
            f"everybody on the internet reaches {ports} on every node that has a public address"
        )
    if expires:
        screen.note("`cloudlb firewall prune --expired` removes it when its time is over.")


def open_by_annotation(
    options: ClusterOptions, screen: Screen, wanted: str, sources: tuple[str, ...]
) -> None:
    """Ask the controller, on the object, to let the sources in. Raises CloudlbErrors, UsageError for no such Service."""
    source = open_source(options, screen)
    service = rules.service(source, wanted)
    openings = _openings(service, wanted)
    _annotate(options, service, ",".join(sources))
    ports = ", ".join(f"{each.protocol} {each.ports}" for each in openings)
    screen.line(
        f"{owner_path(service)} asks for {', '.join(sources)} to reach {ports} on every node:"
    )
    for url in rules.addresses_of(source, service):
        screen.line(f"  {url}")
    if EVERYBODY & set(sources):
        screen.warning(
            f"everybody on the internet reaches {ports} on every node that has a public address"
        )
    screen.note("The controller opens them; `cloudlb status` says when that is done.")


def close_by_annotation(options: ClusterOptions, screen: Screen, wanted: str) -> None:
    """Take back what `open_by_annotation` has asked for. Raises CloudlbErrors, UsageError for no such Service."""
    source = open_source(options, screen)
    service = rules.service(source, wanted)
    if KEY not in service.metadata.annotations:
        screen.line(f"{owner_path(service)} does not ask for its node ports to be opened.")
        return
    _annotate(options, service, None)
    screen.line(f"{owner_path(service)} does not ask for its node ports to be opened any more.")


def _annotate(options: ClusterOptions, service: Service, value: str | None) -> None:
    metadata = service.metadata
    path = f"/api/v1/namespaces/{metadata.namespace}/services/{metadata.name}"
    body = {"metadata": {"annotations": {KEY: value}}}
    connect(options.kubeconfig, options.context).patch(path, body)


def owner_path(service: Service) -> str:
    """Return what a Service is called: `service/ns/name`."""
    return f"service/{service.metadata.namespace}/{service.metadata.name}"


def close_direct(options: ClusterOptions, screen: Screen, wanted: str) -> None:
    """Remove what `open_direct` has made for a Service, whether the Service still exists or not."""
    place = rules.ground(options, screen)
    namespace, _, name = wanted.rpartition("/")
    path = f"service/{namespace or 'default'}/{name}"
    cluster = place.source.cluster.cluster_id
    found = [
        each.rule for each in place.judged(everything=True) if _is_of(each.rule, path, cluster)
    ]
    for each in found:
        there = place.firewall.delete(each)
        screen.line(f"{each.id} {'is gone' if there else 'had gone already'}")
    if not found:
        screen.line(f"There is no rule that was opened directly for {path}.")


def _is_of(rule: Rule, path: str, cluster: str) -> bool:
    owner = rule.owner
    return rule.direct and owner is not None and (owner.path, owner.cluster) == (path, cluster)


def _owner(service: Service, place: rules.Ground) -> Owner:
    return owner_of(service, place.source.cluster.cluster_id)


def _openings(service: Service, wanted: str) -> tuple[Opening, ...]:
    found = {
        Opening(each.protocol.lower(), each.node_port, each.node_port)
        for each in service.spec.ports
        if each.node_port and each.protocol in ("TCP", "UDP")
    }
    if not found:
        message = f"{wanted} has no node port: its type is {service.spec.type}"
        raise UsageError(message)
    return tuple(sorted(found))


def _count(number: int, word: str) -> str:
    return f"1 {word}" if number == 1 else f"{number} {word}s"
