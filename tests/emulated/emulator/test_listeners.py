"""Listeners: ports, protocols, what they forward to, and TLS."""

from typing import Any

import pytest

from cloudlb_aws.emulator import Emulator, SeededWorld


@pytest.fixture
def pair(make: Any) -> Any:
    return make.balancer_arn(), make.target_group_arn()


def forward(group: Any) -> Any:
    return [{"Type": "forward", "TargetGroupArn": group}]


def tls(world: SeededWorld, **changes: Any) -> Any:
    certificate = [{"CertificateArn": world.certificates[0]}]
    return {"Protocol": "TLS", "Port": 443, "Certificates": certificate} | changes


def test_the_arn_tells_the_type_of_its_load_balancer(make: Any, pair: Any) -> None:
    assert ":listener/net/one/" in make.listener(*pair)["ListenerArn"]


def test_the_same_request_again_returns_the_same_listener(make: Any, pair: Any) -> None:
    assert make.listener(*pair)["ListenerArn"] == make.listener(*pair)["ListenerArn"]


def test_a_second_listener_on_a_port_is_refused(
    make: Any, pair: Any, elb: Any, refused: Any
) -> None:
    make.listener(*pair)
    other = make.target_group_arn(Name="other")

    with refused("DuplicateListener"):
        make.listener(pair[0], other)

    assert len(elb.describe_listeners(LoadBalancerArn=pair[0])["Listeners"]) == 1


def test_tcp_and_udp_on_one_port_are_refused_as_two_listeners(
    make: Any, pair: Any, refused: Any
) -> None:
    make.listener(*pair, Port=53)
    group = make.target_group_arn(Name="udp", Protocol="UDP")

    with refused("DuplicateListener"):
        make.listener(pair[0], group, Port=53, Protocol="UDP")


def test_a_load_balancer_has_at_most_50_listeners(make: Any, pair: Any, refused: Any) -> None:
    for port in range(1, 51):
        make.listener(*pair, Port=port)

    with refused("TooManyListeners"):
        make.listener(*pair, Port=51)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Port": 65_536}, id="port"),
        pytest.param({"Port": None}, id="no-port"),
        pytest.param({"Protocol": "HTTP"}, id="protocol-of-the-other-type"),
        pytest.param({"Protocol": "SCTP"}, id="protocol"),
        pytest.param({"DefaultActions": []}, id="no-action"),
        pytest.param({"Protocol": "TLS"}, id="tls-without-certificate"),
    ],
)
def test_a_wrong_setting_is_refused(make: Any, pair: Any, refused: Any, change: Any) -> None:
    params = {"Protocol": "TCP", "Port": 80, "DefaultActions": forward(pair[1])} | change
    given = {key: value for key, value in params.items() if value is not None}

    with refused("ValidationError"):
        make.elb.create_listener(LoadBalancerArn=pair[0], **given)


PAIRS = {
    "TCP": {"TCP", "TCP_UDP"},
    "TLS": {"TCP", "TLS"},
    "UDP": {"UDP", "TCP_UDP"},
    "TCP_UDP": {"TCP_UDP"},
}


@pytest.mark.parametrize("listener", PAIRS)
@pytest.mark.parametrize("group", ["TCP", "TLS", "UDP", "TCP_UDP", "HTTP"])
def test_protocols_must_go_together(
    make: Any, world: SeededWorld, refused: Any, listener: Any, group: Any
) -> None:
    balancer = make.balancer_arn()
    arn = make.target_group_arn(Protocol=group)
    settings = tls(world) if listener == "TLS" else {"Protocol": listener}

    if group in PAIRS[listener]:
        assert make.listener(balancer, arn, **settings)["Protocol"] == listener
        return
    with refused("IncompatibleProtocols"):
        make.listener(balancer, arn, **settings)


def test_a_target_group_serves_one_load_balancer(
    make: Any, pair: Any, refused: Any, elb: Any
) -> None:
    listener = make.listener(*pair)["ListenerArn"]
    other = make.balancer_arn(Name="two")

    with refused("TargetGroupAssociationLimit"):
        make.listener(other, pair[1])

    elb.delete_listener(ListenerArn=listener)
    make.listener(other, pair[1])


