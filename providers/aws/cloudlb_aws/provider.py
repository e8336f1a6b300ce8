"""The provider `aws`, pure half: what it can do, its annotations, its designs and its costs. The SDK is not imported."""

from collections.abc import Iterable

from cloudlb.model import Address, LoadBalancer, Owner, TargetKind
from cloudlb.plan.change import Change
from cloudlb.plan.pace import PACE, Pace
from cloudlb.plan.resource import Observed
from cloudlb.provider import OPEN, Capabilities, Cloud, CloudSettings, Design, Gate
from cloudlb.translate.annotations import Table
from cloudlb_aws.annotations import TABLE
from cloudlb_aws.costs import cost
from cloudlb_aws.design import nlb, security
from cloudlb_aws.landscape import Landscape
from cloudlb_aws.resources.load_balancer import LoadBalancer as AwsLoadBalancer


class AwsProvider:
    """AWS (`cloudlb.provider.Provider`): Services become Network Load Balancers."""

    name = "aws"
    node_scheme = "aws"
    annotations: Table = TABLE
    capabilities = Capabilities(
        target_kinds=frozenset({TargetKind.NODE, TargetKind.POD}),
        protocols=frozenset({"TCP", "UDP"}),
        same_port_tcp_udp=True,
        requested_address=False,
    )

    def design(self, load_balancer: LoadBalancer, landscape: Landscape) -> Design:
        """Lower a load balancer to AWS resources."""
        return nlb.design(load_balancer, landscape)

    def design_shared(
        self, cluster: Owner, claims: Iterable[security.Claim], landscape: Landscape
    ) -> Design:
        """Make the backend group, and the rules that let it reach the nodes."""
        return security.design_shared(cluster, claims, landscape)

    def addresses(self, observed: Observed) -> tuple[Address, ...]:
        """Tell the host names of load balancers, lower case: AWS keeps the upper case of their names in them."""
        names = {
            found.attributes["dns_name"].lower() for found in observed.kind(AwsLoadBalancer.KIND)
        }
        return tuple(Address(hostname=name) for name in sorted(names))

    def cost(self, change: Change) -> int:
        """Count the API calls that a change will take."""
        return cost(change)

    def connect(self, settings: CloudSettings, pace: Pace = PACE, gate: Gate = OPEN) -> Cloud:
        """Make the half that talks. Raises UsageError where there are no credentials."""
        from cloudlb_aws import cloud  # noqa: PLC0415  (the SDK is slow to import)

        return cloud.connect(settings, pace, gate)


PROVIDER = AwsProvider()
