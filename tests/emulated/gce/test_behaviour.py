"""What Compute Engine does with what it takes: defaults, references, PATCH and PUT, operations, lists (gcp.md 5, 6)."""

import uuid

import pytest
import requests
from google.cloud import compute_v1

from cloudlb_gcp.emulator import errors as gce

HOST = "https://www.googleapis.com/compute/v1/"


def picked(resource, *fields: str) -> dict[str, object]:
    return {field: resource.get(field) for field in fields}


def names(answer) -> list[str]:
    return [each["name"] for each in answer.get("items", [])]


def test_a_forwarding_rule_is_external_premium_ipv4_tcp_by_default(project):
    project.service()
    body = {"name": "f", "ports": ["80"], "backendService": "@r/backendServices/b"}
    project.do("POST", "r/forwardingRules", body)

    rule = project.get("r/forwardingRules/f")
    assert picked(rule, "loadBalancingScheme", "networkTier", "ipVersion", "IPProtocol") == {
        "loadBalancingScheme": "EXTERNAL",
        "networkTier": "PREMIUM",
        "ipVersion": "IPV4",
        "IPProtocol": "TCP",
    }
    assert rule["kind"] == "compute#forwardingRule"
    assert rule["region"].endswith("/regions/europe-west1")


def test_the_defaults_of_checks_services_and_firewall_rules(project):
    project.do("POST", "r/healthChecks", {"name": "h", "type": "HTTP"})
    check = project.get("r/healthChecks/h")
    numbers = ("checkIntervalSec", "timeoutSec", "healthyThreshold", "unhealthyThreshold")
    assert [check[each] for each in numbers] == [5, 5, 2, 2]
    assert check["httpHealthCheck"] == {"port": 80, "requestPath": "/", "proxyHeader": "NONE"}

    project.group()
    project.service(backends=[{"group": "@z/networkEndpointGroups/g"}])
    service = project.get("r/backendServices/b")
    assert picked(service, "timeoutSec", "sessionAffinity") == {
        "timeoutSec": 30,
        "sessionAffinity": "NONE",
    }
    assert service["backends"][0]["balancingMode"] == "CONNECTION"

    project.firewall()
    rule = project.get("global/firewalls/w")
    assert picked(rule, "priority", "direction", "sourceRanges", "disabled") == {
        "priority": 1000,
        "direction": "INGRESS",
        "sourceRanges": ["0.0.0.0/0"],
        "disabled": False,
    }
    assert rule["allowed"] == [{"IPProtocol": "tcp", "ports": ["80"]}], "protocols in lower case"
    assert rule["network"].endswith("/global/networks/default")


@pytest.mark.parametrize(
    "form",
    [
        "{host}projects/{project}/regions/europe-west1/healthChecks/h",
        "https://compute.googleapis.com/compute/v1/projects/{project}/regions/europe-west1/healthChecks/h",
        "http://127.0.0.1:1/compute/beta/projects/{project}/regions/europe-west1/healthChecks/h",
        "projects/{project}/regions/europe-west1/healthChecks/h",
        "regions/europe-west1/healthChecks/h",
    ],
)
def test_references_are_stored_in_one_form_whatever_form_was_sent(project, form):
    project.check()
    link = form.format(host=HOST, project=project.world.project)

    project.service(healthChecks=[link])

    (stored,) = project.get("r/backendServices/b")["healthChecks"]
    assert stored == f"{HOST}projects/{project.world.project}/regions/europe-west1/healthChecks/h"


def test_patch_merges_and_put_replaces(project):
    project.firewall(targetTags=["t"], description="mine", priority=7)

    project.do("PATCH", "global/firewalls/w", {"priority": 8})
    rule = project.get("global/firewalls/w")
    assert picked(rule, "targetTags", "description", "priority") == {
        "targetTags": ["t"],
        "description": "mine",
        "priority": 8,
    }

    body = {"name": "w", "allowed": [{"IPProtocol": "udp"}]}
    project.do("PUT", "global/firewalls/w", body)
    rule = project.get("global/firewalls/w")
    assert picked(rule, "targetTags", "description", "priority", "allowed") == {
        "targetTags": None,
        "description": None,
        "priority": 1000,
        "allowed": [{"IPProtocol": "udp"}],
    }


