"""Whole lives of groups, pools and HTTP load balancers on the emulated Compute Engine (gcp.md 5.1, 5.9)."""

import pytest


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


def test_an_instance_that_goes_takes_its_endpoints_along(project):
    project.group()
    name = project.world.instances[0]
    body = {"networkEndpoints": [{"instance": name}]}
    project.do("POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", body)

    project.emulator.remove_node(name)

    assert project.get("z/networkEndpointGroups/g")["size"] == 0


def test_endpoints_and_instances_are_listed_by_pages(project):
    names = [project.world.instances[0], project.world.instances[3]]
    project.group()
    body = {"networkEndpoints": [{"instance": each} for each in names]}
    project.do("POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", body)
    project.do("POST", "z/instanceGroups", {"name": "i"})
    body = {"instances": [{"instance": f"@z/instances/{each}"} for each in names]}
    project.do("POST", "z/instanceGroups/i/addInstances", body)

    for path in (
        "z/networkEndpointGroups/g/listNetworkEndpoints",
        "z/instanceGroups/i/listInstances",
    ):
        first = project.do("POST", path, {}, maxResults="1")
        token = first["nextPageToken"]
        second = project.do("POST", path, {}, maxResults="1", pageToken=token)
        assert (len(first["items"]), len(second["items"])) == (1, 1)
        assert first["items"] != second["items"]
        assert "nextPageToken" not in second
