"""Refusals that are met rarely: limits of numbers, other places, the wrong kind of thing."""

import pytest
import requests

from cloudlb_gcp.emulator import NodeSeed
from cloudlb_gcp.emulator import errors as gce
from cloudlb_gcp.emulator.kinds import instance_groups

PEM = "-----BEGIN {0}-----\nx\n-----END {0}-----".format
THERE = "regions/us-central1"
NODE = "gke-kubia-pool-00000001"
GROUPS, ENDPOINTS = "z/networkEndpointGroups", "z/networkEndpointGroups/g/attachNetworkEndpoints"
MANAGED = {"loadBalancingScheme": "INTERNAL_MANAGED"}


@pytest.fixture
def world(project):
    """A project with one of most things."""
    project.rule()
    project.service("inner", loadBalancingScheme="INTERNAL")
    project.service("any", protocol="UNSPECIFIED")
    project.group()
    project.do("POST", "z/instanceGroups", {"name": "i"})
    project.do("POST", "global/httpHealthChecks", {"name": "legacy"})
    project.do("POST", "global/httpHealthChecks", {"name": "second"})
    project.do("POST", "r/addresses", {"name": "outside"})
    project.do("POST", "r/addresses", {"name": "inside", "addressType": "INTERNAL"})
    checks = ["@global/httpHealthChecks/legacy"]
    project.do("POST", "r/targetPools", {"name": "p", "healthChecks": checks})
    project.do("POST", f"{THERE}/healthChecks", {"name": "far", "type": "TCP"})
    project.do("POST", f"{THERE}/targetPools", {"name": "far"})
    managed(project)
    pem = {"certificate": PEM("CERTIFICATE"), "privateKey": PEM("PRIVATE KEY")}
    project.do("POST", "r/sslCertificates", {"name": "c", **pem})
    project.emulator.add_node(NodeSeed(name="elsewhere", zone="b", subnet="more"))
    return project


def managed(project) -> None:
    """Make an inner HTTP load balancer but for its rule."""
    service = {"name": "m", **MANAGED, "healthChecks": ["@r/healthChecks/inner-check"]}
    project.do("POST", "r/backendServices", service)
    project.do("POST", "r/urlMaps", {"name": "m", "defaultService": "@r/backendServices/m"})
    project.do("POST", "r/targetHttpProxies", {"name": "m", "urlMap": "@r/urlMaps/m"})


def fr(**fields: object):
    return {"name": "g", "ports": ["80"], "backendService": "@r/backendServices/any", **fields}


def fw(**fields: object):
    return {"name": "w", "allowed": [{"IPProtocol": "TCP", "ports": ["80"]}], **fields}


def members(number: int, name: str = "i"):
    return {"instances": [{"instance": f"@z/instances/{name}-{n}"} for n in range(number)]}


def a_map(**fields: object):
    service = "@r/backendServices/m"
    return {"name": "n", "defaultService": service, **fields}


M = "@r/backendServices/m"


def matched(*matchers: dict[str, object]):
    rules = [{"hosts": ["a.b"], "pathMatcher": "m"}]
    defaults = [{"defaultService": M, **each} for each in matchers]
    return a_map(hostRules=rules, pathMatchers=defaults)


