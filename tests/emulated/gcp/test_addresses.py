"""Addresses and subnetworks that are asked for: had exactly, or refused in words that say what to do."""

from typing import Any

from cloudlb.controller.reconciler import FRESH_SECONDS
from cloudlb.kube.documents import Document
from cloudlb.testing.laws.common import applied, assert_converged, must
from cloudlb.testing.manifests import Manifest, service

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

    assert sorted(calls) == ["addresses.list", "subnetworks.list"]
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
