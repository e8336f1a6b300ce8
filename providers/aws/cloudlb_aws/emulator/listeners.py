"""Listeners: one a port, their protocols, and the attributes of TLS."""

from collections.abc import Sequence

from moto.elbv2.ssl_policies import SSL_POLICIES

from cloudlb_aws.emulator import actions, certificates, finding, tags
from cloudlb_aws.emulator.context import Context, Reply, handles
from cloudlb_aws.emulator.errors import AwsError, configuration, validation
from cloudlb_aws.emulator.load_balancer_network import check_datagrams
from cloudlb_aws.emulator.moto import Json, Listener, LoadBalancer
from cloudlb_aws.emulator.paging import elbv2_page
from cloudlb_aws.emulator.target_groups import check_port

_PROTOCOLS = {
    "network": ("TCP", "TLS", "UDP", "TCP_UDP"),
    "application": ("HTTP", "HTTPS"),
}
_SECURE = {"TLS", "HTTPS"}
_DEFAULT_POLICY = "ELBSecurityPolicy-2016-08"
_ALPN = ("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None")
_MOST = 50


@handles("elbv2", "CreateListener")
def create(context: Context) -> Reply:
    """Idempotent: the same port with the same settings returns what exists."""
    params = context.params
    balancer = finding.load_balancer(context, params["LoadBalancerArn"])
    port, protocol = params.get("Port"), params.get("Protocol")
    if port is None:
        raise validation("A listener port must be specified")
    if protocol is None:
        raise validation("A listener protocol must be specified")
    check_port(port)
    _check_protocol(protocol, balancer)
    _check_security(context, protocol, params)
    actions.check(context, balancer, protocol, params.get("DefaultActions", []))
    given_tags = tags.read_elbv2(params.get("Tags", []))
    existing = next((each for each in balancer.listeners.values() if each.port == port), None)
    if existing is not None:
        return {"Listeners": [_same_or_refuse(context, existing, given_tags)]}
    if len(balancer.listeners) >= _MOST:
        message = (
            f"You've reached the limit of {_MOST} listeners for load balancer '{balancer.arn}'"
        )
        raise AwsError("TooManyListeners", message)
    _check_balancer(context, balancer, None, protocol)
    made = _make(context, balancer)
    tags.set_tags(context, made.arn, given_tags)
    return {"Listeners": [view(made)]}


def _check_protocol(protocol: str, balancer: LoadBalancer) -> None:
    allowed = _PROTOCOLS[balancer.type]
    if protocol not in allowed:
        raise validation(f"Listener protocol '{protocol}' must be one of '{', '.join(allowed)}'")


def _check_security(context: Context, protocol: str, params: Json) -> None:
    given = params.get("Certificates") or []
    if protocol not in _SECURE:
        for key, what in (("Certificates", "certificate"), ("SslPolicy", "security policy")):
            if params.get(key):
                raise configuration(f"A {what} cannot be specified for {protocol} listeners")
    elif len(given) != 1:
        raise validation(f"You must specify exactly one certificate for {protocol} listeners")
    for each in given:
        certificates.check(context, each["CertificateArn"])
    if params.get("SslPolicy") and params["SslPolicy"] not in SSL_POLICIES:
        raise AwsError("SSLPolicyNotFound", f"SSL policy '{params['SslPolicy']}' not found")
    _check_alpn(protocol, params.get("AlpnPolicy") or [])


def _check_alpn(protocol: str, given: Sequence[str]) -> None:
    if given and protocol != "TLS":
        raise configuration(f"An ALPN policy cannot be specified for {protocol} listeners")
    if len(given) > 1:
        raise validation("Only one ALPN policy can be specified")
    if given and given[0] not in _ALPN:
        raise AwsError("ALPNPolicyNotFound", f"ALPN policy '{given[0]}' not found")


def _same_or_refuse(context: Context, listener: Listener, given_tags: dict[str, str]) -> Json:
    params = context.params
    shown = view(listener)
    wanted = shown | {
        "Protocol": params["Protocol"],
        "DefaultActions": actions.view(params["DefaultActions"]),
    }
    if params["Protocol"] in _SECURE:
        wanted |= {
            "SslPolicy": params.get("SslPolicy", _DEFAULT_POLICY),
            "Certificates": params["Certificates"],
        }
    if params.get("AlpnPolicy"):
        wanted["AlpnPolicy"] = params["AlpnPolicy"]
    if wanted != shown or given_tags != tags.tags_of(context, listener.arn):
        raise duplicate(listener.port)
    return shown


def duplicate(port: int) -> AwsError:
    """Make the refusal of a second listener on a port."""
    return AwsError(
        "DuplicateListener", f"A listener already exists on port {port} for this load balancer"
    )


def _make(context: Context, balancer: LoadBalancer) -> Listener:
    params = context.params
    secure = params["Protocol"] in _SECURE
    certificate = params["Certificates"][0]["CertificateArn"] if secure else None
    made = context.elbv2.create_listener(
        load_balancer_arn=balancer.arn,
        protocol=params["Protocol"],
        port=params["Port"],
        ssl_policy=params.get("SslPolicy", _DEFAULT_POLICY) if secure else None,
        certificate=certificate,
        actions=[dict(each) for each in params["DefaultActions"]],
        alpn_policy=list(params.get("AlpnPolicy") or []),
    )
    actions.settle(context, balancer, ())
    return made


