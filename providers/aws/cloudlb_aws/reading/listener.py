"""Listeners. All listeners of a load balancer of ours are ours, marked or not, as all its attributes are."""

from collections.abc import Iterator

from cloudlb.plan.resource import CloudId, Found
from cloudlb_aws import options, ownership
from cloudlb_aws.reading import elbv2
from cloudlb_aws.resources.listener import Listener
from cloudlb_aws.session import Api, Json

ENCRYPTED = frozenset({"TLS", "HTTPS"})
"""Protocols with certificates and a security policy; AWS reports left-overs of them on others too."""

NO_ALPN = "None"


def describe(api: Api, load_balancer_arn: str) -> Iterator[Json]:
    """Describe the listeners of a load balancer."""
    for page in api.pages("DescribeListeners", LoadBalancerArn=load_balancer_arn):
        yield from page["Listeners"]


def read(api: Api, description: Json, tags: elbv2.Tags) -> Found[Listener]:
    """Read what a description leaves out, and return the whole. NotFound if it has gone meanwhile."""
    arn, protocol = description["ListenerArn"], description["Protocol"]
    encrypted = protocol in ENCRYPTED
    value = Listener(
        id=str(description["Port"]),
        load_balancer=description["LoadBalancerArn"],
        port=description["Port"],
        protocol=protocol,
        target_group=_target_group(description["DefaultActions"]),
        certificates=_certificates(api, arn) if encrypted else (),
        ssl_policy=description.get("SslPolicy", "") if encrypted else "",
        alpn=_alpn(description) if encrypted else "",
        options=_options(api, arn, protocol),
        tags=ownership.extra_of(tags),
    )
    return found(value, arn)


def found(value: Listener, arn: str) -> Found[Listener]:
    """Return a listener as found."""
    return Found(id=CloudId(arn), value=value, attributes={"arn": arn})


def _target_group(actions: list[Json]) -> str:
    """Return where everything is forwarded to, empty for any action that we would not have made."""
    if len(actions) != 1 or actions[0]["Type"] != "forward":
        return ""
    groups = (actions[0].get("ForwardConfig") or {}).get("TargetGroups") or actions
    return str(groups[0].get("TargetGroupArn", "")) if len(groups) == 1 else ""


def _certificates(api: Api, arn: str) -> tuple[str, ...]:
    default, others = "", set()
    for page in api.pages("DescribeListenerCertificates", ListenerArn=arn):
        for each in page["Certificates"]:
            if each.get("IsDefault"):
                default = each["CertificateArn"]
            else:
                others.add(each["CertificateArn"])
    return (default, *sorted(others - {default}))


def _alpn(description: Json) -> str:
    policy = description.get("AlpnPolicy") or [NO_ALPN]
    return str(policy[0])


def _options(api: Api, arn: str, protocol: str) -> elbv2.Pairs:
    if not options.listener_defaults(protocol):
        return ()
    return elbv2.attributes(api.call("DescribeListenerAttributes", ListenerArn=arn))
