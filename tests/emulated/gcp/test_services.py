"""What Services become: the resources in the project, field by field as the API shows them."""

import pytest

from cloudlb.testing.laws.common import applied, assert_converged, must, process_of
from cloudlb.testing.manifests import LOCAL, port, service
from cloudlb.translate.nodes import EligibleNodes
from cloudlb.translate.service import Settings, translate
from cloudlb_gcp.emulator import NodeSeed, World

GKE = "networking.gke.io/"
INTERNAL = {f"{GKE}load-balancer-type": "Internal"}
CHECKS = ["130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22", "35.191.0.0/16"]


def shown(resource, *fields: str):
    return {field: resource.get(field) for field in fields}


def short(links):
    return sorted(link.rpartition("/")[2] for link in links)


def test_an_external_service_is_a_regional_passthrough_load_balancer(world):
    applied(world, (service("kubia", port(80), port(443)),))

    (rule,) = world.stored("forwardingRules")
    assert shown(
        rule, "loadBalancingScheme", "IPProtocol", "ports", "networkTier", "ipVersion"
    ) == {
        "loadBalancingScheme": "EXTERNAL",
        "IPProtocol": "TCP",
        "ports": ["80", "443"],
        "networkTier": "PREMIUM",
        "ipVersion": "IPV4",
    }
    (backend,) = world.stored("backendServices")
    assert rule["backendService"] == backend["selfLink"]
    assert shown(backend, "loadBalancingScheme", "sessionAffinity", "localityLbPolicy") == {
        "loadBalancingScheme": "EXTERNAL",
        "sessionAffinity": "NONE",
        "localityLbPolicy": "MAGLEV",
    }
    groups = world.stored("networkEndpointGroups")
    assert short(each["group"] for each in backend["backends"]) == [e["name"] for e in groups]
    assert {each["networkEndpointType"] for each in groups} == {"GCE_VM_IP"}
    members = sorted(m["instance"] for each in groups for m in each["_members"])
    assert members == sorted(world.seeded.instances)


def test_an_external_service_lets_in_its_ports_at_its_address_and_health_checks_of_the_nodes(world):
    applied(world, (service("kubia", port(80), port(443), port(444)),))

    (rule,) = world.stored("forwardingRules")
    (traffic,) = world.stored("firewalls", "service/default/kubia")
    assert shown(traffic, "direction", "priority", "sourceRanges", "allowed", "targetTags") == {
        "direction": "INGRESS",
        "priority": 1000,
        "sourceRanges": ["0.0.0.0/0"],
        "allowed": [{"IPProtocol": "tcp", "ports": ["80", "443-444"]}],
        "targetTags": ["gke-kubia-pool"],
    }
    assert traffic["destinationRanges"] == [f"{rule['IPAddress']}/32"]
    (health,) = world.stored("firewalls", "cluster/shared")
    assert health["sourceRanges"] == CHECKS
    assert health["allowed"] == [{"IPProtocol": "tcp", "ports": ["10256"]}]
    assert "destinationRanges" not in health


def test_cluster_policy_shares_one_check_and_local_has_its_own(world):
    local = service("local", **LOCAL)
    process = applied(world, (service("one"), service("two"), local))

    (shared,) = world.stored("healthChecks", "cluster/shared")
    (own,) = world.stored("healthChecks", "service/default/local")
    numbers = ("checkIntervalSec", "timeoutSec", "healthyThreshold", "unhealthyThreshold")
    assert [shared[each] for each in numbers] == [8, 1, 1, 3]
    assert [own[each] for each in numbers] == [3, 1, 1, 2]
    assert shared["httpHealthCheck"]["port"] == 10256
    assert own["httpHealthCheck"]["requestPath"] == "/healthz"
    spec = process.cluster.get("Service", "default", "local").spec
    assert own["httpHealthCheck"]["port"] == spec.health_check_node_port
    used = {
        each["name"].split("-")[2]: each["healthChecks"] for each in world.stored("backendServices")
    }
    assert used == {
        "one": [shared["selfLink"]],
        "two": [shared["selfLink"]],
        "local": [own["selfLink"]],
    }


def test_an_internal_service_stays_in_the_network(world):
    annotations = {**INTERNAL, f"{GKE}internal-load-balancer-allow-global-access": "true"}
    process = applied(world, (service("kubia", annotations=annotations),))

    (rule,) = world.stored("forwardingRules")
    assert shown(rule, "loadBalancingScheme", "allowGlobalAccess", "networkTier") == {
        "loadBalancingScheme": "INTERNAL",
        "allowGlobalAccess": True,
        "networkTier": None,
    }
    assert short([rule["network"], rule["subnetwork"]]) == ["default", "default"]
    assert process.addresses()["kubia"][0].startswith("10.128.")
    assert world.stored("backendServices")[0]["loadBalancingScheme"] == "INTERNAL"


