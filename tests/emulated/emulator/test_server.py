"""The emulator as a whole: its own account, the same ids every time, one region, a record of calls."""

import json
import threading
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudlb_aws.emulator import Emulator, EmulatorSettings, NodeSeed, SeededWorld, World


def test_two_emulators_share_nothing(make: Any, emulator: Emulator) -> None:
    make.balancer()
    with Emulator() as other:
        other.seed()

        assert other.account_id != emulator.account_id
        assert other.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
        assert len(emulator.client("elbv2").describe_load_balancers()["LoadBalancers"]) == 1


def test_two_emulators_do_not_disturb_each_others_ids(make: Any, emulator: Emulator) -> None:
    with Emulator(EmulatorSettings()) as other:
        other.seed()
        first = make.balancer_arn()

    emulator.reset()
    make.world = emulator.seed(World(eips=3, ipv6=True, **_more()))
    assert make.balancer_arn() == first


def _more() -> Any:
    return {
        "certificates": ("one.example", "two.example"),
        "prefix_lists": (("office", ("192.0.2.0/24",)),),
    }


def test_the_same_calls_give_the_same_ids_in_every_run() -> None:
    seen = []
    for _ in range(2):
        with Emulator() as running:
            world = running.seed()
            elb = running.client("elbv2")
            made = elb.create_load_balancer(
                Name="one", Type="network", Subnets=list(world.public_subnets)
            )
            seen.append((world, made["LoadBalancers"][0]["LoadBalancerArn"]))

    assert seen[0] == seen[1]


def test_reset_empties_the_account_the_record_and_the_faults(
    make: Any, emulator: Emulator, elb: Any
) -> None:
    make.balancer()

    emulator.reset()

    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert emulator.recorder.operations() == ("DescribeLoadBalancers",)


def test_nodes_have_the_ids_asked_for_and_sit_where_they_should(
    emulator: Emulator, ec2: Any
) -> None:
    world = emulator.seed(
        World(
            nodes=(
                NodeSeed(instance_id="i-0123456789abcdef0", zone="b", private_ip="10.0.64.77"),
                NodeSeed(instance_id="i-0123456789abcdef1", zone="c", public_ip="198.51.100.9"),
            )
        )
    )

    reply = ec2.describe_instances(InstanceIds=list(world.instances))
    first, second = (each["Instances"][0] for each in reply["Reservations"])
    assert first["InstanceId"] == "i-0123456789abcdef0"
    assert (first["SubnetId"], first["PrivateIpAddress"]) == (
        world.private_subnets[1],
        "10.0.64.77",
    )
    assert (second["SubnetId"], second["PublicIpAddress"]) == (
        world.public_subnets[2],
        "198.51.100.9",
    )
    assert first["SecurityGroups"][0]["GroupId"] == world.node_security_group
    assert world.provider_ids[0] == "aws:///eu-west-1b/i-0123456789abcdef0"


def test_a_node_in_a_zone_that_is_not_there_is_a_mistake(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="zone d"):
        emulator.seed(World(nodes=(NodeSeed(instance_id="i-0123456789abcdef0", zone="d"),)))


def roles(ec2: Any, world: SeededWorld) -> Any:
    reply = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [world.vpc_id]}])
    return {
        each["SubnetId"]: {tag["Key"] for tag in each.get("Tags", [])} for each in reply["Subnets"]
    }


def test_subnets_carry_the_tags_of_their_role_and_cluster(emulator: Emulator, ec2: Any) -> None:
    world = emulator.seed()
    found = roles(ec2, world)

    assert "kubernetes.io/role/elb" in found[world.public_subnets[0]]
    assert "kubernetes.io/role/internal-elb" in found[world.private_subnets[0]]
    assert "kubernetes.io/cluster/kubia" in found[world.public_subnets[0]]


def test_tags_can_be_left_out(emulator: Emulator, ec2: Any) -> None:
    world = emulator.seed(World(role_tags=False, cluster_tags=False))

    assert set().union(*roles(ec2, world).values()) == {"Name"}


def test_only_public_subnets_lead_to_the_internet(emulator: Emulator, ec2: Any) -> None:
    world = emulator.seed()
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [world.vpc_id]}])
    leading = [
        table
        for table in tables["RouteTables"]
        if any(route.get("GatewayId", "").startswith("igw-") for route in table["Routes"])
    ]

    (table,) = leading
    assert {each["SubnetId"] for each in table["Associations"]} == set(world.public_subnets)
    assert len(tables["RouteTables"]) == 2


def test_a_call_for_another_region_is_refused(emulator: Emulator) -> None:
    elsewhere = boto3.client(
        "elbv2",
        endpoint_url=emulator.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",  # noqa: S106  (the emulator checks no signature)
    )

    with pytest.raises(ClientError) as caught:
        elsewhere.describe_load_balancers()

    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


def test_an_unsigned_call_is_refused(emulator: Emulator) -> None:
    url = f"{emulator.endpoint_url}/"
    request = urllib.request.Request(url, data=b"Action=DescribeVpcs")  # noqa: S310  (loopback)

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310  (loopback)

    assert caught.value.code == 403
    caught.value.close()


def test_the_account_is_the_one_in_the_arns(emulator: Emulator, make: Any) -> None:
    identity = emulator.client("sts").get_caller_identity()

    assert identity["Account"] == emulator.account_id
    assert f":{emulator.account_id}:" in make.balancer_arn()


def test_calls_are_recorded_with_their_parameters(emulator: Emulator, make: Any) -> None:
    emulator.recorder.clear()
    make.balancer(Name="front")

    (call,) = emulator.recorder.calls
    assert (call.service, call.operation, call.write) == ("elbv2", "CreateLoadBalancer", True)
    assert call.params["Name"] == "front"
    assert (call.status, call.error) == (200, None)
    assert call.response_bytes > 500


def test_json_calls_are_recorded_with_their_parameters(emulator: Emulator, tagging: Any) -> None:
    tagging.get_resources(TagFilters=[{"Key": "a"}])

    (call,) = emulator.recorder.calls
    assert (call.service, call.write) == ("resourcegroupstaggingapi", False)
    assert json.loads(json.dumps(call.params)) == {"TagFilters": [{"Key": "a"}]}


def test_seeding_is_not_on_the_record(emulator: Emulator, world: SeededWorld) -> None:
    assert emulator.recorder.count() == 0


def test_many_threads_can_call_at_once(emulator: Emulator, make: Any, elb: Any) -> None:
    def create(number: int) -> None:
        make.target_group(Name=f"n{number}")

    threads = [threading.Thread(target=create, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(elb.describe_target_groups()["TargetGroups"]) == 16


def test_settings_change_while_it_runs_but_not_port_and_region(emulator: Emulator) -> None:
    emulator.configure(lag_calls=3)
    assert emulator.settings.lag_calls == 3

    with pytest.raises(TypeError, match="region"):
        emulator.configure(region="us-east-1")
    with pytest.raises(TypeError):
        emulator.configure(colour="blue")


def test_what_the_emulator_does_not_know_is_said_so(emulator: Emulator, world: SeededWorld) -> None:
    with pytest.raises(ClientError) as caught:
        emulator.client("elbv2").describe_trust_stores()

    assert caught.value.response["Error"]["Code"] == "InvalidAction"