def test_a_patch_with_null_takes_a_field_back_and_merges_objects(project):
    project.check(description="d")
    project.do(
        "PATCH", "r/healthChecks/h", {"description": None, "httpHealthCheck": {"requestPath": "/x"}}
    )

    check = project.get("r/healthChecks/h")
    assert "description" not in check
    assert check["httpHealthCheck"] == {"port": 80, "requestPath": "/x", "proxyHeader": "NONE"}


def test_every_write_changes_the_fingerprint_and_the_new_one_is_taken(project):
    project.service()
    first = project.get("r/backendServices/b")
    project.do("PATCH", "r/backendServices/b", {"sessionAffinity": "CLIENT_IP"})
    second = project.get("r/backendServices/b")
    assert first["fingerprint"] != second["fingerprint"]

    project.do("PUT", "r/backendServices/b", {**second, "sessionAffinity": "NONE"})
    assert project.get("r/backendServices/b")["sessionAffinity"] == "NONE"


def test_output_only_fields_in_a_body_are_ignored(project):
    project.firewall(id="1", selfLink="x", creationTimestamp="y")

    rule = project.get("global/firewalls/w")
    assert rule["id"] != "1"
    assert rule["selfLink"] == f"{HOST}{project.path('global/firewalls/w')}"


def test_a_rule_keeps_the_address_whose_reservation_is_deleted(project):
    project.do("POST", "r/addresses", {"name": "a"})
    address = project.get("r/addresses/a")
    assert address["status"] == "RESERVED"
    project.rule(IPAddress="@r/addresses/a")
    used = project.get("r/addresses/a")
    assert (used["status"], len(used["users"])) == ("IN_USE", 1)

    project.do("DELETE", "r/addresses/a")

    assert project.get("r/forwardingRules/f")["IPAddress"] == address["address"]


def test_the_address_of_a_rule_can_be_reserved_and_outlives_the_rule(project):
    project.rule()
    address = project.get("r/forwardingRules/f")["IPAddress"]
    project.do("POST", "r/addresses", {"name": "a", "address": address})
    project.do("DELETE", "r/forwardingRules/f")

    body = {"backendService": "@r/backendServices/f-service", "IPAddress": address}
    project.do("POST", "r/forwardingRules", {"name": "f", "ports": ["81"], **body})

    assert project.get("r/forwardingRules/f")["IPAddress"] == address


def test_a_released_address_is_not_given_out_again(project):
    project.rule()
    first = project.get("r/forwardingRules/f")["IPAddress"]
    project.do("DELETE", "r/forwardingRules/f")
    project.rule(backendService="@r/backendServices/f-service")

    assert project.get("r/forwardingRules/f")["IPAddress"] != first


def test_an_operation_runs_and_is_done_and_names_its_target(project):
    status, begun = project.send("POST", "r/healthChecks", {"name": "h", "type": "TCP"})
    assert (status, begun["status"], begun["operationType"]) == (200, "RUNNING", "insert")
    assert begun["targetLink"] == f"{HOST}{project.path('r/healthChecks/h')}"
    name = begun["name"]

    assert project.get(f"r/operations/{name}")["status"] == "RUNNING"
    project.clock.advance(2)
    done = project.get(f"r/operations/{name}")
    assert (done["status"], done["progress"]) == ("DONE", 100)
    assert "error" not in done
    assert project.send("POST", f"r/operations/{name}/wait")[1]["status"] == "DONE"
    assert names(project.get("r/operations")) == [name]
    assert project.send("GET", f"global/operations/{name}")[0] == 404, "scopes matter"


def test_a_change_that_fails_inside_its_operation_changes_nothing(project):
    project.emulator.fail_operations("firewalls.insert", gce.quota("FIREWALLS", 5, "globally"))

    done = project.do("POST", "global/firewalls", {"name": "w", "allowed": [{"IPProtocol": "tcp"}]})

    assert done["status"] == "DONE"
    assert done["error"]["errors"] == [
        {"code": "QUOTA_EXCEEDED", "message": "Quota 'FIREWALLS' exceeded. Limit: 5.0 globally."}
    ]
    assert (done["httpErrorStatusCode"], done["httpErrorMessage"]) == (403, "FORBIDDEN")
    assert project.send("GET", "global/firewalls/w")[0] == 404


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
    ],
)
def test_filters_in_both_dialects(project, text, expected):
    project.firewall("web-1", priority=1)
    project.firewall("web-2", priority=2)
    project.firewall("db-1", priority=3, description="d")

    assert sorted(names(project.send("GET", "global/firewalls", filter=text)[1])) == expected


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


