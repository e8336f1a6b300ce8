"""What Compute Engine refuses, the emulator refuses: with the same status and reason (gcp.md 5.3, 5.4, 5.9, 6)."""

import uuid

import pytest

PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"
KEY = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"


def nothing(project) -> None:
    """Make nothing beforehand."""


def a_check(project) -> None:
    project.check()


def a_service(project) -> None:
    project.service()


def a_group(project) -> None:
    project.group()


def a_rule(project) -> None:
    project.rule()


def a_firewall(project) -> None:
    project.firewall()


def a_used_group(project) -> None:
    project.group()
    project.service(backends=[{"group": "@z/networkEndpointGroups/g"}])


def an_instance_group(project) -> None:
    project.do("POST", "z/instanceGroups", {"name": "i"})
    project.do(
        "POST",
        "z/instanceGroups/i/addInstances",
        {"instances": [{"instance": f"@z/instances/{project.world.instances[0]}"}]},
    )


def a_url_map(project) -> None:
    project.do("POST", "global/healthChecks", {"name": "h", "type": "HTTP"})
    project.do(
        "POST", "global/backendServices", {"name": "b", "healthChecks": ["@global/healthChecks/h"]}
    )
    body = {"name": "u", "defaultService": "@global/backendServices/b"}
    project.do("POST", "global/urlMaps", body)


def an_address(project) -> None:
    project.do("POST", "r/addresses", {"name": "a", "address": ""})


def a_standard_address(project) -> None:
    project.do("POST", "r/addresses", {"name": "a", "networkTier": "STANDARD"})
    project.service()


def an_internal_service(project) -> None:
    project.service(loadBalancingScheme="INTERNAL")


def fr(**fields: object):
    return {
        "name": "f",
        "loadBalancingScheme": "EXTERNAL",
        "ports": ["80"],
        "backendService": "@r/backendServices/b",
        **fields,
    }


def bs(**fields: object):
    return {
        "name": "b",
        "loadBalancingScheme": "EXTERNAL",
        "protocol": "TCP",
        "healthChecks": ["@r/healthChecks/h"],
        **fields,
    }


def fw(**fields: object):
    return {"name": "w", "allowed": [{"IPProtocol": "TCP", "ports": ["80"]}], **fields}


