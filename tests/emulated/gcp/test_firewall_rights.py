"""Firewall rules that are not ours to make, change, delete or see: nothing is lost, and what is needed is said."""

import re

import pytest
from google.cloud import compute_v1

from cloudlb.errors import Denied
from cloudlb.testing.laws.common import (
    applied,
    assert_converged,
    changes_of,
    must,
    process_of,
    told,
)
from cloudlb.testing.manifests import LOCAL, port, service
from cloudlb_gcp.emulator import GceError
from cloudlb_gcp.emulator import errors as gce

CREATE, UPDATE, DELETE, LIST = (
    f"compute.firewalls.{verb}" for verb in ("create", "update", "delete", "list")
)
NOT_MANAGED = {"cloudlb.io/manage-firewall": "false"}
OTHERS_DENIED = {"cloudlb.io/deny-others": "true"}


def names(world) -> list[str]:
    return [each["name"] for each in world.stored("firewalls")]


def said(done) -> list[str]:
    """Return all gcloud commands that a round's Services are told."""
    told = [each.message for verdict in done.verdicts for each in verdict.intent.problems]
    found = (re.search("gcloud compute .*", each) for each in told)
    return [each[0] for each in found if each]


def audited(process):
    """Look at the network and at every Service anew, as the audit does, and reconcile."""
    process.reconciler.look_again()
    for each in process.intents():
        process.reconciler.drifted(each)
    return must(process.apply())


def run_all(world, commands) -> None:
    for each in commands:
        world.run_by_hand(each)


# Refusals.


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(gce.forbidden(CREATE, "p"), id="no-permission"),
        pytest.param(GceError(412, "conditionNotMet", "Constraint violated"), id="policy"),
        pytest.param(GceError(401, "authError", "Invalid Credentials"), id="token"),
        pytest.param(GceError(403, "accessNotConfigured", "API off"), id="api-off"),
    ],
)
def test_a_refused_creation_deletes_no_rule_that_stands(world, refusal):
    before = (service("kubia"), service("other", port(81)))
    applied(world, before)
    standing = names(world)
    world.emulator.refuse("firewalls.insert", refusal)
    manifests = (*before, service("new", port(82)))

    process = process_of(world, manifests)
    for _ in range(2):
        process.apply()
        assert set(standing) <= set(names(world))

    process_of(world, manifests).apply()
    assert set(standing) <= set(names(world))


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(GceError(412, "conditionNotMet", "Constraint violated"), id="policy"),
        pytest.param(GceError(401, "authError", "Invalid Credentials"), id="token"),
    ],
)
def test_only_a_missing_permission_means_that_rules_are_not_ours_to_make(world, refusal):
    world.emulator.refuse("firewalls.insert", refusal)
    process = process_of(world, (service("kubia"),))

    first = process.apply()

    assert not first.ok
    assert said(first) == []
    assert must(process.apply()).ok, "the next try makes the rules"
    assert len(names(world)) == 2


def test_rules_that_stand_still_change_while_none_can_be_made(new_world):
    world = new_world()
    applied(world, (service("kubia"),))
    world.emulator.configure(denied=frozenset({CREATE}))
    manifests = (
        service("kubia", loadBalancerSourceRanges=["192.0.2.0/24"]),
        service("new", port(81)),
    )

    done = process_of(world, manifests).apply()

    must(done)
    (traffic,) = world.stored("firewalls", "service/default/kubia")
    assert traffic["sourceRanges"] == ["192.0.2.0/24"]
    (command,) = said(done)
    assert "create allow-default-new-" in command


def test_a_rule_that_stands_is_changed_by_command_where_only_others_may(world):
    old = service("kubia")
    new = service("kubia", loadBalancerSourceRanges=["192.0.2.0/24"], sessionAffinity="ClientIP")
    applied(world, (old,))
    world.emulator.configure(denied=frozenset({UPDATE}))
    process = process_of(world, (new,))

    done = must(process.apply())

    assert world.stored("backendServices")[0]["sessionAffinity"] == "CLIENT_IP"
    (command,) = said(done)
    assert "firewall-rules update clb-default-kubia-" in command
    assert "--source-ranges=192.0.2.0/24" in command
    assert world.calls_of(process.apply) == []
    world.run_by_hand(command)
    (traffic,) = world.stored("firewalls", "service/default/kubia")
    assert traffic["sourceRanges"] == ["192.0.2.0/24"]
    assert_converged(world, (new,))
    assert said(audited(process)) == []


