"""Backend services, their health checks and groups: what balances what, within which bounds."""

import pytest

GROUP, INSTANCES, PODS = (
    "@z/networkEndpointGroups/g",
    "@z/instanceGroups/i",
    "@z/networkEndpointGroups/pods",
)
GLOBAL, REGION = "global/backendServices", "r/backendServices"


@pytest.fixture
def world(project):
    """A project with a health check of each scope, and a group of each kind."""
    project.check()
    project.do("POST", "global/healthChecks", {"name": "h", "type": "HTTP"})
    project.group()
    project.do("POST", "z/instanceGroups", {"name": "i"})
    for name, kind in (("pods", "GCE_VM_IP_PORT"), ("outer", "NON_GCP_PRIVATE_IP_PORT")):
        body = {"name": name, "networkEndpointType": kind}
        project.do("POST", "z/networkEndpointGroups", body)
    return project


def proxied(**fields: object):
    return GLOBAL, {"name": "b", "healthChecks": ["@global/healthChecks/h"], **fields}


def passed(**fields: object):
    checks = ["@r/healthChecks/h"]
    return REGION, {"name": "b", "protocol": "TCP", "healthChecks": checks, **fields}


def backend(group: str, **fields: object):
    return {"backends": [{"group": group, **fields}]}


def tracking(**fields: object):
    return {"connectionTrackingPolicy": fields}


INTERNAL = {"loadBalancingScheme": "INTERNAL"}
RATE = {"balancingMode": "RATE", "maxRatePerEndpoint": 5}

# fmt: off
INVALID = {
    # Of proxies.
    "an internal passthrough that is global": (proxied(**INTERNAL), "loadBalancingScheme"),
    "a mesh in a region": (passed(loadBalancingScheme="INTERNAL_SELF_MANAGED"), "loadBalancingScheme"),
    "UDP of a proxy": (proxied(protocol="UDP"), "protocol"),
    "any protocol of a proxy": (proxied(protocol="UNSPECIFIED"), "protocol"),
    "weights of passthrough for a proxy": (proxied(localityLbPolicy="WEIGHTED_MAGLEV"), "localityLbPolicy"),
    "two checks": (proxied(healthChecks=["@global/healthChecks/h"] * 2), "At most one"),
    "use of a group of endpoints": (proxied(**backend(PODS, balancingMode="UTILIZATION")), "balancingMode"),
    "connections of HTTP": (proxied(**backend(PODS, balancingMode="CONNECTION")), "balancingMode"),
    "rate of TCP": (proxied(protocol="TCP", **backend(PODS, **RATE)), "balancingMode"),
    "more than all": (proxied(**backend(INSTANCES, capacityScaler=7)), "capacityScaler"),
    "less than a tenth": (proxied(**backend(INSTANCES, capacityScaler=0.05)), "capacityScaler"),
    "more use than all": (proxied(**backend(INSTANCES, maxUtilization=7)), "maxUtilization"),
    "nodes of a proxy": (proxied(**backend(GROUP, **RATE)), "GCE_VM_IP"),
    "no time": (proxied(timeoutSec=-1), "timeoutSec"),
    "a cookie for years": (proxied(affinityCookieTtlSec=99_999_999), "affinityCookieTtlSec"),
    # Of passthrough load balancers.
    "a cache": (passed(enableCDN=True), "enableCDN"),
    "a cookie": (passed(affinityCookieTtlSec=5), "affinityCookieTtlSec"),
    "a rate": (passed(**backend(GROUP, maxRate=5)), "maxRate"),
    "a number of connections": (passed(**backend(GROUP, maxConnections=5)), "maxConnections"),
    "pods behind a passthrough": (passed(**backend(PODS)), "GCE_VM_IP"),
    "kinds of groups mixed": (passed(backends=[{"group": GROUP}, {"group": INSTANCES}]), "same kind"),
    "a network of an external one": (passed(network="@global/networks/default"), "network"),
    "draining for hours": (passed(connectionDraining={"drainingTimeoutSec": 4000}), "drainingTimeoutSec"),
    "samples of seven in one": (passed(logConfig={"enable": True, "sampleRate": 7}), "sampleRate"),
    "five seconds idle": (passed(sessionAffinity="CLIENT_IP", **tracking(trackingMode="PER_SESSION", idleTimeoutSec=5)), "idleTimeoutSec"),
    "a week idle": (passed(**tracking(idleTimeoutSec=604_800)), "idleTimeoutSec"),
    "a minute idle inside": (passed(**INTERNAL, sessionAffinity="CLIENT_IP", **tracking(trackingMode="PER_SESSION", idleTimeoutSec=60)), "idleTimeoutSec"),
    "idle inside by connection": (passed(**INTERNAL, sessionAffinity="CLIENT_IP", **tracking(idleTimeoutSec=600)), "idleTimeoutSec"),
    "idle inside by all ports": (passed(**INTERNAL, sessionAffinity="CLIENT_IP_PORT_PROTO", **tracking(trackingMode="PER_SESSION", idleTimeoutSec=600)), "idleTimeoutSec"),
    "strong affinity inside": (passed(**INTERNAL, sessionAffinity="CLIENT_IP", **tracking(trackingMode="PER_SESSION", enableStrongAffinity=True, idleTimeoutSec=600)), "enableStrongAffinity"),
    "a global check of an external passthrough": (passed(healthChecks=["@global/healthChecks/h"]), "regional health check"),
    "zones of an external one": (passed(networkPassThroughLbTrafficPolicy={"zonalAffinity": {"spillover": "ZONAL_AFFINITY_STAY_WITHIN_ZONE"}}), "internal passthrough"),
    "weights by TCP": (passed(healthChecks=["@r/healthChecks/tcp"], localityLbPolicy="WEIGHTED_MAGLEV"), "HTTP health check"),
}
REQUIRED = {
    "a check of a proxy's backends": (proxied(healthChecks=[], **backend(PODS, **RATE)), "healthChecks"),
    "a rate": (proxied(**backend(PODS)), "maxRate or maxRatePerEndpoint"),
    "a rate of instances": (proxied(**backend(INSTANCES, **RATE)), "maxRatePerInstance"),
    "a number of connections": (proxied(protocol="TCP", **backend(PODS, balancingMode="CONNECTION")), "maxConnections"),
    "a group": (passed(backends=[{"balancingMode": "CONNECTION"}]), "backends[0].group"),
}
TAKEN = {
    "pods by rate": proxied(**backend(PODS, **RATE)),
    "pods by connections": proxied(protocol="TCP", **backend(PODS, balancingMode="CONNECTION", maxConnections=5)),
    "instances by use": proxied(**backend(INSTANCES)),
    "instances drained": proxied(**backend(INSTANCES, capacityScaler=0)),
    "nodes": passed(**backend(GROUP)),
    "idle inside": passed(**INTERNAL, sessionAffinity="CLIENT_IP", **tracking(trackingMode="PER_SESSION", idleTimeoutSec=600)),
    "samples of a half": passed(logConfig={"enable": True, "sampleRate": 0.5}),
    "nothing behind a proxy yet": proxied(healthChecks=[]),
}
ATTACHING = {
    "somebody else's address": ("pods", {"instance": "gke-kubia-pool-00000001", "ipAddress": "198.51.100.8", "port": 80}, "invalid", "ipAddress"),
    "an address that is none": ("pods", {"instance": "gke-kubia-pool-00000001", "ipAddress": "x", "port": 80}, "invalid", "ipAddress"),
    "a port that is none": ("pods", {"instance": "gke-kubia-pool-00000001", "port": 99999}, "invalid", "port"),
    "no port": ("pods", {"instance": "gke-kubia-pool-00000001"}, "required", "port"),
    "no instance": ("pods", {"port": 80}, "required", "instance"),
    "another address than the first": ("g", {"instance": "gke-kubia-pool-00000001", "ipAddress": "10.128.0.99"}, "invalid", "primary address"),
    "a name": ("g", {"instance": "gke-kubia-pool-00000001", "fqdn": "a.example"}, "invalid", "fqdn"),
    "no address outside": ("outer", {"port": 80}, "required", "ipAddress"),
    "no address at all outside": ("outer", {"ipAddress": "x", "port": 80}, "invalid", "ipAddress"),
    "no port outside": ("outer", {"ipAddress": "10.1.1.1"}, "required", "port"),
    "an instance outside": ("outer", {"ipAddress": "10.1.1.1", "port": 80, "instance": "x"}, "invalid", "instance"),
}
# fmt: on


