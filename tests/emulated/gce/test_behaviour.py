"""What Compute Engine does with what it takes: defaults, references, PATCH and PUT, addresses, operations (gcp.md 5, 6)."""

import pytest

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


def test_an_internal_rule_shows_the_reserved_address_that_it_was_given_by_reference(project):
    project.do("POST", "r/addresses", {"name": "a", "addressType": "INTERNAL"})
    address = project.get("r/addresses/a")["address"]
    project.service(loadBalancingScheme="INTERNAL")
    internal = {"loadBalancingScheme": "INTERNAL", "backendService": "@r/backendServices/b"}

    project.rule(IPAddress="@r/addresses/a", **internal)

    assert project.get("r/forwardingRules/f")["IPAddress"] == address
    assert project.get("r/addresses/a")["status"] == "IN_USE"
    body = {"name": "g", "ports": ["81"], "IPAddress": address, **internal}
    assert project.refused("POST", "r/forwardingRules", body)[:2] == (409, "conflict")
