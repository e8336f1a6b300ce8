"""Target pools: the legacy way of external passthrough load balancing."""

from collections.abc import Mapping
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.check import one_of
from cloudlb_gcp.emulator.kind import Kind
from cloudlb_gcp.emulator.kinds.networks import nic
from cloudlb_gcp.emulator.links import Scope, region_of, scope_of, url
from cloudlb_gcp.emulator.project import Project

Json = dict[str, Any]

_MOST_AT_CREATION = 200
_MOST_PER_CALL = 1000


class TargetPools(Kind):
    """`targetPools`: settings can not change, members and the health check come and go by methods of their own."""

    collection, kind, word = "targetPools", "compute#targetPool", "target_pool"
    scopes = frozenset({"region"})
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "healthChecks[]": ("httpHealthChecks",),
        "instances[]": ("instances",),
    }
    quota = "TARGET_POOLS"
    changes = frozenset()

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """No affinity."""
        del project, scope
        body.setdefault("sessionAffinity", "NONE")

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Instances of the region, one health check at most."""
        del project, old
        one_of(new, "sessionAffinity", ("NONE", "CLIENT_IP", "CLIENT_IP_PROTO"))
        if len(new.get("healthChecks", ())) > 1:
            raise errors.invalid("healthChecks", 2, "A target pool has at most one health check.")
        if len(new.get("instances", ())) > _MOST_AT_CREATION:
            why = f"At most {_MOST_AT_CREATION} instances can be given at creation."
            raise errors.invalid("instances", len(new["instances"]), why)
        for each in new.get("instances", ()):
            _check_region(path, each)


def _check_region(path: str, instance: str) -> None:
    there = instance.split("/projects/", 1)[-1]
    if region_of(scope_of(f"projects/{there}")) != scope_of(path).name:
        raise errors.invalid("instances", instance, "The instance is in another region.")


def add_instance(project: Project, path: str, body: Json) -> Json:
    """Add instances; members stay members. Raises GceError."""
    pool = _changeable(project, path)
    given = body.get("instances") or ()
    if len(given) > _MOST_PER_CALL:
        raise errors.invalid("instances", len(given), f"At most {_MOST_PER_CALL} at once.")
    members = list(pool.get("instances", ()))
    for each in given:
        found = url(project.referred("instances[].instance", each.get("instance"), ("instances",)))
        _check_region(path, found)
        members += [found] if found not in members else []
    return _with(project, path, {**pool, "instances": members})


def remove_instance(project: Project, path: str, body: Json) -> Json:
    """Remove instances; that one is no member is no error."""
    pool = _changeable(project, path)
    gone = {
        url(links.path_in(str(each.get("instance")), project.id) or "")
        for each in body.get("instances", ())
    }
    members = [each for each in pool.get("instances", ()) if each not in gone]
    return _with(project, path, {**pool, "instances": members})


def add_health_check(project: Project, path: str, body: Json) -> Json:
    """Add the health check. Raises GceError where there is one."""
    pool = _changeable(project, path)
    found = [
        url(
            project.referred(
                "healthChecks[].healthCheck", each.get("healthCheck"), ("httpHealthChecks",)
            )
        )
        for each in body.get("healthChecks", ())
    ]
    checks = list(dict.fromkeys([*pool.get("healthChecks", ()), *found]))
    if len(checks) > 1:
        raise errors.invalid(
            "healthChecks", len(checks), "A target pool has at most one health check."
        )
    return _with(project, path, {**pool, "healthChecks": checks})


def remove_health_check(project: Project, path: str, body: Json) -> Json:
    """Remove the health check."""
    pool = _changeable(project, path)
    gone = {
        url(links.path_in(str(each.get("healthCheck")), project.id) or "")
        for each in body.get("healthChecks", ())
    }
    checks = [each for each in pool.get("healthChecks", ()) if each not in gone]
    return _with(project, path, {**pool, "healthChecks": checks})


def health(project: Project, path: str, body: Json) -> Json:
    """Tell the health of one member."""
    pool = project.there(path)
    instance = url(project.referred("instance", body.get("instance"), ("instances",)))
    answer: Json = {"kind": "compute#targetPoolInstanceHealth"}
    if instance not in pool.get("instances", ()):
        return answer
    bad = links.name_of(instance) in project.unhealthy
    state = {
        "healthState": "UNHEALTHY" if bad else "HEALTHY",
        "instance": instance,
        "ipAddress": nic(project.linked(instance))["networkIP"],
    }
    return {**answer, "healthStatus": [state]}


def _changeable(project: Project, path: str) -> Mapping[str, Any]:
    pool = project.there(path)
    project.operations.check_free(path)
    return pool


def _with(project: Project, path: str, new: Json) -> Json:
    TargetPools().keep(project, path, {key: value for key, value in new.items() if value != []})
    return new
