"""Chains of references: all of a load balancer lies in one place, and its rule has the scheme of its services."""

import pytest

PEM = "-----BEGIN {0}-----\nx\n-----END {0}-----".format


def http(project, scope: str, scheme: str, name: str = "x") -> None:
    """Make everything of an HTTP load balancer but its forwarding rule, each thing by the same name."""
    check = {"name": name, "type": "HTTP"}
    project.do("POST", f"{scope}/healthChecks", check)
    service = {"loadBalancingScheme": scheme, "healthChecks": [f"@{scope}/healthChecks/{name}"]}
    project.do("POST", f"{scope}/backendServices", {"name": name, **service})
    url_map = {"name": name, "defaultService": f"@{scope}/backendServices/{name}"}
    project.do("POST", f"{scope}/urlMaps", url_map)
    proxy = {"name": name, "urlMap": f"@{scope}/urlMaps/{name}"}
    project.do("POST", f"{scope}/targetHttpProxies", proxy)
    pem = {"certificate": PEM("CERTIFICATE"), "privateKey": PEM("PRIVATE KEY")}
    project.do("POST", f"{scope}/sslCertificates", {"name": name, **pem})
    project.do("POST", f"{scope}/sslPolicies", {"name": name})
    certificates = {"sslCertificates": [f"@{scope}/sslCertificates/{name}"]}
    project.do("POST", f"{scope}/targetHttpsProxies", {**proxy, **certificates})


@pytest.fixture
def world(project):
    """A classic global load balancer, a managed one in a region, a target pool and passthrough services."""
    http(project, "global", "EXTERNAL")
    http(project, "r", "EXTERNAL_MANAGED")
    project.do("POST", "r/targetPools", {"name": "pool"})
    project.service("plain")
    project.service("inner", loadBalancingScheme="INTERNAL")
    project.do("POST", "global/httpHealthChecks", {"name": "legacy"})
    return project


def rule(target: str, **fields: object):
    return {"name": "f", "portRange": "80", "target": target, **fields}


GLOBAL, REGION = "global/forwardingRules", "r/forwardingRules"
PROXY, PROXY_R, POOL = (
    "@global/targetHttpProxies/x",
    "@r/targetHttpProxies/x",
    "@r/targetPools/pool",
)
MANAGED, INNER = {"loadBalancingScheme": "EXTERNAL_MANAGED"}, {"loadBalancingScheme": "INTERNAL"}
G_SERVICE, R_SERVICE = "@global/backendServices/x", "@r/backendServices/x"


def weighted(service: str):
    return {"weightedBackendServices": [{"backendService": service, "weight": 1}]}


def matched(**rules: object):
    matcher = {"name": "m", "defaultService": G_SERVICE, **rules}
    hosts = [{"hosts": ["a.b"], "pathMatcher": "m"}]
    return {"name": "n", "defaultService": G_SERVICE, "pathMatchers": [matcher], "hostRules": hosts}


