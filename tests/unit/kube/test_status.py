"""The status of a Service: addresses that never flap, an entry a port, two conditions."""

from datetime import UTC, datetime, timedelta

import pytest

from cloudlb.errors import (
    CloudlbError,
    Conflict,
    Denied,
    NotOwned,
    NotReady,
    QuotaExceeded,
    Rejected,
    Throttled,
    Transient,
)
from cloudlb.kube.objects import (
    Condition,
    LoadBalancerIngress,
    LoadBalancerStatus,
    ObjectMeta,
    PortStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from cloudlb.kube.status import (
    ACCEPTED,
    PROGRAMMED,
    Findings,
    describe,
    reason_of,
    status_of,
)
from cloudlb.model import Address, PortError, Problem

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
HOST = Address(hostname="LB-1.elb.example.com")
INVALID = Problem.error("spec.ports[0]", "makes no sense", "write 80", reason="BadPort")
WARNING = Problem.warning("metadata.annotations[x]", "unknown", "did you mean y?")


def service(*ports: ServicePort, status: ServiceStatus | None = None, kind: str = "LoadBalancer"):
    ports = ports or (ServicePort(port=80, protocol="TCP", name="http"),)
    return Service(
        metadata=ObjectMeta(name="web", namespace="default", uid="u"),
        spec=ServiceSpec(type=kind, ports=ports),
        status=status or ServiceStatus(),
    )


def published(given: Service, findings: Findings, now: datetime = NOW) -> Service:
    """The service after the status was written."""
    status = status_of(given, findings, now)
    return Service(metadata=given.metadata, spec=given.spec, status=status)


def condition(status: ServiceStatus, kind: str) -> Condition:
    return next(each for each in status.conditions if each.type == kind)


def serving(*ports: ServicePort) -> Service:
    """A service that was programmed once."""
    return published(service(*ports), Findings(addresses=(HOST,)))


def test_a_host_name_is_published_in_lower_case_and_without_a_mode():
    status = status_of(service(), Findings(addresses=(HOST,)), NOW)

    assert status.load_balancer.ingress == (
        LoadBalancerIngress(
            hostname="lb-1.elb.example.com", ports=(PortStatus(port=80, protocol="TCP"),)
        ),
    )


@pytest.mark.parametrize(
    ("virtual", "mode"),
    [
        pytest.param(True, "VIP", id="packets-reach-the-node-with-the-address"),
        pytest.param(False, "Proxy", id="the-balancer-ends-the-connection"),
    ],
)
def test_an_ip_is_published_with_its_mode(virtual: bool, mode: str):
    address = Address(ip="192.0.2.7", virtual=virtual)

    status = status_of(service(), Findings(addresses=(address,)), NOW)

    (ingress,) = status.load_balancer.ingress
    assert (ingress.ip, ingress.hostname, ingress.ip_mode) == ("192.0.2.7", "", mode)


def test_every_port_has_an_entry_and_a_refused_one_says_why():
    given = service(
        ServicePort(port=53, protocol="TCP", name="a"),
        ServicePort(port=53, protocol="UDP", name="b"),
        ServicePort(port=99, protocol="SCTP", name="c"),
    )
    refused = (PortError(port=99, protocol="SCTP", reason="ProtocolNotSupported"),)

    status = status_of(given, Findings(addresses=(HOST,), refused_ports=refused), NOW)

    (ingress,) = status.load_balancer.ingress
    assert [(each.port, each.protocol, each.error) for each in ingress.ports] == [
        (53, "TCP", None),
        (53, "UDP", None),
        (99, "SCTP", "cloudlb.io/ProtocolNotSupported"),
    ]
    accepted = condition(status, ACCEPTED)
    assert (accepted.status, accepted.reason) == ("False", "PortsRefused")
    assert "99/SCTP" in accepted.message
    assert condition(status, PROGRAMMED).status == "True"


@pytest.mark.parametrize(
    "reason", ["LoadBalancerMixedProtocolNotSupported", "example.com/SomethingElse"]
)
def test_a_port_error_that_the_api_takes_as_it_is_gets_no_prefix(reason: str):
    refused = (PortError(port=80, protocol="TCP", reason=reason),)

    status = status_of(service(), Findings(addresses=(HOST,), refused_ports=refused), NOW)

    assert status.load_balancer.ingress[0].ports[0].error == reason


def test_a_service_without_any_port_left_is_not_programmed():
    refused = (PortError(port=80, protocol="TCP", reason="No"),)

    status = status_of(service(), Findings(refused_ports=refused), NOW)

    assert condition(status, PROGRAMMED).status == "False"
    assert condition(status, PROGRAMMED).reason == "PortsRefused"


def test_conditions_of_a_programmed_service_are_true():
    status = status_of(service(), Findings(addresses=(HOST,)), NOW)

    assert [(each.type, each.status, each.reason) for each in status.conditions] == [
        (ACCEPTED, "True", "Accepted"),
        (PROGRAMMED, "True", "Programmed"),
    ]
    assert {each.last_transition_time for each in status.conditions} == {"2030-01-02T03:04:05Z"}


def test_a_warning_is_in_the_message_and_stops_nothing():
    status = status_of(service(), Findings(addresses=(HOST,), problems=(WARNING,)), NOW)

    accepted = condition(status, ACCEPTED)
    assert (accepted.status, accepted.reason) == ("True", "AcceptedWithWarnings")
    assert "did you mean y?" in accepted.message


def test_without_an_address_yet_the_service_is_pending():
    status = status_of(service(), Findings(), NOW)

    assert status.load_balancer.ingress == ()
    assert condition(status, PROGRAMMED).reason == "AddressPending"


@pytest.mark.parametrize(
    ("pending", "message"),
    [(1, "1 change has to be made in the cloud"), (7, "7 changes have to be made in the cloud")],
)
def test_changes_that_nobody_has_made_yet_are_counted(pending: int, message: str):
    findings = Findings(addresses=(HOST,), pending=pending)

    programmed = condition(status_of(service(), findings, NOW), PROGRAMMED)

    assert (programmed.status, programmed.reason) == ("False", "ChangesPending")
    assert programmed.message == message


def test_what_is_left_of_an_object_that_nobody_wants_is_pending():
    changed = service(status=serving().status, kind="ClusterIP")

    programmed = condition(status_of(changed, Findings(wanted=False, pending=3), NOW), PROGRAMMED)

    assert (programmed.status, programmed.reason) == ("False", "ChangesPending")


def test_a_passing_failure_keeps_the_address():
    given = serving()
    broken = Findings(errors=(Transient("the API is down", operation="DescribeThings"),))

    status = status_of(given, broken, LATER)

    assert status.load_balancer == given.status.load_balancer
    programmed = condition(status, PROGRAMMED)
    assert (programmed.status, programmed.reason) == ("False", "CloudUnavailable")
    assert programmed.message == "DescribeThings: the API is down"


def test_an_invalid_edit_keeps_the_address_and_says_so():
    given = serving()

    status = status_of(given, Findings(problems=(WARNING, INVALID)), LATER)

    assert status.load_balancer == given.status.load_balancer
    accepted, programmed = condition(status, ACCEPTED), condition(status, PROGRAMMED)
    assert (accepted.status, accepted.reason) == ("False", "BadPort")
    assert "write 80" in accepted.message
    assert (programmed.status, programmed.reason) == ("False", "NotAccepted")
    assert "goes on serving" in programmed.message


def test_an_invalid_service_that_never_served_has_no_address():
    status = status_of(service(), Findings(problems=(INVALID,)), NOW)

    assert status.load_balancer.ingress == ()
    assert "nothing is made" in condition(status, PROGRAMMED).message


def test_a_port_that_a_failed_edit_added_is_not_shown_as_working():
    old = ServicePort(port=80, protocol="TCP", name="http")
    before = serving(old)
    edited = service(old, ServicePort(port=443, protocol="TCP", name="tls"), status=before.status)

    status = status_of(edited, Findings(errors=(Transient("down"),)), LATER)

    assert [(each.port, each.error) for each in status.load_balancer.ingress[0].ports] == [
        (80, None),
        (443, "cloudlb.io/NotProgrammed"),
    ]


def test_after_success_the_address_is_what_was_found_now():
    given = serving()

    status = status_of(given, Findings(addresses=(Address(hostname="other.example.com"),)), LATER)

    assert [each.hostname for each in status.load_balancer.ingress] == ["other.example.com"]


def test_the_time_changes_with_the_status_of_a_condition_only():
    first = serving()
    warned = published(first, Findings(addresses=(HOST,), problems=(WARNING,)), LATER)
    failed = published(warned, Findings(errors=(Transient("down"),)), LATER)

    assert condition(warned.status, ACCEPTED).last_transition_time == "2030-01-02T03:04:05Z"
    assert condition(failed.status, PROGRAMMED).last_transition_time == "2030-01-02T04:04:05Z"
    assert condition(failed.status, ACCEPTED).last_transition_time == "2030-01-02T03:04:05Z"


@pytest.mark.parametrize(
    "findings",
    [
        pytest.param(Findings(addresses=(HOST, Address(ip="192.0.2.1"))), id="programmed"),
        pytest.param(Findings(addresses=(HOST,), problems=(WARNING,)), id="warned"),
        pytest.param(Findings(problems=(INVALID,)), id="invalid"),
        pytest.param(Findings(errors=(Transient("down"),)), id="failing"),
        pytest.param(
            Findings(refused_ports=(PortError(port=80, protocol="TCP", reason="No"),)),
            id="refused",
        ),
        pytest.param(Findings(wanted=False), id="not-wanted"),
        pytest.param(Findings(wanted=False, errors=(NotReady("held", after=1),)), id="leaving"),
    ],
)
def test_saying_the_same_again_changes_nothing(findings: Findings):
    for start in (service(), serving()):
        once = published(start, findings, NOW)
        twice = published(once, findings, LATER)

        assert once.status == twice.status


def test_conditions_of_others_stay_where_they_are():
    foreign = Condition(type="example.com/Scanned", status="True", last_transition_time="x")
    ours = Condition(type=PROGRAMMED, status="False", last_transition_time="y")
    given = service(status=ServiceStatus(conditions=(ours, foreign)))

    status = status_of(given, Findings(addresses=(HOST,)), NOW)

    assert [each.type for each in status.conditions] == [PROGRAMMED, foreign.type, ACCEPTED]
    assert status.conditions[1] == foreign


def test_a_service_of_another_type_loses_address_and_our_conditions():
    before = serving()
    changed = service(status=before.status, kind="ClusterIP")

    assert status_of(changed, Findings(wanted=False), NOW) == ServiceStatus()


def test_the_address_that_another_class_has_published_is_left_alone():
    theirs = LoadBalancerStatus(ingress=(LoadBalancerIngress(ip="192.0.2.9", ip_mode="VIP"),))
    given = service(status=ServiceStatus(load_balancer=theirs))

    assert status_of(given, Findings(wanted=False), NOW).load_balancer == theirs


def test_a_clean_up_that_does_not_end_is_told_in_a_condition():
    changed = service(status=serving().status, kind="ClusterIP")
    held = NotReady("network interface eni-1 still holds the group", after=5)

    programmed = condition(
        status_of(changed, Findings(wanted=False, errors=(held,)), NOW), PROGRAMMED
    )

    assert (programmed.status, programmed.reason) == ("False", "NotReady")
    assert "eni-1" in programmed.message


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotReady("x", after=1), "NotReady"),
        (Throttled("x"), "Throttled"),
        (Transient("x"), "CloudUnavailable"),
        (Conflict("x"), "Conflict"),
        (QuotaExceeded("x"), "QuotaExceeded"),
        (Denied("x"), "PermissionDenied"),
        (Rejected("x"), "Rejected"),
        (NotOwned("x"), "NotOwned"),
        (CloudlbError("x"), "Failed"),
    ],
)
def test_each_class_of_error_has_a_stable_word(error: CloudlbError, reason: str):
    assert reason_of(error) == reason


def test_an_operation_that_the_message_names_is_not_named_twice():
    assert (
        describe(Denied("no right to DescribeX", operation="DescribeX")) == "no right to DescribeX"
    )


def test_a_message_beyond_the_limit_of_the_api_is_cut():
    long = Problem.error("spec", "x" * 40_000)

    message = condition(status_of(service(), Findings(problems=(long,)), NOW), ACCEPTED).message

    assert len(message) == 32_768
    assert message.endswith("…")