def test_global_access_comes_and_goes_in_place(world):
    on = {**INTERNAL, f"{GKE}internal-load-balancer-allow-global-access": "true"}
    applied(world, (service("kubia", annotations=INTERNAL),))
    before = world.stored("forwardingRules")[0]

    for annotations, expected in ((on, True), (INTERNAL, False)):
        applied(world, (service("kubia", annotations=annotations),))
        (now,) = world.stored("forwardingRules")
        assert (now["id"], now["allowGlobalAccess"]) == (before["id"], expected)


@pytest.mark.parametrize(
    ("ports", "annotations", "expected"),
    [
        pytest.param([port(n) for n in (80, 81, 82, 83, 84)], {}, {"ports": 5}, id="five"),
        pytest.param(
            [port(n) for n in range(8000, 8006)], {}, {"portRange": "8000-8005"}, id="six"
        ),
        pytest.param(
            [port(n) for n in range(8000, 8006)], INTERNAL, {"allPorts": True}, id="six-internal"
        ),
        pytest.param(
            [port(53), port(53, "UDP", name="u")],
            {},
            {"allPorts": True, "IPProtocol": "L3_DEFAULT"},
            id="both-protocols-on-one-number",
        ),
        pytest.param(
            [port(53), port(53, "UDP", name="u")],
            INTERNAL,
            {"allPorts": True, "IPProtocol": "L3_DEFAULT"},
            id="both-protocols-internal",
        ),
        pytest.param([port(53, "UDP")], {}, {"IPProtocol": "UDP", "ports": 1}, id="udp"),
    ],
)
def test_ports_become_what_a_forwarding_rule_can_have(world, ports, annotations, expected):
    applied(world, (service("kubia", *ports, annotations=annotations),))

    (rule,) = world.stored("forwardingRules")
    found = {field: rule.get(field) for field in expected}
    if "ports" in expected:
        found["ports"] = len(rule["ports"])
    assert found == expected
    assert_converged(world, (service("kubia", *ports, annotations=annotations),))


def test_the_firewall_has_the_exact_ports_where_the_forwarding_rule_has_too_many(world):
    ports = [port(n) for n in (80, 443, 8000, 8001, 8002, 9000)]
    applied(world, (service("kubia", *ports, port(443, "UDP", name="quic")),))

    (traffic,) = world.stored("firewalls", "service/default/kubia")
    assert traffic["allowed"] == [
        {"IPProtocol": "tcp", "ports": ["80", "443", "8000-8002", "9000"]},
        {"IPProtocol": "udp", "ports": ["443"]},
    ]


def test_more_ports_than_a_firewall_rule_holds_are_merged_where_that_opens_least(world):
    ports = [port(2 * n + 1000) for n in range(51)] + [port(10 * n + 2000) for n in range(50)]
    done = must(process_of(world, (service("kubia", *ports),)).apply())

    (traffic,) = world.stored("firewalls", "service/default/kubia")
    (entry,) = traffic["allowed"]
    assert len(entry["ports"]) == 100
    assert entry["ports"][:2] == ["1000-1002", "1004"]
    (problem,) = done.verdicts[0].intent.problems
    assert problem.reason == "PortsMerged"
    assert "tcp 1000-1002 are opened as ranges, 1 port more" in problem.message
    assert_converged(world, (service("kubia", *ports),))


def test_weights_follow_the_pods_with_local_policy_only(world):
    weighted = {f"{GKE}weighted-load-balancing": "pods-per-node"}
    applied(world, (service("kubia", annotations=weighted, **LOCAL),))
    assert world.stored("backendServices")[0]["localityLbPolicy"] == "WEIGHTED_MAGLEV"

    process = applied(world, (service("kubia", annotations=weighted),))
    assert world.stored("backendServices")[0]["localityLbPolicy"] == "MAGLEV"
    (intent,) = process.intents()
    assert "externalTrafficPolicy: Local" in str(intent.problems[0])


def test_internal_weights_are_taken_back(world):
    weighted = {**INTERNAL, f"{GKE}weighted-load-balancing": "pods-per-node"}
    applied(world, (service("kubia", annotations=weighted, **LOCAL),))
    assert world.stored("backendServices")[0]["localityLbPolicy"] == "WEIGHTED_GCP_RENDEZVOUS"

    applied(world, (service("kubia", annotations=INTERNAL, **LOCAL),))

    assert "localityLbPolicy" not in world.stored("backendServices")[0]
    assert_converged(world, (service("kubia", annotations=INTERNAL, **LOCAL),))