# fmt: off
REFUSALS = {
    # Places.
    "a global map to a regional service": ("POST", "global/urlMaps", {"name": "n", "defaultService": R_SERVICE}, "must be global"),
    "a regional map to a global service": ("POST", "r/urlMaps", {"name": "n", "defaultService": G_SERVICE}, "must be regional"),
    "a global service to a regional check": ("POST", "global/backendServices", {"name": "n", "healthChecks": ["@r/healthChecks/x"]}, "must be global"),
    "a regional passthrough to a legacy check": ("POST", "r/backendServices", {"name": "n", "protocol": "TCP", **INNER, "healthChecks": ["@global/httpHealthChecks/legacy"]}, "legacy"),
    "a regional proxy to a global map": ("POST", "r/targetHttpProxies", {"name": "n", "urlMap": "@global/urlMaps/x"}, "must be regional"),
    "a global proxy to a regional map": ("POST", "global/targetHttpProxies", {"name": "n", "urlMap": "@r/urlMaps/x"}, "must be global"),
    "a regional proxy to a global certificate": ("POST", "r/targetHttpsProxies", {"name": "n", "urlMap": "@r/urlMaps/x", "sslCertificates": ["@global/sslCertificates/x"]}, "must be regional"),
    "a global proxy to a regional policy": ("PATCH", "global/targetHttpsProxies/x", {"sslPolicy": "@r/sslPolicies/x"}, "must be global"),
    "setting a map of another place": ("POST", "targetHttpProxies/x/setUrlMap", {"urlMap": "@r/urlMaps/x"}, "must be global"),
    "a regional PREMIUM rule to a global proxy": ("POST", REGION, rule(PROXY), "needs a regional target"),
    "a managed regional rule to a global proxy": ("POST", REGION, rule(PROXY, networkTier="STANDARD", **MANAGED), "needs a regional target"),
    "a global rule to a regional proxy": ("POST", GLOBAL, rule(PROXY_R, **MANAGED), "must be global"),
    "a global rule to a pool": ("POST", GLOBAL, rule(POOL), "global target"),
    "a global rule to a service": ("POST", GLOBAL, {"name": "f", "ports": ["80"], "backendService": G_SERVICE}, "needs a target"),
    "a regional rule to a global service": ("POST", REGION, {"name": "f", "ports": ["80"], "backendService": G_SERVICE}, "must be regional"),
    # Schemes.
    "an internal rule to a pool": ("POST", REGION, rule(POOL, **INNER), "scheme EXTERNAL"),
    "a managed rule to a pool": ("POST", REGION, rule(POOL, **MANAGED), "scheme EXTERNAL"),
    "an external rule to a regional proxy": ("POST", REGION, rule(PROXY_R), "EXTERNAL_MANAGED"),
    "a passthrough's scheme to a proxy": ("POST", GLOBAL, rule(PROXY, **INNER), "INTERNAL_MANAGED"),
    "a managed rule to classic services": ("POST", GLOBAL, rule(PROXY, **MANAGED), "must be the same"),
    "an inner managed rule to outer services": ("POST", REGION, rule(PROXY_R, loadBalancingScheme="INTERNAL_MANAGED"), "must be the same"),
    # Protocols and ports.
    "UDP to a proxy": ("POST", GLOBAL, rule(PROXY, IPProtocol="UDP"), "Must be TCP"),
    "all protocols to a pool": ("POST", REGION, rule(POOL, IPProtocol="SCTP"), "TCP or UDP"),
    "a protocol in small letters": ("POST", REGION, rule(POOL, IPProtocol="tcp"), "IPProtocol"),
    "IPv6 to a pool": ("POST", REGION, rule(POOL, ipVersion="IPV6"), "IPv4 only"),
    "ports to a pool": ("POST", REGION, {"name": "f", "ports": ["80"], "target": POOL}, "backend service"),
    "ports to a proxy": ("POST", GLOBAL, {"name": "f", "ports": ["80"], "target": PROXY}, "portRange"),
    "a range to a proxy": ("POST", GLOBAL, rule(PROXY, portRange="80-90"), "single port"),
    "no port to a proxy": ("POST", GLOBAL, {"name": "f", "target": PROXY}, "portRange"),
    "a range to an HTTPS proxy": ("POST", GLOBAL, rule("@global/targetHttpsProxies/x", portRange="443-444"), "single port"),
    "a passthrough service in a map": ("POST", "r/urlMaps", {"name": "n", "defaultService": "@r/backendServices/plain"}, "can not be used by a URL map"),
}
NOWHERE = {
    "by default": {"name": "n", "defaultRouteAction": weighted("@global/backendServices/no")},
    "of a matcher": matched(defaultRouteAction=weighted("@global/backendServices/no")),
    "of a path": matched(pathRules=[{"paths": ["/a"], "routeAction": weighted("@global/backendServices/no")}]),
    "of a route": matched(routeRules=[{"priority": 1, "routeAction": weighted("@global/backendServices/no")}]),
    "of a mirror": matched(pathRules=[{"paths": ["/a"], "service": G_SERVICE, "routeAction": {"requestMirrorPolicy": {"backendService": "@global/backendServices/no"}}}]),
}
TAKEN = {
    "classic": (GLOBAL, rule(PROXY)),
    "classic HTTPS": (GLOBAL, rule("@global/targetHttpsProxies/x", portRange="443")),
    "classic in the standard tier": (REGION, rule(PROXY, networkTier="STANDARD")),
    "managed in a region": (REGION, rule(PROXY_R, **MANAGED)),
    "pool": (REGION, rule(POOL, portRange="80-90")),
    "global check of a regional internal service": ("r/backendServices", {"name": "f", "protocol": "TCP", **INNER, "healthChecks": ["@global/healthChecks/x"]}),
}
# fmt: on


def cases(table):
    return pytest.mark.parametrize(
        "case", table.values(), ids=[name.replace(" ", "-") for name in table]
    )


