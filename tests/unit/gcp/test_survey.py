"""What tells the network, and with it the project that has the firewall, where no node does."""

from typing import Any

import pytest

from cloudlb.model import Owner
from cloudlb.plan.resource import Key
from cloudlb.provider import CloudSettings
from cloudlb_gcp import ownership
from cloudlb_gcp.survey import Surveyor

SHARED_VPC = "https://www.googleapis.com/compute/v1/projects/host/global/networks/shared"


class Groups:
    """A session that lists network endpoint groups and nothing else."""

    default_project = "service"

    def __init__(self, *found: dict[str, Any]) -> None:
        self.found = found
        self.calls = 0

    def everywhere(self, _kind: object, project: str, _filter: str) -> tuple[dict[str, Any], ...]:
        assert project == "service"
        self.calls += 1
        return self.found


def group(cluster: str) -> dict[str, Any]:
    owner = Owner.of_cluster(cluster)
    return {
        "network": SHARED_VPC,
        "description": ownership.description(owner, Key("network-endpoint-group/b")),
    }


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch) -> None:
    for name in ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"):
        monkeypatch.delenv(name, raising=False)


def surveyor(session: Groups, **settings: str) -> Surveyor:
    return Surveyor(session, CloudSettings(cluster="ours", region="r", **settings))


def test_what_the_cluster_has_already_tells_the_host_project_of_a_shared_vpc():
    session = Groups(group("theirs"), group("ours"))
    found = surveyor(session)

    assert [found.network_project() for _ in range(2)] == ["host", "host"]
    assert session.calls == 1


def test_what_others_have_tells_nothing():
    session = Groups(group("theirs"))
    found = surveyor(session)

    assert [found.network_project() for _ in range(2)] == ["service", "service"]
    assert session.calls == 1, "nothing is not looked for again and again"


def test_settings_need_no_look():
    session = Groups(group("ours"))

    assert surveyor(session, network=SHARED_VPC).network_project() == "host"
    assert session.calls == 0
