"""The forwarding rules: one a family."""

from collections.abc import Iterator

from cloudlb.model import Family
from cloudlb.plan.resource import Key, Ref
from cloudlb_gcp.design import backends
from cloudlb_gcp.design.addresses import VERSIONS, places, rule_name
from cloudlb_gcp.design.ports import protocol_of, rule_ports
from cloudlb_gcp.design.work import Work, annotation
from cloudlb_gcp.resources.forwarding_rule import ForwardingRule

RULES = {Family.IPV4: Key("forwarding-rule/ipv4"), Family.IPV6: Key("forwarding-rule/ipv6")}


def forwarding_rules(work: Work) -> Iterator[ForwardingRule]:
    """Yield a rule for each family."""
    _check_options(work)
    listeners = work.load_balancer.listeners
    for family, place in places(work).items():
        yield ForwardingRule(
            id=RULES[family].partition("/")[2],
            name=rule_name(work, family, place),
            scheme=work.scheme,
            version=VERSIONS[family],
            tier=work.tier,
            network=work.landscape.network if work.internal else "",
            subnetwork=place.subnetwork,
            address=place.address,
            protocol=protocol_of(listeners),
            ports=rule_ports(listeners, internal=work.internal),
            backend_service=Ref(backends.SERVICE, "path"),
            global_access=work.internal and work.options.global_access,
            labels=work.landscape.labels,
        )


def _check_options(work: Work) -> None:
    if work.options.global_access and not work.internal:
        work.warn(
            annotation("internal-load-balancer-allow-global-access"),
            "does nothing: the load balancer is external",
            f"remove it, or set {annotation('load-balancer-type')} to Internal",
            reason="UnsupportedConfiguration",
        )
    if work.options.internal_subnet and not work.internal:
        work.warn(
            annotation("internal-load-balancer-subnet"),
            "does nothing: the load balancer is external",
            f"remove it, or use {annotation('load-balancer-subnet')} for its IPv6 address",
            reason="UnsupportedConfiguration",
        )
    if work.options.tier and work.internal:
        work.warn(
            "metadata.annotations[cloud.google.com/network-tier]",
            "does nothing: the load balancer is internal",
            "remove it",
            reason="UnsupportedConfiguration",
        )
