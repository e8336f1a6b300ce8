"""Addresses: one spelling each, of the right tier, family and place, and IN_USE while a rule has them."""

import ipaddress

import pytest

SUBNET = "@r/subnetworks/default"
INTERNAL = {"loadBalancingScheme": "INTERNAL", "backendService": "@r/backendServices/inner"}
EXTERNAL = {"loadBalancingScheme": "EXTERNAL", "backendService": "@r/backendServices/outer"}
SIX = {"ipVersion": "IPV6", "subnetwork": SUBNET}
ENDPOINT = {"ipv6EndpointType": "NETLB"}


@pytest.fixture
def world(dual_stack):
    """A project with a service of each passthrough scheme."""
    dual_stack.service("outer")
    dual_stack.service("inner", loadBalancingScheme="INTERNAL")
    return dual_stack


def address(**fields: object):
    return "r/addresses", {"name": "a", **fields}


def inner(**fields: object):
    return "r/forwardingRules", {"name": "f", "ports": ["80"], **INTERNAL, **fields}


def outer(**fields: object):
    return "r/forwardingRules", {"name": "f", "ports": ["80"], **EXTERNAL, **fields}


# fmt: off
REFUSALS = {
    "a network's own address": (inner(IPAddress="10.128.0.0"), "reserved"),
    "a gateway's address": (inner(IPAddress="10.128.0.1"), "reserved"),
    "the last but one": (inner(IPAddress="10.128.15.254"), "reserved"),
    "a broadcast address": (inner(IPAddress="10.128.15.255"), "reserved"),
    "reserving a gateway's address": (address(addressType="INTERNAL", address="10.128.0.1"), "reserved"),
    "an internal address with its length": (inner(IPAddress="10.128.15.9/32"), "Invalid IP address"),
    "reserving with a length": (address(addressType="INTERNAL", address="10.128.15.9/32"), "Invalid IP address"),
    "an internal rule of the standard tier": (inner(networkTier="STANDARD"), "always of the tier PREMIUM"),
    "an internal address of the standard tier": (address(addressType="INTERNAL", networkTier="STANDARD"), "always of the tier PREMIUM"),
    "a global address of the standard tier": (("global/addresses", {"name": "a", "networkTier": "STANDARD"}), "always of the tier PREMIUM"),
    "an IPv6 address of the standard tier": (address(networkTier="STANDARD", **SIX, **ENDPOINT), "always of the tier PREMIUM"),
    "an IPv6 rule of the standard tier": (outer(networkTier="STANDARD", **SIX), "always of the tier PREMIUM"),
    "a subnetwork of an external address": (address(subnetwork=SUBNET), "subnetwork"),
    "an internal IPv6 address in an external range": (address(addressType="INTERNAL", **SIX), "no internal IPv6 range"),
    "IPv4 in a rule of IPv6": (outer(IPAddress="198.18.0.2", **SIX), "Invalid IP address"),
    "IPv6 in an address of IPv4": (address(ipVersion="IPV4", address="2600:1900:4000::"), "Invalid IP address"),
    "IPv6 inside somebody's block": (address(address="2600:1900:4000::5", **SIX, **ENDPOINT), "Invalid IP address"),
    "IPv6 outside the subnetwork": (address(address="2600:1900:5000::", **SIX, **ENDPOINT), "outside"),
}
# fmt: on


@pytest.mark.parametrize(
    "case", REFUSALS.values(), ids=[name.replace(" ", "-") for name in REFUSALS]
)
def test_an_address_that_can_not_be_is_refused(world, case):
    (path, body), part = case
    before = world.emulator.contents()

    found = world.refused("POST", path, body)

    assert found[:2] == (400, "invalid"), found
    assert part in found[2]
    assert world.emulator.contents() == before


def test_an_external_ipv6_address_says_what_it_is_for(world):
    found = world.refused("POST", *address(**SIX))

    assert (found[1], "ipv6EndpointType" in found[2]) == ("required", True)


def test_a_reserved_address_with_its_length_is_none(world):
    world.do("POST", *address())
    reserved = world.get("r/addresses/a")["address"]

    found = world.refused("POST", *outer(IPAddress=f"{reserved}/32"))

    assert "Invalid IP address" in found[2]