INVALID = (400, "invalid")
# fmt: off
REFUSALS = {
    # Of another place or kind.
    "a check of another region": ("POST", "r/backendServices", {"name": "n", "protocol": "TCP", "healthChecks": [f"@{THERE}/healthChecks/far"]}, *INVALID, "another region"),
    "an address that is a service": ("POST", "r/forwardingRules", fr(IPAddress="@r/backendServices/any"), *INVALID, "Must be an address"),
    "an inner address of an outer rule": ("POST", "r/forwardingRules", fr(IPAddress="@r/addresses/inside"), *INVALID, "another type"),
    "an outer address of an inner rule": ("POST", "r/forwardingRules", fr(loadBalancingScheme="INTERNAL", backendService="@r/backendServices/inner", IPAddress="@r/addresses/outside"), *INVALID, "outside"),
    "IPv6 of no subnetwork": ("POST", "r/forwardingRules", fr(ipVersion="IPV6"), 400, "required", "subnetwork"),
    "an IPv6 address of no subnetwork": ("POST", "r/addresses", {"name": "n", "ipVersion": "IPV6"}, 400, "required", "subnetwork"),
    "an inner address of no subnetwork": ("POST", "global/addresses", {"name": "n", "addressType": "INTERNAL"}, 400, "required", "subnetwork"),
    "the inner address that is reserved": ("POST", "r/addresses", {"name": "n", "addressType": "INTERNAL", "address": "10.128.8.2"}, 409, "conflict", "IP_IN_USE_BY_ANOTHER_RESOURCE"),
    "an instance of another zone": ("POST", "z/instanceGroups/i/addInstances", {"instances": [{"instance": "@zones/europe-west1-c/instances/gke-kubia-pool-00000002"}]}, *INVALID, "not in zone"),
    "an instance of another subnetwork": ("POST", ENDPOINTS, {"networkEndpoints": [{"instance": "elsewhere"}]}, *INVALID, "no network interface"),
    "health of a group that is no backend": ("POST", "r/backendServices/any/getHealth", {"group": "@z/networkEndpointGroups/g"}, *INVALID, "no backend"),
    "health of no group": ("POST", "r/backendServices/any/getHealth", {}, *INVALID, "malformed"),
    # Forwarding rules.
    "SCTP to a service": ("POST", "r/forwardingRules", fr(IPProtocol="SCTP"), *INVALID, "Must be one of TCP, UDP, L3_DEFAULT"),
    "all protocols on some ports": ("POST", "r/forwardingRules", fr(IPProtocol="L3_DEFAULT"), *INVALID, "must have allPorts"),
    "port zero": ("POST", "r/forwardingRules", fr(ports=["0-"]), *INVALID, "ports[0]"),
    "a range backwards": ("POST", "r/forwardingRules", {k: v for k, v in fr(portRange="90-80").items() if k != "ports"}, *INVALID, "portRange"),
    "a target and a service": ("POST", "r/forwardingRules", fr(target="@r/targetPools/p"), *INVALID, "Only one of target and backend service"),
    # Target pools.
    "two checks of a pool": ("POST", "r/targetPools", {"name": "q", "healthChecks": ["@global/httpHealthChecks/legacy", "@global/httpHealthChecks/second"]}, *INVALID, "at most one health check"),
    "a second check of a pool": ("POST", "r/targetPools/p/addHealthCheck", {"healthChecks": [{"healthCheck": "@global/httpHealthChecks/second"}]}, *INVALID, "at most one health check"),
    "a new check in a pool": ("POST", "r/targetPools/p/addHealthCheck", {"healthChecks": [{"healthCheck": "@r/healthChecks/inner-check"}]}, *INVALID, "another kind"),
    "more instances than fit a new pool": ("POST", "r/targetPools", {"name": "q", "instances": [f"@z/instances/{NODE}"] * 201}, *INVALID, "At most 200"),
    "more instances than fit a call": ("POST", "r/targetPools/p/addInstance", members(1001), *INVALID, "At most 1000"),
    "a pool of another region": ("POST", f"{THERE}/targetPools", {"name": "q", "instances": [f"@z/instances/{NODE}"]}, *INVALID, "another region"),
    "an instance of another region in a pool": ("POST", f"{THERE}/targetPools/far/addInstance", {"instances": [{"instance": f"@z/instances/{NODE}"}]}, *INVALID, "another region"),
    "an affinity of services in a pool": ("POST", "r/targetPools", {"name": "q", "sessionAffinity": "GENERATED_COOKIE"}, *INVALID, "sessionAffinity"),
    "changing a pool": ("PATCH", "r/targetPools/p", {"sessionAffinity": "CLIENT_IP"}, 404, "notFound", "Not Found"),
    # Groups.
    "a default port of nodes": ("POST", GROUPS, {"name": "n", "networkEndpointType": "GCE_VM_IP", "defaultPort": 80}, *INVALID, "default port"),
    "a default port that is none": ("POST", GROUPS, {"name": "n", "defaultPort": 70_000}, *INVALID, "defaultPort"),
    "a group of servers' names": ("POST", GROUPS, {"name": "n", "networkEndpointType": "INTERNET_FQDN_PORT"}, *INVALID, "networkEndpointType"),
    "no instances": ("POST", "z/instanceGroups/i/addInstances", {}, 400, "required", "instances"),
    "a named port that is none": ("POST", "z/instanceGroups/i/setNamedPorts", {"namedPorts": [{"name": "a", "port": 0}]}, *INVALID, "namedPorts[0].port"),
    # Firewall rules.
    "tags as sources of what goes out": ("POST", "global/firewalls", fw(direction="EGRESS", sourceTags=["t"]), *INVALID, "INGRESS"),
    "accounts as sources of what goes out": ("POST", "global/firewalls", fw(direction="EGRESS", sourceServiceAccounts=["a@b"]), *INVALID, "INGRESS"),
    "a protocol's number that is none": ("POST", "global/firewalls", fw(allowed=[{"IPProtocol": "300"}]), *INVALID, "allowed[0].IPProtocol"),
    "a protocol that is none": ("POST", "global/firewalls", fw(allowed=[{"IPProtocol": "banana"}]), *INVALID, "allowed[0].IPProtocol"),
    "ports of no protocol": ("POST", "global/firewalls", fw(allowed=[{"ports": ["80"]}]), *INVALID, "allowed[0].IPProtocol"),
    "both allowed and denied": ("POST", "global/firewalls", fw(denied=[{"IPProtocol": "udp"}]), *INVALID, "Exactly one of"),
    "too many ranges": ("POST", "global/firewalls", fw(sourceRanges=[f"10.{n >> 8}.{n & 255}.0/24" for n in range(5001)]), *INVALID, "At most 5000"),
    "too many tags": ("POST", "global/firewalls", fw(targetTags=[f"t{n}" for n in range(71)]), *INVALID, "At most 70"),
    "too many source tags": ("POST", "global/firewalls", fw(sourceTags=[f"t{n}" for n in range(31)]), *INVALID, "At most 30"),
    "too many accounts": ("POST", "global/firewalls", fw(targetServiceAccounts=[f"a{n}@b" for n in range(11)]), *INVALID, "At most 10"),
    # Checks, maps, proxies, certificates.
    "a check of a type that is not for all": ("POST", "r/healthChecks", {"name": "n", "type": "GRPC_WITH_TLS"}, *INVALID, "type"),
    "a check of a type that is none": ("POST", "r/healthChecks", {"name": "n", "type": "INVALID"}, *INVALID, "type"),
    "a host that is none": ("POST", "r/urlMaps", a_map(hostRules=[{"hosts": ["a b"], "pathMatcher": "m"}], pathMatchers=[{"name": "m", "defaultService": "@r/backendServices/m"}]), *INVALID, "Must be a host"),
    "a path that is none": ("POST", "r/urlMaps", a_map(hostRules=[{"hosts": ["a.b"], "pathMatcher": "m"}], pathMatchers=[{"name": "m", "defaultService": "@r/backendServices/m", "pathRules": [{"paths": ["a"], "service": "@r/backendServices/m"}]}]), *INVALID, "Must begin with '/'"),
    "a path with a star inside": ("POST", "r/urlMaps", a_map(hostRules=[{"hosts": ["a.b"], "pathMatcher": "m"}], pathMatchers=[{"name": "m", "defaultService": "@r/backendServices/m", "pathRules": [{"paths": ["/a*b"], "service": "@r/backendServices/m"}]}]), *INVALID, "'*' only at its end"),
    "a matcher without a default": ("POST", "r/urlMaps", a_map(hostRules=[{"hosts": ["a.b"], "pathMatcher": "m"}], pathMatchers=[{"name": "m"}]), 400, "required", "pathMatchers[0].defaultService"),
    "a proxy without a map": ("POST", "r/targetHttpProxies", {"name": "n"}, 400, "required", "urlMap"),
    "an HTTPS proxy without a map": ("POST", "r/targetHttpsProxies", {"name": "n"}, 400, "required", "urlMap"),
    "too many certificates": ("POST", "r/targetHttpsProxies", {"name": "n", "urlMap": "@r/urlMaps/m", "sslCertificates": ["@r/sslCertificates/c"] * 16}, *INVALID, "At most 15"),
    "a key that is none": ("POST", "r/sslCertificates", {"name": "n", "certificate": PEM("CERTIFICATE"), "privateKey": "x"}, *INVALID, "privateKey"),
    "a map that is gone": ("POST", "r/targetHttpProxies/m/setUrlMap", {"urlMap": "@r/urlMaps/no"}, 404, "notFound", "urlMaps/no"),
    "no map": ("POST", "r/targetHttpProxies/m/setUrlMap", {}, 400, "required", "urlMap"),
    "a matcher twice": ("POST", "r/urlMaps", matched({"name": "m"}, {"name": "m"}), *INVALID, "there twice"),
    "a matcher for no host": ("POST", "r/urlMaps", matched({"name": "m"}, {"name": "o"}), *INVALID, "No host rule"),
    "a path twice": ("POST", "r/urlMaps", matched({"name": "m", "pathRules": [{"paths": ["/a", "/a"], "service": M}]}), *INVALID, "there twice"),
    "a path to nowhere": ("POST", "r/urlMaps", matched({"name": "m", "pathRules": [{"paths": ["/a"]}]}), 400, "required", "pathRules[0].service"),
    "paths and routes": ("POST", "r/urlMaps", matched({"name": "m", "pathRules": [{"paths": ["/a"], "service": M}], "routeRules": [{"priority": 1, "service": M}]}), *INVALID, "Only one of pathRules"),
    "a redirect and a service": ("POST", "r/urlMaps", a_map(defaultUrlRedirect={"httpsRedirect": True}), *INVALID, "can not be combined"),
    "a service and weights": ("POST", "r/urlMaps", a_map(defaultRouteAction={"weightedBackendServices": [{"backendService": M, "weight": 1}]}), *INVALID, "Only one of defaultService"),
    "a weight above all": ("POST", "r/urlMaps", {"name": "n", "defaultRouteAction": {"weightedBackendServices": [{"backendService": M, "weight": 1001}]}}, *INVALID, "weight"),
    "a port beside the serving one": ("POST", "r/healthChecks", {"name": "n", "type": "HTTP", "httpHealthCheck": {"port": 80, "portSpecification": "USE_SERVING_PORT"}}, *INVALID, "USE_SERVING_PORT"),
    "a named port without its name": ("POST", "r/healthChecks", {"name": "n", "type": "HTTP", "httpHealthCheck": {"portSpecification": "USE_NAMED_PORT"}}, 400, "required", "portName"),
    "gRPC without a port": ("POST", "r/healthChecks", {"name": "n", "type": "GRPC"}, 400, "required", "grpcHealthCheck.port"),
    "a port's name that is none": ("POST", "z/instanceGroups", {"name": "n", "namedPorts": [{"name": "Bad Name", "port": 80}]}, *INVALID, "namedPorts[0].name"),
    "a name of no port": ("POST", "z/instanceGroups", {"name": "n", "namedPorts": [{"name": "http"}]}, 400, "required", "namedPorts[0].port"),
    "a subnetwork of an outer rule": ("POST", "r/forwardingRules", fr(subnetwork="@r/subnetworks/default"), *INVALID, "subnetwork"),
    "the number of no port": ("POST", "r/forwardingRules", fr(ports=["0"]), *INVALID, "between 1 and 65535"),
    "sharing an outer address": ("POST", "r/addresses", {"name": "n", "purpose": "SHARED_LOADBALANCER_VIP"}, *INVALID, "internal"),
    "tracking that is none": ("POST", "r/backendServices", {"name": "n", "connectionTrackingPolicy": {"trackingMode": "INVALID_TRACKING_MODE"}}, *INVALID, "trackingMode"),
    # Operations and lists.
    "an operation that is not there": ("GET", "r/operations/no", None, 404, "notFound", "operations/no"),
    "forgetting an operation that is not there": ("DELETE", "r/operations/no", None, 404, "notFound", "operations/no"),
    "waiting for an operation that is not there": ("POST", "r/operations/no/wait", None, 404, "notFound", "operations/no"),
    "a page token of another make": ("GET", "global/firewalls?pageToken=aGVsbG8=", None, *INVALID, "pageToken"),
    "a page of less than none": ("GET", "global/firewalls?maxResults=-1", None, *INVALID, "maxResults"),
    "a filter without its end": ("GET", "global/firewalls?filter=(name = a", None, *INVALID, "filter"),
    "a filter with two ends": ("GET", "global/firewalls?filter=(name = a))", None, *INVALID, "filter"),
    "a filter that ends in OR": ("GET", "global/firewalls?filter=name = a OR", None, *INVALID, "filter"),
    "a filter with OR between patterns": ("GET", "global/firewalls?filter=name eq a OR name eq b", None, *INVALID, "filter"),
    "a filter of both dialects": ("GET", "global/firewalls?filter=name eq a AND name = b", None, *INVALID, "filter"),
    "a filter by half a pattern": ("GET", "global/firewalls?filter=name eq [", None, *INVALID, "filter"),
    # What the emulator has not.
    "purging a cache": ("POST", "global/urlMaps/no/invalidateCache", {"path": "/x"}, 501, "notImplemented", "urlMaps.invalidateCache"),
    "the host of the project": ("GET", "getXpnHost", None, 501, "notImplemented", "projects.getXpnHost"),
    "usable services": ("GET", "global/backendServices/listUsable", None, 501, "notImplemented", "listUsable"),
}
# fmt: on


