"""What every part of a design works on: the load balancer, its options, the landscape, and the problems found so far."""

from dataclasses import dataclass, field

from cloudlb.model import Family, LoadBalancer, PortError, Problem, Scheme
from cloudlb.translate.annotations import path_of
from cloudlb_aws import names
from cloudlb_aws.annotations import SERVICE, Options, Pairs
from cloudlb_aws.landscape import Landscape


@dataclass(slots=True, kw_only=True)
class Work:
    """One design in the making."""

    load_balancer: LoadBalancer
    options: Options
    landscape: Landscape
    problems: list[Problem] = field(default_factory=list)
    refused_ports: list[PortError] = field(default_factory=list)

    @property
    def internal(self) -> bool:
        """Whether only the VPC can reach it."""
        return self.load_balancer.scheme is Scheme.INTERNAL

    @property
    def scheme(self) -> str:
        """The scheme in AWS's words."""
        return names.INTERNAL if self.internal else names.INTERNET_FACING

    @property
    def dual_stack(self) -> bool:
        """Whether it has IPv6 addresses: AWS gives these only beside IPv4 ones."""
        return Family.IPV6 in self.load_balancer.families

    @property
    def tags(self) -> Pairs:
        """Tags beyond our own: the annotation's, with those of the settings over them."""
        return tuple(sorted({**dict(self.options.tags), **dict(self.landscape.extra_tags)}.items()))

    def error(self, path: str, message: str, remedy: str, *, reason: str) -> None:
        """Note what keeps the object from being provisioned."""
        self.problems.append(Problem.error(path, message, remedy, reason=reason))

    def warn(self, path: str, message: str, remedy: str, *, reason: str) -> None:
        """Note what a person should know."""
        self.problems.append(Problem.warning(path, message, remedy, reason=reason))


def annotation(suffix: str) -> str:
    """Return the path of one of the incumbent's annotations, by its suffix after `aws-load-balancer-`."""
    return path_of(f"{SERVICE}aws-load-balancer-{suffix}")