INVALID = (400, "invalid")
# fmt: off
REFUSALS = {
    # The request itself.
    "an unknown field": (nothing, "POST", "global/firewalls", fw(colour="red"), 400, "badRequest", "colour"),
    "a field of a wrong type": (nothing, "POST", "global/firewalls", fw(priority="high"), 400, "badRequest", "priority"),
    "no JSON object": (nothing, "POST", "global/firewalls", ["x"], 400, "parseError", "Parse"),
    "no such path": (nothing, "GET", "global/teapots", None, 404, "notFound", "Not Found"),
    "no such verb": (nothing, "PUT", "r/addresses/a", {}, 404, "notFound", "Not Found"),
    "making an instance": (nothing, "POST", "z/instances", {"name": "i"}, 501, "notImplemented", "instances.insert"),
    "deleting a network": (nothing, "DELETE", "global/networks/default", None, 501, "notImplemented", "networks.delete"),
    # Names.
    "no name": (nothing, "POST", "global/firewalls", {"allowed": []}, 400, "required", "resource.name"),
    "a name with capitals": (nothing, "POST", "global/firewalls", fw(name="Web"), *INVALID, "resource.name"),
    "a name that is too long": (nothing, "POST", "global/firewalls", fw(name="a" * 64), *INVALID, "resource.name"),
    "a name that ends in a hyphen": (nothing, "POST", "global/firewalls", fw(name="a-"), *INVALID, "resource.name"),
    "a name that is taken": (a_firewall, "POST", "global/firewalls", fw(), 409, "alreadyExists", "already exists"),
    "another name in a patch": (a_firewall, "PATCH", "global/firewalls/w", {"name": "v"}, *INVALID, "name"),
    "a description without end": (nothing, "POST", "global/firewalls", fw(description="x" * 2049), *INVALID, "2048"),
    # Missing, and in use.
    "reading what is not there": (nothing, "GET", "global/firewalls/w", None, 404, "notFound", "global/firewalls/w"),
    "deleting what is not there": (nothing, "DELETE", "r/addresses/a", None, 404, "notFound", "addresses/a"),
    "a reference that leads nowhere": (nothing, "POST", "r/backendServices", bs(), 404, "notFound", "regions/europe-west1/healthChecks/h"),
    "a reference to another kind": (a_check, "POST", "r/backendServices", bs(healthChecks=["@r/addresses/a"]), *INVALID, "another kind"),
    "a reference that is no URL": (a_check, "POST", "r/backendServices", bs(healthChecks=["h"]), *INVALID, "malformed"),
    "a network that is not there": (nothing, "POST", "global/firewalls", fw(network="@global/networks/n"), 404, "notFound", "global/networks/n"),
    "deleting a service that a rule uses": (a_rule, "DELETE", "r/backendServices/f-service", None, 400, "resourceInUseByAnotherResource", "forwardingRules/f"),
    "deleting a check that a service uses": (a_service, "DELETE", "r/healthChecks/b-check", None, 400, "resourceInUseByAnotherResource", "backendServices/b"),
    "deleting a group that a service uses": (a_used_group, "DELETE", "z/networkEndpointGroups/g", None, 400, "resourceInUseByAnotherResource", "backendServices/b"),
    "deleting a map's service": (a_url_map, "DELETE", "global/backendServices/b", None, 400, "resourceInUseByAnotherResource", "urlMaps/u"),
    # Fingerprints.
    "PUT of a service without its fingerprint": (a_service, "PUT", "r/backendServices/b", bs(), 400, "required", "resource.fingerprint"),
    "PUT of a service with an old fingerprint": (a_service, "PUT", "r/backendServices/b", bs(fingerprint="AAAAAAAAAAA="), 412, "conditionNotMet", "Invalid fingerprint"),
    "PATCH of a service with an old fingerprint": (a_service, "PATCH", "r/backendServices/b", {"fingerprint": "AAAAAAAAAAA="}, 412, "conditionNotMet", "Invalid fingerprint"),
    "PUT of a map without its fingerprint": (a_url_map, "PUT", "global/urlMaps/u", {"name": "u"}, 400, "required", "fingerprint"),
    "labels without their fingerprint": (a_rule, "POST", "r/forwardingRules/f/setLabels", {"labels": {}}, 400, "required", "labelFingerprint"),
    "labels with an old fingerprint": (a_rule, "POST", "r/forwardingRules/f/setLabels", {"labels": {}, "labelFingerprint": "AAAAAAAAAAA="}, 412, "conditionNotMet", "fingerprint"),
    "labels with capitals": (nothing, "POST", "r/addresses", {"name": "a", "labels": {"Team": "x"}}, *INVALID, "labels"),
    # What can not change.
    "another network of a firewall rule": (a_firewall, "PATCH", "global/firewalls/w", {"direction": "EGRESS"}, *INVALID, "direction"),
    "another scheme of a service": (a_service, "PATCH", "r/backendServices/b", {"loadBalancingScheme": "INTERNAL"}, *INVALID, "loadBalancingScheme"),
    "other ports of a rule": (a_rule, "PATCH", "r/forwardingRules/f", {"ports": ["81"]}, *INVALID, "ports"),
    "another protocol of a rule": (a_rule, "PATCH", "r/forwardingRules/f", {"IPProtocol": "UDP"}, *INVALID, "IPProtocol"),
    "another tier of a rule": (a_rule, "PATCH", "r/forwardingRules/f", {"networkTier": "STANDARD"}, *INVALID, "networkTier"),
    "a protocol of a service that its rule can not have": (a_rule, "PATCH", "r/backendServices/f-service", {"protocol": "UDP"}, *INVALID, "IPProtocol"),
    "a target for a rule with a service": (a_rule, "POST", "r/forwardingRules/f/setTarget", {"target": "@r/targetPools/p"}, *INVALID, "backend service"),
    # Forwarding rules.
    "a rule to nowhere": (nothing, "POST", "r/forwardingRules", {"name": "f"}, *INVALID, "No target or backend service specified"),
    "six ports": (a_service, "POST", "r/forwardingRules", fr(ports=[str(n) for n in range(80, 86)]), *INVALID, "At most 5"),
    "ports and a range": (a_service, "POST", "r/forwardingRules", fr(portRange="80-90"), *INVALID, "Only one of"),
    "a port that is none": (a_service, "POST", "r/forwardingRules", fr(ports=["70000"]), *INVALID, "70000"),
    "a range among the ports": (a_service, "POST", "r/forwardingRules", fr(ports=["80-90"]), *INVALID, "single port"),
    "UDP to a TCP service": (a_service, "POST", "r/forwardingRules", fr(IPProtocol="UDP"), *INVALID, "IPProtocol"),
    "all protocols to a TCP service": (a_service, "POST", "r/forwardingRules", fr(IPProtocol="L3_DEFAULT", ports=[], allPorts=True), *INVALID, "L3_DEFAULT"),
    "an internal rule to an external service": (a_service, "POST", "r/forwardingRules", fr(loadBalancingScheme="INTERNAL"), *INVALID, "must be the same"),
    "a range of an internal rule": (an_internal_service, "POST", "r/forwardingRules", fr(loadBalancingScheme="INTERNAL", ports=[], portRange="80-90"), *INVALID, "portRange"),
    "global access of an external rule": (a_service, "POST", "r/forwardingRules", fr(allowGlobalAccess=True), *INVALID, "allowGlobalAccess"),
    "an address that is none": (a_service, "POST", "r/forwardingRules", fr(IPAddress="1.2.3.999"), *INVALID, "Invalid IP address specified."),
    "an address that nobody reserved": (a_service, "POST", "r/forwardingRules", fr(IPAddress="198.18.9.9"), *INVALID, "not reserved"),
    "an address outside the subnetwork": (an_internal_service, "POST", "r/forwardingRules", fr(loadBalancingScheme="INTERNAL", IPAddress="192.168.0.1"), *INVALID, "outside the network/subnetwork range"),
    "the address of a node": (an_internal_service, "POST", "r/forwardingRules", fr(loadBalancingScheme="INTERNAL", IPAddress="10.128.0.2"), 409, "conflict", "IP_IN_USE_BY_ANOTHER_RESOURCE"),
    "an address of another tier": (a_standard_address, "POST", "r/forwardingRules", fr(IPAddress="@r/addresses/a"), 400, "badRequest", "The network tier of external IP is STANDARD"),
    "IPv6 in a subnetwork without": (a_service, "POST", "r/forwardingRules", fr(ipVersion="IPV6", subnetwork="@r/subnetworks/default"), *INVALID, "no external IPv6 range"),
    # Addresses.
    "an external address of somebody else": (nothing, "POST", "r/addresses", {"name": "a", "address": "198.18.9.9"}, *INVALID, "not in use"),
    "an internal address outside": (nothing, "POST", "r/addresses", {"name": "a", "addressType": "INTERNAL", "address": "192.168.0.1"}, *INVALID, "outside"),
    "the internal address of a node": (nothing, "POST", "r/addresses", {"name": "a", "addressType": "INTERNAL", "address": "10.128.0.2"}, 409, "conflict", "IP_IN_USE"),
    # Health checks.
    "a check of no type": (nothing, "POST", "r/healthChecks", {"name": "h"}, 400, "required", "type"),
    "a timeout longer than the interval": (nothing, "POST", "r/healthChecks", {"name": "h", "type": "TCP", "timeoutSec": 9}, *INVALID, "timeout"),
    "details of another type": (nothing, "POST", "r/healthChecks", {"name": "h", "type": "TCP", "httpHealthCheck": {"port": 80}}, *INVALID, "httpHealthCheck"),
    "a check path that is none": (nothing, "POST", "r/healthChecks", {"name": "h", "type": "HTTP", "httpHealthCheck": {"requestPath": "x"}}, *INVALID, "requestPath"),
    "an interval out of bounds": (nothing, "POST", "r/healthChecks", {"name": "h", "type": "TCP", "checkIntervalSec": 301}, *INVALID, "checkIntervalSec"),
    # Backend services.
    "a service without a check": (nothing, "POST", "r/backendServices", bs(healthChecks=[]), *INVALID, "Exactly one health check"),
    "a group twice": (a_used_group, "POST", "r/backendServices", bs(name="c", healthChecks=["@r/healthChecks/b-check"], backends=[{"group": "@z/networkEndpointGroups/g"}] * 2), *INVALID, "twice"),
    "balancing by rate": (a_used_group, "POST", "r/backendServices", bs(name="c", healthChecks=["@r/healthChecks/b-check"], backends=[{"group": "@z/networkEndpointGroups/g", "balancingMode": "RATE"}]), *INVALID, "must be CONNECTION"),
    "strong affinity without any": (a_check, "POST", "r/backendServices", bs(connectionTrackingPolicy={"trackingMode": "PER_SESSION", "enableStrongAffinity": True}), *INVALID, "enableStrongAffinity"),
    "an affinity of proxies": (a_check, "POST", "r/backendServices", bs(sessionAffinity="GENERATED_COOKIE"), *INVALID, "sessionAffinity"),
    "a way of spreading that is internal": (a_check, "POST", "r/backendServices", bs(localityLbPolicy="WEIGHTED_GCP_RENDEZVOUS"), *INVALID, "localityLbPolicy"),
    "HTTP through a passthrough": (a_check, "POST", "r/backendServices", bs(protocol="HTTP"), *INVALID, "protocol"),
    # Groups.
    "no endpoints": (a_group, "POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", {}, 400, "required", "networkEndpoints"),
    "more endpoints than fit a call": (a_group, "POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", {"networkEndpoints": [{"instance": f"i-{n}"} for n in range(501)]}, *INVALID, "At most 500"),
    "an endpoint with a port": (a_group, "POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", {"networkEndpoints": [{"instance": "gke-kubia-pool-00000001", "port": 80}]}, *INVALID, "port can not"),
    "an instance that is not there": (a_group, "POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", {"networkEndpoints": [{"instance": "nobody"}]}, 404, "notFound", "instances/nobody"),
    "an instance of another zone": (a_group, "POST", "z/networkEndpointGroups/g/attachNetworkEndpoints", {"networkEndpoints": [{"instance": "gke-kubia-pool-00000002"}]}, 404, "notFound", "instances/gke-kubia-pool-00000002"),
    "detaching what is not attached": (a_group, "POST", "z/networkEndpointGroups/g/detachNetworkEndpoints", {"networkEndpoints": [{"instance": "gke-kubia-pool-00000001"}]}, *INVALID, "not in the group"),
    "changing a group": (a_group, "PATCH", "z/networkEndpointGroups/g", {}, 404, "notFound", "Not Found"),
    "a member twice": (an_instance_group, "POST", "z/instanceGroups/i/addInstances", {"instances": [{"instance": "@z/instances/gke-kubia-pool-00000001"}]}, 400, "memberAlreadyExists", "already a member"),
    "removing a stranger": (an_instance_group, "POST", "z/instanceGroups/i/removeInstances", {"instances": [{"instance": "@z/instances/gke-kubia-pool-00000004"}]}, *INVALID, "not a member"),
    "named ports with an old fingerprint": (an_instance_group, "POST", "z/instanceGroups/i/setNamedPorts", {"namedPorts": [], "fingerprint": "AAAAAAAAAAA="}, 412, "conditionNotMet", "fingerprint"),
    # Firewall rules.
    "neither allowed nor denied": (nothing, "POST", "global/firewalls", {"name": "w"}, *INVALID, "Exactly one of allowed and denied"),
    "both families in one rule": (nothing, "POST", "global/firewalls", fw(sourceRanges=["10.0.0.0/8", "::/0"]), *INVALID, "both IPv4 and IPv6"),
    "a range with host bits": (nothing, "POST", "global/firewalls", fw(sourceRanges=["10.0.0.1/8"]), *INVALID, "sourceRanges[0]"),
    "tags and accounts": (nothing, "POST", "global/firewalls", fw(targetTags=["t"], targetServiceAccounts=["a@b"]), *INVALID, "can not be mixed"),
    "ports of a protocol without": (nothing, "POST", "global/firewalls", fw(allowed=[{"IPProtocol": "icmp", "ports": ["1"]}]), *INVALID, "Ports may not"),
    "a tag that is none": (nothing, "POST", "global/firewalls", fw(targetTags=["Web"]), *INVALID, "targetTags[0]"),
    "a priority out of bounds": (nothing, "POST", "global/firewalls", fw(priority=70000), *INVALID, "priority"),
    # Layer 7.
    "a map without a default": (nothing, "POST", "global/urlMaps", {"name": "u"}, 400, "required", "defaultService"),
    "a host twice": (a_url_map, "POST", "global/urlMaps", {"name": "v", "defaultService": "@global/backendServices/b", "pathMatchers": [{"name": "m", "defaultService": "@global/backendServices/b"}], "hostRules": [{"hosts": ["a.b", "a.b"], "pathMatcher": "m"}]}, *INVALID, "twice"),
    "a matcher that is not there": (a_url_map, "POST", "global/urlMaps", {"name": "v", "defaultService": "@global/backendServices/b", "hostRules": [{"hosts": ["a.b"], "pathMatcher": "m"}]}, *INVALID, "does not exist"),
    "HTTPS without a certificate": (a_url_map, "POST", "global/targetHttpsProxies", {"name": "p", "urlMap": "@global/urlMaps/u"}, 400, "required", "sslCertificates"),
    "a certificate that is none": (nothing, "POST", "global/sslCertificates", {"name": "c", "certificate": "x", "privateKey": KEY}, *INVALID, "certificate"),
    "a certificate without its key": (nothing, "POST", "global/sslCertificates", {"name": "c", "certificate": PEM}, 400, "required", "privateKey"),
    # Lists.
    "a page of a thousand": (nothing, "GET", "global/firewalls?maxResults=1000", None, *INVALID, "maxResults"),
    "a filter that is none": (nothing, "GET", "global/firewalls?filter=name", None, *INVALID, "filter"),
    "a filter by a field that is none": (nothing, "GET", "global/firewalls?filter=colour eq red", None, *INVALID, "filter"),
    "a filter that is no expression": (nothing, "GET", "global/firewalls?filter=name eq (", None, *INVALID, "filter"),
    "an order that is none": (nothing, "GET", "global/firewalls?orderBy=priority", None, *INVALID, "orderBy"),
    "a page token that is none": (nothing, "GET", "global/firewalls?pageToken=%FF", None, *INVALID, "pageToken"),
    # Request ids.
    "a request id that is none": (nothing, "POST", "global/firewalls?requestId=x", fw(), 400, "badRequest", "UUID"),
    "a request id of zeros": (nothing, "POST", f"global/firewalls?requestId={uuid.UUID(int=0)}", fw(), 400, "badRequest", "UUID"),
}
# fmt: on


