"""What Compute Engine shows: lists, pages, filters in both dialects, scopes, batches, versions (gcp.md 5.5, 5.6)."""

import uuid

import pytest
import requests
from google.cloud import compute_v1

from cloudlb_gcp.emulator import Emulator, EmulatorSettings
from cloudlb_gcp.emulator import errors as gce

HOST = "https://www.googleapis.com/compute/v1/"


def names(answer) -> list[str]:
    return [each["name"] for each in answer.get("items", [])]


@pytest.mark.parametrize("version", ["v1", "beta", "alpha"])
def test_all_versions_have_the_same_resources(project, version):
    project.firewall()

    status, found = project.send("GET", "global/firewalls/w", version=version)

    assert (status, found["name"]) == (200, "w")


def test_an_empty_list_has_no_items(project):
    assert project.get("global/firewalls") == {
        "kind": "compute#firewallList",
        "id": project.path("global/firewalls"),
        "selfLink": HOST + project.path("global/firewalls"),
    }


def test_lists_come_in_pages(project):
    for number in range(5):
        project.firewall(f"w-{number}")

    first = project.send("GET", "global/firewalls", maxResults="2")[1]
    second = project.send(
        "GET", "global/firewalls", maxResults="2", pageToken=first["nextPageToken"]
    )[1]
    third = project.send(
        "GET", "global/firewalls", maxResults="2", pageToken=second["nextPageToken"]
    )[1]

    assert [names(first), names(second), names(third)] == [
        ["w-0", "w-1"],
        ["w-2", "w-3"],
        ["w-4"],
    ]
    assert "nextPageToken" not in third


def test_a_page_goes_on_after_what_was_deleted_meanwhile(project):
    for number in range(4):
        project.firewall(f"w-{number}")
    first = project.send("GET", "global/firewalls", maxResults="2")[1]
    project.do("DELETE", "global/firewalls/w-1")

    second = project.send("GET", "global/firewalls", pageToken=first["nextPageToken"])[1]

    assert names(second) == ["w-2", "w-3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name eq web.*", ["web-1", "web-2"]),
        ("name ne web.*", ["db-1"]),
        ("(name eq web.*) (priority eq 2)", ["web-2"]),
        ("name eq (web-1|db-1)", ["db-1", "web-1"]),
        ("name eq web", []),
        ('name = "web-1"', ["web-1"]),
        ("name = web-*", ["web-1", "web-2"]),
        ("name != web-1", ["db-1", "web-2"]),
        ("priority > 1 AND name:web", ["web-2"]),
        ("name = db-1 OR priority = 2", ["db-1", "web-2"]),
        ("NOT name = db-1", ["web-1", "web-2"]),
        ("(name = db-1) OR (name = web-1)", ["db-1", "web-1"]),
        ("-name = db-1", ["web-1", "web-2"]),
        ("description:*", ["db-1"]),
        ("network eq .*/networks/default", ["db-1", "web-1", "web-2"]),
        ("name = db-1 OR name = web-1 AND priority = 1", ["web-1"]),
        ("priority = 3 AND name = web-1 OR name = db-1", ["db-1"]),
        ("name:web priority = 2", ["web-2"]),
        ("name < e", ["db-1"]),
        ("name >= web-2", ["web-2"]),
        ('creationTimestamp > "2020-01-01"', ["db-1", "web-1", "web-2"]),
        ('creationTimestamp < "2020-01-01T00:00:00Z"', []),
        ('description = "a eq b"', []),
        ("logConfig.enable = false", ["db-1", "web-1", "web-2"]),
    ],
)
def test_filters_in_both_dialects(project, text, expected):
    project.firewall("web-1", priority=1)
    project.firewall("web-2", priority=2)
    project.firewall("db-1", priority=3, description="d")

    assert sorted(names(project.send("GET", "global/firewalls", filter=text)[1])) == expected


def test_operations_are_found_by_any_of_their_fields(project):
    project.emulator.fail_operations("firewalls.insert", gce.quota("FIREWALLS", 5, "globally"))
    project.firewall()
    project.group()

    failed = project.send("GET", "global/operations", filter="httpErrorStatusCode = 403")[1]
    zonal = project.send("GET", "z/operations", filter=f"zone eq .*/{project.world.zones[0]}")[1]

    assert (len(names(failed)), len(names(zonal))) == (1, 1)


def test_newest_first_goes_on_after_what_was_deleted_meanwhile(project):
    for number in range(5):
        project.firewall(f"w-{number}")
    order = {"orderBy": "creationTimestamp desc", "maxResults": "2"}
    whole = names(project.send("GET", "global/firewalls", orderBy=order["orderBy"])[1])
    first = project.send("GET", "global/firewalls", **order)[1]
    project.do("DELETE", f"global/firewalls/{whole[1]}")

    token = first["nextPageToken"]
    second = project.send("GET", "global/firewalls", pageToken=token, **order)[1]

    assert names(second) == whole[2:4]