def test_targets_in_the_clients_zone_come_first_and_that_is_taken_back(world):
    near = service("kubia", annotations=INTERNAL, trafficDistribution="PreferClose")
    applied(world, (near,))
    (made,) = world.stored("backendServices")
    assert made["networkPassThroughLbTrafficPolicy"] == {
        "zonalAffinity": {"spillover": "ZONAL_AFFINITY_SPILL_CROSS_ZONE"}
    }
    assert_converged(world, (near,))

    applied(world, (service("kubia", annotations=INTERNAL),))

    assert "networkPassThroughLbTrafficPolicy" not in world.stored("backendServices")[0]
    assert_converged(world, (service("kubia", annotations=INTERNAL),))


def test_an_external_load_balancer_knows_no_zones(world):
    applied(world, (service("kubia", trafficDistribution="PreferClose"),))

    assert "networkPassThroughLbTrafficPolicy" not in world.stored("backendServices")[0]


def test_weights_need_an_http_check(world):
    annotations = {
        f"{GKE}weighted-load-balancing": "pods-per-node",
        "cloudlb.io/health-check-protocol": "tcp",
    }
    process = applied(world, (service("kubia", annotations=annotations, **LOCAL),))

    assert world.stored("backendServices")[0]["localityLbPolicy"] == "MAGLEV"
    (intent,) = process.intents()
    assert "does nothing with a TCP health check" in str(intent.problems[0])


def test_udp_has_no_connections_that_would_need_time_to_end(world):
    def seconds() -> int:
        (backend,) = world.stored("backendServices")
        return int(backend["connectionDraining"]["drainingTimeoutSec"])

    for ports, expected in (
        ((port(53, "UDP"),), 0),
        ((port(53, "UDP"), port(53)), 30),
        ((port(53),), 30),
    ):
        applied(world, (service("kubia", *ports),))
        assert seconds() == expected


def test_the_subnetwork_of_internal_load_balancers_is_none_for_external_ones(new_world):
    world = new_world(World(ipv6="EXTERNAL", more_subnets=("more",)))
    both = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}
    annotations = {f"{GKE}internal-load-balancer-subnet": "more"}
    process = applied(world, (service("kubia", annotations=annotations, **both),))

    assert short(filter(None, (e.get("subnetwork") for e in world.stored("forwardingRules")))) == [
        "default"
    ]
    (intent,) = process.intents()
    assert "does nothing: the load balancer is external" in str(intent.problems[0])

    applied(world, (service("kubia", annotations={**INTERNAL, **annotations}),))
    assert short(e["subnetwork"] for e in world.stored("forwardingRules")) == ["more"]


def test_affinity_weak_and_strong_and_back(world):
    strong = {f"{GKE}l4-strong-session-affinity": "enabled"}
    sticky = {
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 600}},
    }
    applied(world, (service("kubia", annotations=strong, **sticky),))
    (backend,) = world.stored("backendServices")
    assert backend["sessionAffinity"] == "CLIENT_IP"
    assert backend["connectionTrackingPolicy"] == {
        "trackingMode": "PER_SESSION",
        "enableStrongAffinity": True,
        "idleTimeoutSec": 600,
    }

    applied(world, (service("kubia", **sticky),))
    (backend,) = world.stored("backendServices")
    assert backend["sessionAffinity"] == "CLIENT_IP"
    assert "connectionTrackingPolicy" not in backend
    assert_converged(world, (service("kubia", **sticky),))

    applied(world, (service("kubia"),))
    assert world.stored("backendServices")[0]["sessionAffinity"] == "NONE"


@pytest.mark.parametrize("groups", [True, False], ids=["policy-taken-back", "no-group-left"])
def test_logging_that_somebody_turned_on_stays_on(world, groups):
    strong = {f"{GKE}l4-strong-session-affinity": "enabled"}
    sticky = {
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 600}},
    }
    process = applied(world, (service("kubia", annotations=strong, **sticky),))
    name = world.stored("backendServices")[0]["name"]
    world.change_backend_service(name, {"logConfig": {"enable": True, "sampleRate": 0.5}})

    if groups:
        applied(world, (service("kubia", **sticky),))
    else:
        for node in world.nodes():
            process.cluster.delete("Node", "", node["metadata"]["name"])
        process.reconciler.look_around()
        must(process.apply())

    (backend,) = world.stored("backendServices")
    assert backend["logConfig"] == {"enable": True, "sampleRate": 0.5}
    assert ("connectionTrackingPolicy" in backend) != groups
    assert ("backends" in backend) == groups