def test_an_ipv6_address_has_one_spelling(world):
    world.do("POST", *address(**SIX, **ENDPOINT))
    reserved = world.get("r/addresses/a")["address"]
    exploded = ipaddress.ip_address(reserved).exploded

    _, again = address(address=exploded, **SIX, **ENDPOINT)
    found = world.refused("POST", "r/addresses", {**again, "name": "b"})
    assert found[:2] == (412, "conditionNotMet")

    world.do("POST", *outer(IPAddress=exploded, **SIX))
    assert world.get("r/forwardingRules/f")["IPAddress"] == f"{reserved}/96"
    _, rule = outer(IPAddress=f"{exploded}/96", **SIX)
    found = world.refused("POST", "r/forwardingRules", {**rule, "name": "g"})
    assert "in-use" in found[2]


@pytest.mark.parametrize("form", ["reference", "literal"])
def test_an_ipv6_address_that_a_rule_has_is_in_use(world, form):
    world.do("POST", *address(**SIX, **ENDPOINT))
    reserved = world.get("r/addresses/a")["address"]
    wanted = "@r/addresses/a" if form == "reference" else reserved

    world.do("POST", *outer(IPAddress=wanted, **SIX))

    used = world.get("r/addresses/a")
    assert (used["status"], len(used["users"])) == ("IN_USE", 1)


def test_the_address_of_an_ipv6_rule_can_be_held(world):
    world.do("POST", *outer(**SIX))
    held = world.get("r/forwardingRules/f")["IPAddress"].removesuffix("/96")

    world.do("POST", *address(address=held, **SIX, **ENDPOINT))

    assert world.get("r/addresses/a")["status"] == "IN_USE"


def test_an_ipv6_address_for_instances_is_none_for_rules(world):
    world.do("POST", *address(ipv6EndpointType="VM", **SIX))

    found = world.refused("POST", *outer(IPAddress="@r/addresses/a", **SIX))

    assert "for instances only" in found[2]


def test_what_is_global_has_ipv6_addresses_of_no_subnetwork(world):
    world.do("POST", "global/healthChecks", {"name": "h", "type": "HTTP"})
    service = {"name": "b", "healthChecks": ["@global/healthChecks/h"]}
    world.do("POST", "global/backendServices", service)
    url_map = {"name": "u", "defaultService": "@global/backendServices/b"}
    world.do("POST", "global/urlMaps", url_map)
    world.do("POST", "global/targetHttpProxies", {"name": "p", "urlMap": "@global/urlMaps/u"})
    world.do("POST", "global/addresses", {"name": "a", "ipVersion": "IPV6"})
    rule = {"portRange": "80", "target": "@global/targetHttpProxies/p"}

    by_reference = {"name": "f", "IPAddress": "@global/addresses/a", **rule}
    world.do("POST", "global/forwardingRules", by_reference)
    world.do("POST", "global/forwardingRules", {"name": "g", "ipVersion": "IPV6", **rule})

    reserved = world.get("global/addresses/a")
    found = [world.get(f"global/forwardingRules/{name}") for name in "fg"]
    assert [each["ipVersion"] for each in found] == ["IPV6", "IPV6"]
    assert found[0]["IPAddress"] == reserved["address"] != found[1]["IPAddress"]
    assert reserved["status"] == "IN_USE"
    refused = world.refused(
        "POST", "global/forwardingRules", {**by_reference, "name": "i", "ipVersion": "IPV4"}
    )
    assert "another IP version" in refused[2]


def test_addresses_in_use_are_counted_by_region(world):
    world.emulator.configure(quotas={"IN_USE_ADDRESSES": 1})
    there = "regions/us-central1"
    world.do("POST", f"{there}/healthChecks", {"name": "h", "type": "TCP"})
    service = {"name": "b", "protocol": "TCP", "healthChecks": [f"@{there}/healthChecks/h"]}
    world.do("POST", f"{there}/backendServices", service)
    rule = {"name": "f", "ports": ["80"], "backendService": f"@{there}/backendServices/b"}
    world.do("POST", f"{there}/forwardingRules", rule)

    path, first = outer()
    world.do("POST", path, first)
    found = world.refused("POST", path, {**first, "name": "g"})
    assert (found[:2], "IN_USE_ADDRESSES" in found[2]) == ((403, "quotaExceeded"), True)

    world.do("POST", *address())
    reserved = world.refused("POST", path, {**first, "name": "g", "IPAddress": "@r/addresses/a"})
    assert reserved[1] == "quotaExceeded", "reserved ones count as well"


def test_another_port_of_an_address_in_use_takes_no_second_address(world):
    world.emulator.configure(quotas={"IN_USE_ADDRESSES": 1})
    world.do("POST", *address())
    path, rule = outer(IPAddress="@r/addresses/a")
    world.do("POST", path, rule)

    world.do("POST", path, {**rule, "name": "g", "ports": ["81"]})