@pytest.mark.parametrize(
    "case", REFUSALS.values(), ids=[name.replace(" ", "-") for name in REFUSALS]
)
def test_a_wrong_request_is_refused_with_the_api_s_own_reason(project, case):
    prepare, verb, path, body, status, reason, part = case
    prepare(project)
    before = project.emulator.contents()

    found = project.refused(verb, path, body)

    assert found[:2] == (status, reason), found
    assert part in found[2]
    assert project.emulator.contents() == before


@pytest.mark.parametrize(
    ("metric", "make"),
    [
        ("FIREWALLS", lambda project, n: ("global/firewalls", fw(name=f"w-{n}"))),
        ("HEALTH_CHECKS", lambda project, n: ("r/healthChecks", {"name": f"h-{n}", "type": "TCP"})),
        ("STATIC_ADDRESSES", lambda project, n: ("r/addresses", {"name": f"a-{n}"})),
        (
            "NETWORK_ENDPOINT_GROUPS",
            lambda project, n: ("z/networkEndpointGroups", {"name": f"g-{n}"}),
        ),
    ],
)
def test_a_quota_is_a_quota_and_no_rate(project, metric, make):
    project.emulator.configure(quotas={metric: 1})
    project.do("POST", *make(project, 1))

    status, reason, message = project.refused("POST", *make(project, 2))

    assert (status, reason) == (403, "quotaExceeded")
    assert f"Quota '{metric}' exceeded. Limit: 1.0" in message


