"""From one Service to what its owner needs: translate, then design. Pure."""

from dataclasses import dataclass
from typing import Any

from cloudlb.kube.cluster import Cluster
from cloudlb.kube.objects import Service
from cloudlb.model import LoadBalancer, Owner, PortError, Problem, errors
from cloudlb.plan.resource import Stack
from cloudlb.provider import Design, Provider
from cloudlb.translate.nodes import EligibleNodes
from cloudlb.translate.service import Settings, owner_of, translate, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What an object asks for, as far as it can be told without the cloud's state.

    Not `wanted`: the object has (or shall have) nothing in the cloud, and `design` is empty. With an error among
    `problems` the design is not to be applied: what serves now goes on serving.
    """

    owner: Owner
    service: Service
    wanted: bool
    load_balancer: LoadBalancer | None = None
    design: Design = Design()
    problems: tuple[Problem, ...] = ()
    refused_ports: tuple[PortError, ...] = ()

    @property
    def valid(self) -> bool:
        """Tell whether the design may be applied."""
        return not errors(self.problems)

    @property
    def stack(self) -> Stack:
        """The desired resources: empty for an object that is not wanted."""
        return self.design.stack


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What intents are made from besides the object: the cluster, its eligible nodes, and the cloud's landscape."""

    cluster: Cluster
    nodes: EligibleNodes
    landscape: Any


def intent_of(service: Service, view: View, provider: Provider, settings: Settings) -> Intent:
    """Translate and design one Service."""
    owner = owner_of(service, view.cluster.cluster_id)
    if not wanted(service, settings):
        return Intent(owner=owner, service=service, wanted=False)
    slices = view.cluster.endpoint_slices(service.metadata.namespace, service.metadata.name)
    translation = translate(service, slices, view.nodes, settings, view.cluster.cluster_id)
    if translation.load_balancer is None:
        return Intent(
            owner=owner,
            service=service,
            wanted=True,
            problems=translation.problems,
            refused_ports=translation.refused_ports,
        )
    design = provider.design(translation.load_balancer, view.landscape)
    return Intent(
        owner=owner,
        service=service,
        wanted=True,
        load_balancer=translation.load_balancer,
        design=design,
        problems=(*translation.problems, *design.problems),
        refused_ports=(*translation.refused_ports, *design.refused_ports),
    )


def departure(intent: Intent) -> Intent:
    """Return the intent of the same object, were it deleted."""
    refusals = intent.design.protection if intent.wanted else ()
    return Intent(owner=intent.owner, service=intent.service, wanted=False, problems=refusals)
