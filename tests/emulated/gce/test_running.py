"""What running operations keep from happening: nothing is gone, or free, before its deletion is done (gcp.md 5.2, 5.9)."""

import pytest

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
