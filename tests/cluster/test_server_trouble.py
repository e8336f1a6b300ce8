"""The controller while its API server is in trouble: nothing is lost, and nothing is done twice."""

from cloudlb.testing.manifests import service

from .bed import until
from .proxy import Tunnel


def test_the_api_server_restarts(bed, server):
    controller = bed.controller().wait_ready()
    bed.service()
    address = bed.programmed()
    server.stop()
    server.start()
    bed.service("second")
    bed.programmed("second")
    assert bed.address() == address
    assert len(bed.balancers()) == 2
    assert not controller.ended


def test_the_store_is_compacted_while_the_watch_is_away(bed, server):
    with Tunnel(server.port) as tunnel:
        controller = bed.controller(port=tunnel.port).wait_ready()
        bed.service()
        bed.service("second")
        bed.programmed()
        bed.programmed("second")
        server.stop()
        tunnel.cut()
        server.start()
        bed.delete()
        server.compact()
        bed.gone()
        until(lambda: len(bed.balancers()) == 1)
        assert not controller.ended


def test_without_rights_the_process_ends_and_says_which(bed, server):
    config = server.kubeconfig("controller")
    text = config.read_text().replace(server._tokens["controller"], "unknown")
    nobody = config.with_name("nobody.kubeconfig")
    nobody.write_text(text)
    controller = bed.controller(f"--kubeconfig={nobody}")
    until(lambda: controller.ended, "the end")
    assert controller.process.returncode == 1
    assert "GET /api/v1/" in controller.text()
    assert "401" in controller.text() or "nauthorized" in controller.text()


def test_a_cloud_that_is_down_at_first_is_waited_for(bed):
    controller = bed.controller("--endpoint-url=http://127.0.0.1:9")
    until(lambda: controller.said("the cloud can not be read yet"))
    assert controller.page("/healthz")[0] == 200
    assert not controller.ended


def test_many_services_at_once(bed):
    bed.controller().wait_ready()
    for number in range(20):
        bed.create(service(f"s{number}"))
    for number in range(20):
        bed.programmed(f"s{number}")
    assert len(bed.balancers()) == 20
    for number in range(20):
        bed.delete(f"s{number}")
    for number in range(20):
        bed.gone(f"s{number}")
    assert bed.empty()
