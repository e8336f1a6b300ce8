"""Every annotation of the AWS table: a good value goes into its field, a bad one is refused with what was given."""

import pytest

from cloudlb.model import Scheme, Severity, TargetKind
from cloudlb.translate.annotations import CORE_ROWS
from cloudlb_aws.annotations import SERVICE, SERVICE_ALIAS, TABLE

AWS = f"{SERVICE}aws-load-balancer-"
ARN = "arn:aws:acm:eu-west-1:111122223333:certificate/0"

GOOD: dict[str, tuple[str, object]] = {
    "nlb-target-type": ("ip", TargetKind.POD),
    "type": ("nlb-ip", TargetKind.POD),
    "scheme": ("internal", Scheme.INTERNAL),
    "internal": ("true", Scheme.INTERNAL),
    "target-node-labels": ("a=b,c=", (("a", "b"), ("c", ""))),
    "ip-address-type": ("dualstack", True),
    "healthcheck-protocol": ("HTTPS", "HTTPS"),
    "healthcheck-port": ("8080", 8080),
    "healthcheck-path": ("/ready", "/ready"),
    "healthcheck-interval": ("300", 300),
    "healthcheck-timeout": ("2", 2),
    "healthcheck-healthy-threshold": ("10", 10),
    "healthcheck-unhealthy-threshold": ("2", 2),
    "healthcheck-success-codes": ("200-299", "200-299"),
    "name": ("web-1", "web-1"),
    "subnets": ("subnet-1, front", ("subnet-1", "front")),
    "ssl-cert": (ARN, (ARN,)),
    "ssl-ports": ("443,https", ("443", "https")),
    "ssl-negotiation-policy": (
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
    ),
    "backend-protocol": ("ssl", "ssl"),
    "alpn-policy": ("HTTP2Preferred", "HTTP2Preferred"),
    "proxy-protocol": ("*", True),
    "proxy-protocol-per-target-group": ("80,443", ("80", "443")),
    "additional-resource-tags": ("team=blue", (("team", "blue"),)),
    "attributes": ("deletion_protection.enabled=true", (("deletion_protection.enabled", "true"),)),
    "target-group-attributes": (
        "preserve_client_ip.enabled=true",
        (("preserve_client_ip.enabled", "true"),),
    ),
    "cross-zone-load-balancing-enabled": ("true", True),
    "access-log-enabled": ("false", False),
    "access-log-s3-bucket-name": ("logs", "logs"),
    "access-log-s3-bucket-prefix": ("web", "web"),
    "security-groups": ("sg-1,front", ("sg-1", "front")),
    "manage-backend-security-group-rules": ("true", True),
    "security-group-prefix-lists": ("pl-1", ("pl-1",)),
    "inbound-sg-rules-on-private-link-traffic": ("off", "off"),
    "enable-icmp-for-path-mtu-discovery": ("on", True),
    "eip-allocations": ("eipalloc-1,eipalloc-2", ("eipalloc-1", "eipalloc-2")),
    "private-ipv4-addresses": ("10.0.0.10", ("10.0.0.10",)),
    "ipv6-addresses": ("2001:db8::1", ("2001:db8::1",)),
    "enable-prefix-for-ipv6-source-nat": ("on", "on"),
}
"""By the end of the key: what is written, and what is understood."""