@pytest.mark.parametrize(
    "case", REFUSALS.values(), ids=[name.replace(" ", "-") for name in REFUSALS]
)
def test_what_is_out_of_bounds_is_refused(world, case):
    verb, path, body, status, reason, part = case
    before = world.emulator.contents()

    found = world.refused(verb, path, body)

    assert found[:2] == (status, reason), found
    assert part in found[2]
    assert world.emulator.contents() == before


def test_a_body_that_is_no_json_is_refused(project):
    url = f"{project.emulator.endpoint_url}/compute/v1/{project.path('global/firewalls')}"

    reply = requests.post(url, data=b"{", timeout=10)

    assert reply.status_code == 400
    assert reply.json()["error"]["errors"][0]["reason"] == "parseError"


def test_a_managed_inner_rule_keeps_its_access(world):
    rule = {"name": "g", "portRange": "80", "target": "@r/targetHttpProxies/m", **MANAGED}
    world.do("POST", "r/forwardingRules", rule)

    found = world.refused("PATCH", "r/forwardingRules/g", {"allowGlobalAccess": True})

    assert (found[:2], "can not be changed" in found[2]) == (INVALID, True)


def test_the_address_of_a_rule_is_reserved_in_its_own_tier_and_region(world):
    address = world.get("r/forwardingRules/f")["IPAddress"]
    body = {"name": "n", "address": address}

    tier = world.refused("POST", "r/addresses", {**body, "networkTier": "STANDARD"})
    assert tier[:2] == (400, "badRequest")
    region = world.refused("POST", f"{THERE}/addresses", body)
    assert "another region" in region[2]


