"""Whatever a body has in whichever field, the emulator takes it or refuses it, and never breaks on it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud import compute_v1

from cloudlb.testing.wsgi import Request
from cloudlb_gcp.emulator import EmulatorSettings, World
from cloudlb_gcp.emulator.api import Api
from cloudlb_gcp.emulator.seed import plant

GARBAGE = (None, "x", "", 5, -1, 1.5, True, [], {}, [None], ["x"], [{}], {"x": None}, "::1", "a/b")
DEEPEST = 3
NEG, GROUP, POOL = "z/networkEndpointGroups", "z/instanceGroups", "r/targetPools"
SERVICE = {"protocol": "TCP", "healthChecks": ["@r/healthChecks/h"]}
ALLOWED = {"allowed": [{"IPProtocol": "tcp"}]}
MAP = {
    "defaultService": "@global/backendServices/b",
    "pathMatchers": [{"name": "m", "defaultService": "@global/backendServices/b"}],
    "hostRules": [{"hosts": ["a"], "pathMatcher": "m"}],
}
THERE: dict[str, list[dict[str, Any]]] = {
    "r/healthChecks": [{"name": "h", "type": "HTTP"}],
    "r/backendServices": [{"name": "b", **SERVICE}],
    "r/forwardingRules": [{"name": "f", "ports": ["80"], "backendService": "@r/backendServices/b"}],
    "global/healthChecks": [{"name": "h", "type": "HTTP"}],
    "global/backendServices": [{"name": "b", "healthChecks": ["@global/healthChecks/h"]}],
    "global/urlMaps": [{"name": "u", **MAP}],
    "global/targetHttpProxies": [{"name": "t", "urlMap": "@global/urlMaps/u"}],
    "global/sslPolicies": [{"name": "s"}],
    "global/firewalls": [{"name": "w", **ALLOWED}],
    NEG: [{"name": "g", "networkEndpointType": "GCE_VM_IP"}],
    GROUP: [{"name": "i"}],
    POOL: [{"name": "p"}],
}
"""What is made before, in this order, by collection."""

CALLS: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("POST", "r/forwardingRules"): ("ForwardingRule", THERE["r/forwardingRules"][0]),
    ("PATCH", "r/forwardingRules/f"): ("ForwardingRule", {}),
    ("POST", "global/forwardingRules"): (
        "ForwardingRule",
        {"portRange": "80", "target": "@global/targetHttpProxies/t"},
    ),
    ("POST", "r/backendServices"): ("BackendService", SERVICE),
    ("PATCH", "r/backendServices/b"): ("BackendService", {}),
    ("POST", "global/backendServices"): ("BackendService", {}),
    ("POST", "r/healthChecks"): ("HealthCheck", {"type": "HTTP"}),
    ("PATCH", "r/healthChecks/h"): ("HealthCheck", {}),
    ("POST", "global/firewalls"): ("Firewall", ALLOWED),
    ("PATCH", "global/firewalls/w"): ("Firewall", {}),
    ("PUT", "global/firewalls/w"): ("Firewall", ALLOWED),
    ("POST", "r/addresses"): ("Address", {}),
    ("POST", "global/addresses"): ("Address", {}),
    ("POST", NEG): ("NetworkEndpointGroup", {}),
    ("POST", GROUP): ("InstanceGroup", {}),
    ("POST", POOL): ("TargetPool", {}),
    ("POST", "global/urlMaps"): ("UrlMap", MAP),
    ("PATCH", "global/urlMaps/u"): ("UrlMap", {}),
    ("POST", "global/urlMaps/u/validate"): ("UrlMapsValidateRequest", {"resource": MAP}),
    ("PATCH", "global/targetHttpProxies/t"): ("TargetHttpProxy", {}),
    ("POST", "global/targetHttpsProxies"): ("TargetHttpsProxy", {"urlMap": "@global/urlMaps/u"}),
    ("POST", "global/sslCertificates"): ("SslCertificate", {}),
    ("PATCH", "global/sslPolicies/s"): ("SslPolicy", {}),
    ("POST", f"{NEG}/g/attachNetworkEndpoints"): (
        "NetworkEndpointGroupsAttachEndpointsRequest",
        {},
    ),
    ("POST", f"{NEG}/g/detachNetworkEndpoints"): (
        "NetworkEndpointGroupsDetachEndpointsRequest",
        {},
    ),
    ("POST", f"{NEG}/g/listNetworkEndpoints"): ("NetworkEndpointGroupsListEndpointsRequest", {}),
    ("POST", f"{GROUP}/i/addInstances"): ("InstanceGroupsAddInstancesRequest", {}),
    ("POST", f"{GROUP}/i/removeInstances"): ("InstanceGroupsRemoveInstancesRequest", {}),
    ("POST", f"{GROUP}/i/setNamedPorts"): ("InstanceGroupsSetNamedPortsRequest", {}),
    ("POST", f"{POOL}/p/addInstance"): ("TargetPoolsAddInstanceRequest", {}),
    ("POST", f"{POOL}/p/removeInstance"): ("TargetPoolsRemoveInstanceRequest", {}),
    ("POST", f"{POOL}/p/addHealthCheck"): ("TargetPoolsAddHealthCheckRequest", {}),
    ("POST", f"{POOL}/p/getHealth"): ("InstanceReference", {}),
    ("POST", "r/forwardingRules/f/setLabels"): ("RegionSetLabelsRequest", {}),
    ("POST", "r/forwardingRules/f/setTarget"): ("TargetReference", {}),
    ("POST", "r/backendServices/b/getHealth"): ("ResourceGroupReference", {}),
    ("POST", "targetHttpProxies/t/setUrlMap"): ("UrlMapReference", {}),
}


class Direct:
    """The API itself, without HTTP around it."""

    def __init__(self) -> None:
        """Make a project with one of most things."""
        settings = EmulatorSettings()
        self.api = Api(lambda: settings)
        self.here = f"projects/{settings.project}"
        self.scopes = {
            "r/": f"regions/{settings.region}/",
            "z/": f"zones/{settings.region}-{settings.zones[0]}/",
        }
        plant(self.api.project, World(ipv6="EXTERNAL"))
        for path, bodies in THERE.items():
            for body in bodies:
                assert self.send("POST", path, body) == 200

    def long(self, short: str) -> str:
        """Write a short path out."""
        return f"{self.here}/{self.scopes.get(short[:2], short[:2])}{short[2:]}"

    def send(self, verb: str, short: str, body: object) -> int:
        """Send a request and return its status."""
        raw = json.dumps(self.written(body)).encode()
        path = f"/compute/v1/{self.long(short)}"
        request = Request(method=verb, path=path, query="", body=raw, environ={})
        return self.api.handle(request).status

    def written(self, body: Any) -> Any:
        """Write short paths out that stand for references."""
        if isinstance(body, dict):
            return {key: self.written(each) for key, each in body.items()}
        if isinstance(body, list):
            return [self.written(each) for each in body]
        return self.long(body[1:]) if isinstance(body, str) and body[:1] == "@" else body


def places(message: Any, depth: int = 1) -> Iterator[tuple[Any, ...]]:
    """Yield every field of a message, with the fields that lead to it."""
    for field in message.fields:
        yield (field,)
        inner = field.message_type
        if inner is not None and not inner.GetOptions().map_entry and depth < DEEPEST:
            for rest in places(inner, depth + 1):
                yield (field, *rest)


def spoiled(body: dict[str, Any], place: tuple[Any, ...], value: object) -> dict[str, Any]:
    """Return a body with garbage in one place."""
    field, *rest = place
    if not rest:
        return {**body, field.json_name: value}
    there = body.get(field.json_name)
    if not field.is_repeated:
        return {**body, field.json_name: spoiled(there or {}, tuple(rest), value)}
    first, *others = there or [{}]
    return {**body, field.json_name: [spoiled(first, tuple(rest), value), *others]}


@pytest.fixture(scope="module")
def direct() -> Direct:
    """One project for all: what is taken is taken back."""
    return Direct()


@pytest.mark.parametrize("call", CALLS, ids=[" ".join(each).replace(" ", "-") for each in CALLS])
def test_no_body_breaks_the_emulator(direct, call):
    verb, path = call
    name, good = CALLS[call]
    base = {**good, "name": "n"} if verb == "POST" and path.count("/") == 1 else good
    descriptor = getattr(compute_v1, name).meta.pb.DESCRIPTOR
    broken = []
    for place in places(descriptor):
        for value in GARBAGE:
            body = spoiled(base, place, value)
            with direct.api.project.store.tried():
                if direct.send(verb, path, body) == 500:
                    broken.append(body)

    assert broken == []