@cases(REFUSALS)
def test_what_does_not_go_together_is_refused(world, case):
    verb, path, body, part = case
    before = world.emulator.contents()

    found = world.refused(verb, path, body)

    assert found[:2] == (400, "invalid"), found
    assert part in found[2]
    assert world.emulator.contents() == before


@cases(TAKEN)
def test_what_goes_together_is_taken(world, case):
    path, body = case
    world.do("POST", path, body)

    assert world.get(f"{path}/f")["name"] == "f"


def test_a_rule_is_moved_to_another_target_only_where_that_fits(world):
    http(world, "global", "EXTERNAL_MANAGED", "y")
    http(world, "global", "EXTERNAL", "z")
    world.do("POST", GLOBAL, rule(PROXY))

    for target, part in (
        ("@global/targetHttpProxies/y", "must be the same"),
        ("@global/targetHttpsProxies/x", "of the same kind"),
        (PROXY_R, "must be global"),
        ("@global/targetHttpProxies/no", "was not found"),
    ):
        refused = world.refused("POST", f"{GLOBAL}/f/setTarget", {"target": target})
        assert part in refused[2]
    world.do("POST", f"{GLOBAL}/f/setTarget", {"target": "@global/targetHttpProxies/z"})
    assert world.get(f"{GLOBAL}/f")["target"].endswith("/targetHttpProxies/z")


def test_what_is_behind_a_rule_keeps_its_scheme(world):
    http(world, "global", "EXTERNAL_MANAGED", "y")
    world.do("POST", GLOBAL, rule(PROXY))

    moved = world.refused("POST", "targetHttpProxies/x/setUrlMap", {"urlMap": "@global/urlMaps/y"})
    assert "must be the same" in moved[2]
    patch = {"defaultService": "@global/backendServices/y"}
    assert "must be the same" in world.refused("PATCH", "global/urlMaps/x", patch)[2]


@cases(NOWHERE)
def test_the_services_of_actions_are_references(world, case):
    found = world.refused("POST", "global/urlMaps", case)
    assert found[:2] == (404, "notFound")
    told = world.do("POST", "global/urlMaps/x/validate", {"resource": case})
    assert told["result"]["loadSucceeded"] is False


def test_the_service_of_an_action_is_in_use_and_has_its_canonical_form(world):
    body = {"name": "other", "healthChecks": ["@global/healthChecks/x"]}
    world.do("POST", "global/backendServices", body)
    action = {"paths": ["/a"], "routeAction": weighted("global/backendServices/other")}
    world.do("POST", "global/urlMaps", matched(pathRules=[action]))

    (stored,) = world.get("global/urlMaps/n")["pathMatchers"][0]["pathRules"]
    (share,) = stored["routeAction"]["weightedBackendServices"]
    assert share["backendService"].startswith("https://www.googleapis.com/compute/v1/projects/")
    refused = world.refused("DELETE", "global/backendServices/other")
    assert refused[1] == "resourceInUseByAnotherResource"


PATCHES = {
    "global access": {"allowGlobalAccess": True},
    "labels": {"labels": {"a": "b"}},
    "sources": {"sourceIpRanges": ["10.0.0.0/8"]},
    "a service label": {"serviceLabel": "abc"},
    "mirroring": {"isMirroringCollector": True},
    "access for PSC": {"allowPscGlobalAccess": True},
    "a description": {"description": "x"},
    "the tier": {"networkTier": "STANDARD"},
    "nothing of its ports": {"ports": None},
}


@cases(PATCHES)
def test_an_external_rule_can_not_be_patched(project, case):
    project.rule()

    assert project.refused("PATCH", "r/forwardingRules/f", case)[:2] == (400, "invalid")


def test_an_internal_rule_takes_global_access_with_its_fingerprint(project):
    project.service(loadBalancingScheme="INTERNAL")
    project.rule(loadBalancingScheme="INTERNAL", backendService="@r/backendServices/b")
    rule = project.get("r/forwardingRules/f")
    stale = {"allowGlobalAccess": True, "fingerprint": "AAAAAAAAAAA="}
    assert project.refused("PATCH", "r/forwardingRules/f", stale)[:2] == (412, "conditionNotMet")

    body = {"allowGlobalAccess": True, "fingerprint": rule["fingerprint"], "ports": rule["ports"]}
    project.do("PATCH", "r/forwardingRules/f", body)

    new = project.get("r/forwardingRules/f")
    assert new["allowGlobalAccess"] is True
    assert new["fingerprint"] != rule["fingerprint"]
