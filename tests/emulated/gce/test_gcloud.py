"""An independent witness: the real gcloud command line, against the emulator."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudlb_gcp.emulator import Emulator, SeededWorld

pytestmark = pytest.mark.skipif(
    shutil.which("gcloud") is None, reason="the gcloud command line is not installed"
)

Gcloud = Callable[..., Any]


@pytest.fixture(scope="module")
def seeded() -> Iterator[tuple[Emulator, SeededWorld]]:
    """One project for the whole story."""
    with Emulator() as emulator:
        yield emulator, emulator.seed()


@pytest.fixture(scope="module")
def gcloud(
    seeded: tuple[Emulator, SeededWorld], tmp_path_factory: pytest.TempPathFactory
) -> Gcloud:
    """`gcloud compute …`, its answer read from JSON."""
    emulator, _ = seeded
    config: Path = tmp_path_factory.mktemp("gcloud")
    environment = {
        **os.environ,
        **emulator.environment(),
        "CLOUDSDK_CONFIG": str(config),
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            ["gcloud", "compute", *arguments, "--format=json", "--quiet"],  # noqa: S607
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return run


def test_firewall_rules(gcloud: Gcloud):
    gcloud("firewall-rules", "create", "web", "--allow=tcp:80", "--source-ranges=192.0.2.0/24")
    gcloud("firewall-rules", "update", "web", "--allow=tcp:80,tcp:443")
    rule = gcloud("firewall-rules", "describe", "web")
    assert sorted(port for each in rule["allowed"] for port in each["ports"]) == ["443", "80"]
    assert [each["name"] for each in gcloud("firewall-rules", "list")] == ["web"]
    gcloud("firewall-rules", "delete", "web")
    assert gcloud("firewall-rules", "list") == []


def test_a_load_balancer_from_the_address_to_the_nodes(
    gcloud: Gcloud, seeded: tuple[Emulator, SeededWorld]
):
    _, world = seeded
    region, zone = f"--region={world.region}", f"--zone={world.zones[0]}"
    gcloud("addresses", "create", "front", region)
    address = gcloud("addresses", "describe", "front", region)["address"]
    gcloud(
        "health-checks",
        "create",
        "http",
        "nodes",
        region,
        "--port=10256",
        "--request-path=/healthz",
    )
    gcloud("health-checks", "update", "http", "nodes", region, "--check-interval=8s")
    check = gcloud("health-checks", "describe", "nodes", region)
    assert (check["checkIntervalSec"], check["httpHealthCheck"]["port"]) == (8, 10256)
    gcloud(
        "network-endpoint-groups",
        "create",
        "nodes",
        zone,
        "--network-endpoint-type=gce-vm-ip",
        "--subnet=default",
    )
    gcloud(
        "network-endpoint-groups",
        "update",
        "nodes",
        zone,
        f"--add-endpoint=instance={world.instances[0]}",
    )
    gcloud(
        "backend-services",
        "create",
        "web",
        region,
        "--protocol=TCP",
        "--load-balancing-scheme=EXTERNAL",
        "--health-checks=nodes",
        f"--health-checks-region={world.region}",
    )
    gcloud(
        "backend-services",
        "add-backend",
        "web",
        region,
        "--network-endpoint-group=nodes",
        f"--network-endpoint-group-zone={world.zones[0]}",
    )
    gcloud(
        "forwarding-rules",
        "create",
        "web",
        region,
        "--load-balancing-scheme=EXTERNAL",
        "--ports=80",
        "--address=front",
        "--backend-service=web",
    )

    for affinity in ("client_ip", "none"):  # each with the fingerprint that it has read
        gcloud("backend-services", "update", "web", region, f"--session-affinity={affinity}")
    (rule,) = gcloud("forwarding-rules", "list")
    assert (rule["name"], rule["IPAddress"], rule["portRange"]) == ("web", address, "80-80")
    (health,) = gcloud("backend-services", "get-health", "web", region)
    (state,) = health["status"]["healthStatus"]
    assert (state["healthState"], state["instance"].rpartition("/")[2]) == (
        "HEALTHY",
        world.instances[0],
    )
    (found,) = gcloud("addresses", "list")
    assert found["status"] == "IN_USE"

    gcloud("forwarding-rules", "delete", "web", region)
    gcloud("backend-services", "delete", "web", region)
    gcloud("network-endpoint-groups", "delete", "nodes", zone)
    gcloud("health-checks", "delete", "nodes", region)
    gcloud("addresses", "delete", "front", region)
    assert gcloud("forwarding-rules", "list") == []


def test_instances_and_their_groups(gcloud: Gcloud, seeded: tuple[Emulator, SeededWorld]):
    _, world = seeded
    zone, name = f"--zone={world.zones[0]}", world.instances[0]
    assert gcloud("instances", "describe", name, zone)["name"] == name
    gcloud("instance-groups", "unmanaged", "create", "nodes", zone)
    gcloud("instance-groups", "unmanaged", "add-instances", "nodes", zone, f"--instances={name}")
    gcloud("instance-groups", "set-named-ports", "nodes", zone, "--named-ports=http:80")

    (found,) = gcloud("instance-groups", "unmanaged", "list-instances", "nodes", zone)
    assert found["instance"].endswith(f"/{name}")
    gcloud("instance-groups", "unmanaged", "delete", "nodes", zone)
