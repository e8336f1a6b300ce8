"""Bodies: what is no field, no number or none of the API's words is refused; null is as good as not given."""

import pytest

ALLOW = [{"IPProtocol": "tcp", "ports": ["80"]}]


def fw(**fields: object):
    return {"name": "w", "allowed": ALLOW, **fields}


def bs(**fields: object):
    return {
        "name": "b",
        "loadBalancingScheme": "EXTERNAL",
        "protocol": "TCP",
        "healthChecks": ["@r/healthChecks/h"],
        **fields,
    }


def check(**fields: object):
    return {"name": "c", "type": "HTTP", **fields}


def rule(**fields: object):
    return {"name": "f", "ports": ["80"], "backendService": "@r/backendServices/b", **fields}


FIREWALLS, CHECKS, SERVICES = "global/firewalls", "r/healthChecks", "r/backendServices"
ADDRESSES, RULES, MAPS = "r/addresses", "r/forwardingRules", "global/urlMaps"

# fmt: off
NO_FIELDS = {
    "a field in Python's spelling": (FIREWALLS, fw(source_ranges=["10.0.0.0/8"]), '"source_ranges" at \'resource\''),
    "a field that there is not": (FIREWALLS, fw(colour="red"), '"colour"'),
    "a nested field in Python's spelling": (CHECKS, check(httpHealthCheck={"request_path": "/"}), "\"request_path\" at 'resource.httpHealthCheck'"),
    "a field of an item in Python's spelling": (FIREWALLS, fw(allowed=[{"I_p_protocol": "tcp"}]), "\"I_p_protocol\" at 'resource.allowed[0]'"),
    "a nested field that there is not": (CHECKS, check(httpHealthCheck={"prot": 1}), '"prot"'),
    "a field of a legacy check that there is not": ("global/httpHealthChecks", {"name": "l", "type": "HTTP"}, '"type"'),
    "a number that is none": (FIREWALLS, fw(priority="high"), "priority"),
    "a list that is none": (FIREWALLS, fw(sourceRanges="10.0.0.0/8"), "wrong type"),
    "a legacy check's port that is none": ("global/httpHealthChecks", {"name": "l", "port": "abc"}, "port"),
    "a legacy check's path that is none": ("global/httpHealthChecks", {"name": "l", "requestPath": 5}, "requestPath"),
    "a legacy check's interval that is a list": ("global/httpHealthChecks", {"name": "l", "checkIntervalSec": [1]}, "checkIntervalSec"),
}
WORDS = {
    "protocol of a service": (SERVICES, bs(protocol="BANANA"), "protocol"),
    "affinity": (SERVICES, bs(sessionAffinity="BANANA"), "sessionAffinity"),
    "way of spreading": (SERVICES, bs(localityLbPolicy="BANANA"), "localityLbPolicy"),
    "balancing": (SERVICES, bs(backends=[{"group": "@z/networkEndpointGroups/g", "balancingMode": "BANANA"}]), "backends[0].balancingMode"),
    "tracking": (SERVICES, bs(connectionTrackingPolicy={"trackingMode": "BANANA"}), "connectionTrackingPolicy.trackingMode"),
    "persistence": (SERVICES, bs(connectionTrackingPolicy={"connectionPersistenceOnUnhealthyBackends": "BANANA"}), "connectionPersistenceOnUnhealthyBackends"),
    "port of a check": (CHECKS, check(httpHealthCheck={"portSpecification": "BANANA"}), "portSpecification"),
    "header of a check": (CHECKS, check(httpHealthCheck={"proxyHeader": "BANANA"}), "proxyHeader"),
    "type of a check": (CHECKS, check(type="UDP"), "type"),
    "purpose of an address": (ADDRESSES, {"name": "a", "addressType": "INTERNAL", "purpose": "BANANA"}, "purpose"),
    "end of an IPv6 address": (ADDRESSES, {"name": "a", "ipVersion": "IPV6", "ipv6EndpointType": "BANANA"}, "ipv6EndpointType"),
    "family of a rule": (RULES, rule(ipVersion="BANANA"), "ipVersion"),
    "protocol of a rule": (RULES, {"name": "f", "portRange": "80", "IPProtocol": "BANANA", "target": "@r/targetPools/p"}, "IPProtocol"),
    "tier of a rule": (RULES, rule(networkTier="BANANA"), "networkTier"),
    "scheme of a rule": (RULES, rule(loadBalancingScheme="BANANA"), "loadBalancingScheme"),
    "log of a firewall rule": (FIREWALLS, fw(logConfig={"enable": True, "metadata": "BANANA"}), "logConfig.metadata"),
    "kind of redirect": (MAPS, {"name": "u", "defaultUrlRedirect": {"httpsRedirect": True, "redirectResponseCode": "BANANA"}}, "redirectResponseCode"),
    "version of TLS": ("global/sslPolicies", {"name": "p", "minTlsVersion": "BANANA"}, "minTlsVersion"),
    "state of instances": ("z/instanceGroups/i/listInstances", {"instanceState": "BANANA"}, "instanceState"),
    "health of endpoints": ("z/networkEndpointGroups/g/listNetworkEndpoints", {"healthStatus": "BANANA"}, "healthStatus"),
}
NULLS = {
    "details of a check": (CHECKS, check(httpHealthCheck=None)),
    "a check's interval": (CHECKS, check(checkIntervalSec=None)),
    "a path of a check": (CHECKS, check(httpHealthCheck={"requestPath": None})),
    "ranges": (FIREWALLS, fw(sourceRanges=None, denied=None)),
    "ports of an item": (FIREWALLS, fw(allowed=[{"IPProtocol": "tcp", "ports": None}])),
    "backends": (SERVICES, bs(backends=None)),
    "draining": (SERVICES, bs(connectionDraining=None)),
    "labels": (ADDRESSES, {"name": "a", "labels": None}),
    "a legacy check's path": ("global/httpHealthChecks", {"name": "l", "requestPath": None}),
}
# fmt: on