def test_too_many_calls_are_refused_by_rate(project):
    project.emulator.configure(throttle="realistic")
    for _ in range(250):
        project.get("global/firewalls")

    status, answer = project.send("GET", "global/firewalls")

    assert status == 403
    (error,) = answer["error"]["errors"]
    assert (error["reason"], error["domain"]) == ("rateLimitExceeded", "usageLimits")
    project.clock.advance(1)
    project.get("global/firewalls")


def test_what_is_denied_names_the_permission(project):
    project.emulator.configure(denied=frozenset({"compute.firewalls.create"}))

    status, reason, message = project.refused("POST", "global/firewalls", fw())

    assert (status, reason) == (403, "forbidden")
    assert message.startswith("Required 'compute.firewalls.create' permission for 'projects/")


@pytest.mark.parametrize(
    ("verb", "path", "body"),
    [
        pytest.param("DELETE", "global/firewalls/w", None, id="delete"),
        pytest.param("PATCH", "global/firewalls/w", {"priority": 5}, id="patch"),
        pytest.param("PUT", "global/firewalls/w", fw(priority=5), id="put"),
    ],
)
def test_while_an_operation_runs_nothing_else_may_change_the_resource(project, verb, path, body):
    assert project.send("POST", "global/firewalls", fw())[0] == 200

    assert project.refused(verb, path, body)[:2] == (400, "resourceNotReady")

    project.clock.advance(2)
    assert project.send(verb, path, body)[0] == 200


