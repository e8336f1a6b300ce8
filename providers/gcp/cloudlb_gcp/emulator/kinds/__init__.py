"""The kinds of resources that the emulator knows, and which method of which service changes them."""

from collections.abc import Callable, Mapping
from typing import Any

from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds import (
    addresses,
    backend_services,
    certificates,
    firewalls,
    forwarding_rules,
    health_checks,
    instance_groups,
    labels,
    network_endpoint_groups,
    networks,
    proxies,
    target_pools,
    url_maps,
)
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]
Method = Callable[[Project, str, Json], Json | None]
"""Changes a resource of its own accord: gets project, path and body, and returns what it looks like then."""

Reading = Callable[[Project, str, Json], Json]
"""Answers a question about a resource, without an operation."""

KINDS: Mapping[str, Kind] = {
    each.collection: each
    for each in (
        addresses.Addresses(),
        backend_services.BackendServices(),
        certificates.SslCertificates(),
        certificates.SslPolicies(),
        firewalls.Firewalls(),
        forwarding_rules.ForwardingRules(),
        health_checks.HealthChecks(),
        health_checks.HttpHealthChecks(),
        instance_groups.InstanceGroups(),
        network_endpoint_groups.NetworkEndpointGroups(),
        networks.Instances(),
        networks.Networks(),
        networks.Regions(),
        networks.Subnetworks(),
        networks.Zones(),
        proxies.TargetHttpProxies(),
        proxies.TargetHttpsProxies(),
        target_pools.TargetPools(),
        url_maps.UrlMaps(),
    )
}

METHODS: Mapping[tuple[str, str], Method] = {
    ("addresses", "setLabels"): labels.set_labels,
    ("forwardingRules", "setLabels"): labels.set_labels,
    ("forwardingRules", "setTarget"): forwarding_rules.set_target,
    ("instanceGroups", "addInstances"): instance_groups.add,
    ("instanceGroups", "removeInstances"): instance_groups.remove,
    ("instanceGroups", "setNamedPorts"): instance_groups.set_named_ports,
    ("networkEndpointGroups", "attachNetworkEndpoints"): network_endpoint_groups.attach,
    ("networkEndpointGroups", "detachNetworkEndpoints"): network_endpoint_groups.detach,
    ("targetHttpProxies", "setUrlMap"): proxies.set_url_map,
    ("targetHttpsProxies", "setUrlMap"): proxies.set_url_map,
    ("targetHttpsProxies", "setSslCertificates"): proxies.set_certificates,
    ("targetHttpsProxies", "setSslPolicy"): proxies.set_ssl_policy,
    ("targetPools", "addHealthCheck"): target_pools.add_health_check,
    ("targetPools", "addInstance"): target_pools.add_instance,
    ("targetPools", "removeHealthCheck"): target_pools.remove_health_check,
    ("targetPools", "removeInstance"): target_pools.remove_instance,
}

READINGS: Mapping[tuple[str, str], Reading] = {
    ("backendServices", "getHealth"): backend_services.health,
    ("instanceGroups", "listInstances"): instance_groups.instances,
    ("networkEndpointGroups", "listNetworkEndpoints"): network_endpoint_groups.endpoints,
    ("targetPools", "getHealth"): target_pools.health,
    ("urlMaps", "validate"): url_maps.validate,
}