def test_ranges_of_ports_on_one_address_do_not_overlap(world):
    body = fr(IPAddress="@r/addresses/outside", portRange="80-90")
    del body["ports"]
    world.do("POST", "r/forwardingRules", body)

    other = {**body, "name": "h", "portRange": "90-99"}
    found = world.refused("POST", "r/forwardingRules", other)
    assert (found[:2], "conflicting with forwarding rule" in found[2]) == (INVALID, True)
    world.do("POST", "r/forwardingRules", {**other, "portRange": "91-99"})


def test_a_global_inner_rule_names_its_subnetwork(world):
    world.do("POST", "global/healthChecks", {"name": "h", "type": "HTTP"})
    service = {"name": "m", **MANAGED, "healthChecks": ["@global/healthChecks/h"]}
    world.do("POST", "global/backendServices", service)
    url_map = {"name": "m", "defaultService": "@global/backendServices/m"}
    world.do("POST", "global/urlMaps", url_map)
    world.do("POST", "global/targetHttpProxies", {"name": "m", "urlMap": "@global/urlMaps/m"})
    rule = {"name": "g", "portRange": "80", "target": "@global/targetHttpProxies/m", **MANAGED}

    found = world.refused("POST", "global/forwardingRules", rule)
    assert (found[1], "subnetwork" in found[2]) == ("required", True)
    world.do("POST", "global/forwardingRules", {**rule, "subnetwork": "@r/subnetworks/default"})


