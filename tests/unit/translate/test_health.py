"""How targets are asked for their health: by the policy, then by each annotation."""

from typing import Any

import pytest

from cloudlb.model import HealthCheck, Protocol, TargetKind
from cloudlb.translate.annotations import path_of
from cloudlb.translate.health import health_check_of, is_local

from .things import LOCAL, neutral, parsed, port, service, told, translated

NODE, POD = TargetKind.NODE, TargetKind.POD
HTTP, TCP = Protocol.HTTP, Protocol.TCP
PORT_KEY = path_of("cloudlb.io/health-check-port")


def check(kind: TargetKind = NODE, spec: dict[str, Any] | None = None, **said: str) -> HealthCheck:
    """Return the check of a Service whose annotations `health-check-…` are as said."""
    found, problems = health_check_of(
        service(**(spec or {})),
        parsed(**{f"health_check_{key}": value for key, value in said.items()}),
        kind,
    )
    assert problems == ()
    return found


@pytest.mark.parametrize(
    ("policy", "kind", "local"),
    [
        ("Local", NODE, True),
        ("Cluster", NODE, False),
        pytest.param("Local", POD, False, id="with pods as targets every target has a pod"),
        ("Cluster", POD, False),
    ],
)
def test_local_means_nodes_with_a_pod_of_their_own(
    policy: str, kind: TargetKind, local: bool
) -> None:
    assert is_local(service(externalTrafficPolicy=policy), kind) is local


@pytest.mark.parametrize("internal", ["Local", "Cluster"])
def test_the_internal_policy_is_not_ours(internal: str) -> None:
    assert not is_local(service(internalTrafficPolicy=internal), NODE)


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        pytest.param(NODE, {}, HealthCheck(), id="Cluster leaves all to the provider"),
        pytest.param(
            NODE,
            LOCAL,
            HealthCheck(protocol=HTTP, port=32000, path="/healthz"),
            id="Local asks the health-check node port",
        ),
        pytest.param(POD, LOCAL, HealthCheck(), id="Local says nothing about pods"),
        pytest.param(
            NODE,
            {"externalTrafficPolicy": "Cluster", "healthCheckNodePort": 32000},
            HealthCheck(),
            id="a port left over from Local is not asked",
        ),
    ],
)
def test_the_check_without_annotations(
    kind: TargetKind, spec: dict[str, Any], expected: HealthCheck
) -> None:
    assert check(kind, spec) == expected


OVERRIDES = [
    pytest.param("protocol", "tcp", TCP, id="protocol tcp"),
    pytest.param("protocol", "HTTP", HTTP, id="protocol http, in capitals"),
    pytest.param("protocol", "https", Protocol.HTTPS, id="protocol https"),
    pytest.param("port", "traffic-port", 0, id="the traffic's port"),
    pytest.param("port", "10256", 10256, id="a number"),
    pytest.param("port", "1", 1, id="the lowest port"),
    pytest.param("port", "65535", 65535, id="the highest port"),
    pytest.param("port", "tcp-80", 30080, id="a port's name"),
    pytest.param("path", "/ready?full=1", "/ready?full=1", id="path"),
    pytest.param("interval", "30", 30, id="interval"),
    pytest.param("timeout", " 5 ", 5, id="timeout, with spaces around it"),
    pytest.param("healthy-threshold", "4", 4, id="healthy threshold"),
    pytest.param("unhealthy-threshold", "10", 10, id="unhealthy threshold"),
    pytest.param("success-codes", "200-299,418", "200-299,418", id="success codes"),
]


@pytest.mark.parametrize("spec", [pytest.param({}, id="Cluster"), pytest.param(LOCAL, id="Local")])
@pytest.mark.parametrize(("name", "text", "value"), OVERRIDES)
def test_every_annotation_overrides_its_field_and_no_other(
    name: str, text: str, value: Any, spec: dict[str, Any]
) -> None:
    plain = {field: getattr(check(spec=spec), field) for field in FIELDS}
    field = name.replace("-", "_")

    assert check(spec=spec, **{field: text}) == HealthCheck(**{**plain, field: value})


FIELDS = HealthCheck.__dataclass_fields__


def test_every_field_has_an_annotation() -> None:
    assert {each.values[0].replace("-", "_") for each in OVERRIDES} == set(FIELDS)


