"""The calls that a plan announces are the calls that it takes."""

import pytest

from cloudlb.testing.laws.common import changes_of
from cloudlb.testing.manifests import LOCAL, port, service

KEY = "service.beta.kubernetes.io/aws-load-balancer-"

EDITS = {
    "nothing": service(),
    "a port more": service("kubia", port(80), port(443, name="https")),
    "another port": service("kubia", port(8080, name="tcp-80")),
    "source ranges": service(loadBalancerSourceRanges=["192.0.2.0/24"]),
    "local policy": service(**LOCAL),
    "affinity": service(sessionAffinity="ClientIP"),
    "internal": service(annotations={"cloudlb.io/scheme": "internal"}),
    "an attribute": service(
        annotations={f"{KEY}attributes": "load_balancing.cross_zone.enabled=true"}
    ),
    "tags": service(annotations={f"{KEY}additional-resource-tags": "team=blue"}),
}


def _announced(aws) -> int:
    cost = aws.process.world.provider.cost
    return sum(cost(change) for change in changes_of(aws.process.forecast()))


def _writes(aws, work) -> int:
    recorder = aws.world.emulator.recorder
    mark = recorder.mark()
    assert work().ok
    return sum(call.write for call in recorder.since(mark))


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit(aws, edit):
    aws.apply(service())
    aws.write(EDITS[edit])
    announced = _announced(aws)
    assert _writes(aws, aws.process.apply) == announced
    assert (announced == 0) is (edit == "nothing")


@pytest.mark.parametrize("made", EDITS)
def test_a_creation(aws, made):
    aws.write(EDITS[made])
    announced = _announced(aws)
    assert _writes(aws, aws.process.apply) == announced