def test_others_are_denied_where_that_is_asked_for(world):
    annotations = {"cloudlb.io/deny-others": "true"}
    ranged = {"loadBalancerSourceRanges": ["192.0.2.0/24"]}
    applied(world, (service("kubia", annotations=annotations, **ranged),))

    allow, deny = world.stored("firewalls", "service/default/kubia")
    assert (allow["priority"], allow["sourceRanges"]) == (999, ["192.0.2.0/24"])
    assert (deny["priority"], deny["denied"]) == (1000, [{"IPProtocol": "all"}])
    assert deny["destinationRanges"] == allow["destinationRanges"]

    applied(world, (service("kubia", **ranged),))
    (allow,) = world.stored("firewalls", "service/default/kubia")
    assert allow["priority"] == 1000


def test_dual_stack_has_a_rule_and_a_firewall_rule_a_family(new_world):
    world = new_world(World(ipv6="EXTERNAL"))
    both = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}
    process = applied(world, (service("kubia", **both),))

    four, six = world.stored("forwardingRules")
    assert (four["ipVersion"], six["ipVersion"]) == ("IPV4", "IPV6")
    assert six["IPAddress"].endswith("/96")
    assert process.addresses()["kubia"] == (four["IPAddress"], six["IPAddress"].removesuffix("/96"))
    ranges = [each["destinationRanges"] for each in world.stored("firewalls", "service/default")]
    assert ranges == [[f"{four['IPAddress']}/32"], [six["IPAddress"]]]
    sources = {tuple(each["sourceRanges"]) for each in world.stored("firewalls", "cluster/shared")}
    assert sources == {tuple(CHECKS), ("2600:1901:8001::/48",)}

    applied(world, (service("kubia"),))
    assert [each["ipVersion"] for each in world.stored("forwardingRules")] == ["IPV4"]
    assert_converged(world, (service("kubia"),))


def test_ipv6_without_a_range_for_it_is_refused_with_a_remedy(world):
    both = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}
    (verdict,) = process_of(world, (service("kubia", **both),)).apply().verdicts

    (problem,) = verdict.intent.problems
    assert "subnetwork default has no range for an external IPv6 address" in str(problem)
    assert world.contents() == {}


@pytest.mark.parametrize("by", ["name", "number"])
def test_a_reserved_address_is_used_and_survives_the_service(world, by):
    mine = world.reserve("mine")
    wanted = (
        {"annotations": {f"{GKE}load-balancer-ip-addresses": "mine"}}
        if by == "name"
        else {"loadBalancerIP": mine}
    )
    process = applied(world, (service("kubia", **wanted),))
    assert process.addresses()["kubia"] == (mine,)

    must(process_of(world, (service("kubia", **wanted),)).delete())
    assert [each["address"] for each in world.stored("addresses")] == [mine]
    assert world.stored("forwardingRules") == []


def test_from_any_address_to_a_reserved_one_the_new_rule_comes_first(world):
    mine = world.reserve("mine")
    applied(world, (service("kubia"),))
    wanted = {"annotations": {f"{GKE}load-balancer-ip-addresses": "mine"}}
    process = process_of(world, (service("kubia", **wanted),))

    calls = world.calls_of(lambda: must(process.apply()))

    changes = [each for each in calls if each.startswith("forwardingRules") and "list" not in each]
    assert changes == ["forwardingRules.insert", "forwardingRules.get", "forwardingRules.delete"]
    assert process.addresses()["kubia"] == (mine,)


def test_an_address_that_does_not_exist_is_an_error_and_never_another_address(world):
    wanted = {"annotations": {f"{GKE}load-balancer-ip-addresses": "nowhere"}}
    (verdict,) = process_of(world, (service("kubia", **wanted),)).apply().verdicts

    assert not verdict.ok
    (problem,) = verdict.intent.problems
    assert "there is no reserved address 'nowhere'" in str(problem)
    assert "gcloud compute addresses create nowhere --region europe-west1" in str(problem)
    assert world.stored("forwardingRules") == []