def test_several_listeners_of_one_load_balancer_share_a_target_group(make: Any, pair: Any) -> None:
    make.listener(*pair)
    make.listener(*pair, Port=81)


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        pytest.param(
            [
                {
                    "Type": "forward",
                    "TargetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b",
                }
            ],
            "TargetGroupNotFound",
            id="unknown-group",
        ),
        pytest.param(
            [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
            "InvalidLoadBalancerAction",
            id="action-of-the-other-type",
        ),
    ],
)
def test_a_wrong_action_is_refused(
    make: Any, pair: Any, refused: Any, actions: Any, code: str
) -> None:
    with refused(code):
        make.listener(*pair, DefaultActions=actions)


def test_a_group_of_another_vpc_is_refused(make: Any, ec2: Any, refused: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    with refused("InvalidConfigurationRequest"):
        make.listener(make.balancer_arn(), make.target_group_arn(VpcId=vpc))


def test_an_ipv6_group_needs_a_dual_stack_load_balancer(make: Any, refused: Any) -> None:
    group = make.target_group_arn(TargetType="ip", IpAddressType="ipv6")

    with refused("InvalidConfigurationRequest"):
        make.listener(make.balancer_arn(), group)

    make.listener(make.balancer_arn(Name="dual", IpAddressType="dualstack"), group)


def test_a_listener_of_a_load_balancer_that_is_gone_is_refused(
    make: Any, pair: Any, elb: Any, refused: Any
) -> None:
    elb.delete_load_balancer(LoadBalancerArn=pair[0])

    with refused("LoadBalancerNotFound"):
        make.listener(*pair)


def test_plain_listeners_have_nothing_of_tls(make: Any, pair: Any) -> None:
    shown = make.listener(*pair)

    assert not {"SslPolicy", "Certificates", "AlpnPolicy"} & shown.keys()


def test_tls_listeners_show_policy_certificate_and_alpn(
    make: Any, pair: Any, world: SeededWorld
) -> None:
    shown = make.listener(*pair, **tls(world, AlpnPolicy=["HTTP2Preferred"]))

    assert shown["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    assert shown["Certificates"] == [{"CertificateArn": world.certificates[0]}]
    assert shown["AlpnPolicy"] == ["HTTP2Preferred"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(
            {"Certificates": [{"CertificateArn": "arn:aws:acm:eu-west-1:1:certificate/x"}]},
            "CertificateNotFound",
            id="unknown-certificate",
        ),
        pytest.param({"SslPolicy": "ELBSecurityPolicy-1999"}, "SSLPolicyNotFound", id="policy"),
        pytest.param({"AlpnPolicy": ["HTTP9"]}, "ALPNPolicyNotFound", id="alpn"),
        pytest.param(
            {"AlpnPolicy": ["HTTP1Only", "HTTP2Only"]}, "ValidationError", id="two-alpn-policies"
        ),
    ],
)
def test_wrong_tls_settings_are_refused(
    *, make: Any, pair: Any, world: SeededWorld, refused: Any, change: Any, code: str
) -> None:
    with refused(code):
        make.listener(*pair, **tls(world, **change))


def test_two_certificates_at_once_are_refused(
    make: Any, pair: Any, world: SeededWorld, refused: Any
) -> None:
    both = [{"CertificateArn": arn} for arn in world.certificates]

    with refused("ValidationError"):
        make.listener(*pair, **tls(world, Certificates=both))


def test_a_certificate_that_is_not_issued_is_refused(
    make: Any, pair: Any, world: SeededWorld, emulator: Emulator, refused: Any
) -> None:
    pending = emulator.client("acm").request_certificate(DomainName="three.example")

    with refused("UnsupportedCertificate"):
        certificate = [{"CertificateArn": pending["CertificateArn"]}]
        make.listener(*pair, **tls(world, Certificates=certificate))


@pytest.mark.parametrize(
    "setting", ["Certificates", "SslPolicy", "AlpnPolicy"], ids=["certificate", "policy", "alpn"]
)
def test_tls_settings_on_a_tcp_listener_are_refused(
    make: Any, pair: Any, world: SeededWorld, refused: Any, setting: Any
) -> None:
    given = {
        "Certificates": [{"CertificateArn": world.certificates[0]}],
        "SslPolicy": "ELBSecurityPolicy-2016-08",
        "AlpnPolicy": ["HTTP2Only"],
    }

    with refused("InvalidConfigurationRequest"):
        make.listener(*pair, **{setting: given[setting]})


def test_further_certificates_come_and_go_and_the_default_stays(
    make: Any, pair: Any, world: SeededWorld, refused: Any
) -> None:
    arn = make.listener(*pair, **tls(world))["ListenerArn"]
    first, second = ({"CertificateArn": each} for each in world.certificates)

    make.elb.add_listener_certificates(ListenerArn=arn, Certificates=[second])
    shown = make.elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]
    assert [each["IsDefault"] for each in shown] == [True, False]

    with refused("OperationNotPermitted"):
        make.elb.remove_listener_certificates(ListenerArn=arn, Certificates=[first])

    make.elb.remove_listener_certificates(ListenerArn=arn, Certificates=[second])
    assert len(make.elb.describe_listener_certificates(ListenerArn=arn)["Certificates"]) == 1