def _check_balancer(
    context: Context, balancer: LoadBalancer, listener: Listener | None, protocol: str
) -> None:
    """Refuse a protocol that the load balancer as a whole can not have."""
    check_datagrams(
        balancer,
        ip_address_type=balancer.ip_address_type,
        source_nat=finding.facts(context, balancer).ipv6_source_nat,
        instead=(listener, protocol),
    )


@handles("elbv2", "ModifyListener")
def modify(context: Context) -> Reply:
    """Changes what is given. Leaving TLS removes certificate and policy; entering it needs them."""
    params = context.params
    listener = finding.listener(context, params["ListenerArn"])
    balancer = finding.load_balancer(context, listener.load_balancer_arn)
    protocol, port = params.get("Protocol", listener.protocol), params.get("Port", listener.port)
    _check_protocol(protocol, balancer)
    check_port(port)
    others = [each for each in balancer.listeners.values() if each is not listener]
    if any(each.port == port for each in others):
        raise duplicate(port)
    merged = dict(params)
    if protocol in _SECURE and not params.get("Certificates") and listener.certificate:
        merged["Certificates"] = [{"CertificateArn": listener.certificate}]
    _check_security(context, protocol, merged)
    wanted = params.get("DefaultActions") or [each.data for each in listener.default_actions]
    actions.check(context, balancer, protocol, wanted)
    _check_balancer(context, balancer, listener, protocol)
    _write(context, listener, merged)
    return {"Listeners": [view(listener)]}


def _write(context: Context, listener: Listener, params: Json) -> None:
    from moto.elbv2.models import FakeAction  # noqa: PLC0415  (moto's own kind of action)

    balancer = finding.load_balancer(context, listener.load_balancer_arn)
    before = actions.targets_of(balancer)
    listener.protocol = params.get("Protocol", listener.protocol)
    listener.port = params.get("Port", listener.port)
    if listener.protocol in _SECURE:
        arn = params["Certificates"][0]["CertificateArn"]
        listener.certificates = [arn, *(each for each in listener.certificates[1:] if each != arn)]
        listener.certificate = arn
        listener.ssl_policy = params.get("SslPolicy") or listener.ssl_policy or _DEFAULT_POLICY
    else:
        listener.certificate, listener.certificates, listener.ssl_policy = None, [], None
    if listener.protocol != "TLS":
        listener.alpn_policy = []
    elif params.get("AlpnPolicy"):
        listener.alpn_policy = list(params["AlpnPolicy"])
    if params.get("DefaultActions"):
        made = [FakeAction(dict(each)) for each in params["DefaultActions"]]
        listener.default_actions = made
        listener._default_rule[0].actions = made  # noqa: SLF001  (moto's default rule has no setter)
    actions.settle(context, balancer, before)


@handles("elbv2", "DescribeListeners")
def describe(context: Context) -> Reply:
    """By load balancer, or by ARN: then all of them must exist."""
    balancer_arn, arns = context.params.get("LoadBalancerArn"), context.params.get("ListenerArns")
    if not balancer_arn and not arns:
        raise validation("You must specify either listener ARNs or a load balancer ARN")
    if balancer_arn and arns:
        raise validation(
            "Listener ARNs and a load balancer ARN cannot be specified at the same time"
        )
    if balancer_arn:
        found = list(finding.load_balancer(context, balancer_arn).listeners.values())
    else:
        found = [finding.listener(context, arn) for arn in arns or []]
    page, marker = elbv2_page(context, found)
    return {"Listeners": [view(each) for each in page], "NextMarker": marker}


@handles("elbv2", "DeleteListener")
def delete(context: Context) -> Reply:
    """Takes its rules along."""
    listener = finding.listener(context, context.params["ListenerArn"])
    balancer = finding.load_balancer(context, listener.load_balancer_arn)
    before = actions.targets_of(balancer)
    for rule in listener.rules.values():
        tags.set_tags(context, rule.arn, {})
    del balancer.listeners[listener.arn]
    context.ledger.listener_attributes.pop(listener.arn, None)
    tags.set_tags(context, listener.arn, {})
    actions.settle(context, balancer, before)
    return {}


def view(listener: Listener) -> Json:
    """Return a listener as AWS describes it: TLS settings only where there is TLS."""
    shown: Json = {
        "ListenerArn": listener.arn,
        "LoadBalancerArn": listener.load_balancer_arn,
        "Port": listener.port,
        "Protocol": listener.protocol,
        "DefaultActions": actions.view(listener.default_actions),
    }
    if listener.protocol in _SECURE:
        shown["Certificates"] = [{"CertificateArn": listener.certificate}]
        shown["SslPolicy"] = listener.ssl_policy
    if listener.protocol == "TLS" and listener.alpn_policy:
        shown["AlpnPolicy"] = list(listener.alpn_policy)
    return shown
