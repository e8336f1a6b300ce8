"""The annotations of Services on AWS: one table for parsing, checking, suggestions and the docs page.

The incumbent controller's keys are taken as they are, under both of its prefixes, so that nobody has to edit a manifest.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlb.model import Protocol, Scheme, TargetKind
from cloudlb.translate.annotations import (
    CORE_ROWS,
    PREFIX,
    UNSET,
    Parser,
    Row,
    Table,
    boolean,
    choice,
    cidr,
    csv,
    integer,
    one_of,
    pairs,
    path,
    port_or_name,
    text,
)
from cloudlb_aws import names

SERVICE = "service.beta.kubernetes.io/"
SERVICE_ALIAS = "service.kubernetes.io/"

DEFAULT_SSL_POLICY = "ELBSecurityPolicy-2016-08"

Pairs = tuple[tuple[str, str], ...]
Strings = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the annotations of one Service say about its Network Load Balancer; empty means nothing was said.

    The mappings by port are (suffix, pairs), sorted.
    """

    name: str = ""
    subnets: Strings = ()
    certificates: Strings = ()
    ssl_ports: Strings = ()
    ssl_policy: str = DEFAULT_SSL_POLICY
    backend_protocol: str = "tcp"
    alpn: str = "None"
    proxy_protocol: bool = False
    proxy_protocol_ports: Strings = ()
    tags: Pairs = ()
    attributes: Pairs = ()
    group_attributes: Pairs = ()
    group_attributes_by_port: tuple[tuple[str, Pairs], ...] = ()
    listener_attributes: tuple[tuple[str, Pairs], ...] = ()
    cross_zone: bool | None = None
    access_log: bool | None = None
    access_log_bucket: str = ""
    access_log_prefix: str = ""
    security_groups: Strings = ()
    manage_backend_rules: bool = False
    prefix_lists: Strings = ()
    private_link_rules: str = "on"
    icmp: bool = False
    eip_allocations: Strings = ()
    private_ipv4_addresses: Strings = ()
    ipv6_addresses: Strings = ()
    ipv6_source_nat: str = "off"


def _options(values: Mapping[str, Any]) -> Options:
    return Options(**values)


def _arn(value: str) -> str:
    if not re.fullmatch(r"arn:[a-z-]+:(acm|iam):[a-z0-9-]*:\d{12}:\S+", value):
        raise ValueError(f"{value!r} is not the ARN of a certificate in ACM or IAM")
    return value


