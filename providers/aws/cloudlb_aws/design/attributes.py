"""Attributes of load balancer, target groups and listeners: defaults, then annotations over them."""

from cloudlb.model import Affinity, Backend, Listener
from cloudlb.plan.resource import Key
from cloudlb_aws import options as known
from cloudlb_aws.annotations import Pairs
from cloudlb_aws.design.work import Work, annotation

DEFAULT_AFFINITY_SECONDS = 10_800
"""What the API server fills in for sessionAffinityConfig.clientIP.timeoutSeconds."""


def load_balancer_options(work: Work) -> Pairs:
    """Return all attributes of the load balancer."""
    asked = {**_deprecated(work), **_checked(work, "attributes", work.options.attributes)}
    stated = known.stated(known.load_balancer_defaults(known.NETWORK), asked)
    values = dict(stated)
    if values[known.LOGS] == "true" and not values[known.LOGS_BUCKET]:
        work.error(
            annotation("attributes"),
            f"{known.LOGS}=true needs {known.LOGS_BUCKET}",
            "name a bucket that lets load balancers of this region write to it",
            reason="NoBucket",
        )
    return stated


def _deprecated(work: Work) -> dict[str, str]:
    """Fold the annotations for single attributes in."""
    options = work.options
    asked: dict[str, str] = {}
    if options.cross_zone is not None:
        asked[known.CROSS_ZONE] = _word(options.cross_zone)
    if options.access_log is not None:
        asked[known.LOGS] = _word(options.access_log)
    if options.access_log_bucket:
        asked[known.LOGS_BUCKET] = options.access_log_bucket
    if options.access_log_prefix:
        asked[known.LOGS_PREFIX] = options.access_log_prefix
    return asked


def _word(value: bool) -> str:  # noqa: FBT001  (that is the value)
    return "true" if value else "false"


def _checked(work: Work, suffix: str, pairs: Pairs) -> dict[str, str]:
    check = {
        "attributes": known.check_load_balancer,
        "target-group-attributes": known.check_target_group,
        "listener-attributes": known.check_listener,
    }[suffix.partition(".")[0]]
    kept: dict[str, str] = {}
    for key, value in pairs:
        if wrong := check(key, value):
            path = annotation(suffix)
            if all((problem.path, problem.message) != (path, wrong) for problem in work.problems):
                work.error(path, wrong, "correct or remove it", reason="InvalidAttribute")
        else:
            kept[key] = value
    return kept


def group_options(
    work: Work, backend: Backend, port: int, protocol: str, target_type: str
) -> Pairs:
    """Return all attributes of a target group."""
    options = work.options
    asked: dict[str, str] = {}
    if options.proxy_protocol or str(port) in options.proxy_protocol_ports:
        asked[known.PROXY_PROTOCOL] = "true"
    asked |= _stickiness(work, backend, protocol)
    asked |= _checked(work, "target-group-attributes", options.group_attributes)
    for suffix, pairs in options.group_attributes_by_port:
        if suffix == str(port):
            asked |= _checked(work, f"target-group-attributes.{suffix}", pairs)
    if asked.get(known.PRESERVE_CLIENT_IP) == "false" and protocol in ("UDP", "TCP_UDP"):
        work.error(
            annotation("target-group-attributes"),
            f"{known.PRESERVE_CLIENT_IP}=false can not be for {protocol} port {port}: AWS always keeps the"
            " client's address there",
            "set it for other ports only, with .PORT at the end of the annotation",
            reason="ClientIpAlwaysPreserved",
        )
    return known.stated(known.target_group_defaults(protocol, target_type), asked)


def _stickiness(work: Work, backend: Backend, protocol: str) -> dict[str, str]:
    if backend.affinity is not Affinity.CLIENT_IP:
        return {}
    if protocol == "TLS":
        work.warn(
            "spec.sessionAffinity",
            "can not be kept for targets that speak TLS: AWS has no stickiness there",
            f"remove it, or let targets speak TCP ({annotation('backend-protocol')}: tcp)",
            reason="AffinityNotSupported",
        )
        return {}
    if backend.affinity_timeout not in (None, DEFAULT_AFFINITY_SECONDS):
        _warn_once(
            work,
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
            f"is {backend.affinity_timeout}, but AWS takes no time for stickiness by client address",
            "remove it: the stickiness itself is set",
        )
    return {known.STICKINESS: "true", known.STICKINESS_TYPE: "source_ip"}


def _warn_once(work: Work, path: str, message: str, remedy: str) -> None:
    if all(problem.path != path for problem in work.problems):
        work.warn(path, message, remedy, reason="AffinityTimeoutIgnored")


def listener_options(work: Work, listener: Listener, protocol: str) -> Pairs:
    """Return all attributes of a listener."""
    defaults = known.listener_defaults(protocol)
    asked: dict[str, str] = {}
    for suffix, pairs in work.options.listener_attributes:
        if suffix.upper() == f"{protocol}-{listener.port}":
            asked |= _checked(work, f"listener-attributes.{suffix}", pairs)
    if asked and not defaults:
        work.error(
            annotation(f"listener-attributes.{protocol}-{listener.port}"),
            f"{protocol} listeners have no attributes",
            "remove it",
            reason="InvalidAttribute",
        )
        return ()
    return known.stated(defaults, asked)


def check_ports(work: Work, listeners: dict[Key, str]) -> None:
    """Warn about annotations for ports that are not there. `listeners` maps keys to `PROTOCOL-port`."""
    numbers = {str(each.port) for each in work.load_balancer.listeners}
    spelt = set(listeners.values())
    options = work.options
    strays = [
        *(
            f"target-group-attributes.{suffix}"
            for suffix, _ in options.group_attributes_by_port
            if suffix not in numbers
        ),
        *(
            f"listener-attributes.{suffix}"
            for suffix, _ in options.listener_attributes
            if suffix.upper() not in spelt
        ),
    ]
    if set(options.proxy_protocol_ports) - numbers:
        strays.append("proxy-protocol-per-target-group")
    for stray in strays:
        work.warn(
            annotation(stray),
            "is for a port that the load balancer does not have",
            f"it has {', '.join(sorted(spelt))}",
            reason="UnusedPort",
        )
