"""What running operations keep from happening: nothing is gone, or free, before its deletion is done (gcp.md 5.2, 5.9)."""

import pytest
from google.cloud import compute_v1

from cloudlb_gcp.emulator import Emulator, EmulatorSettings
from cloudlb_gcp.emulator import errors as gce

IN_USE = (400, "resourceInUseByAnotherResource")


def begun(project, verb, short, body=None):
    """Begin a change, and let no time pass."""
    status, answer = project.send(verb, short, body)
    assert status == 200, answer


def without_backends(project):
    service = project.get("r/backendServices/b")
    del service["backends"]
    return service


def test_a_service_is_in_use_until_the_deletion_of_its_rule_is_done(project):
    project.rule()
    begun(project, "DELETE", "r/forwardingRules/f")

    found = project.refused("DELETE", "r/backendServices/f-service")
    assert found[:2] == IN_USE
    assert "forwardingRules/f" in found[2]

    project.clock.advance(2)
    begun(project, "DELETE", "r/backendServices/f-service")
    assert project.refused("DELETE", "r/healthChecks/f-service-check")[:2] == IN_USE


@pytest.mark.parametrize("verb", ["PUT", "PATCH"])
def test_a_group_is_in_use_until_the_change_that_takes_it_out_is_done(project, verb):
    project.group()
    project.service(backends=[{"group": "@z/networkEndpointGroups/g"}])
    body = without_backends(project) if verb == "PUT" else {"backends": []}
    begun(project, verb, "r/backendServices/b", body)

    assert project.refused("DELETE", "z/networkEndpointGroups/g")[:2] == IN_USE

    project.clock.advance(2)
    begun(project, "DELETE", "z/networkEndpointGroups/g")


def test_a_port_is_taken_until_the_deletion_of_its_rule_is_done(project):
    project.do("POST", "r/addresses", {"name": "a"})
    project.rule(IPAddress="@r/addresses/a")
    begun(project, "DELETE", "r/forwardingRules/f")
    body = {
        "name": "g",
        "ports": ["80"],
        "IPAddress": project.get("r/addresses/a")["address"],
        "backendService": "@r/backendServices/f-service",
    }

    found = project.refused("POST", "r/forwardingRules", body)
    assert found[:2] == (400, "invalid")
    assert "in-use and would result in a conflict" in found[2]

    project.clock.advance(2)
    begun(project, "POST", "r/forwardingRules", body)


def test_an_internal_address_is_taken_until_the_deletion_of_its_rule_is_done(project):
    project.service(loadBalancingScheme="INTERNAL")
    internal = {"loadBalancingScheme": "INTERNAL", "backendService": "@r/backendServices/b"}
    project.rule(**internal)
    address = project.get("r/forwardingRules/f")["IPAddress"]
    begun(project, "DELETE", "r/forwardingRules/f")
    body = {"name": "g", "ports": ["81"], "IPAddress": address, **internal}

    assert project.refused("POST", "r/forwardingRules", body)[:2] == (409, "conflict")

    project.clock.advance(2)
    begun(project, "POST", "r/forwardingRules", body)


def test_named_ports_wait_for_what_runs(project):
    project.do("POST", "z/instanceGroups", {"name": "i"})
    body = {"namedPorts": [{"name": "http", "port": 80}]}
    begun(project, "POST", "z/instanceGroups/i/setNamedPorts", body)

    found = project.refused("POST", "z/instanceGroups/i/setNamedPorts", body)

    assert found[:2] == (400, "resourceNotReady")


FIREWALL = {"name": "w", "allowed": [{"IPProtocol": "tcp"}]}
REFUSED = {
    "no name": ("insert", "POST", "global/firewalls", {"allowed": []}, 400, "required"),
    "no rules": ("insert", "POST", "global/firewalls", {"name": "v"}, 400, "invalid"),
    "a name that is taken": ("insert", "POST", "global/firewalls", FIREWALL, 409, "alreadyExists"),
    "deleting nothing": ("delete", "DELETE", "global/firewalls/v", None, 404, "notFound"),
    "changing nothing": ("patch", "PATCH", "global/firewalls/v", {"priority": 5}, 404, "notFound"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=[key.replace(" ", "-") for key in REFUSED])
def test_what_is_wrong_from_the_beginning_does_not_fail_late(project, case):
    method, verb, path, body, status, reason = case
    project.do("POST", "global/firewalls", FIREWALL)
    error = gce.quota("FIREWALLS", 5, "globally")
    project.emulator.fail_operations(f"firewalls.{method}", error)

    assert project.refused(verb, path, body)[:2] == (status, reason)


@pytest.mark.parametrize(
    ("method", "verb", "path", "body"),
    [
        ("delete", "DELETE", "global/firewalls/w", None),
        ("patch", "PATCH", "global/firewalls/w", {"priority": 5}),
        ("insert", "POST", "global/firewalls", {**FIREWALL, "name": "v"}),
    ],
)
def test_a_change_that_will_fail_keeps_its_target_busy_and_leaves_it_as_it_was(
    project, method, verb, path, body
):
    project.do("POST", "global/firewalls", FIREWALL)
    before = project.emulator.contents()
    project.emulator.fail_operations(f"firewalls.{method}", gce.in_use("firewall", "a", "b"))
    begun(project, verb, path, body)

    assert project.refused(verb, path, body)[:2] == (400, "resourceNotReady")
    assert project.emulator.contents() == before

    project.clock.advance(2)
    begun(project, verb, path, body)


def test_a_wait_lasts_as_long_as_the_operation():
    with Emulator(EmulatorSettings(operation_seconds=0.3)) as emulator:
        project = emulator.seed().project
        rule = compute_v1.Firewall(name="w", allowed=[compute_v1.Allowed(I_p_protocol="tcp")])
        operation = emulator.client(compute_v1.FirewallsClient).insert_unary(
            project=project, firewall_resource=rule
        )
        waits = emulator.client(compute_v1.GlobalOperationsClient)

        answer = waits.wait(project=project, operation=operation.name)

    assert answer.status == compute_v1.Operation.Status.DONE


def test_a_wait_on_a_clock_that_stands_still_is_answered_at_once(project):
    _, operation = project.send("POST", "global/firewalls", FIREWALL)

    _, answer = project.send("POST", f"global/operations/{operation['name']}/wait")

    assert answer["status"] == "RUNNING"
