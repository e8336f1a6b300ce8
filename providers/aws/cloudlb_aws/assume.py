"""The ids and attributes of load balancers and target groups, from two listings for all owners at once.

Names tell whose they are: they end in a hash of cluster, owner and role.
"""

import threading
from collections.abc import Iterator, Mapping

from cloudlb.plan.assumed import Known
from cloudlb.plan.resource import CloudId, Key, Resource, Stack
from cloudlb_aws.reading import load_balancer
from cloudlb_aws.resources.load_balancer import LoadBalancer
from cloudlb_aws.resources.target_group import TargetGroup
from cloudlb_aws.resources.targets import Targets
from cloudlb_aws.session import Api, Json

Listed = Mapping[str, Json]


class Catalogue:
    """All load balancers and target groups of the region by name, listed once. Safe to use from several threads."""

    def __init__(self, elbv2: Api) -> None:
        """List nothing yet."""
        self._elbv2 = elbv2
        self._lock = threading.Lock()
        self._listed: tuple[Listed, Listed] | None = None

    def known(self, stack: Stack) -> Known | None:
        """Return what is known of a stack's resources; None where the listings lack one. Raises CloudErrors of listing."""
        balancers, groups = self._both()
        if not all(
            each.name in (balancers if isinstance(each, LoadBalancer) else groups)
            for each in stack
            if isinstance(each, LoadBalancer | TargetGroup)
        ):
            return None
        arns = {
            each.id: str(groups[each.name]["TargetGroupArn"])
            for each in stack
            if isinstance(each, TargetGroup)
        }
        return dict(_known(stack, balancers, arns))

    def _both(self) -> tuple[Listed, Listed]:
        with self._lock:
            if self._listed is None:
                self._listed = (
                    self._by("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerName"),
                    self._by("DescribeTargetGroups", "TargetGroups", "TargetGroupName"),
                )
            return self._listed

    def _by(self, operation: str, reply: str, name: str) -> Listed:
        pages = self._elbv2.pages(operation)
        return {each[name]: each for page in pages for each in page[reply]}


def _known(
    stack: Stack, balancers: Listed, arns: Mapping[str, str]
) -> Iterator[tuple[Key, tuple[CloudId, Mapping[str, str]]]]:
    for each in stack:
        yield each.key, _one(each, balancers, arns)


def _one(
    each: Resource, balancers: Listed, arns: Mapping[str, str]
) -> tuple[CloudId, Mapping[str, str]]:
    match each:
        case LoadBalancer():
            attributes = load_balancer.attributes(balancers[each.name])
            return CloudId(attributes["arn"]), attributes
        case TargetGroup():
            return CloudId(arns[each.id]), {"arn": arns[each.id]}
        case Targets():
            return CloudId(arns[each.id]), {"target_group_arn": arns[each.id]}
    return CloudId(""), {}