BAD: dict[str, str] = {
    "nlb-target-type": "pods",
    "type": "alb",
    "scheme": "inside",
    "internal": "maybe",
    "target-node-labels": "=b",
    "ip-address-type": "ipv6",
    "healthcheck-protocol": "icmp",
    "healthcheck-port": "70000",
    "healthcheck-path": "ready",
    "healthcheck-interval": "4",
    "healthcheck-timeout": "121",
    "healthcheck-healthy-threshold": "1",
    "healthcheck-unhealthy-threshold": "11",
    "healthcheck-success-codes": "99",
    "name": "-web",
    "ssl-cert": "cert",
    "backend-protocol": "http",
    "alpn-policy": "HTTP3",
    "proxy-protocol": "yes",
    "additional-resource-tags": "team",
    "attributes": "deletion_protection.enabled",
    "target-group-attributes": "x",
    "cross-zone-load-balancing-enabled": "maybe",
    "access-log-enabled": "maybe",
    "manage-backend-security-group-rules": "maybe",
    "security-group-prefix-lists": "office",
    "inbound-sg-rules-on-private-link-traffic": "maybe",
    "enable-icmp-for-path-mtu-discovery": "maybe",
    "eip-allocations": "203.0.113.1",
    "private-ipv4-addresses": "10.0.0.300",
    "ipv6-addresses": "10.0.0.1",
    "enable-prefix-for-ipv6-source-nat": "maybe",
}
"""By the end of the key: what can not be meant. Keys that are not here take any text."""

ANY_TEXT = {
    "ssl-ports",
    "proxy-protocol-per-target-group",
    "subnets",
    "ssl-negotiation-policy",
    "access-log-s3-bucket-name",
    "access-log-s3-bucket-prefix",
    "security-groups",
}
"""What it names is looked for later: among the Service's ports, or in the account."""


def _own_keys() -> set[str]:
    return {
        row.key.removeprefix(AWS)
        for row in TABLE.rows
        if row not in CORE_ROWS and row.key.startswith(AWS) and not row.per_port
    }


def test_every_row_has_an_example_here():
    assert GOOD.keys() == _own_keys()
    assert BAD.keys() | ANY_TEXT == _own_keys()


@pytest.mark.parametrize("prefix", [SERVICE, SERVICE_ALIAS])
@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_good_value_goes_into_its_field(name, prefix):
    text, understood = GOOD[name]
    key = f"{prefix}aws-load-balancer-{name}"
    parsed = TABLE.parse({key: text})
    (row,) = [each for each in TABLE.rows if each.key == AWS + name and not each.per_port]
    assert parsed.values[row.field] == understood
    assert [each for each in parsed.problems if each.severity is Severity.ERROR] == []
    assert bool(row.deprecated) is any("deprecated" in each.message for each in parsed.problems)


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_value_is_refused_with_the_key_and_what_was_given(name):
    parsed = TABLE.parse({AWS + name: BAD[name]})
    (problem,) = [each for each in parsed.problems if each.severity is Severity.ERROR]
    assert problem.path == f"metadata.annotations[{AWS}{name}]"
    assert BAD[name] in f"{problem.message} {problem.remedy}"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_an_empty_value_never_raises(name):
    TABLE.parse({AWS + name: ""})


def test_attributes_by_port_are_collected():
    parsed = TABLE.parse(
        {
            f"{AWS}target-group-attributes.80": "preserve_client_ip.enabled=true",
            f"{AWS}listener-attributes.TCP-80": "tcp.idle_timeout.seconds=60",
        }
    )
    assert dict(parsed.values["group_attributes_by_port"]) == {
        "80": (("preserve_client_ip.enabled", "true"),)
    }
    assert dict(parsed.values["listener_attributes"]) == {
        "TCP-80": (("tcp.idle_timeout.seconds", "60"),)
    }


@pytest.mark.parametrize("key", sorted(TABLE.unsupported))
def test_what_has_no_effect_is_told_with_what_to_do(key):
    (problem,) = TABLE.parse({key: "1"}).problems
    assert problem.severity is Severity.WARNING
    assert problem.remedy == TABLE.unsupported[key]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("aws-load-balancer-shceme", "scheme"), ("aws-load-balancer-ssl-certs", "ssl-cert")],
)
def test_a_misspelt_key_is_a_warning_with_the_nearest_one(written, meant):
    (problem,) = TABLE.parse({SERVICE + written: "internal"}).problems
    assert problem.severity is Severity.WARNING
    assert f"{AWS}{meant}" in f"{problem.message} {problem.remedy}"


def test_other_peoples_annotations_are_none_of_ours():
    assert TABLE.parse({"example.org/scheme": "x", "prometheus.io/scrape": "true"}).problems == ()
