"""The provider `gcp`, pure half: what it can do, its annotations, its designs and its costs. The SDK is not imported."""

from collections.abc import Iterable

from cloudlb.model import Address, LoadBalancer, Owner, TargetKind
from cloudlb.plan.change import Change
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Observed
from cloudlb.provider import OPEN, Capabilities, Cloud, CloudSettings, Design, Gate
from cloudlb.translate.annotations import Table
from cloudlb_gcp.annotations import TABLE
from cloudlb_gcp.costs import cost
from cloudlb_gcp.design import passthrough, shared
from cloudlb_gcp.landscape import Landscape
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule


class GcpProvider:
    """GCP (`cloudlb.provider.Provider`): Services become regional passthrough Network Load Balancers."""

    name = "gcp"
    node_scheme = "gce"
    annotations: Table = TABLE
    capabilities = Capabilities(
        target_kinds=frozenset({TargetKind.NODE}),
        protocols=frozenset({"TCP", "UDP"}),
        same_port_tcp_udp=True,
        protocols_apart=True,
        node_ports=False,
        ports_in_place=False,
        requested_address=True,
    )

    def design(self, load_balancer: LoadBalancer, landscape: Landscape) -> Design:
        """Lower a load balancer to Compute Engine resources."""
        return passthrough.design(load_balancer, landscape)

    def design_shared(
        self, cluster: Owner, claims: Iterable[shared.Claim], landscape: Landscape
    ) -> Design:
        """Make the health check of the nodes, and the rules that let it in."""
        return shared.design_shared(cluster, claims, landscape)

    def addresses(self, observed: Observed) -> tuple[Address, ...]:
        """Tell the addresses of the forwarding rules: IPv4 first; of an IPv6 range the first address."""
        found = {
            str(each.attributes["address"])
            for each in observed.kind(ForwardingRule.KIND)
            if each.value.standing and each.attributes.get("address")
        }
        return tuple(Address(ip=each) for each in sorted(found, key=lambda ip: (":" in ip, ip)))

    def cost(self, change: Change) -> int:
        """Count the API calls that a change will take."""
        return cost(change)

    def connect(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> Cloud:
        """Make the half that talks. Raises UsageError where there are no credentials."""
        from cloudlb_gcp import cloud  # noqa: PLC0415  (the SDK is slow to import)

        return cloud.connect(settings, pace, gate)


PROVIDER = GcpProvider()
