"""Which Services are ours (kubernetes.md 1.3), and what one of them asks for."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube.objects import ClientIPConfig, Service, SessionAffinityConfig
from cloudlb.model import (
    Affinity,
    Backend,
    Endpoint,
    Family,
    HealthCheck,
    Layer,
    Listener,
    LoadBalancer,
    NodeTargets,
    Owner,
    OwnerKind,
    PodTargets,
    PortError,
    Protocol,
    Scheme,
    Severity,
    TargetKind,
    errors,
)
from cloudlb.translate.annotations import path_of
from cloudlb.translate.nodes import EXCLUDED, EligibleNodes
from cloudlb.translate.ports import MIXED, NO_NODE_PORT, NO_PROTOCOL
from cloudlb.translate.service import CLASS, Translation, owner_of, translate, wanted

from .things import (
    CLUSTER,
    LOCAL,
    NODES,
    POOR,
    SETTINGS,
    TABLE,
    neutral,
    node,
    piece,
    port,
    service,
    told,
    translated,
)

BY_DEFAULT = replace(SETTINGS, default_class=True)
POD = neutral(target_type="pod")


def going(**spec: Any) -> Service:
    """Make a Service that is being deleted."""
    of = service(**spec)
    metadata = msgspec.structs.replace(of.metadata, deletion_timestamp="2026-01-01T00:00:00Z")
    return msgspec.structs.replace(of, metadata=metadata)


@pytest.mark.parametrize(
    ("of", "as_is", "by_default"),
    [
        pytest.param(service(loadBalancerClass=CLASS), True, True, id="our class"),
        pytest.param(service(), False, True, id="no class"),
        pytest.param(service(loadBalancerClass="example.com/x"), False, False, id="foreign class"),
        pytest.param(service(loadBalancerClass=""), False, False, id="an empty class is foreign"),
        pytest.param(service(loadBalancerClass="cloudlb.io/LB"), False, False, id="case counts"),
        pytest.param(service(loadBalancerClass=CLASS + "2"), False, False, id="ours, and more"),
        pytest.param(service(type="ClusterIP"), False, False, id="ClusterIP"),
        pytest.param(service(type="ClusterIP", clusterIP="None"), False, False, id="headless"),
        pytest.param(service(type="NodePort"), False, False, id="NodePort"),
        pytest.param(
            service(type="ExternalName", externalName="example.com"),
            False,
            False,
            id="ExternalName",
        ),
        pytest.param(service(type=""), False, False, id="no type"),
        pytest.param(
            service(type="ClusterIP", loadBalancerClass=CLASS), False, False, id="the type decides"
        ),
        pytest.param(
            service(type="NodePort", annotations=neutral(scheme="internal")),
            False,
            False,
            id="annotations do not make a Service ours",
        ),
        pytest.param(going(loadBalancerClass=CLASS), False, False, id="ours, on its way out"),
        pytest.param(going(), False, False, id="no class, on its way out"),
    ],
)
def test_which_services_are_ours(of: Service, as_is: bool, by_default: bool) -> None:
    assert wanted(of, SETTINGS) is as_is
    assert wanted(of, BY_DEFAULT) is by_default


def test_classes_can_be_configured() -> None:
    configured = replace(SETTINGS, classes=frozenset({"example.com/a", "example.com/b"}))

    assert wanted(service(loadBalancerClass="example.com/b"), configured)
    assert not wanted(service(loadBalancerClass=CLASS), configured)
    assert not wanted(service(), configured)


def test_the_owner_is_the_service() -> None:
    assert owner_of(service(namespace="shop"), CLUSTER) == Owner(
        cluster=CLUSTER, kind=OwnerKind.SERVICE, namespace="shop", name="web", uid="5e17"
    )


def balancer(found: Translation) -> LoadBalancer:
    """Return the load balancer, which must be there."""
    assert found.load_balancer is not None, found.problems
    return found.load_balancer


def test_all_that_a_plain_service_asks_for() -> None:
    assert translated(service()) == Translation(
        load_balancer=LoadBalancer(
            owner=Owner(
                cluster=CLUSTER,
                kind=OwnerKind.SERVICE,
                namespace="default",
                name="web",
                uid="5e17",
            ),
            layer=Layer.CONNECTION,
            scheme=Scheme.INTERNET,
            families=(Family.IPV4,),
            source_ranges=("0.0.0.0/0",),
            listeners=(
                Listener(
                    port=80,
                    protocol=Protocol.TCP,
                    backend="tcp-80",
                    name="tcp-80",
                    path="spec.ports[0]",
                ),
            ),
            backends=(
                Backend(
                    name="tcp-80",
                    protocol=Protocol.TCP,
                    targets=NodeTargets(node_port=30080, nodes=NODES.select(())),
                    health_check=HealthCheck(),
                ),
            ),
            options=(),
        )
    )


def test_ports_have_a_listener_and_a_backend_each() -> None:
    found = balancer(translated(service(port(443), port(80, name="http"), port(53, "UDP"))))

    assert [(each.port, each.protocol.value, each.name, each.path) for each in found.listeners] == [
        (53, "UDP", "udp-53", "spec.ports[2]"),
        (80, "TCP", "http", "spec.ports[1]"),
        (443, "TCP", "tcp-443", "spec.ports[0]"),
    ]
    assert [found.backend(each.backend).targets for each in found.listeners] == [
        NodeTargets(node_port=number, nodes=NODES.select(())) for number in (30053, 30080, 30443)
    ]


def test_tcp_and_udp_on_one_number_are_one_listener() -> None:
    found = translated(service(port(53, "UDP", nodePort=30053), port(53, nodePort=30053)))

    assert [(each.port, each.protocol.value) for each in balancer(found).listeners] == [
        (53, "TCP_UDP")
    ]
    assert (found.problems, found.refused_ports) == ((), ())


@pytest.mark.parametrize(
    ("ports", "kept", "refused", "place"),
    [
        pytest.param(
            [port(80), port(99, "SCTP")],
            ["tcp-80"],
            PortError(port=99, protocol="SCTP", reason=NO_PROTOCOL),
            "spec.ports[1]",
            id="SCTP",
        ),
        pytest.param(
            [port(81, nodePort=0), port(80)],
            ["tcp-80"],
            PortError(port=81, protocol="TCP", reason=NO_NODE_PORT),
            "spec.ports[0]",
            id="no node port",
        ),
        pytest.param(
            [port(53, nodePort=1), port(53, "UDP", nodePort=2)],
            ["tcp-53"],
            PortError(port=53, protocol="UDP", reason=MIXED),
            "spec.ports[1]",
            id="TCP and UDP that part",
        ),
    ],
)
def test_a_refused_port_leaves_the_others_working(
    ports: list[Any], kept: list[str], refused: PortError, place: str
) -> None:
    found = translated(service(*ports))

    assert [each.name for each in balancer(found).backends] == kept
    assert found.refused_ports == (refused,)
    assert told(found.problems) == [("warning", "PortRefused", place)]


def test_without_any_port_to_serve_nothing_is_made_and_every_port_has_its_error() -> None:
    found = translated(service(port(99, "SCTP"), port(98, "SCTP")))

    assert found.load_balancer is None
    assert [each.port for each in found.refused_ports] == [98, 99]
    assert told(found.problems) == [
        ("warning", "PortRefused", "spec.ports[1]"),
        ("warning", "PortRefused", "spec.ports[0]"),
        ("error", "NoPort", "spec.ports"),
    ]


@pytest.mark.parametrize(
    ("annotations", "defaults", "scheme"),
    [
        pytest.param({}, {}, Scheme.INTERNET, id="nothing said"),
        pytest.param(
            {}, {"default_scheme": Scheme.INTERNAL}, Scheme.INTERNAL, id="configured default"
        ),
        pytest.param(neutral(scheme="internal"), {}, Scheme.INTERNAL, id="annotation"),
        pytest.param(
            neutral(scheme="internet"),
            {"default_scheme": Scheme.INTERNAL},
            Scheme.INTERNET,
            id="annotation over configured default",
        ),
        pytest.param({"a.example/scheme": "internal"}, {}, Scheme.INTERNAL, id="provider's key"),
        pytest.param(
            {"a.example/scheme": "internal", **neutral(scheme="internet")},
            {},
            Scheme.INTERNET,
            id="the neutral key over the provider's",
        ),
    ],
)
def test_the_scheme(annotations: dict[str, str], defaults: dict[str, Any], scheme: Scheme) -> None:
    of = service(annotations=annotations)

    assert balancer(translated(of, settings=replace(SETTINGS, **defaults))).scheme is scheme


@pytest.mark.parametrize(
    ("annotations", "scheme", "reasons"),
    [
        pytest.param({}, Scheme.INTERNAL, [], id="the class alone"),
        pytest.param(neutral(scheme="internal"), Scheme.INTERNAL, [], id="the same said twice"),
        pytest.param(
            neutral(scheme="internet"),
            Scheme.INTERNAL,
            ["ConflictingConfiguration"],
            id="the class over an annotation",
        ),
    ],
)
def test_a_class_of_others_says_the_scheme(
    annotations: dict[str, str], scheme: Scheme, reasons: list[str]
) -> None:
    table = replace(TABLE, classes={"other.example/inside": Scheme.INTERNAL})
    settings = replace(SETTINGS, table=table, classes=frozenset({"other.example/inside"}))
    of = service(annotations=annotations, loadBalancerClass="other.example/inside")

    found = translated(of, settings=settings)

    assert balancer(found).scheme is scheme
    assert [each.reason for each in found.problems] == reasons


@pytest.mark.parametrize(
    ("annotations", "default", "kind"),
    [
        pytest.param({}, TargetKind.NODE, NodeTargets, id="nodes by default"),
        pytest.param({}, TargetKind.POD, PodTargets, id="pods by configuration"),
        pytest.param(POD, TargetKind.NODE, PodTargets, id="pods by annotation"),
        pytest.param(neutral(target_type="node"), TargetKind.POD, NodeTargets, id="nodes again"),
    ],
)
def test_the_kind_of_targets(
    annotations: dict[str, str], default: TargetKind, kind: type[NodeTargets | PodTargets]
) -> None:
    settings = replace(SETTINGS, default_target_kind=default)
    found = balancer(translated(service(annotations=annotations), piece(), settings=settings))

    assert isinstance(found.backends[0].targets, kind)


def test_a_provider_without_such_targets_refuses_them() -> None:
    found = translated(
        service(annotations=POD), piece(), settings=replace(SETTINGS, capabilities=POOR)
    )

    assert found.load_balancer is None
    assert told(found.problems) == [
        ("error", "TargetTypeNotSupported", path_of("cloudlb.io/target-type"))
    ]
    assert str(found.problems[0]).endswith("this provider has no pod targets (use node)")


def test_pod_targets_are_endpoints_whose_named_port_each_slice_resolves() -> None:
    found = translated(
        service(port(80, targetPort="http"), annotations=POD),
        piece("10.1.0.1", number=8080),
        piece("10.1.0.2", "10.1.0.1", number=9090),
    )

    assert balancer(found).backends[0].targets == PodTargets(
        port=0,
        endpoints=(
            Endpoint(address="10.1.0.1", port=8080),
            Endpoint(address="10.1.0.1", port=9090),
            Endpoint(address="10.1.0.2", port=9090),
        ),
    )


def test_slices_that_come_from_an_iterator_serve_every_port() -> None:
    slices = iter(
        [
            piece(
                "10.1.0.1",
                ports=[{"name": "tcp-80", "port": 8080}, {"name": "tcp-81", "port": 8081}],
            )
        ]
    )
    of = service(port(80), port(81), annotations=POD)
    found = balancer(translate(of, slices, NODES, SETTINGS, CLUSTER))

    assert [each.targets for each in found.backends] == [
        PodTargets(port=number, endpoints=(Endpoint(address="10.1.0.1", port=8000 + number),))
        for number in (80, 81)
    ]


@pytest.mark.parametrize(
    ("of", "slices", "problems"),
    [
        pytest.param(
            service(selector={}),
            (),
            [("warning", "EndpointsByHand", "spec.selector")],
            id="no selector, nodes: their proxies must reach the endpoints",
        ),
        pytest.param(
            service(selector={}, annotations=POD), (piece("192.0.2.1"),), [], id="no selector, pods"
        ),
        pytest.param(
            service(annotations=POD),
            (),
            [("warning", "NoEndpoints", "spec.selector")],
            id="no slice leads to pods",
        ),
        pytest.param(service(annotations=POD), (piece(),), [], id="scaled to zero"),
        pytest.param(service(), (), [], id="nodes need no slices"),
    ],
)
def test_what_is_said_of_endpoints_still_makes_a_load_balancer(
    of: Service, slices: tuple[Any, ...], problems: list[Any]
) -> None:
    found = translated(of, *slices)

    assert told(found.problems) == problems
    assert len(balancer(found).backends) == 1


def test_endpoints_made_by_hand_are_registered_themselves() -> None:
    by_hand = piece("192.0.2.2", "192.0.2.1")
    found = translated(service(selector={}, annotations=POD), by_hand)

    (backend,) = balancer(found).backends
    assert isinstance(backend.targets, PodTargets)
    assert [each.address for each in backend.targets.endpoints] == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    ("families", "annotations", "front", "back"),
    [
        pytest.param([], {}, ["IPv4"], "IPv4", id="nothing said"),
        pytest.param(["IPv4"], {}, ["IPv4"], "IPv4", id="IPv4"),
        pytest.param(["IPv6"], {}, ["IPv6"], "IPv6", id="IPv6"),
        pytest.param(["IPv4", "IPv6"], {}, ["IPv4", "IPv6"], "IPv4", id="both"),
        pytest.param(["IPv6", "IPv4"], {}, ["IPv6", "IPv4"], "IPv6", id="both, IPv6 first"),
        pytest.param(
            ["IPv4"],
            {"a.example/dual-stack": "true"},
            ["IPv4", "IPv6"],
            "IPv4",
            id="a front of both families by annotation",
        ),
        pytest.param(
            ["IPv6"],
            {"a.example/dual-stack": "true"},
            ["IPv6", "IPv4"],
            "IPv6",
            id="the primary family stays first",
        ),
        pytest.param(
            ["IPv4", "IPv6"],
            {"a.example/dual-stack": "false"},
            ["IPv4", "IPv6"],
            "IPv4",
            id="the annotation takes no family away",
        ),
    ],
)
def test_families_of_front_and_back(
    families: list[str], annotations: dict[str, str], front: list[str], back: str
) -> None:
    slices = (piece("10.1.0.1"), piece("fd00::1", addressType="IPv6"))
    of = service(ipFamilies=families, annotations={**POD, **annotations})
    found = balancer(translated(of, *slices))
    (backend,) = found.backends
    assert isinstance(backend.targets, PodTargets)

    assert [each.value for each in found.families] == front
    assert backend.family == back
    assert [each.address for each in backend.targets.endpoints] == [
        {"IPv4": "10.1.0.1", "IPv6": "fd00::1"}[back]
    ]
    assert found.source_ranges == tuple(
        sorted({"IPv4": "0.0.0.0/0", "IPv6": "::/0"}[each] for each in front)
    )


@pytest.mark.parametrize(
    ("spec", "affinity", "timeout"),
    [
        pytest.param({}, Affinity.NONE, None, id="nothing said"),
        pytest.param({"sessionAffinity": "None"}, Affinity.NONE, None, id="none"),
        pytest.param(
            {"sessionAffinity": "ClientIP"}, Affinity.CLIENT_IP, 10800, id="three hours by default"
        ),
        pytest.param(
            {
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
            },
            Affinity.CLIENT_IP,
            60,
            id="a timeout",
        ),
    ],
)
def test_affinity(spec: dict[str, Any], affinity: Affinity, timeout: int | None) -> None:
    found = balancer(translated(service(port(80), port(81), **spec)))

    assert [(each.affinity, each.affinity_timeout) for each in found.backends] == [
        (affinity, timeout)
    ] * 2


@pytest.mark.parametrize(
    ("affinity", "config"),
    [
        pytest.param("ClientIP", None, id="sticky without a timeout"),
        pytest.param("ClientIP", SessionAffinityConfig(), id="sticky with empty settings"),
        pytest.param(
            "None",
            SessionAffinityConfig(client_ip=ClientIPConfig(timeout_seconds=60)),
            id="settings left over from before",
        ),
    ],
)
def test_an_affinity_that_nobody_has_defaulted_has_no_timeout(
    affinity: str, config: SessionAffinityConfig | None
) -> None:
    of = service()
    spec = msgspec.structs.replace(
        of.spec, session_affinity=affinity, session_affinity_config=config
    )
    (backend,) = balancer(translated(msgspec.structs.replace(of, spec=spec))).backends

    assert (backend.affinity, backend.affinity_timeout) == (Affinity(affinity), None)


@pytest.mark.parametrize(
    ("spec", "annotations", "local"),
    [
        pytest.param({}, {}, False, id="Cluster"),
        pytest.param(LOCAL, {}, True, id="Local"),
        pytest.param(LOCAL, POD, False, id="Local with pods"),
    ],
)
def test_the_policy_takes_no_node_away(
    spec: dict[str, Any], annotations: dict[str, str], local: bool
) -> None:
    (backend,) = balancer(translated(service(annotations=annotations, **spec), piece())).backends

    assert backend.local is local
    if isinstance(backend.targets, NodeTargets):
        assert [each.name for each in backend.targets.nodes] == ["n1", "n2"]


def test_an_annotation_selects_nodes() -> None:
    found = translated(service(annotations=neutral(target_node_labels="pool=gold")))
    targets = balancer(found).backends[0].targets

    assert isinstance(targets, NodeTargets)
    assert [each.name for each in targets.nodes] == ["n2"]


def test_without_eligible_nodes_the_load_balancer_stays() -> None:
    found = translated(service(), nodes=EligibleNodes([node(**{EXCLUDED: ""})]))

    assert balancer(found).backends[0].targets == NodeTargets(node_port=30080, nodes=())


def test_options_are_the_provider_s_own_values_only() -> None:
    annotations = {
        "a.example/size": "7",
        "a.example/attributes.80": "k=v",
        "a.example/mode": "on",
        **neutral(scheme="internal", health_check_path="/x", source_ranges="10.0.0.0/8"),
    }

    assert balancer(translated(service(annotations=annotations))).options == (
        ("by_port", (("80", (("k", "v"),)),)),
        ("mode", "On"),
        ("size", 7),
    )


@pytest.mark.parametrize("text", ["0", "10", "", "many"])
def test_a_value_out_of_range_makes_nothing_so_that_what_serves_goes_on(text: str) -> None:
    found = translated(service(port(80), port(99, "SCTP"), annotations={"a.example/size": text}))

    assert found.load_balancer is None
    assert told(errors(found.problems)) == [
        ("error", "InvalidAnnotation", path_of("a.example/size"))
    ]
    assert [each.port for each in found.refused_ports] == [99], "ports are judged all the same"


def test_an_unknown_annotation_stops_nothing() -> None:
    found = translated(service(annotations={"a.example/sise": "7"}))

    assert balancer(found).options == ()
    assert told(found.problems) == [("warning", "UnknownAnnotation", path_of("a.example/sise"))]


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = translated(
        service(
            port(99, "SCTP"),
            externalTrafficPolicy="Local",
            loadBalancerSourceRanges=["x", "10.0.0.0/8"],
            annotations=neutral(scheme="x", health_check_port="x"),
        )
    )

    assert found.load_balancer is None
    assert sorted(each.reason for each in errors(found.problems)) == [
        "InvalidAnnotation",
        "InvalidAnnotation",
        "InvalidSourceRange",
        "NoHealthCheckNodePort",
        "NoPort",
    ]


@pytest.mark.parametrize(
    ("settings", "problems"),
    [
        pytest.param(SETTINGS, [], id="honoured"),
        pytest.param(
            replace(SETTINGS, capabilities=POOR),
            [("warning", "RequestedAddressIgnored", "spec.loadBalancerIP")],
            id="not honoured",
        ),
    ],
)
def test_a_requested_address_is_handed_on(settings: Any, problems: list[Any]) -> None:
    found = translated(service(loadBalancerIP="192.0.2.1"), settings=settings)

    assert balancer(found).requested_addresses == ("192.0.2.1",)
    assert told(found.problems) == problems


@pytest.mark.parametrize("distribution", ["PreferClose", "PreferSameZone", "PreferSameNode"])
def test_a_traffic_distribution_asks_for_targets_nearby(distribution):
    found = translated(service(trafficDistribution=distribution))

    assert [each.nearby for each in found.load_balancer.backends] == [True]


@pytest.mark.parametrize(
    "spec",
    [
        {"internalTrafficPolicy": "Local"},
        {"externalIPs": ["192.0.2.1"]},
        {"publishNotReadyAddresses": True},
        {"allocateLoadBalancerNodePorts": False},
    ],
    ids=lambda spec: next(iter(spec)),
)
def test_fields_that_are_not_ours_change_nothing(spec: dict[str, Any]) -> None:
    assert translated(service(**spec)) == translated(service())


def test_names_of_63_characters_pass() -> None:
    of = service(port(80, name="n" * 63))
    named = msgspec.structs.replace(
        of, metadata=msgspec.structs.replace(of.metadata, name="s" * 63, namespace="n" * 63)
    )
    found = balancer(translated(named))

    assert found.owner.path == f"service/{'n' * 63}/{'s' * 63}"
    assert found.listeners[0].name == "n" * 63


KEYS = [key for each in TABLE.rows for key in (each.key, *each.aliases)]
WORDS = ["true", "internal", "pod", "0", "9", "80", "tcp-80", "10.0.0.0/8, ::/0", "a=1", "/x", ","]
ANNOTATIONS = st.dictionaries(
    st.sampled_from([*KEYS, "a.example/attributes.80"])
    | st.builds("a.example/{}".format, st.text()),
    st.sampled_from(WORDS) | st.text(),
    max_size=6,
)


@given(ANNOTATIONS, st.sampled_from([{}, LOCAL, {"ipFamilies": ["IPv6", "IPv4"]}]))
def test_no_text_in_annotations_breaks_translation(
    annotations: dict[str, str], spec: dict[str, Any]
) -> None:
    found = translated(service(annotations=annotations, **spec), piece("10.1.0.1"))

    assert (found.load_balancer is None) is bool(errors(found.problems))
    assert all(each.message and each.remedy and each.path for each in found.problems)


PORTS = st.lists(
    st.builds(
        port,
        st.sampled_from([53, 80, 443]),
        st.sampled_from(["TCP", "UDP", "SCTP"]),
        nodePort=st.sampled_from([0, 30001, 30002]),
        targetPort=st.sampled_from([8080, "http"]),
    ),
    unique_by=lambda each: (each["port"], each["protocol"]),
    min_size=1,
    max_size=5,
)
SLICES = (
    piece("10.1.0.1", {"addresses": ["10.1.0.2"], "zone": "a"}),
    piece({"addresses": ["10.1.0.2"], "zone": "b"}, number=9090),
    piece("10.1.0.3", name="udp-53", number=53),
    piece("fd00::1", addressType="IPv6"),
)
FLEET = (node("n1"), node("n2", pool="gold"), node("n3", **{EXCLUDED: "true"}), node("n4"))


@given(PORTS, st.sampled_from([{}, POD]), st.data())
def test_the_order_of_ports_slices_and_nodes_does_not_matter(
    ports: list[Any], annotations: dict[str, str], data: st.DataObject
) -> None:
    def meaning(these: list[Any], slices: Any, nodes: Any) -> tuple[Any, ...]:
        of = service(*these, annotations=annotations, loadBalancerSourceRanges=RANGES)
        found = translated(of, *slices, nodes=EligibleNodes(nodes))
        return (pathless(found.load_balancer), found.refused_ports, reasons(found))

    shuffled = meaning(*(data.draw(st.permutations(each)) for each in (ports, SLICES, FLEET)))

    assert shuffled == meaning(ports, SLICES, FLEET)


RANGES = ["10.0.0.0/8", "192.0.2.0/24"]


def pathless(found: LoadBalancer | None) -> LoadBalancer | None:
    """Leave out where ports were written, which their order decides."""
    if found is None:
        return None
    return replace(found, listeners=tuple(replace(each, path="") for each in found.listeners))


def reasons(found: Translation) -> list[tuple[Severity, str, str]]:
    return [(each.severity, each.reason, each.message) for each in found.problems]
