"""The controller on a cloud that is slow, throttles, and does not yet know what it was just told."""

import pytest

from cloudlb.testing.faults import FaultKind
from cloudlb.testing.manifests import port, service

from .bed import until

LIES = {
    "reads that lag behind writes": {"lag_calls": 4},
    "a tag search that knows nothing yet": {"tag_lag_calls": 1000},
    "throttling and latency": {"throttle": "realistic", "latency": 0.05},
    "interfaces that outlive their load balancer": {"interface_seconds": 4.0},
    "load balancers that take their time": {"provisioning_seconds": 3.0, "health_seconds": 3.0},
}


@pytest.mark.parametrize("lie", LIES, ids=lambda name: name.replace(" ", "-"))
def test_services_are_made_changed_and_removed_all_the_same(bed, lie):
    bed.emulator.configure(**LIES[lie])
    bed.controller().wait_ready()
    names = [f"s{number}" for number in range(4)]
    for name in names:
        bed.create(service(name))
    addresses = {name: bed.programmed(name) for name in names}
    for name in names:
        bed.patch(name, {"spec": {"ports": [port(8080)]}})
    until(lambda: bed.listeners() == [(8080, "TCP")] * 4, "the new ports", 60.0)
    assert {name: bed.address(name) for name in names} == addresses
    assert len(bed.balancers()) == 4
    for name in names:
        bed.delete(name)
    for name in names:
        until(lambda name=name: bed.get(name) is None, f"{name} gone", 60.0)
    bed.emulator.configure(lag_calls=0, tag_lag_calls=0)
    until(bed.empty, "the cloud empty")


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.ERROR, FaultKind.THROTTLE]
)
def test_every_third_call_fails(bed, kind):
    bed.controller().wait_ready()
    bed.emulator.faults.every(3, kind)
    bed.service()
    bed.programmed()
    bed.patch("kubia", {"spec": {"externalTrafficPolicy": "Local"}})
    until(lambda: "ModifyTargetGroup" in bed.emulator.recorder.operations(), "the edit", 60.0)
    assert bed.emulator.faults.fired
    bed.emulator.faults.clear()
    until(lambda: bed.groups()[0].get("HealthCheckPath") == "/healthz")
    assert len(bed.balancers()) == 1
    bed.delete()
    bed.gone()
    assert bed.empty()