def test_an_address_of_another_tier_is_refused_before_anything_is_made(world):
    world.reserve("cheap", network_tier="STANDARD")
    wanted = {f"{GKE}load-balancer-ip-addresses": "cheap"}
    (verdict,) = process_of(world, (service("kubia", annotations=wanted),)).apply().verdicts
    assert "of the network tier STANDARD" in str(verdict.intent.problems[0])

    standard = {**wanted, "cloud.google.com/network-tier": "Standard"}
    applied(world, (service("kubia", annotations=standard),))
    assert world.stored("forwardingRules")[0]["networkTier"] == "STANDARD"


def test_nodes_of_two_subnetworks_are_in_groups_of_their_own(new_world):
    nodes = (NodeSeed(name="gke-a-1", zone="b"), NodeSeed(name="gke-b-1", zone="b", subnet="more"))
    world = new_world(World(nodes=nodes, more_subnets=("more",)))

    applied(world, (service("kubia"),))

    groups = world.stored("networkEndpointGroups")
    assert {(short([e["subnetwork"]])[0], e["_members"][0]["instance"]) for e in groups} == {
        ("default", "gke-a-1"),
        ("more", "gke-b-1"),
    }


def test_a_zone_without_nodes_loses_its_group_and_the_service_keeps_the_others(new_world):
    world = new_world()
    manifests = (service("kubia"),)
    applied(world, manifests)
    nodes = [
        each
        for each in world.nodes()
        if not each["spec"]["providerID"].split("/")[3].endswith("-d")
    ]
    world.nodes = lambda: nodes

    applied(world, manifests)

    assert len(world.stored("networkEndpointGroups")) == 2
    assert len(world.stored("backendServices")[0]["backends"]) == 2
    assert_converged(world, manifests)


def test_more_nodes_than_a_load_balancer_takes_are_a_stable_choice(new_world):
    nodes = tuple(NodeSeed(name=f"gke-{n:03}", zone="bcd"[n % 3]) for n in range(60))
    world = new_world(World(nodes=nodes))

    applied(world, (service("kubia", annotations=INTERNAL),))

    sizes = [len(each["_members"]) for each in world.stored("networkEndpointGroups")]
    assert sum(sizes) == 25
    assert max(sizes) - min(sizes) <= 1
    assert_converged(world, (service("kubia", annotations=INTERNAL),))


def test_nodes_that_a_local_service_can_not_have_are_counted(new_world):
    nodes = tuple(NodeSeed(name=f"gke-{n:03}", zone="bcd"[n % 3]) for n in range(260))
    world = new_world(World(nodes=nodes))
    local = service("local", annotations=INTERNAL, **LOCAL)

    process = applied(world, (local, service("any", port(81), annotations=INTERNAL)))

    said = {each.owner.name: [str(e) for e in each.problems] for each in process.intents()}
    assert said["any"] == []
    assert (
        "10 of 260 nodes get no traffic, and their pods none: 250 is the most" in said["local"][0]
    )


def test_six_hundred_nodes_are_attached_in_calls_of_five_hundred(new_world):
    nodes = tuple(NodeSeed(name=f"gke-{n:03}", zone="b") for n in range(600))
    world = new_world(World(nodes=nodes))
    process = process_of(world, (service("kubia", **LOCAL),))

    calls = world.calls_of(lambda: must(process.apply()))

    assert calls.count("networkEndpointGroups.attachNetworkEndpoints") == 2
    assert len(world.stored("networkEndpointGroups")[0]["_members"]) == 600


def test_a_class_of_the_incumbents_says_the_scheme(world):

    name = f"{GKE}l4-regional-internal"
    manifest = service("kubia", loadBalancerClass=name)
    process = process_of(world, (manifest,))
    assert process.intents()[0].stack.resources == ()

    settings = Settings(
        table=world.provider.annotations,
        capabilities=world.provider.capabilities,
        classes=frozenset({name}),
    )
    found = process.cluster.get("Service", "default", "kubia")
    nodes = EligibleNodes(process.cluster.nodes())
    translation = translate(found, (), nodes, settings, process.cluster.cluster_id)
    assert translation.load_balancer.scheme == "internal"


@pytest.mark.parametrize("traffic", [{}, LOCAL], ids=["shared-check", "own-check"])
def test_health_checks_come_in_before_others_are_denied(world, traffic):
    denying = {"cloudlb.io/deny-others": "true"}
    applied(world, (service("kubia", annotations=denying, **traffic), service("other", port(81))))

    rules = world.stored("firewalls")
    (denial,) = (each for each in rules if "denied" in each)
    checks = [each for each in rules if each.get("sourceRanges") == CHECKS]
    assert len(checks) == (2 if traffic else 1)
    assert all(each["priority"] < denial["priority"] for each in checks), "denials win a draw"
