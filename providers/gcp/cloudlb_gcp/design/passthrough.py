"""A Service as a regional passthrough Network Load Balancer: the whole stack, put together."""

from cloudlb.model import LoadBalancer, errors
from cloudlb.plan.resource import Resource, Stack
from cloudlb.provider import Design
from cloudlb_gcp.annotations import Options
from cloudlb_gcp.design import backends, firewalls, frontend, health, shared
from cloudlb_gcp.design.work import Work
from cloudlb_gcp.landscape import Landscape
from cloudlb_gcp.links import instance_id


def design(load_balancer: LoadBalancer, landscape: Landscape) -> Design:
    """Lower a layer-4 load balancer to Compute Engine resources. With an error among the problems, the stack is empty.

    Without listeners, only node ports are opened.
    """
    if not isinstance(load_balancer.options, Options):
        message = f"options of another provider: {type(load_balancer.options).__name__}"
        raise TypeError(message)
    work = Work(load_balancer=load_balancer, options=load_balancer.options, landscape=landscape)
    _check_nodes(work)
    if not load_balancer.listeners:
        opened = Stack(tuple(firewalls.rules(work)))
        stack = Stack() if errors(work.problems) else opened
        return Design(stack=stack, problems=tuple(work.problems))
    groups = tuple(backends.groups(work))
    resources: list[Resource] = [
        *groups,
        backends.backend_service(work, groups),
        *([] if health.is_shared(work) else [health.own_check(work)]),
        *frontend.forwarding_rules(work),
        *firewalls.rules(work),
    ]
    if errors(work.problems):
        return Design(problems=tuple(work.problems), may_pass=work.may_pass)
    return Design(
        stack=Stack(tuple(resources)),
        claims=shared.claims(work),
        problems=tuple(work.problems),
    )


def _check_nodes(work: Work) -> None:
    """Say which nodes take no traffic, and why."""
    strange = sorted(node.name for node in work.nodes if instance_id(node.provider_id) is None)
    if strange:
        work.warn(
            "spec.selector",
            f"nodes that are no Compute Engine instances get no traffic: {', '.join(strange[:5])}"
            + (f" and {len(strange) - 5} more" if len(strange) > 5 else ""),
            "look at their spec.providerID, which must be gce://project/zone/name",
            reason="NodesWithoutInstance",
        )
    known = {each.id for each in work.instances()}
    ids = filter(None, (instance_id(node.provider_id) for node in work.nodes))
    gone = sorted(each.name for each in ids if each not in known)
    if gone:
        work.warn(
            "spec.selector",
            f"nodes whose instance does not exist get no traffic: {', '.join(gone[:5])}"
            + (f" and {len(gone) - 5} more" if len(gone) > 5 else ""),
            "nothing: it passes when the node goes, too",
            reason="NodesWithoutInstance",
        )