def test_endpoints_come_and_go_and_tell_their_health(project):
    project.group()
    one, two = project.world.instances[0], project.world.instances[3]
    body = {"networkEndpoints": [{"instance": one}, {"instance": two}]}
    for _ in range(2):
        project.do("POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", body)
    assert project.get("z/networkEndpointGroups/g")["size"] == 2
    project.service(backends=[{"group": "@z/networkEndpointGroups/g"}])
    project.emulator.fail_targets(two)

    shown = project.do(
        "POST", "z/networkEndpointGroups/g/listNetworkEndpoints", {"healthStatus": "SHOW"}
    )
    states = {
        each["networkEndpoint"]["instance"]: each["healths"][0]["healthState"]
        for each in shown["items"]
    }
    assert states == {one: "HEALTHY", two: "UNHEALTHY"}
    health = project.do(
        "POST", "r/backendServices/b/getHealth", {"group": "@z/networkEndpointGroups/g"}
    )
    assert {
        e["instance"].rpartition("/")[2]: e["healthState"] for e in health["healthStatus"]
    } == states

    gone = {"networkEndpoints": [{"instance": one}]}
    project.do("POST", "z/networkEndpointGroups/g/detachNetworkEndpoints", gone)
    assert project.get("z/networkEndpointGroups/g")["size"] == 1


def test_health_of_an_empty_group_says_nothing(project):
    project.group()
    project.service(backends=[{"group": "@z/networkEndpointGroups/g"}])

    assert project.do(
        "POST", "r/backendServices/b/getHealth", {"group": "@z/networkEndpointGroups/g"}
    ) == {"kind": "compute#backendServiceGroupHealth"}


def test_the_life_of_a_target_pool(project):
    project.do("POST", "global/httpHealthChecks", {"name": "h"})
    project.do(
        "POST", "r/targetPools", {"name": "p", "healthChecks": ["@global/httpHealthChecks/h"]}
    )
    member = {"instance": f"@z/instances/{project.world.instances[0]}"}
    for _ in range(2):
        project.do("POST", "r/targetPools/p/addInstance", {"instances": [member]})
    assert len(project.get("r/targetPools/p")["instances"]) == 1
    health = project.do("POST", "r/targetPools/p/getHealth", member)
    assert health["healthStatus"][0]["healthState"] == "HEALTHY"
    project.do(
        "POST",
        "r/forwardingRules",
        {"name": "f", "portRange": "80", "target": "@r/targetPools/p"},
    )
    assert project.get("r/forwardingRules/f")["portRange"] == "80-80"
    assert project.refused("DELETE", "r/targetPools/p")[1] == "resourceInUseByAnotherResource"

    project.do("POST", "r/targetPools/p/removeInstance", {"instances": [member]})
    project.do(
        "POST",
        "r/targetPools/p/removeHealthCheck",
        {"healthChecks": [{"healthCheck": "@global/httpHealthChecks/h"}]},
    )
    pool = project.get("r/targetPools/p")
    assert (pool.get("instances"), pool.get("healthChecks")) == (None, None)


def test_the_life_of_an_instance_group(project):
    project.do("POST", "z/instanceGroups", {"name": "i"})
    members = [{"instance": f"@z/instances/{project.world.instances[0]}"}]
    project.do("POST", "z/instanceGroups/i/addInstances", {"instances": members})
    group = project.get("z/instanceGroups/i")
    assert (group["size"], group["network"].rpartition("/")[2]) == (1, "default")

    ports = {"namedPorts": [{"name": "http", "port": 80}], "fingerprint": group["fingerprint"]}
    project.do("POST", "z/instanceGroups/i/setNamedPorts", ports)
    assert project.refused("POST", "z/instanceGroups/i/setNamedPorts", ports)[0] == 412
    listed = project.do("POST", "z/instanceGroups/i/listInstances", {"instanceState": "ALL"})
    assert listed["items"][0]["namedPorts"] == [{"name": "http", "port": 80}]

    project.do("POST", "z/instanceGroups/i/removeInstances", {"instances": members})
    assert project.get("z/instanceGroups/i")["size"] == 0


