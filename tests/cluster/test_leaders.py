"""Two controllers: one works, the other waits; what happens when the first one dies, and when it is cut off."""

from cloudlb.testing.manifests import service

from .bed import until
from .proxy import Tunnel

LEASE = "/apis/coordination.k8s.io/v1/namespaces/cloudlb/leases/cloudlb"


def test_only_the_leader_writes_and_the_standby_takes_over_after_a_kill_in_mid_apply(bed):
    leader = bed.controller(elect=True).wait_ready()
    standby = bed.controller(elect=True)
    until(lambda: standby.page("/readyz")[0] == 200)
    assert leader.metric("cloudlb_leader") == 1
    assert standby.metric("cloudlb_leader") == 0
    bed.emulator.configure(latency=0.2)
    for number in range(4):
        bed.create(service(f"s{number}"))
    until(lambda: "CreateLoadBalancer" in bed.emulator.recorder.operations())
    leader.kill()
    bed.emulator.configure(latency=0.0)
    for number in range(4):
        bed.programmed(f"s{number}")
    assert len(bed.balancers()) == 4
    assert len(bed.groups()) == 4
    assert standby.metric("cloudlb_leader") == 1


def test_a_leader_that_stops_gives_the_lease_up_at_once(bed):
    leader = bed.controller(elect=True).wait_ready()
    standby = bed.controller(elect=True)
    until(lambda: standby.page("/readyz")[0] == 200)
    assert leader.terminate() == 0
    until(lambda: standby.said("ready"), seconds=8.0)


def test_a_leader_that_is_cut_off_stops_writing_and_exits_with_1(bed, server):
    with Tunnel(server.port) as tunnel:
        leader = bed.controller(elect=True, port=tunnel.port).wait_ready()
        bed.service()
        bed.programmed()
        bed.emulator.recorder.clear()
        tunnel.stop_accepting()
        tunnel.freeze()
        until(lambda: leader.ended, "the end")
        assert leader.process.returncode == 1
        assert leader.said("leadership is lost")
        assert bed.emulator.recorder.count(write=True) == 0
    standby = bed.controller(elect=True)
    bed.service("second")
    bed.programmed("second")
    assert len(bed.balancers()) == 2
    assert standby.metric("cloudlb_leader") == 1
