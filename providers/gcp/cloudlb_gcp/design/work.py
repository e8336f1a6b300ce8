"""What every part of a design works on: the load balancer, its options, the landscape, and the problems found so far."""

from dataclasses import dataclass, field

from cloudlb.model import Backend, Family, LoadBalancer, Node, NodeTargets, Problem, Scheme
from cloudlb.translate.annotations import path_of
from cloudlb_gcp.annotations import GKE, PREMIUM, Options
from cloudlb_gcp.design.targets import Targets, has_name, targets_of
from cloudlb_gcp.landscape import Instance, Landscape
from cloudlb_gcp.links import instance_id

EXTERNAL, INTERNAL = "EXTERNAL", "INTERNAL"


@dataclass(slots=True, kw_only=True)
class Work:
    """One design in the making."""

    load_balancer: LoadBalancer
    options: Options
    landscape: Landscape
    problems: list[Problem] = field(default_factory=list)
    may_pass: bool = False
    """Whether a problem may pass although the object stays as it is."""

    @property
    def scheme(self) -> str:
        """The scheme in the API's words."""
        return INTERNAL if self.load_balancer.scheme is Scheme.INTERNAL else EXTERNAL

    @property
    def internal(self) -> bool:
        """Whether only the network can reach it."""
        return self.scheme == INTERNAL

    @property
    def tier(self) -> str:
        """The network tier; internal load balancers have none."""
        return "" if self.internal else self.options.tier or PREMIUM

    @property
    def subnet(self) -> str:
        """The name of the subnetwork that was asked for; empty for any."""
        return self.options.subnet or (self.options.internal_subnet if self.internal else "")

    @property
    def backend(self) -> Backend:
        """Any of the backends: for a passthrough load balancer they differ in their ports only."""
        return self.load_balancer.backends[0]

    @property
    def local(self) -> bool:
        """Whether only nodes with a pod of their own take traffic."""
        return self.backend.local

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that may take traffic, or are opened."""
        exposure = self.load_balancer.exposure
        if not self.load_balancer.backends:
            return exposure.nodes if exposure is not None else ()
        targets = self.backend.targets
        return targets.nodes if isinstance(targets, NodeTargets) else ()

    @property
    def families(self) -> tuple[Family, ...]:
        """The IP families, the primary one first."""
        return self.load_balancer.families

    @property
    def manages_firewall(self) -> bool:
        """Whether its firewall rules are ours to make, as far as a person's wish goes."""
        said = self.options.manage_firewall
        return self.landscape.manage_firewall if said is None else said

    def targets(self) -> Targets:
        """Return what firewall rules know its nodes by."""
        return targets_of(self.instances(), self.landscape.node_tags)

    def instances(self) -> tuple[Instance, ...]:
        """Return the instances of the nodes, sorted.

        Those are left out that are not (yet) known, and those that no rule of ours could let traffic to.
        """
        return tuple(each for each in self.known_instances() if not self._is_nameless(each))

    def nameless_instances(self) -> tuple[Instance, ...]:
        """Return those that no rule of ours could let traffic to."""
        return tuple(filter(self._is_nameless, self.known_instances()))

    def known_instances(self) -> tuple[Instance, ...]:
        """Return the instances of the nodes, as far as they are known; sorted."""
        ids = filter(None, (instance_id(node.provider_id) for node in self.nodes))
        found = filter(None, map(self.landscape.instance, ids))
        return tuple(sorted(found, key=lambda each: each.id))

    def _is_nameless(self, instance: Instance) -> bool:
        return self.manages_firewall and not self.landscape.node_tags and not has_name(instance)

    def error(self, path: str, message: str, remedy: str, *, reason: str) -> None:
        """Note what keeps the object from being provisioned."""
        self.problems.append(Problem.error(path, message, remedy, reason=reason))

    def miss(self, path: str, message: str, remedy: str, *, reason: str) -> None:
        """Note an error that lies in the project, not in the object: it passes when somebody changes that."""
        self.error(path, message, remedy, reason=reason)
        self.may_pass = True

    def warn(self, path: str, message: str, remedy: str, *, reason: str) -> None:
        """Note what a person should know."""
        self.problems.append(Problem.warning(path, message, remedy, reason=reason))


def annotation(suffix: str) -> str:
    """Return the path of one of the incumbents' annotations, by what follows `networking.gke.io/`."""
    return path_of(f"{GKE}{suffix}")