@pytest.mark.parametrize("scope", ["global", "r"])
def test_the_life_of_an_http_load_balancer(project, scope):
    scheme = "EXTERNAL" if scope == "global" else "EXTERNAL_MANAGED"
    project.do("POST", f"{scope}/healthChecks", {"name": "h", "type": "HTTP"})
    for name in ("b", "c"):
        project.do(
            "POST",
            f"{scope}/backendServices",
            {
                "name": name,
                "loadBalancingScheme": scheme,
                "healthChecks": [f"@{scope}/healthChecks/h"],
            },
        )
    for name, service in (("u", "b"), ("v", "c")):
        body = {"name": name, "defaultService": f"@{scope}/backendServices/{service}"}
        project.do("POST", f"{scope}/urlMaps", body)
    pem = "-----BEGIN {0}-----\nx\n-----END {0}-----".format
    certificate = {"certificate": pem("CERTIFICATE"), "privateKey": pem("PRIVATE KEY")}
    for name in ("one", "two"):
        project.do("POST", f"{scope}/sslCertificates", {"name": name, **certificate})
    assert "privateKey" not in project.get(f"{scope}/sslCertificates/one")

    project.do("POST", f"{scope}/targetHttpProxies", {"name": "p", "urlMap": f"@{scope}/urlMaps/u"})
    project.do(
        "POST",
        f"{scope}/targetHttpsProxies",
        {
            "name": "s",
            "urlMap": f"@{scope}/urlMaps/u",
            "sslCertificates": [f"@{scope}/sslCertificates/one"],
        },
    )
    # Some global methods have no /global/ in their paths.
    actions = "" if scope == "global" else "r/"
    project.do("POST", f"{actions}targetHttpProxies/p/setUrlMap", {"urlMap": f"@{scope}/urlMaps/v"})
    project.do(
        "POST",
        f"{actions}targetHttpsProxies/s/setSslCertificates",
        {"sslCertificates": [f"@{scope}/sslCertificates/two"]},
    )
    assert project.get(f"{scope}/targetHttpProxies/p")["urlMap"].endswith("/urlMaps/v")
    (used,) = project.get(f"{scope}/targetHttpsProxies/s")["sslCertificates"]
    assert used.endswith("/sslCertificates/two")
    project.do("DELETE", f"{scope}/sslCertificates/one")
    refused = project.refused("DELETE", f"{scope}/sslCertificates/two")
    assert refused[1] == "resourceInUseByAnotherResource"

    map_u = project.get(f"{scope}/urlMaps/u")
    project.do("PUT", f"{scope}/urlMaps/u", {**map_u, "description": "d"})
    assert project.get(f"{scope}/urlMaps/u")["description"] == "d"
    valid = project.do(
        "POST", f"{scope}/urlMaps/u/validate", {"resource": {"name": "u", "hostRules": []}}
    )
    assert valid["result"]["loadSucceeded"] is False


def test_an_internal_address_that_is_shared_takes_two_rules(project):
    body = {"name": "a", "addressType": "INTERNAL", "purpose": "SHARED_LOADBALANCER_VIP"}
    project.do("POST", "r/addresses", body)
    address = project.get("r/addresses/a")["address"]
    for protocol in ("TCP", "UDP"):
        name = protocol.lower()
        project.service(f"b-{name}", loadBalancingScheme="INTERNAL", protocol=protocol)
        project.rule(
            name,
            loadBalancingScheme="INTERNAL",
            IPProtocol=protocol,
            IPAddress=address,
            backendService=f"@r/backendServices/b-{name}",
        )

    assert len(project.get("r/addresses/a")["users"]) == 2


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


def test_an_instance_that_goes_takes_its_endpoints_along(project):
    project.group()
    name = project.world.instances[0]
    body = {"networkEndpoints": [{"instance": name}]}
    project.do("POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", body)

    project.emulator.remove_node(name)

    assert project.get("z/networkEndpointGroups/g")["size"] == 0


def test_the_client_library_reads_what_it_is_told(project):
    project.rule()
    client = project.emulator.client(compute_v1.ForwardingRulesClient)

    (rule,) = client.list(project=project.world.project, region=project.world.region)
    by_scope = dict(client.aggregated_list(project=project.world.project))

    assert (rule.name, list(rule.ports), rule.network_tier) == ("f", ["80"], "PREMIUM")
    assert [each.name for each in by_scope["regions/europe-west1"].forwarding_rules] == ["f"]
