"""The status that is written back: once, without a fight, and without what the API server adds itself."""

import json
import threading

from cloudlb.testing.faults import Fault, FaultKind

from .bed import until


def test_a_status_that_somebody_else_keeps_undoing_is_reported_and_not_fought_over(bed):
    controller = bed.controller().wait_ready()
    bed.service()
    bed.programmed()
    stop = threading.Event()
    undone = 0

    def undo() -> None:
        nonlocal undone
        while not stop.wait(0.02):
            if bed.address():
                theirs = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}}
                bed.patch("kubia", theirs, part="status")
                undone += 1

    thread = threading.Thread(target=undo)
    thread.start()
    until(lambda: "LoadBalancerStatusConflict" in bed.events(), str(bed.events()))
    stop.set()
    thread.join()
    assert undone <= 10
    assert controller.metric("cloudlb_status_conflicts_total") >= 1
    assert len(bed.balancers()) == 1
    bed.service("other")
    bed.programmed("other")


def test_a_status_that_was_undone_once_is_written_again(bed):
    bed.controller().wait_ready()
    bed.service()
    address = bed.programmed()
    bed.patch("kubia", {"status": {"loadBalancer": {"ingress": None}}}, part="status")
    until(lambda: bed.address() == address)


def test_a_refused_port_is_told_in_its_entry_and_the_others_work(bed):
    bed.controller().wait_ready()
    ports = [
        {"name": "web", "port": 80, "protocol": "TCP"},
        {"name": "signal", "port": 132, "protocol": "SCTP"},
    ]
    bed.service("kubia", *ports)
    until(bed.address)
    entries = bed.get()["status"]["loadBalancer"]["ingress"][0]["ports"]
    assert entries[0] == {"port": 80, "protocol": "TCP"}
    assert entries[1]["port"] == 132
    assert entries[1]["error"]
    assert bed.listeners() == [(80, "TCP")]


def test_what_the_cloud_refuses_is_in_condition_event_and_log_and_passes(bed):
    controller = bed.controller().wait_ready()
    bed.emulator.faults.arm(Fault(kind=FaultKind.ERROR, operation="CreateLoadBalancer", times=40))
    bed.service()
    condition = until(
        lambda: (found := bed.condition("Programmed")).get("status") == "False" and found
    )
    assert "CreateLoadBalancer" in condition["message"]
    until(lambda: "SyncLoadBalancerFailed" in bed.events())
    assert controller.said("failed")
    bed.emulator.faults.clear()
    bed.programmed()
    assert json.dumps(bed.events()).count("SyncLoadBalancerFailed") == 1