def test_a_rule_that_nobody_wants_any_more_is_deleted_by_command_where_only_others_may(world):
    applied(world, (service("kubia", annotations=OTHERS_DENIED),))
    world.emulator.configure(denied=frozenset({DELETE}))
    process = process_of(world, (service("kubia"),))

    done = must(process.apply())

    (command,) = said(done)
    assert re.search(r"firewall-rules delete clb-default-kubia-\w+-fw4-deny ", command)
    assert len(world.stored("firewalls", "service/default/kubia")) == 2
    world.run_by_hand(command)
    assert said(audited(process)) == []
    assert_converged(world, (service("kubia"),))


def test_a_service_goes_when_its_rules_have_been_deleted_by_hand(world):
    applied(world, (service("kubia", **LOCAL),))
    world.emulator.configure(denied=frozenset({DELETE}))
    process = process_of(world, (service("kubia", **LOCAL),))

    done = process.delete()

    assert {type(each) for verdict in done.verdicts for each in verdict.errors} == {Denied}
    errors = [str(each) for verdict in done.verdicts for each in verdict.errors]
    commands = [each[each.index("gcloud compute") :] for each in errors]
    assert all("firewall-rules delete clb-default-kubia-" in each for each in commands)
    run_all(world, commands)
    must(process.delete())
    assert world.contents() == {}


def test_the_shared_rule_stays_where_it_can_not_be_changed(world):
    applied(world, (service("kubia"),))
    (shared,) = world.stored("firewalls", "cluster/shared")
    world.emulator.client(compute_v1.FirewallsClient).patch_unary(
        project=world.seeded.project,
        firewall=shared["name"],
        firewall_resource=compute_v1.Firewall(source_ranges=["192.0.2.0/24"]),
    )
    world.clock.advance(60)
    world.emulator.configure(denied=frozenset({CREATE, UPDATE, DELETE}))

    done = must(process_of(world, (service("kubia"),)).apply())

    (command,) = said(done)
    assert "firewall-rules create allow-" in command
    assert "--rules=tcp:10256" in command
    assert shared["name"] in names(world)


# What can not be seen.


def test_without_any_right_on_firewall_rules_load_balancers_are_made_all_the_same(
    new_world, capsys
):
    world = new_world(denied=frozenset({CREATE, UPDATE, DELETE, LIST}))
    process = process_of(world, (service("kubia"), service("other", port(81))))

    done = must(process.apply())

    assert all(process.addresses()[name] for name in ("kubia", "other"))
    commands = said(done)
    assert sum("--rules=tcp:80 " in each for each in commands) == 1
    assert sum("--rules=tcp:10256" in each for each in commands) == 2
    assert "compute.firewalls.list" in str(done.verdicts[0].intent.problems[0])
    log = capsys.readouterr()
    assert (log.out + log.err).count("permission=compute.firewalls.list") == 1
    must(process.delete())
    assert world.contents() == {}


def test_rules_that_can_not_be_seen_any_more_stay(world):
    manifests = (service("kubia"), service("other", port(81)))
    process = applied(world, manifests)
    standing = names(world)
    world.emulator.configure(denied=frozenset({LIST}))

    process.reconciler.look_again()
    done = process.reconciler.reconcile_all(process.intents())

    must(done)
    assert names(world) == standing
    must(process_of(world, manifests).apply())
    assert names(world) == standing


# The command, and what it makes.


@pytest.mark.parametrize("later", [False, True], ids=["at-once", "after-an-audit"])
@pytest.mark.parametrize("traffic", [{}, LOCAL], ids=["shared-check", "own-check"])
def test_what_the_commands_make_is_recognised(new_world, traffic, later):
    world = new_world(denied=frozenset({CREATE}))
    manifests = (service("kubia", **traffic),)
    process = process_of(world, manifests)
    done = must(process.apply())
    commands = said(audited(process) if later else done)
    (address,) = process.addresses()["kubia"]

    assert len(commands) == 2
    if later:
        assert sum(f"--destination-ranges={address} " in f"{each} " for each in commands) == 1
    run_all(world, commands)

    process.reconciler.look_again()
    assert said(must(process.apply())) == []
    again = process_of(world, manifests)
    assert said(must(again.apply())) == []
    world.emulator.configure(denied=frozenset())
    applied(world, (*manifests, service("other", port(81))))
    assert_converged(world, (*manifests, service("other", port(81))))


