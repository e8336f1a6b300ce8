"""Follows a packet through a Compute Engine project, from a client to a node, by nothing but the project's own answers.

The demo uses it to check that what was applied can be reached: forwarding rule, backend service, healthy nodes, firewall
rules. Every hop is read with google-cloud-compute.
"""

import ipaddress
import json
from collections.abc import Callable, Iterator
from typing import Any

from google.cloud import compute_v1
from packet import Hop, Packet

Client = Callable[[Any], Any]

_INSIDE = ipaddress.ip_network("10.128.0.0/9")  # the emulated network


class Project:
    """Reads one project in one region. `client` makes a client of google-cloud-compute."""

    def __init__(self, client: Client, project: str, region: str) -> None:
        self._here = {"project": project, "region": region}
        self._project = project
        self._rules = client(compute_v1.ForwardingRulesClient)
        self._services = client(compute_v1.RegionBackendServicesClient)
        self._checks = client(compute_v1.RegionHealthChecksClient)
        self._groups = client(compute_v1.NetworkEndpointGroupsClient)
        self._addresses = client(compute_v1.AddressesClient)
        self._firewalls = client(compute_v1.FirewallsClient)
        self._instances = client(compute_v1.InstancesClient)

    def follow(self, packet: Packet) -> Iterator[Hop]:
        """Yield hop by hop what happens to a packet; stop where it dies."""
        for hop in self._hops(packet):
            yield hop
            if not hop.passed:
                return

    def address_of(self, owner: str) -> str:
        """Return the address of an owner's forwarding rule, by the marks in its description; empty if there is none."""
        found = (rule for rule in self._rules.list(**self._here) if _owner(rule) == owner)
        return next((str(rule.I_p_address) for rule in found), "")

    def health_check(self, host: str, port: int) -> tuple[str, str]:
        """Return how the nodes behind an address are checked (`HTTP /healthz`), and at which port."""
        rule = self._rule(Packet(client="0.0.0.0", host=host, port=port))  # noqa: S104  (nobody listens there)
        if rule is None:
            return "not at all", "none"
        service = self._service(rule)
        check = self._checks.get(health_check=_name(service.health_checks[0]), **self._here)
        details = check.http_health_check
        return f"{check.type_} {details.request_path}".strip(), str(details.port)

    def remains(self) -> list[str]:
        """Return what a load balancer controller could have left: everything beside the network itself."""
        groups = [
            group
            for _, scope in self._groups.aggregated_list(project=self._project)
            for group in scope.network_endpoint_groups
        ]
        return [
            *(f"forwarding rule {each.name}" for each in self._rules.list(**self._here)),
            *(f"backend service {each.name}" for each in self._services.list(**self._here)),
            *(f"health check {each.name}" for each in self._checks.list(**self._here)),
            *(f"address {each.name}" for each in self._addresses.list(**self._here)),
            *(f"network endpoint group {each.name}" for each in groups),
            *(f"firewall rule {each.name}" for each in self._firewalls.list(project=self._project)),
        ]

    def _hops(self, packet: Packet) -> Iterator[Hop]:
        rule = self._rule(packet)
        if rule is None:
            yield Hop(False, f"no forwarding rule answers on {packet.host}:{packet.port}")
            return
        scheme = str(rule.load_balancing_scheme)
        yield Hop(True, f"forwarding rule {rule.name} answers on port {packet.port}")
        inside = ipaddress.ip_address(packet.client) in _INSIDE
        yield Hop(scheme == "EXTERNAL" or inside, f"it is {scheme}")
        service = self._service(rule)
        healthy = [each for group in service.backends for each in self._healthy(service, group)]
        yield Hop(
            bool(healthy), f"{len(healthy)} nodes are healthy in {len(service.backends)} zones"
        )
        for link in healthy:
            yield self._door(link, packet)

    def _healthy(self, service: Any, backend: Any) -> Iterator[str]:  # noqa: ANN401
        found = self._services.get_health(
            backend_service=service.name,
            resource_group_reference_resource={"group": backend.group},
            **self._here,
        )
        yield from (str(e.instance) for e in found.health_status if e.health_state == "HEALTHY")

    def _door(self, link: str, packet: Packet) -> Hop:
        zone, name = link.rsplit("/", 4)[-3], _name(link)
        tags = set(self._instances.get(project=self._project, zone=zone, instance=name).tags.items)
        for rule in self._firewalls.list(project=self._project):
            if _lets_in(rule, tags, packet):
                return Hop(True, f"node {name}: firewall rule {rule.name} lets {packet.client} in")
        return Hop(
            False, f"node {name}: no firewall rule lets {packet.client} in to tcp:{packet.port}"
        )

    def _rule(self, packet: Packet) -> Any | None:  # noqa: ANN401
        for rule in self._rules.list(**self._here):
            if rule.I_p_address == packet.host and (
                rule.all_ports or str(packet.port) in rule.ports
            ):
                return rule
        return None

    def _service(self, rule: Any) -> Any:  # noqa: ANN401
        return self._services.get(backend_service=_name(rule.backend_service), **self._here)


def _lets_in(rule: Any, tags: set[str], packet: Packet) -> bool:  # noqa: ANN401
    client, host = ipaddress.ip_address(packet.client), ipaddress.ip_address(packet.host)
    return (
        bool(tags & set(rule.target_tags))
        and any(client in ipaddress.ip_network(each) for each in rule.source_ranges)
        and any(host in ipaddress.ip_network(each) for each in rule.destination_ranges)
        and any(
            entry.I_p_protocol == "tcp"
            and any(_covers(ports, packet.port) for ports in entry.ports)
            for entry in rule.allowed
        )
    )


def _covers(ports: str, port: int) -> bool:
    low, _, high = ports.partition("-")
    return int(low) <= port <= int(high or low)


def _name(link: str) -> str:
    return str(link).rpartition("/")[2]


def _owner(found: Any) -> str:  # noqa: ANN401
    try:
        return str(json.loads(found.description).get("cloudlb.io/owner", ""))
    except ValueError:
        return ""
