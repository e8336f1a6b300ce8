"""A forwarding rule that has to be made anew keeps its address, whatever happens meanwhile."""

import contextlib
from typing import Any

import pytest

from cloudlb.plan.change import Action
from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import LOCAL, port, service
from cloudlb.testing.process import KillAt, Killed
from cloudlb_gcp.emulator import GceError, World
from cloudlb_gcp.emulator import errors as gce

NAMED = {"networking.gke.io/load-balancer-ip-addresses": "mine"}
INTERNAL = {"networking.gke.io/load-balancer-type": "Internal"}

RENEWALS = {
    "another port": (service("kubia", port(80)), service("kubia", port(8080))),
    "one port more": (service("kubia", port(80)), service("kubia", port(80), port(81))),
    "tcp to udp": (service("kubia", port(53)), service("kubia", port(53, "UDP"))),
    "udp joins tcp": (
        service("kubia", port(53)),
        service("kubia", port(53), port(53, "UDP", name="u")),
    ),
    "more ports than a rule has": (
        service("kubia", port(80)),
        service("kubia", *(port(8000 + n) for n in range(6))),
    ),
    "internal, another port": (
        service("kubia", port(80), annotations=INTERNAL),
        service("kubia", port(8080), annotations=INTERNAL),
    ),
    "a reserved address, another port": (
        service("kubia", port(80), annotations=NAMED),
        service("kubia", port(8080), annotations=NAMED),
    ),
}


def cases() -> list[object]:
    return [pytest.param(*pair, id=name.replace(" ", "-")) for name, pair in RENEWALS.items()]


@pytest.fixture
def prepared(world: Any) -> Any:
    """A project with a reserved address called `mine`."""
    world.reserve("mine")
    return world


@pytest.mark.parametrize(("old", "new"), cases())
def test_the_address_stays_and_nothing_holds_it_afterwards(prepared, old, new):
    before = applied(prepared, (old,)).addresses()
    held = prepared.stored("addresses")

    process = applied(prepared, (new,))

    assert process.addresses() == before
    assert prepared.stored("addresses") == held
    assert_converged(prepared, (new,))


@pytest.mark.parametrize(("old", "new"), cases())
def test_killed_at_any_write_the_next_process_finishes_at_the_same_address(new_world, old, new):
    for write in range(1, 20):
        world = new_world()
        world.reserve("mine")
        before = applied(world, (old,)).addresses()
        held = world.stored("addresses")
        try:
            process_of(world, (new,), fence=KillAt(write)).apply()
        except Killed:
            process = applied(world, (new,))
            assert process.addresses() == before, f"killed at write {write}"
            assert world.stored("addresses") == held, f"killed at write {write}"
            assert_converged(world, (new,))
            continue
        assert write > 4
        return
    pytest.fail("still writing")


def test_deleted_in_the_middle_of_a_renewal_nothing_is_left(new_world):
    old, new = RENEWALS["another port"]
    for write in range(1, 8):
        world = new_world()
        applied(world, (old,))
        with contextlib.suppress(Killed):
            process_of(world, (new,), fence=KillAt(write)).apply()
        must(process_of(world, (new,)).delete())
        assert world.contents() == {}, f"killed at write {write}"


def test_the_plan_says_that_traffic_is_interrupted_and_not_that_the_address_moves(world):
    old, new = RENEWALS["another port"]
    applied(world, (old,))

    (preview,) = process_of(world, (new,)).forecast().previews

    changes = {change.key: change for change in preview.plan}
    rule = changes["forwarding-rule/ipv4"]
    assert (rule.action, rule.interrupts, rule.moves_address) == (Action.UPDATE, True, False)
    assert changes.keys() == {"forwarding-rule/ipv4", "firewall/ipv4"}
    assert not changes["firewall/ipv4"].interrupts


def test_the_calls_of_a_renewal_are_hold_delete_create_release(world):
    old, new = RENEWALS["another port"]
    applied(world, (old,))
    process = process_of(world, (new,))
    process.reconciler.look_around()
    process.forecast()

    calls = world.calls_of(process.apply)

    on_the_front = [call for call in calls if call.startswith(("addresses", "forwardingRules"))]
    assert on_the_front[-5:] == [
        "addresses.list",
        "addresses.insert",
        "forwardingRules.delete",
        "forwardingRules.insert",
        "addresses.delete",
    ]


def test_a_creation_that_fails_inside_its_operation_leaves_the_address_held_for_the_next_try(world):
    old, new = RENEWALS["another port"]
    before = applied(world, (old,)).addresses()
    world.emulator.fail_operations(
        "forwardingRules.insert", gce.quota("FORWARDING_RULES", 1, "globally")
    )

    (verdict,) = process_of(world, (new,)).apply().verdicts

    assert not verdict.ok
    assert "FORWARDING_RULES" in str(verdict.errors[0])
    (held,) = world.stored("addresses")
    assert held["address"] == before["kubia"][0]
    assert world.stored("forwardingRules") == []
    assert applied(world, (new,)).addresses() == before
    assert world.stored("addresses") == []


