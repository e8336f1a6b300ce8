"""What Services become on AWS: the decisions of issue 3, looked at in the account itself."""

import pytest

from cloudlb.testing.manifests import LOCAL, endpoint_slice, port, service

KEY = "service.beta.kubernetes.io/aws-load-balancer-"


def _problems(round_) -> str:
    return " ".join(
        f"{problem.path} {problem}"
        for verdict in round_.verdicts
        for problem in verdict.intent.problems
    )


def test_local_policy_asks_the_health_check_node_port(aws):
    aws.apply(service(**LOCAL))
    group = aws.group()
    number = aws.process.cluster.services()[0].spec.health_check_node_port
    assert (group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTP", "/healthz")
    assert group["HealthCheckPort"] == str(number)
    assert (
        group["HealthCheckIntervalSeconds"],
        group["HealthCheckTimeoutSeconds"],
        group["HealthyThresholdCount"],
        group["UnhealthyThresholdCount"],
    ) == (10, 6, 2, 2)
    assert number in {each["FromPort"] for each in aws.rules() if "ReferencedGroupInfo" in each}


def test_otherwise_the_traffic_port_is_asked(aws):
    aws.apply(service())
    group = aws.group()
    assert (group["HealthCheckProtocol"], group["HealthCheckPort"]) == ("TCP", "traffic-port")
    assert (group["HealthCheckIntervalSeconds"], group["HealthyThresholdCount"]) == (10, 3)


def test_client_ip_affinity_is_stickiness_and_a_timeout_is_warned_of(aws):
    config = {"clientIP": {"timeoutSeconds": 600}}
    done = aws.tried(service(sessionAffinity="ClientIP", sessionAffinityConfig=config))
    assert done.ok
    assert aws.group_attributes()["stickiness.enabled"] == "true"
    assert aws.group_attributes()["stickiness.type"] == "source_ip"
    assert "timeoutSeconds" in _problems(done)
    aws.apply(service())
    assert aws.group_attributes()["stickiness.enabled"] == "false"


def test_several_ports_of_two_protocols(aws):
    aws.apply(service("kubia", port(80), port(443, name="https"), port(53, "UDP", name="dns")))
    assert set(aws.listeners()) == {(80, "TCP"), (443, "TCP"), (53, "UDP")}
    assert len(aws.groups()) == 3


def test_tcp_and_udp_on_one_number_share_a_listener_where_they_lead_to_one_port(aws):
    both = [
        port(53, "TCP", name="t", targetPort=5353, nodePort=30053),
        port(53, "UDP", name="u", targetPort=5353, nodePort=30053),
    ]
    aws.apply(service("kubia", *both))
    assert set(aws.listeners()) == {(53, "TCP_UDP")}
    assert aws.targets() == {(each, 30053) for each in aws.world.seeded.instances}


def test_where_they_can_not_share_the_port_says_so_and_the_others_work(aws):
    both = [
        port(53, "TCP", name="t", targetPort=53, nodePort=30053),
        port(53, "UDP", name="u", targetPort=54, nodePort=30054),
    ]
    done = aws.tried(service("kubia", *both, port(80, name="web")))
    refused = {(each.port, each.protocol) for each in done.verdicts[0].intent.refused_ports}
    assert refused == {(53, "UDP")}
    assert set(aws.listeners()) == {(53, "TCP"), (80, "TCP")}


def test_sctp_is_refused_for_its_port_only(aws):
    done = aws.tried(service("kubia", port(132, "SCTP", name="s"), port(80)))
    (refused,) = done.verdicts[0].intent.refused_ports
    assert (refused.port, refused.protocol) == (132, "SCTP")
    assert set(aws.listeners()) == {(80, "TCP")}


def test_source_ranges_become_rules_by_family_and_the_other_family_stays_shut(aws):
    aws.apply(service(loadBalancerSourceRanges=["192.0.2.0/24", "198.51.100.0/25"]))
    sources = {each.get("CidrIpv4") or each.get("CidrIpv6") for each in aws.rules()} - {None}
    assert sources == {"192.0.2.0/24", "198.51.100.0/25"}


def test_a_prefix_list_and_icmp_are_let_in_by_annotation(aws):
    (office,) = aws.world.seeded.prefix_lists.values()
    notes = {
        f"{KEY}security-group-prefix-lists": office,
        f"{KEY}enable-icmp-for-path-mtu-discovery": "on",
    }
    aws.apply(service(annotations=notes))
    assert {each.get("PrefixListId") for each in aws.rules()} - {None} == {office}
    assert [each for each in aws.rules() if each["IpProtocol"] == "icmp"]


def test_tls_with_its_certificates_policy_and_alpn(aws):
    first, second = aws.world.seeded.certificates
    notes = {
        f"{KEY}ssl-cert": f"{first},{second}",
        f"{KEY}ssl-ports": "443",
        f"{KEY}ssl-negotiation-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        f"{KEY}alpn-policy": "HTTP2Preferred",
        f"{KEY}backend-protocol": "ssl",
    }
    aws.apply(service("kubia", port(443, name="https"), port(80), annotations=notes))
    listeners = aws.listeners()
    assert set(listeners) == {(443, "TLS"), (80, "TCP")}
    secure = listeners[443, "TLS"]
    assert secure["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert secure["AlpnPolicy"] == ["HTTP2Preferred"]
    found = aws.client("elbv2").describe_listener_certificates(ListenerArn=secure["ListenerArn"])
    assert {each["CertificateArn"] for each in found["Certificates"]} == {first, second}
    assert {each["Protocol"] for each in aws.groups().values()} == {"TLS", "TCP"}
    del notes[f"{KEY}ssl-cert"]
    aws.apply(service("kubia", port(443, name="https"), port(80)))
    assert set(aws.listeners()) == {(443, "TCP"), (80, "TCP")}


def test_proxy_protocol_for_all_groups_and_for_one(aws):
    ports = [port(80), port(443, name="https")]
    aws.apply(service("kubia", *ports, annotations={f"{KEY}proxy-protocol": "*"}))
    arns = [each["TargetGroupArn"] for each in aws.groups().values()]
    assert {aws.group_attributes(each)["proxy_protocol_v2.enabled"] for each in arns} == {"true"}
    aws.apply(
        service("kubia", *ports, annotations={f"{KEY}proxy-protocol-per-target-group": "443"})
    )
    on = {
        name: aws.group_attributes(each["TargetGroupArn"])["proxy_protocol_v2.enabled"]
        for name, each in aws.groups().items()
    }
    assert sorted(on.values()) == ["false", "true"]


@pytest.mark.parametrize(
    ("annotation", "value", "attribute", "default"),
    [
        (
            "attributes",
            "load_balancing.cross_zone.enabled=true",
            "load_balancing.cross_zone.enabled",
            "false",
        ),
        ("attributes", "deletion_protection.enabled=true", "deletion_protection.enabled", "false"),
        (
            "attributes",
            "dns_record.client_routing_policy=availability_zone_affinity",
            "dns_record.client_routing_policy",
            "any_availability_zone",
        ),
    ],
)
def test_a_load_balancer_attribute_goes_back_to_its_default_with_the_annotation(
    aws, annotation, value, attribute, default
):
    aws.apply(service(annotations={KEY + annotation: value}))
    assert aws.balancer_attributes()[attribute] == value.partition("=")[2]
    aws.apply(service())
    assert aws.balancer_attributes()[attribute] == default


def test_a_group_attribute_goes_back_to_its_default_with_the_annotation(aws):
    note = {f"{KEY}target-group-attributes": "deregistration_delay.timeout_seconds=30"}
    aws.apply(service(annotations=note))
    assert aws.group_attributes()["deregistration_delay.timeout_seconds"] == "30"
    aws.apply(service())
    assert aws.group_attributes()["deregistration_delay.timeout_seconds"] == "300"


def test_extra_tags_come_and_go_and_tags_of_others_stay(aws):
    aws.apply(service(annotations={f"{KEY}additional-resource-tags": "team=blue,stage=test"}))
    arn = aws.balancer()["LoadBalancerArn"]
    assert {"team": "blue", "stage": "test"}.items() <= aws.tags(arn).items()
    aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=[{"Key": "theirs", "Value": "x"}])
    aws.apply(service(annotations={f"{KEY}additional-resource-tags": "team=red"}))
    tags = aws.tags(arn)
    assert (tags["team"], tags["theirs"]) == ("red", "x")
    assert "stage" not in tags


def test_elastic_addresses_one_a_subnet(aws):
    ids = ",".join(aws.world.seeded.allocations)
    aws.apply(service(annotations={f"{KEY}eip-allocations": ids}))
    zones = aws.balancer()["AvailabilityZones"]
    found = {each["LoadBalancerAddresses"][0]["AllocationId"] for each in zones}
    assert found == set(aws.world.seeded.allocations)


def test_a_wrong_number_of_elastic_addresses_is_told_and_nothing_is_made(aws):
    done = aws.tried(
        service(annotations={f"{KEY}eip-allocations": aws.world.seeded.allocations[0]})
    )
    assert not done.ok
    assert "eip-allocations" in _problems(done)
    assert "1" in _problems(done)
    assert "3" in _problems(done)
    assert aws.client("elbv2").describe_load_balancers()["LoadBalancers"] == []


def test_a_scheme_change_makes_the_new_one_before_the_old_one_goes(aws):
    aws.apply(service())
    old = aws.balancer()["LoadBalancerArn"]
    calls = aws.apply(service(annotations={"cloudlb.io/scheme": "internal"}))
    new = aws.balancer()
    assert new["LoadBalancerArn"] != old
    assert new["Scheme"] == "internal"
    order = ("CreateLoadBalancer", "CreateListener", "DeleteLoadBalancer")
    assert [calls.index(each) for each in order] == sorted(calls.index(each) for each in order)
    assert calls.index("RegisterTargets") < calls.index("DeleteLoadBalancer")


def test_another_target_type_makes_a_group_registers_switches_and_deletes(aws):
    aws.apply(service(), endpoint_slice("kubia", ["10.0.48.77"]))
    before = aws.balancer()["DNSName"]
    calls = aws.apply(service(annotations={"cloudlb.io/target-type": "pod"}))
    order = ["CreateTargetGroup", "RegisterTargets", "ModifyListener", "DeleteTargetGroup"]
    assert [calls.index(each) for each in order] == sorted(calls.index(each) for each in order)
    assert aws.group()["TargetType"] == "ip"
    assert aws.targets() == {("10.0.48.77", 8080)}
    assert aws.balancer()["DNSName"] == before


def test_hand_made_slices_without_a_selector_work_with_pod_targets(aws):
    made = service(annotations={f"{KEY}nlb-target-type": "ip"})
    del made["spec"]["selector"]
    aws.apply(made, endpoint_slice("kubia", ["10.0.48.50", "10.0.64.51"]))
    assert aws.targets() == {("10.0.48.50", 8080), ("10.0.64.51", 8080)}


@pytest.mark.parametrize(
    "provider_id", ["", "aws:///eu-west-1a/i-0deadbeefdeadbeef", "gce://x/y/z"]
)
def test_a_node_without_an_instance_is_left_out_and_the_others_are_not(aws, provider_id):
    ghost = dict(aws.world.nodes()[0])
    ghost["metadata"] = {**ghost["metadata"], "name": "ghost"}
    ghost["spec"] = {"providerID": provider_id} if provider_id else {}
    aws.write(ghost)
    done = aws.tried(service())
    assert done.ok
    assert "ghost" in _problems(done)
    assert {instance for instance, _ in aws.targets()} == set(aws.world.seeded.instances)


@pytest.mark.parametrize(
    "ignored",
    [
        pytest.param(service(type="ClusterIP"), id="ClusterIP"),
        pytest.param(service(type="NodePort"), id="NodePort"),
        pytest.param(service(type="ClusterIP", clusterIP="None"), id="headless"),
        pytest.param(service(type="ExternalName", externalName="example.org"), id="ExternalName"),
        pytest.param(service(loadBalancerClass="example.org/other"), id="foreign class"),
    ],
)
def test_what_is_not_ours_costs_no_call(aws, ignored):
    assert aws.apply(ignored) == []


def test_deletion_protection_refuses_the_deletion_and_says_how_to_lift_it(aws):
    note = {f"{KEY}attributes": "deletion_protection.enabled=true"}
    aws.apply(service(annotations=note))
    done = aws.process.delete()
    assert not done.ok
    assert "deletion_protection.enabled" in _problems(done)
    assert aws.balancer()
    aws.apply(service())
    assert aws.process.delete().ok


def test_the_address_is_in_lower_case(aws):
    aws.apply(service("Kubia".lower()))
    ((address,),) = aws.process.addresses().values()
    assert address == aws.balancer()["DNSName"].lower()


def test_names_of_63_characters_work(aws):
    long = "n" + "x" * 62
    aws.apply(service(long, port(65535, name="p" * 15)))
    assert len(aws.balancer()["LoadBalancerName"]) <= 32
    assert (
        aws.tags(aws.balancer()["LoadBalancerArn"])["cloudlb.io/owner"] == f"service/default/{long}"
    )