def _id(prefix: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not re.fullmatch(rf"{prefix}-[0-9a-zA-Z]+", value):
            raise ValueError(f"{value!r} is not an id such as {prefix}-0123456789abcdef0")
        return value

    return parse


def _address(version: int) -> Callable[[str], str]:
    def parse(value: str) -> str:
        try:
            address = ipaddress.ip_address(value)
        except ValueError:
            address = None
        if address is None or address.version != version:
            raise ValueError(f"{value!r} is not an IPv{version} address")
        return str(address)

    return parse


def _name(value: str) -> str:
    if not names.CUSTOM.fullmatch(value) or value.startswith("internal-"):
        raise ValueError(
            f"{value!r} is not a load balancer's name: 1 to 32 letters, digits and hyphens, no hyphen"
            " at either end, not beginning with internal-"
        )
    return value


def _star(value: str) -> bool:
    if value != "*":
        raise ValueError(f"{value!r} is not *")
    return True


def _codes(value: str) -> str:
    if not re.fullmatch(r"[2-5]\d\d(-[2-5]\d\d)?(,\s*[2-5]\d\d(-[2-5]\d\d)?)*", value):
        raise ValueError(f"{value!r} is no list of HTTP codes from 200 to 599, such as 200-399")
    return value.replace(" ", "")


def _tags(value: str) -> Pairs:
    found = pairs(value)
    for key, content in found:
        if key.lower().startswith(("aws:", PREFIX)):
            raise ValueError(f"tag {key!r} is reserved")
        if len(key) > 128 or len(content) > 256 or " " in key:
            raise ValueError(f"tag {key!r} is too long, or has a space in its key")
    if len(found) > 40:
        raise ValueError(f"{len(found)} tags are more than the 40 that fit beside our own")
    return found


_ON = {"on": True, "off": False}


def _row(suffix: str, field: str, parse: Parser, type_: str, doc: str, **more: Any) -> Row:  # noqa: ANN401
    """Make a row of the incumbent's key, under both of its prefixes."""
    if deprecated := more.pop("instead", ""):
        more["deprecated"] = SERVICE + deprecated
    return Row(
        key=SERVICE + suffix,
        aliases=(SERVICE_ALIAS + suffix,),
        field=field,
        parse=parse,
        type=type_,
        doc=doc,
        **more,
    )


def _health(name: str, parse: Parser, type_: str, default: str, doc: str) -> Row:
    suffix = f"aws-load-balancer-healthcheck-{name}"
    field = f"health_check.{name.replace('-', '_')}"
    return _row(suffix, field, parse, type_, doc, default=default)


_LB = "aws-load-balancer-"

ROWS = (
    *CORE_ROWS,
    _row(
        f"{_LB}nlb-target-type",
        "target_kind",
        choice(
            {
                "instance": TargetKind.NODE,
                "ip": TargetKind.POD,
                "nlb-ip": TargetKind.POD,
            }
        ),
        "instance | ip",
        "Targets: instances at node ports, or addresses of pods. A change makes new target groups.",
        default="instance, or --default-target-type",
    ),
    _row(
        f"{_LB}type",
        "target_kind",
        choice({"external": UNSET, "nlb": UNSET, "nlb-ip": TargetKind.POD}),
        "external | nlb | nlb-ip",
        "Accepted as it is: every Service gets a Network Load Balancer. `nlb-ip` means targets of type ip.",
    ),
    _row(
        f"{_LB}scheme",
        "scheme",
        choice({"internet-facing": Scheme.INTERNET, "internal": Scheme.INTERNAL}),
        "internet-facing | internal",
        "Who can reach it. A change makes a new load balancer, with another address, before the old one goes.",
        default="internet-facing, or --default-scheme",
    ),
    _row(
        f"{_LB}internal",
        "scheme",
        choice({"true": Scheme.INTERNAL, "false": Scheme.INTERNET}),
        "true | false",
        "Whether it is internal.",
        instead=f"{_LB}scheme",
    ),
    _row(
        "load-balancer-source-ranges",
        "source_ranges",
        csv(cidr),
        "CIDRs, separated by commas",
        "Who may connect. `spec.loadBalancerSourceRanges` wins.",
        default="everyone",
    ),
    _row(
        f"{_LB}target-node-labels",
        "node_selector",
        pairs,
        "label=value, separated by commas",
        "Only nodes with these labels become targets.",
        default="all nodes",
    ),
    _row(
        f"{_LB}ip-address-type",
        "dual_stack",
        choice({"ipv4": UNSET, "dualstack": True}),
        "ipv4 | dualstack",
        "Whether it has IPv6 addresses as well. Also so when spec.ipFamilies has IPv6.",
        default="ipv4",
    ),
    _health(
        "protocol",
        choice({"tcp": Protocol.TCP, "http": Protocol.HTTP, "https": Protocol.HTTPS}),
        "tcp | http | https",
        "tcp; http with externalTrafficPolicy: Local",
        "How targets are asked for their health.",
    ),
    _health(
        "port",
        port_or_name,
        "traffic-port, a number, or a port's name",
        "traffic-port; the health-check node port with externalTrafficPolicy: Local",
        "Where targets are asked.",
    ),
    _health(
        "path",
        path,
        "a path",
        "/; /healthz with externalTrafficPolicy: Local",
        "What is asked for, with http and https.",
    ),
    _health("interval", integer(5, 300), "5 to 300", "10", "Seconds between two checks."),
    _health(
        "timeout",
        integer(2, 120),
        "2 to 120",
        "10; 6 with externalTrafficPolicy: Local",
        "Seconds that an answer may take; at most the interval.",
    ),
    _health(
        "healthy-threshold",
        integer(2, 10),
        "2 to 10",
        "3; 2 with externalTrafficPolicy: Local",
        "Good answers in a row that make a target healthy.",
    ),
    _health(
        "unhealthy-threshold",
        integer(2, 10),
        "2 to 10",
        "3; 2 with externalTrafficPolicy: Local",
        "Bad answers in a row that make it unhealthy.",
    ),
    _health(
        "success-codes",
        _codes,
        "HTTP codes from 200 to 599, such as 200-399",
        "200-399",
        "Which answers are good, with http and https.",
    ),
    _row(
        f"{_LB}name",
        "name",
        _name,
        "1 to 32 letters, digits and hyphens",
        "Its name, used when it is made and never changed.",
        default="made from namespace, name and a hash",
    ),
    _row(
        f"{_LB}subnets",
        "subnets",
        csv(),
        "subnet ids or Name tags, separated by commas",
        "Where it is, one subnet a zone; the order counts for eip-allocations.",
        default="found by their tags and routes",
    ),
    _row(
        f"{_LB}ssl-cert",
        "certificates",
        csv(_arn),
        "ARNs of certificates, separated by commas",
        "Makes TLS listeners. The first certificate is the default, the others are chosen by SNI.",
    ),
    _row(
        f"{_LB}ssl-ports",
        "ssl_ports",
        csv(),
        "ports by number or name, separated by commas, or *",
        "Which ports speak TLS.",
        default="all but UDP ports, when there is a certificate",
    ),
    _row(
        f"{_LB}ssl-negotiation-policy",
        "ssl_policy",
        text,
        "name of a security policy",
        "Versions and ciphers of TLS.",
        default=DEFAULT_SSL_POLICY,
    ),
    _row(
        f"{_LB}backend-protocol",
        "backend_protocol",
        one_of("ssl", "tcp"),
        "ssl | tcp",
        "What the targets of TLS listeners speak.",
        default="tcp",
    ),
    _row(
        f"{_LB}alpn-policy",
        "alpn",
        one_of("HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"),
        "HTTP1Only | HTTP2Only | HTTP2Optional | HTTP2Preferred | None",
        "ALPN of TLS listeners whose targets speak TLS.",
        default="None",
    ),
    _row(
        f"{_LB}proxy-protocol",
        "proxy_protocol",
        _star,
        "*",
        "Sends proxy protocol v2 to all targets.",
        default="off",
    ),
    _row(
        f"{_LB}proxy-protocol-per-target-group",
        "proxy_protocol_ports",
        csv(),
        "port numbers, separated by commas",
        "Sends proxy protocol v2 to the targets of these ports.",
    ),
    _row(
        f"{_LB}additional-resource-tags",
        "tags",
        _tags,
        "key=value, separated by commas",
        "Tags on everything that is made. Ours, and those of --tag, win.",
    ),
    _row(
        f"{_LB}attributes",
        "attributes",
        pairs,
        "key=value, separated by commas",
        "Load balancer attributes by AWS's own keys. An attribute that is taken away gets its default back.",
    ),
    _row(
        f"{_LB}target-group-attributes",
        "group_attributes",
        pairs,
        "key=value, separated by commas",
        "Target group attributes by AWS's own keys, for all ports.",
    ),
    _row(
        f"{_LB}target-group-attributes",
        "group_attributes_by_port",
        pairs,
        "key=value, separated by commas",
        "The same for one port, by its number; wins over the one for all.",
        per_port=True,
    ),
    _row(
        f"{_LB}listener-attributes",
        "listener_attributes",
        pairs,
        "key=value, separated by commas",
        "Listener attributes; PORT is protocol and number, such as `TCP-80`.",
        per_port=True,
    ),
    _row(
        f"{_LB}cross-zone-load-balancing-enabled",
        "cross_zone",
        boolean,
        "true | false",
        "Attribute load_balancing.cross_zone.enabled.",
        instead=f"{_LB}attributes",
    ),
    _row(
        f"{_LB}access-log-enabled",
        "access_log",
        boolean,
        "true | false",
        "Attribute access_logs.s3.enabled.",
        instead=f"{_LB}attributes",
    ),
    _row(
        f"{_LB}access-log-s3-bucket-name",
        "access_log_bucket",
        text,
        "name of a bucket",
        "Attribute access_logs.s3.bucket.",
        instead=f"{_LB}attributes",
    ),
    _row(
        f"{_LB}access-log-s3-bucket-prefix",
        "access_log_prefix",
        text,
        "a prefix",
        "Attribute access_logs.s3.prefix.",
        instead=f"{_LB}attributes",
    ),
    _row(
        f"{_LB}security-groups",
        "security_groups",
        csv(),
        "security group ids or Name tags, separated by commas",
        "Groups of your own, instead of the one that cloudlb makes. Rules on the nodes are then yours as well, unless"
        " manage-backend-security-group-rules is true.",
    ),
    _row(
        f"{_LB}manage-backend-security-group-rules",
        "manage_backend_rules",
        boolean,
        "true | false",
        "With security groups of your own: let cloudlb still open the nodes to the load balancer.",
        default="false",
    ),
    _row(
        f"{_LB}security-group-prefix-lists",
        "prefix_lists",
        csv(_id("pl")),
        "prefix list ids, separated by commas",
        "Who may connect, besides source ranges; without any of those, nobody else may.",
    ),
    _row(
        f"{_LB}inbound-sg-rules-on-private-link-traffic",
        "private_link_rules",
        one_of("on", "off"),
        "on | off",
        "Whether the groups' rules count for traffic through PrivateLink.",
        default="on",
    ),
    _row(
        f"{_LB}enable-icmp-for-path-mtu-discovery",
        "icmp",
        choice(_ON),
        "on | off",
        "Lets in the ICMP messages that path MTU discovery needs.",
        default="off",
    ),
    _row(
        f"{_LB}eip-allocations",
        "eip_allocations",
        csv(_id("eipalloc")),
        "allocation ids, separated by commas",
        "Elastic IPs, one a subnet, in the order of the subnets. Only internet-facing.",
    ),
    _row(
        f"{_LB}private-ipv4-addresses",
        "private_ipv4_addresses",
        csv(_address(4)),
        "IPv4 addresses, separated by commas",
        "Addresses of its own, one in each subnet. Only internal.",
    ),
    _row(
        f"{_LB}ipv6-addresses",
        "ipv6_addresses",
        csv(_address(6)),
        "IPv6 addresses, separated by commas",
        "IPv6 addresses, one in each subnet. Only dualstack.",
    ),
    _row(
        f"{_LB}enable-prefix-for-ipv6-source-nat",
        "ipv6_source_nat",
        one_of("on", "off"),
        "on | off",
        "Source NAT prefixes, which UDP listeners of a dualstack load balancer need.",
        default="off",
    ),
)

_UNSUPPORTED = {
    f"{_LB}disable-nlb-sg": "remove it: every load balancer of cloudlb has security groups",
    f"{_LB}enable-tcp-udp-listener": "remove it: TCP and UDP on one number share a listener by themselves",
    f"{_LB}multi-cluster-target-group": "remove it; use a Service of its own in each cluster",
    f"{_LB}minimum-load-balancer-capacity": "remove it; reserve capacity in AWS",
    f"{_LB}source-nat-ipv6-prefixes": "remove it: AWS assigns the prefixes",
    f"{_LB}quic-enabled-ports": "remove it",
}

TABLE = Table(
    rows=ROWS,
    prefixes=(
        PREFIX,
        f"{SERVICE}{_LB}",
        f"{SERVICE_ALIAS}{_LB}",
    ),
    options=_options,
    unsupported={
        prefix + suffix: instead
        for prefix in (SERVICE, SERVICE_ALIAS)
        for suffix, instead in _UNSUPPORTED.items()
    },
)