def test_what_was_made_by_hand_for_other_ports_is_to_be_updated(new_world):
    world = new_world(denied=frozenset({CREATE}))
    run_all(world, said(must(process_of(world, (service("kubia"),)).apply())))
    process = process_of(world, (service("kubia", port(8080)),))

    (command,) = said(must(process.apply()))

    assert "firewall-rules update allow-default-kubia-" in command
    world.run_by_hand(command)
    assert said(audited(process)) == []


def test_an_address_that_is_not_known_is_left_out_of_the_command(new_world):
    world = new_world(denied=frozenset({CREATE}))
    must(process_of(world, (service("kubia"),)).apply())
    process = process_of(world, (service("kubia"),))
    must(process.apply())
    cluster = process_of(world, (service("kubia"), service("new", port(81)))).cluster
    process.reconciler._cluster = process.cluster = cluster

    commands = said(must(process.apply()))

    (new,) = (each for each in commands if "-new-" in each)
    assert "destination" not in new
    assert "ADDRESS" not in "".join(commands)


def test_the_command_names_a_reserved_address_before_anything_is_made(new_world):
    world = new_world(denied=frozenset({CREATE}))
    address = world.reserve("mine")
    annotations = {
        "networking.gke.io/load-balancer-ip-addresses": "mine",
        "cloudlb.io/manage-firewall": "false",
    }

    (preview,) = process_of(world, (service("kubia", annotations=annotations),)).forecast().previews

    assert f"--destination-ranges={address}" in str(preview.intent.problems[0])


def test_commands_for_ipv6_name_the_range(new_world):
    from cloudlb_gcp.emulator import World  # noqa: PLC0415

    world = new_world(World(ipv6="EXTERNAL"), denied=frozenset({CREATE}))
    both = service("kubia", ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack")
    process = process_of(world, (both,))

    commands = said(must(process.apply()))

    assert len(commands) == 4
    run_all(world, commands)
    process.reconciler.look_again()
    assert said(must(process.apply())) == []


def test_a_denial_of_others_keeps_a_rule_from_being_enough(new_world):
    world = new_world(denied=frozenset({CREATE}))
    world.plant_firewall("wide", ["tcp:1-65535"], ["0.0.0.0/0"], target_tags=["gke-kubia-pool"])
    world.run_by_hand(
        f"gcloud compute firewall-rules create shut --project={world.seeded.project} --network=default"
        " --action=DENY --priority=500 --rules=tcp:80 --source-ranges=198.51.100.0/24"
    )

    commands = said(must(process_of(world, (service("kubia"), service("other", port(81)))).apply()))

    (command,) = commands
    assert "create allow-default-kubia-" in command


def test_rules_of_others_count_together(new_world):
    world = new_world(denied=frozenset({CREATE}))
    halves = ("0.0.0.0/1", "128.0.0.0/1")
    for number, half in enumerate(halves):
        world.plant_firewall(f"half-{number}", ["tcp:80"], [half], target_tags=["gke-kubia-pool"])
    world.plant_firewall("checks", ["tcp:10000-11000"], ["0.0.0.0/0"])

    assert said(must(process_of(world, (service("kubia"),)).apply())) == []


# Rules that are given up on purpose.


def test_manage_firewall_false_gives_the_rules_up_and_says_so_before(world):
    applied(world, (service("kubia", **LOCAL), service("other", port(81))))
    manifests = (
        service("kubia", annotations=NOT_MANAGED, **LOCAL),
        service("other", port(81)),
    )
    process = process_of(world, manifests)

    forecast = process.forecast()

    deletions = [each for each in told(changes_of(forecast)) if each.startswith("delete firewall")]
    assert len(deletions) == 2
    preview = next(each for each in forecast.previews if each.intent.owner.name == "kubia")
    problems = [str(each) for each in preview.intent.problems]
    assert sum("are deleted (clb-default-kubia-" in each for each in problems) == 1
    commands = said(must(process.apply()))
    assert len(commands) == 2, "what is to be made in their place"
    assert world.stored("firewalls", "service/default/kubia") == []
    assert len(world.stored("firewalls", "service/default/other")) == 1
    run_all(world, commands)
    done = must(process_of(world, manifests).apply())
    assert [each for verdict in done.verdicts for each in verdict.intent.problems] == []


def test_the_shared_rule_goes_with_the_last_service_that_wants_it_managed(world):
    applied(world, (service("kubia"),))

    applied(world, (service("kubia", annotations=NOT_MANAGED),))

    assert names(world) == []
    assert_converged(world, (service("kubia", annotations=NOT_MANAGED),))
