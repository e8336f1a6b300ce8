"""A project that refuses, fails late, throttles, or is not ours to change in every part."""

import threading

import pytest

from cloudlb.errors import (
    Conflict,
    Denied,
    NotFound,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
    Transient,
    UsageError,
)
from cloudlb.plan.apply import Pace, unfenced
from cloudlb.provider import CloudSettings
from cloudlb.testing.faults import Fault, FaultKind
from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import LOCAL, port, service
from cloudlb_gcp.collections import FIREWALLS, HEALTH_CHECKS
from cloudlb_gcp.emulator import GceError
from cloudlb_gcp.emulator import errors as gce
from cloudlb_gcp.provider import PROVIDER
from cloudlb_gcp.session import Place, Session

ONE_TRY = Pace(attempts=1, faults=1)
HEALTH = {"name": "h", "type": "TCP", "tcpHealthCheck": {"port": 80}}


def session_of(world, pace=None) -> Session:
    settings = CloudSettings(cluster="c", endpoint_url=world.emulator.endpoint_url)
    pace = pace or Pace(attempts=1, faults=1, sleep=world.clock.advance, clock=world.clock)
    return Session(settings, pace)


def here(world) -> Place:
    return Place(project=world.seeded.project, within=world.seeded.region)


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        pytest.param(gce.in_use("w", "p", "u"), NotReady, id="in-use"),
        pytest.param(gce.not_ready("p"), NotReady, id="not-ready"),
        pytest.param(gce.quota("BACKEND_SERVICES", 5, "globally"), QuotaExceeded, id="quota"),
        pytest.param(gce.rate_limited(), Throttled, id="rate"),
        pytest.param(gce.already_exists("p"), Conflict, id="exists"),
        pytest.param(gce.not_found("p"), NotFound, id="missing"),
        pytest.param(gce.forbidden("compute.x.y", "p"), Denied, id="denied"),
        pytest.param(gce.invalid("f", "v", "no"), Rejected, id="invalid"),
        pytest.param(gce.internal(), Transient, id="internal"),
        pytest.param(GceError(412, "conditionNotMet", "Constraint violated"), Denied, id="policy"),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["at-once", "in-the-operation"])
def test_refusals_mean_the_same_at_once_and_inside_a_finished_operation(
    world, refusal, expected, late
):
    session = session_of(world)
    if late:
        world.emulator.fail_operations("regionHealthChecks.insert", refusal)
    else:
        world.emulator.refuse("regionHealthChecks.insert", refusal)

    with pytest.raises(expected) as raised:
        session.insert(HEALTH_CHECKS, here(world), HEALTH, unfenced)

    assert type(raised.value) is expected
    assert refusal.message in str(raised.value)
    assert world.stored("healthChecks") == []


def test_a_change_returns_when_its_operation_is_done_and_not_before(world):
    session = session_of(world)
    before = world.clock()

    session.insert(HEALTH_CHECKS, here(world), HEALTH, unfenced)

    assert world.clock() - before >= 2.0
    session.delete(
        HEALTH_CHECKS,
        f"projects/{world.seeded.project}/regions/{world.seeded.region}/healthChecks/h",
        unfenced,
    )
    assert world.stored("healthChecks") == []


def test_many_operations_are_awaited_with_few_calls(new_world):
    world = new_world(operation_seconds=30.0)
    session = session_of(world, Pace(sleep=world.clock.advance, clock=world.clock))
    started = threading.Barrier(20)

    def create(number: int) -> None:
        started.wait()
        body = {**HEALTH, "name": f"h-{number}"}
        session.insert(HEALTH_CHECKS, here(world), body, unfenced)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(world.stored("healthChecks")) == 20
    summary = world.emulator.recorder.summary()
    polls = sum(count for name, count in summary.items() if "Operations" in name)
    assert polls < 120, "one by one, each would be asked for about eighteen times: 360"
    assert summary.get("regionOperations.list", 0) > 0


