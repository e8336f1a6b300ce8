"""What a Service's status says: addresses, what became of each port, and two conditions. Pure.

The rules are those of the API (kubernetes.md 1.2) and one of ours: an address that was published stays published until
it is known to be gone, so neither a passing failure nor an invalid edit ever empties the status.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudlb.errors import (
    CloudError,
    CloudlbError,
    Conflict,
    Denied,
    Fenced,
    InvalidObject,
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
    PortStatus,
    Service,
    ServiceStatus,
)
from cloudlb.model import Address, PortError, Problem, Severity, errors

ACCEPTED = "cloudlb.io/Accepted"
"""True when the object can be provisioned as it stands, every port of it."""
PROGRAMMED = "cloudlb.io/Programmed"
"""True when the cloud is as the object asks."""

OURS = (ACCEPTED, PROGRAMMED)

_PREFIX = "cloudlb.io/"
_BUILT_IN = frozenset({"LoadBalancerMixedProtocolNotSupported"})
_LONGEST_MESSAGE = 32_768  # of a condition: apimachinery, metav1.Condition

_REASONS: tuple[tuple[type[CloudlbError], str], ...] = (
    (InvalidObject, "Invalid"),
    (NotReady, "NotReady"),
    (Throttled, "Throttled"),
    (Transient, "CloudUnavailable"),
    (QuotaExceeded, "QuotaExceeded"),
    (Denied, "PermissionDenied"),
    (Rejected, "Rejected"),
    (NotOwned, "NotOwned"),
    (Fenced, "Fenced"),
    (Conflict, "Conflict"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a reconciliation, or a look without one, found out about one object.

    `addresses` are those that clients use now, as far as they could be told; `errors` are those of the last attempt.
    `pending` counts the changes that the cloud still needs. Not `wanted`: the object shall have nothing in the cloud.
    """

    wanted: bool = True
    addresses: tuple[Address, ...] = ()
    problems: tuple[Problem, ...] = ()
    refused_ports: tuple[PortError, ...] = ()
    errors: tuple[CloudlbError, ...] = ()
    pending: int = 0

    @property
    def accepted(self) -> bool:
        """Tell whether the object may be provisioned, if perhaps not every port of it."""
        return not errors(self.problems)

    @property
    def programmed(self) -> bool:
        """Tell whether the cloud is as the object asks."""
        return self.accepted and not self.errors and not self.pending


def status_of(service: Service, findings: Findings, now: datetime) -> ServiceStatus:
    """Return the status to publish, given the one that `service` has.

    The same arguments give the same value; with nothing new to say it is the status that is there, whatever `now` is.
    """
    previous = service.status
    if not findings.wanted:
        return _farewell(service, findings, now)
    fresh = (_accepted(findings), _programmed(service, findings))
    return ServiceStatus(
        load_balancer=LoadBalancerStatus(
            ingress=_ingress(service, findings) if _is_balanced(service) else ()
        ),
        conditions=_merged(previous.conditions, fresh, now),
    )


def _is_balanced(service: Service) -> bool:
    """Tell whether the object has an address of its own; for any other type the API allows none."""
    return service.spec.type == "LoadBalancer"


def _farewell(service: Service, findings: Findings, now: datetime) -> ServiceStatus:
    """Return the status of an object that shall have nothing from us.

    A load balancer of another class is another controller's: its addresses are left alone. For any other type the API
    allows no addresses.
    """
    previous = service.status
    foreign = _is_balanced(service)
    load_balancer = previous.load_balancer if foreign else LoadBalancerStatus()
    if findings.programmed:
        conditions = tuple(each for each in previous.conditions if each.type not in OURS)
        return ServiceStatus(load_balancer=load_balancer, conditions=conditions)
    fresh = Condition(
        type=PROGRAMMED,
        status="False",
        reason=_reason(findings),
        message=_clipped("; ".join(("something is left in the cloud", *_complaints(findings)))),
    )
    conditions = _merged(previous.conditions, (fresh,), now)
    return ServiceStatus(load_balancer=load_balancer, conditions=conditions)


def _ingress(service: Service, findings: Findings) -> tuple[LoadBalancerIngress, ...]:
    previous = service.status.load_balancer.ingress
    ports = _ports(service, findings)
    if not findings.addresses and not findings.programmed:
        return tuple(
            LoadBalancerIngress(
                ip=each.ip,
                hostname=each.hostname.lower(),
                ip_mode=(each.ip_mode or "VIP") if each.ip else None,
                ports=ports,
            )
            for each in previous
        )
    return tuple(_entry(address, ports) for address in dict.fromkeys(findings.addresses))


def _entry(address: Address, ports: tuple[PortStatus, ...]) -> LoadBalancerIngress:
    # The API takes ip or hostname, a mode only beside an ip, and only lower-case host names (kubernetes.md 1.1).
    if address.ip:
        mode = "VIP" if address.virtual else "Proxy"
        return LoadBalancerIngress(ip=address.ip, ip_mode=mode, ports=ports)
    return LoadBalancerIngress(hostname=address.hostname.lower(), ports=ports)