def cases(table):
    return pytest.mark.parametrize(
        "case", table.values(), ids=[name.replace(" ", "-") for name in table]
    )


@cases(INVALID)
def test_what_can_not_be_is_refused(world, case):
    (path, body), part = case
    world.check("tcp", type="TCP", httpHealthCheck=None)

    found = world.refused("POST", path, body)

    assert found[:2] == (400, "invalid"), found
    assert part in found[2]


@cases(REQUIRED)
def test_what_is_missing_is_named(world, case):
    (path, body), part = case

    found = world.refused("POST", path, body)

    assert found[:2] == (400, "required"), found
    assert part in found[2]


@cases(TAKEN)
def test_what_can_be_is_taken(world, case):
    world.do("POST", *case)


@cases(ATTACHING)
def test_an_endpoint_that_can_not_be_is_refused(world, case):
    group, endpoint, reason, part = case
    path = f"z/networkEndpointGroups/{group}/attachNetworkEndpoints"

    found = world.refused("POST", path, {"networkEndpoints": [endpoint]})

    assert found[:2] == (400, reason), found
    assert part in found[2]


def test_the_check_of_a_weighted_service_stays_one_by_http(world):
    world.do("POST", *passed(localityLbPolicy="WEIGHTED_MAGLEV"))
    patch = {"type": "TCP", "httpHealthCheck": None, "tcpHealthCheck": {"port": 80}}

    found = world.refused("PATCH", "r/healthChecks/h", patch)

    assert found[:2] == (400, "invalid")
    assert "weighted" in found[2]
    https = {"type": "HTTPS", "httpHealthCheck": None}
    world.do("PATCH", "r/healthChecks/h", https)


@pytest.mark.parametrize("slash", ["", "/"])
def test_members_are_named_with_or_without_a_slash_before(world, slash):
    one, two = (
        f"zones/{world.world.zones[0]}/instances/{world.world.instances[n]}" for n in (0, 3)
    )
    world.do("POST", "r/targetPools", {"name": "p", "instances": [slash + one]})
    world.do("POST", "r/targetPools/p/addInstance", {"instances": [{"instance": slash + two}]})

    assert len(world.get("r/targetPools/p")["instances"]) == 2
    world.do("POST", "r/targetPools/p/removeInstance", {"instances": [{"instance": slash + one}]})
    assert len(world.get("r/targetPools/p")["instances"]) == 1


def test_an_instance_that_goes_leaves_every_group(world):
    name = world.world.instances[0]
    member = {"instances": [{"instance": f"@z/instances/{name}"}]}
    world.do("POST", "z/instanceGroups/i/addInstances", member)
    world.do("POST", "r/targetPools", {"name": "p", "instances": [f"@z/instances/{name}"]})

    world.emulator.remove_node(name)

    assert world.get("z/instanceGroups/i")["size"] == 0
    assert "instances" not in world.get("r/targetPools/p")
    assert world.send("GET", "aggregated/instanceGroups")[0] == 200