def test_a_rule_that_was_taken_down_has_no_address_to_tell(world):
    old, new = RENEWALS["another port"]
    applied(world, (old,))
    world.emulator.fail_operations(
        "forwardingRules.insert", GceError(400, "invalid", "no"), times=99
    )

    process = process_of(world, (new,))
    process.apply()

    assert process.addresses() == {"kubia": ()}


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(service("kubia", **LOCAL), id="policy"),
        pytest.param(service("kubia", sessionAffinity="ClientIP"), id="affinity"),
        pytest.param(service("kubia", loadBalancerSourceRanges=["192.0.2.0/24"]), id="sources"),
        pytest.param(service("kubia", port(80, nodePort=30099)), id="node-port"),
        pytest.param(
            service("kubia", annotations={"cloudlb.io/deny-others": "true"}), id="deny-rule"
        ),
    ],
)
def test_what_is_not_about_ports_touches_no_forwarding_rule(world, new):
    applied(world, (service("kubia", port(80, nodePort=30001)),))
    process = process_of(world, (new,))

    calls = world.calls_of(lambda: must(process.apply()))

    touched = [
        c for c in calls if c.startswith("forwardingRules") and not c.endswith((".list", ".get"))
    ]
    assert touched == []


@pytest.mark.parametrize("access", ["EXTERNAL", "INTERNAL"])
def test_both_families_keep_their_addresses(new_world, access):
    both = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}
    annotations = INTERNAL if access == "INTERNAL" else {}
    old, new = (
        service("kubia", port(number), annotations=annotations, **both) for number in (80, 8080)
    )
    for write in range(1, 30):
        world = new_world(World(ipv6=access))
        before = applied(world, (old,)).addresses()
        assert len(before["kubia"]) == 2
        try:
            process_of(world, (new,), fence=KillAt(write)).apply()
        except Killed:
            assert applied(world, (new,)).addresses() == before, f"killed at write {write}"
            assert world.stored("addresses") == []
            assert_converged(world, (new,))
            continue
        assert write > 8
        return
    pytest.fail("still writing")


def test_a_reserved_ipv6_address_is_used_and_kept(new_world):
    world = new_world(World(ipv6="EXTERNAL"))
    subnet = f"projects/{world.seeded.project}/regions/{world.seeded.region}/subnetworks/default"
    six = world.reserve("six", ip_version="IPV6", ipv6_endpoint_type="NETLB", subnetwork=subnet)
    annotations = {"networking.gke.io/load-balancer-ip-addresses": "six"}
    only = {"ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}
    old, new = (
        service("kubia", port(number), annotations=annotations, **only) for number in (80, 8080)
    )
    assert applied(world, (old,)).addresses()["kubia"] == (six,)

    assert applied(world, (new,)).addresses()["kubia"] == (six,)

    assert [each["name"] for each in world.stored("addresses")] == ["six"]
    assert_converged(world, (new,))


def fronts(world) -> list[tuple[str, str, Any]]:
    return [
        (each["name"].split("-")[2], each["IPAddress"], each.get("ports"))
        for each in world.stored("forwardingRules")
    ]


def test_a_port_that_another_service_has_at_a_shared_address_is_refused_before_anything_goes(
    world,
):
    mine = world.reserve("mine")
    one, two = service("one", annotations=NAMED), service("two", port(81), annotations=NAMED)
    applied(world, (one, two))
    before = fronts(world)

    process = process_of(world, (one, service("two", port(80), annotations=NAMED)))
    verdicts = {each.owner.name: each for each in process.apply().verdicts}

    assert verdicts["one"].ok
    assert f"{mine} is shared with forwarding rule clb-default-one" in str(verdicts["two"].errors)
    assert fronts(world) == before
    must(process_of(world, (one, service("two", port(82), annotations=NAMED))).apply())


@pytest.mark.parametrize("annotations", [{}, NAMED, INTERNAL], ids=["any", "named", "internal"])
@pytest.mark.parametrize(
    "refusal",
    [gce.invalid("ports", "8080", "no"), GceError(412, "conditionNotMet", "Constraint violated")],
    ids=["refused", "policy"],
)
def test_a_renewal_that_is_refused_leaves_the_rule_as_it_was(world, annotations, refusal):
    world.reserve("mine")
    applied(world, (service("kubia", annotations=annotations),))
    before, held = fronts(world), world.stored("addresses")
    world.emulator.fail_operations("forwardingRules.insert", refusal)

    process = process_of(world, (service("kubia", port(8080), annotations=annotations),))
    (verdict,) = process.apply().verdicts

    assert refusal.message in str(verdict.errors[0])
    assert fronts(world) == before
    assert [str(each) for each in verdict.addresses] == [before[0][1]]
    assert [each["name"] for each in world.stored("addresses")] == [each["name"] for each in held]
    applied(world, (service("kubia", port(8080), annotations=annotations),))
    assert_converged(world, (service("kubia", port(8080), annotations=annotations),))


def test_the_same_private_address_reserved_in_another_network_is_no_hold(world):
    old, new = (service("kubia", port(n), annotations=INTERNAL) for n in (80, 8080))
    (ours,) = applied(world, (old,)).addresses()["kubia"]
    world.emulator.add_subnet("theirs", "10.128.0.0/20", network="other")
    theirs = f"projects/{world.seeded.project}/regions/{world.seeded.region}/subnetworks/theirs"
    world.reserve("theirs", address=ours, address_type="INTERNAL", subnetwork=theirs)
    process = process_of(world, (new,))

    calls = world.calls_of(lambda: must(process.apply()))

    assert calls.count("addresses.insert") == calls.count("addresses.delete") == 1
    assert process.addresses()["kubia"] == (ours,)