def test_all_annotations_together() -> None:
    said = check(
        spec=LOCAL,
        protocol="https",
        port="8443",
        path="/live",
        interval="300",
        timeout="1",
        healthy_threshold="2",
        unhealthy_threshold="3",
        success_codes="204",
    )

    assert said == HealthCheck(
        protocol=Protocol.HTTPS,
        port=8443,
        path="/live",
        interval=300,
        timeout=1,
        healthy_threshold=2,
        unhealthy_threshold=3,
        success_codes="204",
    )


@pytest.mark.parametrize(
    ("kind", "fields", "number"),
    [
        pytest.param(NODE, {"nodePort": 30123, "targetPort": 8080}, 30123, id="nodes: node port"),
        pytest.param(POD, {"nodePort": 30123, "targetPort": 8080}, 8080, id="pods: target port"),
        pytest.param(POD, {}, 81, id="pods: the port itself, where no target is given"),
    ],
)
def test_a_name_stands_for_where_targets_listen(
    kind: TargetKind, fields: dict[str, int], number: int
) -> None:
    of = service(port(80), port(81, name="health", **fields))
    found, problems = health_check_of(of, parsed(health_check_port="health"), kind)

    assert (found.port, problems) == (number, ())


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        pytest.param(NODE, {}, "nothing", id="no port has the name"),
        pytest.param(NODE, {}, "Health", id="case counts"),
        pytest.param(NODE, {}, "n" * 63, id="63 characters"),
        pytest.param(NODE, {}, "-1", id="a number below all"),
        pytest.param(NODE, {}, "８０", id="full-width digits are no number"),
        pytest.param(NODE, {"nodePort": 0}, "health", id="without a node port"),
        pytest.param(POD, {"targetPort": "http"}, "health", id="each pod has a number of its own"),
    ],
)
def test_a_name_without_a_number_is_an_error(
    kind: TargetKind, fields: dict[str, Any], text: str
) -> None:
    of = service(port(80), port(81, name="health", **fields))
    annotations = parsed(health_check_port=text)
    found, problems = health_check_of(of, annotations, kind)

    (problem,) = annotations.problems or problems
    assert (problem.severity.value, problem.reason, problem.path) == (
        "error",
        "InvalidAnnotation",
        PORT_KEY,
    )
    assert repr(text) in problem.message
    assert not found.port


def test_the_names_there_are_belong_to_the_message() -> None:
    of = service(port(80), port(81, name="health"))
    _, (problem,) = health_check_of(of, parsed(health_check_port="x"), NODE)

    assert problem.message == (
        "'x' is no port of this Service with a number of its own (named ports: tcp-80, health)"
    )


def test_a_service_whose_only_port_has_no_name_says_so() -> None:
    _, (problem,) = health_check_of(service(port(name="")), parsed(health_check_port="x"), NODE)

    assert problem.message.endswith("(named ports: none)")


def test_local_without_its_node_port_is_an_error_that_says_how_to_get_one() -> None:
    of = service(externalTrafficPolicy="Local")
    _, problems = health_check_of(of, parsed(), NODE)

    assert told(problems) == [("error", "NoHealthCheckNodePort", "spec.healthCheckNodePort")]
    assert problems[0].remedy == (
        "set externalTrafficPolicy to Cluster and back to Local, and the API server allocates one"
    )
    assert translated(of).load_balancer is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("protocol", "udp"),
        ("protocol", ""),
        ("port", "0"),
        ("port", "65536"),
        ("port", ""),
        ("path", "healthz"),
        ("path", "/a b"),
        ("path", ""),
        ("interval", "0"),
        ("interval", "301"),
        ("interval", "10s"),
        ("interval", "1.5"),
        ("timeout", "0"),
        ("timeout", "301"),
        ("healthy-threshold", "0"),
        ("healthy-threshold", "11"),
        ("unhealthy-threshold", "0"),
        ("unhealthy-threshold", "11"),
        ("success-codes", " "),
    ],
)
def test_what_is_not_allowed_keeps_the_object_as_it_was(name: str, text: str) -> None:
    key = f"health-check-{name}"
    found = translated(service(annotations=neutral(**{key: text})))

    assert found.load_balancer is None
    assert told(found.problems) == [("error", "InvalidAnnotation", path_of(f"cloudlb.io/{key}"))]


def test_all_ports_have_the_one_check() -> None:
    of = service(port(80), port(53, "UDP"), **LOCAL)
    found = translated(of).load_balancer

    assert found is not None
    assert {each.health_check for each in found.backends} == {
        HealthCheck(protocol=HTTP, port=32000, path="/healthz")
    }
    assert all(each.local for each in found.backends)
