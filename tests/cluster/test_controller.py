"""The life of a Service under a running controller, seen at the API server and in the cloud."""


def test_a_service_gets_an_address_and_loses_everything_when_it_is_deleted(bed):
    controller = bed.controller().wait_ready()
    bed.service()
    address = bed.programmed()
    (balancer,) = bed.balancers().values()
    assert address == balancer["DNSName"].lower()
    assert bed.targets() == set(bed.world.instances)
    assert bed.get()["metadata"]["finalizers"] == ["cloudlb.io/cleanup"]
    bed.delete()
    bed.gone()
    assert bed.empty()
    assert controller.terminate() == 0