def test_a_plain_http_endpoint_gets_no_token_and_needs_no_credentials(world, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")

    assert list(session_of(world).pages(FIREWALLS, Place(project=world.seeded.project))) == []


def test_without_credentials_the_message_says_how_to_get_some(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    monkeypatch.delenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", raising=False)

    with pytest.raises(UsageError, match="gcloud auth application-default login"):
        PROVIDER.connect(CloudSettings(cluster="c"))


def test_labels_that_can_not_be_are_refused_at_the_start():
    with pytest.raises(UsageError, match="Team=x can not be a label"):
        PROVIDER.connect(CloudSettings(cluster="c", extra_tags=(("Team", "x"),)))


def test_without_project_or_region_the_message_says_what_to_pass(world, monkeypatch):
    for name in ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT", "CLOUDSDK_COMPUTE_REGION"):
        monkeypatch.delenv(name, raising=False)
    settings = CloudSettings(cluster="c", endpoint_url=world.emulator.endpoint_url)

    with pytest.raises(UsageError, match="set GOOGLE_CLOUD_PROJECT"):
        PROVIDER.connect(settings).sweep()

    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", world.seeded.project)
    with pytest.raises(UsageError, match="pass --region"):
        PROVIDER.connect(settings).sweep()


def test_a_shared_health_check_in_use_is_waited_for_and_then_goes(world):
    manifests = (service("one"), service("two", port(81)))
    applied(world, manifests)

    must(process_of(world, manifests).delete())

    assert world.contents() == {}


def test_in_use_inside_an_operation_is_waited_for(world):
    manifests = (service("kubia"),)
    applied(world, manifests)
    world.emulator.fail_operations(
        "regionBackendServices.delete", gce.in_use("backend_service", "b", "f"), times=2
    )

    must(process_of(world, manifests).delete())

    assert world.contents() == {}


def test_a_quota_stops_its_owner_and_nobody_else(new_world):
    world = new_world(quotas={"FORWARDING_RULES": 1})
    process = process_of(world, (service("one"), service("two")))

    verdicts = {each.owner.name: each for each in process.apply().verdicts}

    good = [name for name, verdict in verdicts.items() if verdict.ok]
    assert len(good) == 1
    (bad,) = (verdict for verdict in verdicts.values() if not verdict.ok)
    assert isinstance(bad.errors[0], QuotaExceeded)
    assert "Quota 'FORWARDING_RULES' exceeded. Limit: 1.0 in region europe-west1" in str(
        bad.errors[0]
    )
    assert "Quotas" in str(bad.errors[0])


def closed(new_world):
    return new_world(denied=frozenset({"compute.firewalls.create"}))


def test_without_the_right_to_make_firewall_rules_the_rest_is_made_and_the_command_is_said(
    new_world,
):
    world = closed(new_world)
    manifests = (service("kubia", **LOCAL),)
    process = process_of(world, manifests)

    (verdict,) = process.apply().verdicts

    assert verdict.ok, verdict.errors
    assert process.addresses()["kubia"] != ()
    assert world.stored("firewalls") == []
    said = [str(problem) for problem in verdict.intent.problems]
    assert len(said) == 2
    assert all("gcloud compute firewall-rules create allow-default-kubia-" in each for each in said)
    assert any("--rules=tcp:80 --source-ranges=0.0.0.0/0" in each for each in said)
    assert all("--target-tags=gke-kubia-pool" in each for each in said)
    assert world.calls_of(process.apply) == [], "what is known to be denied is not tried again"


def test_a_rule_of_somebody_else_that_allows_it_already_is_enough(new_world):
    world = closed(new_world)
    world.plant_firewall(
        "ours-already", ["tcp:1-65535"], ["0.0.0.0/0"], target_tags=["gke-kubia-pool"]
    )
    process = process_of(world, (service("kubia"),))

    (verdict,) = process.apply().verdicts

    assert verdict.ok, verdict.errors
    assert verdict.intent.problems == ()


def test_manage_firewall_false_makes_no_rule_and_says_the_command(world):
    annotations = {"cloudlb.io/manage-firewall": "false"}
    (verdict,) = process_of(world, (service("kubia", annotations=annotations),)).apply().verdicts

    assert verdict.ok
    assert world.stored("firewalls") == []
    said = [str(problem) for problem in verdict.intent.problems]
    assert all("gcloud compute firewall-rules create" in each for each in said)
    assert ["--rules=tcp:80" in each for each in said] == [True, False]
    assert ["--rules=tcp:10256" in each for each in said] == [False, True]


def test_a_node_whose_instance_is_gone_is_said_and_stops_nothing(world):
    manifests = (service("kubia"),)
    world.emulator.remove_node(world.seeded.instances[0])

    (verdict,) = process_of(world, manifests).apply().verdicts

    assert verdict.ok
    assert f"no traffic: {world.seeded.instances[0]}" in str(verdict.intent.problems[0])


def test_an_instance_that_vanishes_between_survey_and_attach_is_told_and_cured_by_the_next_look(
    world,
):
    manifests = (service("kubia"),)
    process = process_of(world, manifests)
    process.forecast()
    world.emulator.remove_node(world.seeded.instances[0])

    process.apply()

    applied(world, manifests)
    assert_converged(world, manifests)


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_fault_at_any_call_of_a_creation_converges(new_world, kind):
    manifests = (service("kubia", port(80), **LOCAL),)
    for index in range(1, 60):
        world = new_world(operation_seconds=0.0)
        world.emulator.faults.arm(Fault(kind=kind, at=index))
        process_of(world, manifests).apply()
        if not world.emulator.faults.fired:
            assert index > 15
            return
        world.emulator.faults.clear()
        applied(world, manifests)
        assert_converged(world, manifests)
    pytest.fail("still calling")


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_fault_at_any_call_of_a_renewal_keeps_the_address(new_world, kind):
    old, new = service("kubia", port(80)), service("kubia", port(8080))
    for index in range(1, 60):
        world = new_world(operation_seconds=0.0)
        before = applied(world, (old,)).addresses()
        world.emulator.faults.arm(Fault(kind=kind, at=index))
        process_of(world, (new,)).apply()
        fired = world.emulator.faults.fired
        world.emulator.faults.clear()
        assert applied(world, (new,)).addresses() == before, f"{kind} at call {index}"
        assert world.stored("addresses") == []
        assert_converged(world, (new,))
        if not fired:
            assert index > 12
            return
    pytest.fail("still calling")


def test_two_processes_at_once_make_one_load_balancer(world):
    manifests = (service("kubia", port(80)),)
    processes = [process_of(world, manifests) for _ in range(2)]
    threads = [threading.Thread(target=each.apply) for each in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    applied(world, manifests)
    assert len(world.stored("forwardingRules")) == 1
    assert_converged(world, manifests)


def test_brief_sweeps_read_forwarding_rules_and_reservations_only(world):
    applied(world, (service("kubia"),))
    process = process_of(world, (service("kubia"),))

    calls = world.calls_of(lambda: process.cloud.sweep(brief=True))

    assert calls == ["forwardingRules.list", "addresses.list"]