def test_newest_first_where_that_is_asked_for(project):
    project.firewall("b")
    project.firewall("a")

    assert names(project.get("global/firewalls")) == ["a", "b"]
    newest = project.send("GET", "global/firewalls", orderBy="creationTimestamp desc")[1]
    assert newest["items"][0]["creationTimestamp"] >= newest["items"][1]["creationTimestamp"]


def test_an_aggregated_list_has_every_scope(project):
    project.group()

    found = project.get("aggregated/networkEndpointGroups")["items"]

    here = f"zones/{project.world.zones[0]}"
    assert [each["name"] for each in found[here]["networkEndpointGroups"]] == ["g"]
    other = found["zones/us-central1-a"]["warning"]
    assert (other["code"], other["data"]) == (
        "NO_RESULTS_ON_PAGE",
        [{"key": "scope", "value": "zones/us-central1-a"}],
    )


def test_several_calls_in_one_batch_are_answered_each(project):
    project.firewall()
    boundary = uuid.uuid4().hex
    parts = "".join(
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n"
        f"GET /compute/v1/{project.path(path)} HTTP/1.1\r\n\r\n\r\n"
        for number, path in enumerate(("global/firewalls/w", "global/firewalls/nope"))
    )
    reply = requests.post(
        f"{project.emulator.endpoint_url}/batch/compute/v1",
        data=f"{parts}--{boundary}--\r\n".encode(),
        headers={"Content-Type": f"multipart/mixed; boundary={boundary}"},
        timeout=10,
    )

    assert reply.status_code == 200
    assert "HTTP/1.1 200 OK" in reply.text
    assert "HTTP/1.1 404 Not Found" in reply.text
    assert "<response-0>" in reply.text
    assert "<response-1>" in reply.text


def test_reads_lag_behind_where_that_is_set(project):
    project.emulator.configure(lag_calls=1)
    project.firewall("a")
    assert project.send("GET", "global/firewalls/a")[0] == 404
    project.firewall("b")

    assert names(project.get("global/firewalls")) == ["a"]
    assert project.refused("POST", "global/firewalls", {"name": "a"})[1] == "alreadyExists"


def test_places_are_there_to_be_read(project):
    assert project.get("regions/europe-west1")["status"] == "UP"
    assert len(names(project.get("zones"))) == 5
    assert project.get("global/networks/default")["kind"] == "compute#network"
    assert project.get("r/subnetworks/default")["ipCidrRange"].endswith("/20")
    name = project.world.instances[0]
    interface = project.get(f"z/instances/{name}")["networkInterfaces"][0]
    assert interface["networkIP"] == project.world.addresses[name]
    whole = requests.get(
        f"{project.emulator.endpoint_url}/compute/v1/projects/{project.world.project}", timeout=10
    )
    assert whole.json()["name"] == project.world.project


def test_another_project_is_not_there(project):
    reply = requests.get(
        f"{project.emulator.endpoint_url}/compute/v1/projects/other/global/firewalls", timeout=10
    )

    assert reply.status_code == 404
    assert reply.json()["error"]["errors"][0]["reason"] == "notFound"


def test_the_client_library_reads_what_it_is_told(project):
    project.rule()
    client = project.emulator.client(compute_v1.ForwardingRulesClient)

    (rule,) = client.list(project=project.world.project, region=project.world.region)
    by_scope = dict(client.aggregated_list(project=project.world.project))

    assert (rule.name, list(rule.ports), rule.network_tier) == ("f", ["80"], "PREMIUM")
    assert [each.name for each in by_scope["regions/europe-west1"].forwarding_rules] == ["f"]


def test_the_host_project_of_a_shared_vpc_has_the_network_and_its_firewall_rules():
    settings = EmulatorSettings(host_project="host", project="service")
    with Emulator(settings) as emulator:
        world = emulator.seed()
        firewalls = emulator.client(compute_v1.FirewallsClient)
        network = "projects/host/global/networks/default"
        rule = compute_v1.Firewall(
            name="w", network=network, allowed=[compute_v1.Allowed(I_p_protocol="tcp")]
        )

        firewalls.insert_unary(project="host", firewall_resource=rule)

        assert world.network_project == "host"
        assert [each.name for each in firewalls.list(project="host")] == ["w"]
        assert list(firewalls.list(project="service")) == []
        subnetworks = emulator.client(compute_v1.SubnetworksClient)
        listed = [
            {name for name, scope in subnetworks.aggregated_list(project=each) if scope.subnetworks}
            for each in ("host", "service")
        ]
        assert listed == [{"regions/europe-west1", "regions/us-central1"}, set()]
        node = emulator.client(compute_v1.InstancesClient).get(
            project="service", zone=world.zones[0], instance=world.instances[0]
        )
        assert node.network_interfaces[0].network.endswith(network)
        assert emulator.client(compute_v1.ProjectsClient).get(project="host").name == "host"
