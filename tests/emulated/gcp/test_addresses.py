"""Addresses and subnetworks that are asked for: had exactly, or refused in words that say what to do."""

import contextlib
import ipaddress
from typing import Any

import pytest

from cloudlb.controller.reconciler import FRESH_SECONDS
from cloudlb.errors import Rejected
from cloudlb.kube.documents import Document
from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import Manifest, port, service
from cloudlb.testing.process import KillAt, Killed
from cloudlb_gcp.emulator import GceError, World

GKE = "networking.gke.io/"
INTERNAL = {f"{GKE}load-balancer-type": "Internal"}
BY_NAME = f"{GKE}load-balancer-ip-addresses"
NAMED = {BY_NAME: "mine"}
ONLY_IPV6 = {"ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}


def put(process, *manifests: Manifest) -> None:
    """Change objects in the cluster of a running process."""
    process.cluster.apply([Document.of(each) for each in manifests])


def said(done) -> list[str]:
    return [str(each) for verdict in done.verdicts for each in verdict.intent.problems]


def subnet_of(world: Any, name: str = "default") -> str:
    return f"projects/{world.seeded.project}/regions/{world.seeded.region}/subnetworks/{name}"


def test_an_address_that_is_reserved_while_the_process_runs_is_found(world):
    process = applied(world, (service("first"),))
    mine = world.reserve("mine")
    world.clock.advance(FRESH_SECONDS)
    put(process, service("kubia", annotations=NAMED))

    must(process.apply())

    assert process.addresses()["kubia"] == (mine,)


def test_many_that_name_what_is_not_there_cost_one_look_together(world):
    process = applied(world, (service("first"),))
    put(process, *(service(f"kubia-{number}", annotations=NAMED) for number in range(5)))
    world.clock.advance(FRESH_SECONDS)

    calls = world.calls_of(process.apply)
    again = world.calls_of(process.apply)

    assert sorted(calls) == [
        "addresses.list",
        "firewalls.list",
        "forwardingRules.list",
        "subnetworks.list",
    ]
    assert again == [], "what was read just now is not read again"
    assert all(intent.design.may_pass for intent in process.intents() if not intent.valid)


def test_a_subnetwork_that_is_made_while_the_process_runs_is_found(world):
    process = applied(world, (service("first"),))
    wanted = {**INTERNAL, f"{GKE}load-balancer-subnet": "more"}
    put(process, service("kubia", annotations=wanted))
    assert "there is no subnetwork 'more'" in said(process.apply())[0]
    world.emulator.add_subnet("more", "10.200.0.0/20")
    world.clock.advance(FRESH_SECONDS)

    must(process.apply())

    assert process.addresses()["kubia"][0].startswith("10.200.")


def test_an_address_by_number_is_not_taken_for_one_of_another_network(world):
    wanted = service("kubia", annotations=INTERNAL, loadBalancerIP="10.128.0.77")
    world.emulator.add_subnet("theirs", "10.128.0.0/20", network="other")
    theirs = world.reserve(
        "theirs",
        address="10.128.0.77",
        address_type="INTERNAL",
        subnetwork=subnet_of(world, "theirs"),
    )

    assert applied(world, (wanted,)).addresses()["kubia"] == (theirs,)
    assert_converged(world, (wanted,))


def refused(world, manifest) -> list[str]:
    """Apply one Service, which must be refused before anything is made, and return what is said."""
    (verdict,) = process_of(world, (manifest,)).apply().verdicts
    assert not verdict.ok
    assert verdict.errors == ()
    assert world.stored("forwardingRules") == []
    return [str(each) for each in verdict.intent.problems]


def test_two_names_of_one_family_are_one_too_many(world):
    world.reserve("mine")
    world.reserve("yours")

    (problem,) = refused(world, service("kubia", annotations={BY_NAME: "mine,yours"}))

    assert "'yours' is one IPv4 address too many" in problem


def test_a_number_of_a_family_that_the_service_lacks_is_refused(world):
    wanted = service("kubia", annotations=INTERNAL, loadBalancerIP="fd20::5")

    (problem,) = refused(world, wanted)

    assert "fd20::5 is an IPv6 address, and the Service has none of that family" in problem


def test_the_number_of_the_address_that_it_has_already_is_fine(world):
    (ours,) = applied(world, (service("kubia"),)).addresses()["kubia"]
    pinned = service("kubia", loadBalancerIP=ours)
    before = [each["id"] for each in world.stored("forwardingRules")]

    assert applied(world, (pinned,)).addresses()["kubia"] == (ours,)

    assert [each["id"] for each in world.stored("forwardingRules")] == before
    assert_converged(world, (pinned,))
    moved = service("kubia", port(8080), loadBalancerIP=ours)
    for write in range(1, 9):
        with contextlib.suppress(Killed):
            process_of(world, (moved,), fence=KillAt(write)).apply()
        assert applied(world, (moved,)).addresses()["kubia"] == (ours,)
        moved = service("kubia", port(8080 + write), loadBalancerIP=ours)


def test_the_number_of_the_address_that_it_got_from_the_same_process_is_fine(world):
    process = applied(world, (service("kubia"),))
    (ours,) = process.addresses()["kubia"]
    world.clock.advance(FRESH_SECONDS)
    put(process, service("kubia", loadBalancerIP=ours))

    must(process.apply())

    assert process.addresses()["kubia"] == (ours,)


def test_the_number_of_the_address_of_another_service_is_refused(world):
    (theirs,) = applied(world, (service("other"),)).addresses()["other"]
    process = process_of(world, (service("other"), service("kubia", loadBalancerIP=theirs)))

    assert "and not the load balancer's own" in said(process.apply())[0]


@pytest.mark.parametrize("annotations", [{}, INTERNAL], ids=["external", "internal"])
def test_an_address_whose_reservation_went_stays_and_blocks_no_edit(world, annotations):
    kind = {"address_type": "INTERNAL", "subnetwork": subnet_of(world)} if annotations else {}
    mine = world.reserve("mine", **kind)
    applied(world, (service("kubia", annotations={**NAMED, **annotations}),))
    world.release("mine")
    edited = service("kubia", port(8080), annotations={**NAMED, **annotations})

    process = applied(world, (edited,))

    (problem,) = said(process.apply())
    assert f"the load balancer keeps the one that it has, {mine}" in problem
    command = f"gcloud compute addresses create mine --region europe-west1 --addresses {mine}"
    assert command + (" --subnet default" if annotations else ")") in problem
    assert process.addresses()["kubia"] == (mine,)
    assert world.stored("forwardingRules")[0]["ports"] == ["8080"]
    assert_converged(world, (edited,))


def test_another_name_that_does_not_exist_is_refused_while_the_first_one_holds(world):
    world.reserve("mine")
    applied(world, (service("kubia", annotations=NAMED),))

    process = process_of(world, (service("kubia", annotations={BY_NAME: "tpyo"}),))

    assert "there is no reserved address 'tpyo' in region" in said(process.apply())[0]


def test_an_ipv6_address_may_be_written_in_any_form(new_world):
    world = new_world(World(ipv6="EXTERNAL"))
    six = world.reserve(
        "six", ip_version="IPV6", ipv6_endpoint_type="NETLB", subnetwork=subnet_of(world)
    )
    wanted = service("kubia", loadBalancerIP=ipaddress.ip_address(six).exploded, **ONLY_IPV6)

    assert applied(world, (wanted,)).addresses()["kubia"] == (six,)
    assert_converged(world, (wanted,))


@pytest.mark.parametrize("by", ["name", "number"])
def test_a_reserved_internal_address_brings_its_subnetwork_along(new_world, by):
    world = new_world(World(more_subnets=("more",)))
    mine = world.reserve("mine", address_type="INTERNAL", subnetwork=subnet_of(world, "more"))
    wanted = (
        service("kubia", annotations={**INTERNAL, **NAMED})
        if by == "name"
        else service("kubia", annotations=INTERNAL, loadBalancerIP=mine)
    )

    assert applied(world, (wanted,)).addresses()["kubia"] == (mine,)

    assert world.stored("forwardingRules")[0]["subnetwork"].endswith("/more")
    assert_converged(world, (wanted,))


def test_an_internal_number_is_looked_for_in_all_subnetworks(new_world):
    world = new_world(World(more_subnets=("more",)))
    wanted = service("kubia", annotations=INTERNAL, loadBalancerIP="10.128.16.77")

    assert applied(world, (wanted,)).addresses()["kubia"] == ("10.128.16.77",)

    assert world.stored("forwardingRules")[0]["subnetwork"].endswith("/more")


@pytest.mark.parametrize(
    ("number", "subnet", "said_so"),
    [
        ("192.168.7.7", "", "192.168.7.7 is in no subnetwork that it could be from (default 10."),
        ("10.128.0.77", "more", "10.128.0.77 is in no subnetwork that it could be from (more 10."),
    ],
)
def test_an_internal_number_of_another_subnetwork_is_refused(new_world, number, subnet, said_so):
    world = new_world(World(more_subnets=("more",)))
    named = {f"{GKE}load-balancer-subnet": subnet} if subnet else {}

    (problem,) = refused(
        world, service("kubia", annotations={**INTERNAL, **named}, loadBalancerIP=number)
    )

    assert said_so in problem
    assert "load-balancer-subnet" in problem


def test_a_reserved_address_of_another_subnetwork_than_the_annotated_one_is_refused(new_world):
    world = new_world(World(more_subnets=("more",)))
    world.reserve("mine", address_type="INTERNAL", subnetwork=subnet_of(world, "more"))
    named = {**INTERNAL, **NAMED, f"{GKE}load-balancer-subnet": "default"}

    (problem,) = refused(world, service("kubia", annotations=named))

    assert "subnetworks/more, and 'default' is named" in problem


def test_a_private_address_that_is_in_use_is_said_once_and_not_fought_for(world):
    theirs = world.seeded.addresses[world.seeded.instances[0]]
    process = process_of(world, (service("kubia", annotations=INTERNAL, loadBalancerIP=theirs),))

    calls = world.calls_of(process.apply)
    (verdict,) = process.apply().verdicts

    assert calls.count("forwardingRules.insert") == 1
    (error,) = verdict.errors
    assert isinstance(error, Rejected)
    assert f"{theirs} is in use" in str(error)


def test_an_ipv6_address_that_is_in_use_is_no_matter_of_policies(new_world):
    world = new_world(World(ipv6="EXTERNAL"))
    six = world.reserve(
        "mine", ip_version="IPV6", ipv6_endpoint_type="NETLB", subnetwork=subnet_of(world)
    )
    one = service("one", annotations=NAMED, **ONLY_IPV6)
    applied(world, (one,))
    world.emulator.refuse(
        "forwardingRules.insert", GceError(412, "conditionNotMet", "IP_IN_USE_BY_ANOTHER_RESOURCE")
    )

    process = process_of(world, (one, service("two", annotations=NAMED, **ONLY_IPV6)))
    verdicts = {each.owner.name: each for each in process.apply().verdicts}

    (error,) = verdicts["two"].errors
    assert isinstance(error, Rejected)
    assert f"{six} is in use by forwarding rule clb-default-one" in str(error)
    assert "policy" not in str(error)