def test_certificates_on_a_plain_listener_are_refused(
    make: Any, pair: Any, world: SeededWorld, elb: Any, refused: Any
) -> None:
    arn = make.listener(*pair)["ListenerArn"]
    certificate = {"CertificateArn": world.certificates[0]}

    with refused("ValidationError"):
        elb.add_listener_certificates(ListenerArn=arn, Certificates=[certificate])


def test_a_listener_goes_from_tcp_to_tls_and_back(
    make: Any, pair: Any, world: SeededWorld, elb: Any, refused: Any
) -> None:
    arn = make.listener(*pair)["ListenerArn"]

    with refused("ValidationError"):
        elb.modify_listener(ListenerArn=arn, Protocol="TLS")

    certificate = [{"CertificateArn": world.certificates[0]}]
    to_tls = elb.modify_listener(ListenerArn=arn, Protocol="TLS", Certificates=certificate)
    to_tcp = elb.modify_listener(ListenerArn=arn, Protocol="TCP")

    assert to_tls["Listeners"][0]["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    assert not {"SslPolicy", "Certificates"} & to_tcp["Listeners"][0].keys()


def test_a_listener_switches_to_another_group_which_frees_the_first(
    make: Any, pair: Any, elb: Any
) -> None:
    arn, other = make.listener(*pair)["ListenerArn"], make.target_group_arn(Name="other")

    elb.modify_listener(ListenerArn=arn, DefaultActions=forward(other))

    elb.delete_target_group(TargetGroupArn=pair[1])
    (shown,) = elb.describe_target_groups(TargetGroupArns=[other])["TargetGroups"]
    assert shown["LoadBalancerArns"] == [pair[0]]


def test_moving_to_a_taken_port_is_refused(make: Any, pair: Any, elb: Any, refused: Any) -> None:
    make.listener(*pair)
    arn = make.listener(*pair, Port=81)["ListenerArn"]

    with refused("DuplicateListener"):
        elb.modify_listener(ListenerArn=arn, Port=80)

    assert elb.modify_listener(ListenerArn=arn, Port=82)["Listeners"][0]["Port"] == 82


def test_weighted_groups_are_shown_without_a_single_one(make: Any, pair: Any) -> None:
    groups = [make.target_group_arn(Name=f"w{number}") for number in range(2)]
    weighted = [{"TargetGroupArn": each, "Weight": 5} for each in groups]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}

    (shown,) = make.listener(*pair, DefaultActions=[action])["DefaultActions"]

    assert "TargetGroupArn" not in shown
    assert shown["ForwardConfig"]["TargetGroups"] == weighted


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param({}, "ValidationError", id="nothing"),
        pytest.param(
            {"ListenerArns": ["arn:aws:x:eu-west-1:1:listener/net/a/b/c"]},
            "ListenerNotFound",
            id="unknown",
        ),
        pytest.param(
            {"LoadBalancerArn": "arn:aws:x:eu-west-1:1:loadbalancer/net/a/b"},
            "LoadBalancerNotFound",
            id="unknown-load-balancer",
        ),
    ],
)
def test_a_wrong_question_is_refused(
    elb: Any, world: SeededWorld, refused: Any, asked: Any, code: str
) -> None:
    with refused(code):
        elb.describe_listeners(**asked)