def test_what_is_still_being_made_can_not_be_referred_to(project):
    assert project.send("POST", "r/healthChecks", {"name": "h", "type": "TCP"})[0] == 200

    assert project.refused("POST", "r/backendServices", bs())[:2] == (400, "resourceNotReady")


def test_one_address_and_port_has_one_rule(project):
    project.do("POST", "r/addresses", {"name": "a"})
    address = project.get("r/addresses/a")["address"]
    project.rule("f", IPAddress=address, ports=["80", "81"])
    body = fr(name="other", backendService="@r/backendServices/f-service", IPAddress=address)

    assert project.refused("POST", "r/forwardingRules", {**body, "ports": ["81"]})[:2] == INVALID
    assert (
        "in-use and would result in a conflict"
        in project.refused("POST", "r/forwardingRules", {**body, "ports": ["81"]})[2]
    )
    project.do("POST", "r/forwardingRules", {**body, "ports": ["82"]})


def test_an_ephemeral_address_in_use_can_not_be_taken_by_a_second_rule(project):
    project.rule("f")
    address = project.get("r/forwardingRules/f")["IPAddress"]
    body = fr(
        name="g", backendService="@r/backendServices/f-service", IPAddress=address, ports=["81"]
    )

    assert "in-use" in project.refused("POST", "r/forwardingRules", body)[2]


def test_an_address_is_reserved_once(project):
    project.rule("f")
    address = project.get("r/forwardingRules/f")["IPAddress"]
    project.do("POST", "r/addresses", {"name": "a", "address": address})

    found = project.refused("POST", "r/addresses", {"name": "b", "address": address})

    assert found[:2] == INVALID
    assert "already reserved" in found[2]


def test_a_request_id_stands_for_one_request(project):
    same = str(uuid.uuid4())
    first = project.do("POST", "global/firewalls", fw(), requestId=same)

    status, again = project.send("POST", "global/firewalls", fw(), requestId=same)
    assert (status, again["name"], again["clientOperationId"]) == (200, first["name"], same)

    assert project.send("POST", "global/firewalls", fw(), requestId=same.upper())[0] == 200

    other = project.refused("POST", "global/firewalls", fw(name="v"), requestId=same)
    assert other[:2] == (400, "badRequest")