def test_an_ipv6_address_that_nobody_reserved_is_refused(dual_stack):
    dual_stack.service()
    body = {
        "name": "f",
        "ports": ["80"],
        "backendService": "@r/backendServices/b",
        "subnetwork": "@r/subnetworks/default",
        "IPAddress": "2600:1900:4000:800:0:9::/96",
    }

    found = dual_stack.refused("POST", "r/forwardingRules", body)

    assert found[:2] == (412, "conditionNotMet")


def test_an_instance_group_has_a_limit(world, monkeypatch):
    monkeypatch.setattr(instance_groups, "_MOST", 1)
    body = {
        "instances": [
            {"instance": f"@z/instances/{NODE}"},
            {"instance": "@z/instances/gke-kubia-pool-00000004"},
        ]
    }

    found = world.refused("POST", "z/instanceGroups/i/addInstances", body)

    assert (found[:2], "at most 1" in found[2]) == (INVALID, True)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        pytest.param(gce.too_many_requests(), 429, "rateLimitExceeded", id="429"),
        pytest.param(gce.unauthorized(), 401, "authError", id="401"),
    ],
)
@pytest.mark.parametrize(
    "method_and_path",
    [
        ("firewalls.list", "global/firewalls"),
        ("healthChecks.get", "global/healthChecks/no"),
        ("regionOperations.get", "r/operations/no"),
        ("projects.get", ""),
    ],
)
def test_reads_are_refused_on_demand(project, error, status, reason, method_and_path):
    method, path = method_and_path
    project.emulator.refuse(method, error)
    url = f"{project.emulator.endpoint_url}/compute/v1/{project.path(path)}".rstrip("/")

    reply = requests.get(url, timeout=10)

    assert reply.status_code == status
    assert reply.json()["error"]["errors"][0]["reason"] == reason
    assert ("WWW-Authenticate" in reply.headers) == (status == 401)
    assert requests.get(url, timeout=10).status_code in {200, 404}, "only once"


def test_settings_that_say_who_it_plays_stay(project):
    with pytest.raises(TypeError, match="can not change"):
        project.emulator.configure(region="us-central1")


def test_what_goes_out_goes_everywhere_and_a_family_is_kept(project):
    project.firewall("out", direction="EGRESS")
    assert project.get("global/firewalls/out")["destinationRanges"] == ["0.0.0.0/0"]
    project.firewall("six", destinationRanges=["2001:db8::/32"])
    assert project.get("global/firewalls/six")["sourceRanges"] == ["::/0"]
