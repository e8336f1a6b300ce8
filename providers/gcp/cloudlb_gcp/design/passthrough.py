"""A Service as a regional passthrough Network Load Balancer: the whole stack, put together."""

from collections.abc import Iterable

from cloudlb.model import LoadBalancer, errors
from cloudlb.plan.resource import Resource, Stack
from cloudlb.provider import Design
from cloudlb_gcp.annotations import Options
from cloudlb_gcp.design import backends, firewalls, frontend, health, shared
from cloudlb_gcp.design.work import Work
from cloudlb_gcp.landscape import NETWORK_NOT_KNOWN, Landscape
from cloudlb_gcp.links import instance_id, name_of


def design(load_balancer: LoadBalancer, landscape: Landscape) -> Design:
    """Lower a layer-4 load balancer to Compute Engine resources. With an error among the problems, the stack is empty.

    Without listeners, only node ports are opened.
    """
    if not isinstance(load_balancer.options, Options):
        message = f"options of another provider: {type(load_balancer.options).__name__}"
        raise TypeError(message)
    work = Work(load_balancer=load_balancer, options=load_balancer.options, landscape=landscape)
    _check_nodes(work)
    if not landscape.network:
        return _placeless(work)
    if not load_balancer.listeners:
        opened = Stack(tuple(firewalls.rules(work)))
        stack = Stack() if errors(work.problems) else opened
        return Design(stack=stack, problems=tuple(work.problems))
    groups = tuple(backends.groups(work))
    fronts = tuple(frontend.forwarding_rules(work))
    resources: list[Resource] = [
        *groups,
        backends.backend_service(work, groups),
        *([] if health.is_shared(work) else [health.own_check(work)]),
        *fronts,
        *firewalls.rules(work, fronts),
    ]
    if errors(work.problems):
        return Design(problems=tuple(work.problems), may_pass=work.may_pass)
    return Design(
        stack=Stack(tuple(resources)),
        claims=shared.claims(work),
        problems=tuple(work.problems),
    )


def _placeless(work: Work) -> Design:
    """Refuse to design for a network that nothing tells: what stands goes on standing, and may be deleted."""
    work.miss("spec.selector", *NETWORK_NOT_KNOWN, reason="NetworkNotKnown")
    return Design(problems=tuple(work.problems), may_pass=work.may_pass)


def _check_nodes(work: Work) -> None:
    """Say which nodes take no traffic, and why."""
    strange = [node.name for node in work.nodes if instance_id(node.provider_id) is None]
    _leave_out(
        work,
        "nodes that are no Compute Engine instances",
        strange,
        "look at their spec.providerID, which must be gce://project/zone/name",
    )
    known = {each.id for each in work.known_instances()}
    ids = filter(None, (instance_id(node.provider_id) for node in work.nodes))
    _leave_out(
        work,
        "nodes whose instance does not exist",
        [each.name for each in ids if each not in known],
        "nothing: it passes when the node goes, too",
    )
    if work.landscape.network and work.load_balancer.listeners:
        place = f"region {work.landscape.region} and network {name_of(work.landscape.network)}"
        _leave_out(
            work,
            f"nodes outside of {place}",
            [each.id.name for each in work.instances() if not work.landscape.reaches(each)],
            "nothing, or serve them by a cluster of their own: a load balancer has nodes of one region and network",
        )
    _check_targets(work)


def _check_targets(work: Work) -> None:
    nameless = [each.id.name for each in work.nameless_instances()]
    what = "without network tags and service accounts, so that no firewall rule could name them,"
    remedy = "give the instances a network tag, or name the tags of all nodes with --node-tags"
    if work.instances():
        _leave_out(work, f"nodes {what}", nameless, remedy)
    elif nameless:
        message = (
            "the nodes have neither network tags nor service accounts, so that no firewall rule"
            " could name them"
        )
        work.error("spec.ports", message, remedy, reason="NoFirewallTarget")


def _leave_out(work: Work, what: str, names: Iterable[str], remedy: str) -> None:
    """Warn of nodes that get no traffic, a few of them by name."""
    found = sorted(names)
    if not found:
        return
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    work.warn(
        "spec.selector",
        f"{what} get no traffic: {', '.join(found[:5])}{more}",
        remedy,
        reason="NodesLeftOut",
    )
