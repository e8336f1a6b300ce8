"""From data to wire objects, and what is said when that fails."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlb.kube.decode import DecodeError, convert, decode
from cloudlb.kube.objects import Endpoint, EndpointConditions, Node, Service


def test_json_of_an_api_server_is_decoded_to_the_fields_we_read() -> None:
    raw = b"""{"apiVersion": "v1", "kind": "Service",
      "metadata": {"name": "web", "namespace": "shop", "managedFields": [{"manager": "kubectl"}]},
      "spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"],
               "ports": [{"port": 80, "targetPort": "http", "nodePort": 30080}],
               "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}},
      "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1", "ipMode": "VIP"}]}}}"""

    service = decode(raw, Service)

    assert service.metadata.namespace == "shop"
    assert service.spec.cluster_ips == ("10.0.0.1",)
    assert (service.spec.ports[0].target_port, service.spec.ports[0].node_port) == ("http", 30080)
    assert service.spec.session_affinity_config
    assert service.spec.session_affinity_config.client_ip
    assert service.spec.session_affinity_config.client_ip.timeout_seconds == 60
    assert service.status.load_balancer.ingress[0].ip_mode == "VIP"


def test_a_node_is_decoded_to_the_fields_we_read() -> None:
    raw = b"""{"metadata": {"name": "a"},
      "spec": {"providerID": "cloud:///a", "taints": [{"key": "k", "effect": "NoSchedule"}]},
      "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
                 "conditions": [{"type": "Ready", "status": "True"}]}}"""

    node = decode(raw, Node)

    assert (node.spec.provider_id, node.spec.taints[0].key) == ("cloud:///a", "k")
    assert node.status.addresses[0].address == "10.0.0.1"


@pytest.mark.parametrize(
    ("conditions", "ready", "serving", "terminating"),
    [
        pytest.param(EndpointConditions(), True, True, False, id="nothing-said"),
        pytest.param(EndpointConditions(ready=False), False, True, False, id="not-ready"),
        pytest.param(
            EndpointConditions(ready=False, serving=True, terminating=True),
            False,
            True,
            True,
            id="draining",
        ),
        pytest.param(EndpointConditions(serving=False), True, False, False, id="not-serving"),
    ],
)
def test_unknown_conditions_of_an_endpoint_mean_what_the_api_says(
    conditions: EndpointConditions, *, ready: bool, serving: bool, terminating: bool
) -> None:
    endpoint = Endpoint(conditions=conditions)

    assert (endpoint.ready, endpoint.serving, endpoint.terminating) == (ready, serving, terminating)


def test_null_counts_as_absent() -> None:
    data = {
        "metadata": {"name": "web", "creationTimestamp": None, "labels": None},
        "spec": {"ports": [{"port": 80, "name": None}], "selector": None},
        "status": None,
    }

    service = convert(data, Service)

    assert (service.metadata.labels, service.spec.ports[0].name) == ({}, "")


def test_the_value_null_of_an_annotation_is_the_empty_string() -> None:
    service = convert({"metadata": {"name": "web", "annotations": {"a": None}}}, Service)

    assert service.metadata.annotations == {"a": ""}


@pytest.mark.parametrize(
    ("data", "path", "message", "remedy"),
    [
        pytest.param(
            {"metadata": {"annotations": {"example.com/on": True}}},
            "metadata.annotations[example.com/on]",
            "expected a string, got a boolean",
            "quote the value",
            id="annotation-is-a-boolean",
        ),
        pytest.param(
            {"metadata": {"labels": {"version": 1.10}}},
            "metadata.labels[version]",
            "expected a string, got a number",
            "quote the value",
            id="label-is-a-number",
        ),
        pytest.param(
            {"metadata": {"annotations": {"tags": ["a", "b"]}}},
            "metadata.annotations[tags]",
            "expected a string, got a list",
            "one quoted string",
            id="annotation-is-a-list",
        ),
        pytest.param(
            {"spec": {"ports": [{"port": "80"}]}},
            "spec.ports[0].port",
            "expected int, got str",
            "take the quotes away",
            id="quoted-port",
        ),
        pytest.param(
            {"spec": {"ports": [{"name": "http"}]}},
            "spec.ports[0]",
            "object missing required field port",
            "",
            id="no-port",
        ),
        pytest.param(
            {"spec": {"ports": {"port": 80}}},
            "spec.ports",
            "expected array, got object",
            "",
            id="ports-is-a-map",
        ),
        pytest.param(
            {"spec": {"ports": [{"port": 2**31}]}}, "spec.ports[0].port", "<= ", "", id="int32"
        ),
        pytest.param([], "", "expected an object, got a list", "", id="list"),
    ],
)
def test_a_fault_names_the_field(data: Any, path: str, message: str, remedy: str) -> None:
    with pytest.raises(DecodeError) as caught:
        convert(data, Service)

    assert caught.value.path == path
    assert message in caught.value.message
    assert remedy in caught.value.remedy


def test_broken_json_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        decode(b'{"metadata": \xff}', Service)


def test_data_nested_without_end_is_a_decode_error() -> None:
    data: dict[str, Any] = {}
    for _ in range(100_000):
        data = {"spec": data}

    with pytest.raises(DecodeError, match="nested too deeply"):
        convert(data, Service)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["metadata", "spec", "ports", "labels", "port", "name", "x"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_data_is_converted_or_refused(data: Any) -> None:
    with contextlib.suppress(DecodeError):
        convert(data, Service)