def _ports(service: Service, findings: Findings) -> tuple[PortStatus, ...]:
    """Return an entry for every port; one that an unfinished edit has added is not served yet."""
    refused = {(each.port, each.protocol): each.reason for each in findings.refused_ports}
    served = {
        (each.port, each.protocol): each.error
        for ingress in service.status.load_balancer.ingress
        for each in ingress.ports
    }
    entries = []
    for port in service.spec.ports:
        key = (port.port, port.protocol or "TCP")
        error = refused.get(key)
        if error is None and not findings.programmed and served:
            error = served.get(key, "NotProgrammed")
        entries.append(PortStatus(port=key[0], protocol=key[1], error=error and _port_error(error)))
    return tuple(entries)


def _port_error(reason: str) -> str:
    # A word that is not the API's own needs a domain (core/v1, PortStatus.error).
    return reason if reason in _BUILT_IN or "/" in reason else f"{_PREFIX}{reason}"


def _accepted(findings: Findings) -> Condition:
    texts = [str(problem) for problem in findings.problems] or [
        f"port {each.port}/{each.protocol} is refused: {each.reason}"
        for each in findings.refused_ports
    ]
    stopping = errors(findings.problems)
    if stopping:
        status, reason = "False", stopping[0].reason
    elif findings.refused_ports:
        status, reason = "False", "PortsRefused"
    elif any(each.severity is Severity.WARNING for each in findings.problems):
        status, reason = "True", "AcceptedWithWarnings"
    else:
        status, reason = "True", "Accepted"
    return Condition(
        type=ACCEPTED, status=status, reason=reason, message=_clipped("; ".join(texts))
    )


def _programmed(service: Service, findings: Findings) -> Condition:
    previous = service.status
    if not findings.accepted:
        serving = bool(findings.addresses or previous.load_balancer.ingress)
        message = (
            "the last accepted configuration goes on serving"
            if serving
            else "nothing is made in the cloud until the object is accepted"
        )
        return Condition(type=PROGRAMMED, status="False", reason="NotAccepted", message=message)
    if findings.errors:
        return Condition(
            type=PROGRAMMED,
            status="False",
            reason=_reason(findings),
            message=_clipped("; ".join(_complaints(findings))),
        )
    if findings.pending:
        message = f"{_changes(findings.pending)} to be made in the cloud"
        return Condition(type=PROGRAMMED, status="False", reason="ChangesPending", message=message)
    balanced = _is_balanced(service)
    if balanced and not findings.addresses and findings.refused_ports:
        message = "every port is refused, so there is no load balancer"
        return Condition(type=PROGRAMMED, status="False", reason="PortsRefused", message=message)
    if balanced and not findings.addresses:
        message = "the load balancer has no address yet"
        return Condition(type=PROGRAMMED, status="False", reason="AddressPending", message=message)
    message = "the cloud is as the object asks"
    return Condition(type=PROGRAMMED, status="True", reason="Programmed", message=message)


def _reason(findings: Findings) -> str:
    """Return a stable word for what stands in the way: the object's own problems before the cloud's errors."""
    for problem in errors(findings.problems):
        return problem.reason
    for error in findings.errors:
        return reason_of(error)
    return "ChangesPending"


def _changes(count: int) -> str:
    return "1 change has" if count == 1 else f"{count} changes have"


def reason_of(error: CloudlbError) -> str:
    """Return the stable CamelCase word for an error, as conditions and events carry it."""
    return next((word for kind, word in _REASONS if isinstance(error, kind)), "Failed")


def _complaints(findings: Findings) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            (*map(str, errors(findings.problems)), *(describe(each) for each in findings.errors))
        )
    )


def describe(error: CloudlbError) -> str:
    """Return an error as a person reads it, with the API's name for the call that met it."""
    text = str(error) or type(error).__name__
    if isinstance(error, CloudError) and error.operation and error.operation not in text:
        return f"{error.operation}: {text}"
    return text


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 1]}…"


def _merged(
    previous: Iterable[Condition], fresh: Iterable[Condition], now: datetime
) -> tuple[Condition, ...]:
    """Put our conditions in the place where they were; what others wrote stays as it is."""
    merged = {each.type: each for each in previous}
    for condition in fresh:
        merged[condition.type] = _dated(condition, merged.get(condition.type), now)
    return tuple(merged.values())


def _dated(condition: Condition, previous: Condition | None, now: datetime) -> Condition:
    """Date a condition: the time says when its status last changed, whatever its message does."""
    date = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if previous is not None and previous.status == condition.status:
        date = previous.last_transition_time or date
    return Condition(
        type=condition.type,
        status=condition.status,
        reason=condition.reason,
        message=condition.message,
        last_transition_time=date,
    )