def cases(table):
    return pytest.mark.parametrize(
        "case", table.values(), ids=[name.replace(" ", "-") for name in table]
    )


@cases(NO_FIELDS)
def test_what_is_no_field_or_no_value_of_it_is_refused(project, case):
    path, body, part = case

    found = project.refused("POST", path, body)

    assert found[:2] == (400, "badRequest"), found
    assert part in found[2]


@cases(WORDS)
def test_a_word_that_is_none_of_the_api_s_is_refused(project, case):
    project.check()
    project.group()
    project.service()
    project.do("POST", "z/instanceGroups", {"name": "i"})
    project.do("POST", "r/targetPools", {"name": "p"})
    path, body, part = case

    found = project.refused("POST", path, body)

    assert found[:2] == (400, "invalid"), found
    assert f"{part}'" in found[2]


@cases(NULLS)
def test_null_is_as_good_as_not_given(project, case):
    project.check()
    path, body = case
    project.do("POST", path, body)

    found = project.get(f"{path}/{body['name']}")

    assert None not in found.values()
    if path in {FIREWALLS, CHECKS}:
        project.do("PUT", f"{path}/{body['name']}", body)
        assert project.get(f"{path}/{body['name']}").keys() == found.keys()


def test_a_patch_adds_no_nulls(project):
    project.check()

    project.do("PATCH", "r/healthChecks/h", {"logConfig": {"enable": None}})

    assert project.get("r/healthChecks/h")["logConfig"] == {}


def test_numbers_that_are_written_as_text_are_numbers(project):
    project.firewall(priority="900")
    assert project.get("global/firewalls/w")["priority"] == 900
    project.check()
    project.do("PATCH", "r/healthChecks/h", {"checkIntervalSec": "33"})
    assert project.get("r/healthChecks/h")["checkIntervalSec"] == 33


@pytest.mark.parametrize(
    ("verb", "path", "kind", "name"),
    [
        ("POST", "regions/atlantis-1/healthChecks", "region", "atlantis-1"),
        ("GET", "regions/atlantis-1/healthChecks", "region", "atlantis-1"),
        ("GET", "regions/europe-west1-b/forwardingRules", "region", "europe-west1-b"),
        ("POST", "zones/atlantis-1-a/networkEndpointGroups", "zone", "atlantis-1-a"),
        ("GET", "zones/europe-west1-x/instances", "zone", "europe-west1-x"),
    ],
)
def test_a_place_that_there_is_not_is_refused(project, verb, path, kind, name):
    body = {"name": "x"} if verb == "POST" else None

    found = project.refused(verb, path, body)

    assert found == (400, "invalid", f"Invalid value for field '{kind}': '{name}'. Unknown {kind}.")


def test_a_bug_of_the_emulator_is_an_internal_error_and_the_connection_lives(project, monkeypatch):
    monkeypatch.setattr(type(project.emulator.settings), "quota", lambda *_: 1 / 0)

    found = project.refused("POST", FIREWALLS, fw())

    assert found[:2] == (500, "backendError")
