"""What one process leaves, the next one finds: restarts that cost next to nothing, and kills at every call."""

import pytest

from cloudlb.testing.manifests import service

from .bed import Bed, until

READS = ("Describe", "Get", "List")


def _is_write(operation: str) -> bool:
    return not operation.startswith(READS)


def test_a_restart_of_unchanged_services_writes_nothing_and_reads_little(bed):
    first = bed.controller().wait_ready()
    for number in range(10):
        bed.create(service(f"s{number}"))
    for number in range(10):
        bed.programmed(f"s{number}")
    until(lambda: len(first.said("unchanged")) >= 10)
    first.terminate()
    versions = {f"s{n}": bed.get(f"s{n}")["metadata"]["resourceVersion"] for n in range(10)}
    events = {name: bed.events(name) for name in versions}
    with bed.counting() as calls:
        second = bed.controller().wait_ready()
        bed.create(service("probe", type="ClusterIP"))
        second.terminate()
    assert not [each for each in calls if _is_write(each)]
    assert sorted(calls) == [
        "DescribeAvailabilityZones",
        "DescribeInstances",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcs",
        "GetResources",
    ]
    assert versions == {name: bed.get(name)["metadata"]["resourceVersion"] for name in versions}
    assert events == {name: bed.events(name) for name in versions}
    (ready,) = second.said("ready")
    assert ready["owned"] == 10
    assert ready["to_look_at"] == 0


def test_an_edit_while_nobody_watched_is_applied_and_only_that(bed):
    first = bed.controller().wait_ready()
    bed.service()
    bed.service("other")
    bed.programmed()
    bed.programmed("other")
    first.terminate()
    bed.patch("kubia", {"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}})
    with bed.counting() as calls:
        bed.controller().wait_ready()
        until(lambda: bed.rules(CidrIpv4="192.0.2.0/24"))
    writes = sorted(each for each in calls if _is_write(each))
    assert writes == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]


def test_a_service_deleted_while_nobody_watched_is_cleaned_up(bed):
    first = bed.controller().wait_ready()
    bed.service()
    bed.programmed()
    first.kill()
    bed.delete()
    assert bed.get()["metadata"]["deletionTimestamp"]
    assert len(bed.balancers()) == 1
    bed.controller().wait_ready()
    bed.gone()
    assert bed.empty()


def test_a_node_that_came_while_nobody_watched_is_registered(bed):
    first = bed.controller().wait_ready()
    bed.service()
    bed.programmed()
    first.terminate()
    new = bed.run_instance()
    bed.api.post("/api/v1/nodes", new)
    bed.controller().wait_ready()
    until(lambda: len(bed.targets()) == 4)


def test_sigterm_ends_it_within_ten_seconds_in_the_middle_of_work(bed):
    bed.emulator.configure(latency=0.3)
    controller = bed.controller().wait_ready()
    for number in range(5):
        bed.create(service(f"s{number}"))
    until(bed.balancers)
    assert controller.terminate(seconds=10.0) == 0
    bed.emulator.configure(latency=0.0)
    bed.controller().wait_ready()
    for number in range(5):
        bed.programmed(f"s{number}")
    assert len(bed.balancers()) == 5


class Killer:
    """Kills a controller after its n-th call to the cloud."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._left = 0
        bed.emulator.recorder.before_answer = self._count
        self.process = None

    def arm(self, call: int) -> None:
        self._left = call

    def _count(self, _call) -> None:
        if self._left:
            self._left -= 1
            if not self._left:
                self.process.kill()


CREATE, UPDATE, DELETE = "create", "update", "delete"


def _make(bed: Bed) -> None:
    bed.service()


def _edit(bed: Bed) -> None:
    ports = [{"name": "https", "port": 443, "protocol": "TCP"}]
    spec = {"ports": ports, "loadBalancerSourceRanges": ["192.0.2.0/24"]}
    bed.patch("kubia", {"spec": spec})


def _remove(bed: Bed) -> None:
    bed.delete()


@pytest.mark.parametrize("operation", [CREATE, UPDATE, DELETE])
def test_a_kill_after_any_call_leaves_nothing_behind_and_makes_nothing_twice(bed, operation):
    """The sweep: killed after the first call of the operation, after the second, and so on, until it gets through."""
    killer = Killer(bed)
    kills = 0
    for call in range(1, 60):
        killer.arm(0)
        controller = bed.controller().wait_ready()
        killer.process = controller
        if operation != CREATE:
            _make(bed)
            bed.programmed()
        killer.arm(call)
        {CREATE: _make, UPDATE: _edit, DELETE: _remove}[operation](bed)
        through = until(lambda c=controller: _settled(bed, operation, c), "an end")
        killer.arm(0)
        if through == "killed":
            kills += 1
            controller = bed.controller()
        until(lambda: _settled(bed, operation, None) == "done", bed._said())
        _check(bed, operation)
        if operation != DELETE:
            bed.delete()
            bed.gone()
        until(bed.empty, "the cloud empty")
        controller.kill()
        if through == "done":
            break
    assert kills >= {CREATE: 8, UPDATE: 5, DELETE: 5}[operation]


def _settled(bed: Bed, operation: str, controller) -> str:
    """Tell whether the operation is `done`, or its controller `killed`; empty while it goes on."""
    if controller is not None and controller.ended:
        return "killed"
    if operation == DELETE:
        return "done" if bed.get() is None else ""
    wanted = [(443, "TCP")] if operation == UPDATE else [(80, "TCP")]
    programmed = bed.condition("Programmed").get("status") == "True"
    ports = [
        (each["port"], each["protocol"])
        for each in (bed.get()["status"]["loadBalancer"].get("ingress") or [{}])[0].get("ports", [])
    ]
    return "done" if programmed and ports == wanted else ""


def _check(bed: Bed, operation: str) -> None:
    count = 0 if operation == DELETE else 1
    assert len(bed.balancers()) == count
    assert len(bed.groups()) == count
    assert len(bed.security_groups()) == 2 * count
    if operation == UPDATE:
        assert bed.listeners() == [(443, "TCP")]
        assert bed.rules(CidrIpv4="192.0.2.0/24")
        assert not bed.rules(CidrIpv4="0.0.0.0/0")


def test_a_node_after_a_restart_costs_registrations_and_no_look_at_each_service(bed):
    first = bed.controller().wait_ready()
    for number in range(5):
        bed.create(service(f"s{number}"))
    for number in range(5):
        bed.programmed(f"s{number}")
    first.terminate()
    second = bed.controller().wait_ready()
    addresses = {bed.address(f"s{number}") for number in range(5)}
    new = bed.run_instance()
    bed.emulator.recorder.clear()
    bed.api.post("/api/v1/nodes", new)
    until(lambda: len(second.said("applied")) == 5)
    shared = {"DescribeSecurityGroups", "DescribeSecurityGroupRules"}
    calls = sorted(each for each in bed.emulator.recorder.operations() if each not in shared)
    assert calls == [
        "DescribeInstances",
        "DescribeLoadBalancers",
        "DescribeTargetGroups",
        *["RegisterTargets"] * 5,
    ]
    assert len(bed.targets()) == 4
    assert {bed.address(f"s{number}") for number in range(5)} == addresses
    bed.patch("s0", {"spec": {"loadBalancerSourceRanges": ["192.0.2.0/24"]}})
    until(lambda: bed.rules(CidrIpv4="192.0.2.0/24") and len(bed.rules(CidrIpv4="0.0.0.0/0")) == 4)
