"""What all kinds of resources have in common: creation, change, deletion, references, defaults, fingerprints.

A kind of its own derives from `Kind`, names what is special, and overrides `defaults` and `check`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.bodies import without_nulls
from cloudlb_gcp.emulator.links import Scope
from cloudlb_gcp.emulator.project import Project
from cloudlb_gcp.emulator.store import fingerprint, same_fingerprint

Json = dict[str, Any]

NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
LONGEST_DESCRIPTION = 2048

_IN_BOTH = frozenset(
    {
        "addresses",
        "backendServices",
        "healthChecks",
        "sslCertificates",
        "sslPolicies",
        "targetHttpProxies",
        "targetHttpsProxies",
        "urlMaps",
    }
)
"""Collections that there are globally and in every region; references to them stay in the scope that they come from."""

_OUTPUT = frozenset(
    {"id", "kind", "creationTimestamp", "selfLink", "selfLinkWithId", "region", "zone"}
)


class Kind:
    """One collection of the API, in all scopes that it has.

    `references` maps fields (`backends[].group`) to the collections that they may name; `loose` are those that do not
    keep the referred resource from being deleted. `wider` are those by which a regional resource may
    refer to a global one. `fixed` fields can not change. `fingerprinted` kinds want their
    fingerprint with every PUT. `quota` is the metric that counts them. `seeded` kinds are only read.
    """

    collection: ClassVar[str]
    kind: ClassVar[str]
    word: ClassVar[str]
    scopes: ClassVar[frozenset[str]]
    references: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    loose: ClassVar[frozenset[str]] = frozenset()
    wider: ClassVar[frozenset[str]] = frozenset()
    fixed: ClassVar[frozenset[str]] = frozenset()
    output: ClassVar[frozenset[str]] = frozenset()
    fingerprinted: ClassVar[bool] = False
    quota: ClassVar[str] = ""
    changes: ClassVar[frozenset[str]] = frozenset({"patch", "update"})
    seeded: ClassVar[bool] = False

    def defaults(self, project: Project, scope: Scope, body: Json) -> None:
        """Fill in what the API fills in."""

    def check(self, project: Project, path: str, new: Json, old: Mapping[str, Any] | None) -> None:
        """Raise GceError for what can not be; may settle values (allocate an address). `old` is None for a new one."""

    def check_unchanged(self, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        """Raise GceError (invalid) for a field that changed and can not change."""
        for field in sorted(self.fixed):
            if new.get(field) != old.get(field):
                raise errors.invalid(field, new.get(field, ""), "The field can not be changed.")

    def check_deletion(self, project: Project, path: str) -> None:
        """Raise GceError where something else still needs the resource."""
        for user in project.store.holders(path):
            raise errors.in_use(self.word, path, user)

    def check_quota(self, project: Project, scope: Scope, new: Mapping[str, Any]) -> None:
        """Raise GceError if the project has as many as it may."""
        del new
        if self.quota:
            project.check_quota(self.quota, project.count(scope, self.collection), scope)

    def rendered(self, project: Project, path: str, resource: Mapping[str, Any]) -> Json:
        """Return a resource as the API shows it. Members with `_` before their names are the emulator's own."""
        del project, path
        return {key: value for key, value in resource.items() if not key.startswith("_")}

    def insert(self, project: Project, scope: Scope, body: Json) -> tuple[str, Json]:
        """Create a resource; return its path and itself. Raises GceError."""
        name = body.get("name")
        if not name:
            raise errors.required("name")
        if not NAME.fullmatch(str(name)):
            why = f"Must be a match of regex '(?:{NAME.pattern})'"
            raise errors.invalid("name", name, why)
        path = project.path(scope, self.collection, name)
        if path in project.store:
            raise errors.already_exists(path)
        project.operations.check_free(path)
        new = self._input(body)
        self._checked_common(new)
        self.defaults(project, scope, new)
        self.canonical(project, scope, new)
        self.check_quota(project, scope, new)
        self.check(project, path, new, None)
        new |= {
            "kind": self.kind,
            "id": project.store.number(),
            "creationTimestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "selfLink": links.url(path),
        }
        if scope.kind in {"region", "zone"}:
            new[scope.kind] = links.url(f"projects/{project.id}/{scope.part}")
        self.keep(project, path, new)
        return path, new

    def change(self, project: Project, path: str, body: Json, *, whole: bool) -> Json:
        """Change a resource: PUT (`whole`) or PATCH. Raises GceError."""
        old = project.there(path)
        project.operations.check_free(path)
        self._check_fingerprint(old, body, whole=whole)
        scope = links.scope_of(path)
        given = self._input(body)
        if given.get("name", old["name"]) != old["name"]:
            raise errors.invalid("name", given["name"], "The name can not be changed.")
        new = self._changed(old, given, whole=whole)
        self._checked_common(new)
        self.defaults(project, scope, new)
        self.canonical(project, scope, new)
        self.check_unchanged(new, old)
        self.check(project, path, new, old)
        self.keep(project, path, new)
        return new

    def delete(self, project: Project, path: str) -> Mapping[str, Any]:
        """Delete a resource and return what it was. Raises GceError."""
        old = project.there(path)
        project.operations.check_free(path)
        self.check_deletion(project, path)
        project.store.remove(path)
        return old

    def keep(self, project: Project, path: str, new: Json) -> None:
        """Store a resource with a new fingerprint, and note whom it refers to."""
        if self.fingerprinted:
            new["fingerprint"] = fingerprint(new, project.store.number())
        firm = [each for each in self.references if each not in self.loose]
        referred = frozenset(
            links.path_in(str(value), project.id) or "" for value in referred_by(new, firm)
        )
        project.store.put(path, new, referred - {""})

    def canonical(self, project: Project, scope: Scope, new: Json) -> None:
        """Replace every reference by the canonical URL. Raises GceError for those that lead nowhere."""
        for field, collections in self.references.items():

            def canonical(
                link: object, field: str = field, collections: tuple[str, ...] = collections
            ) -> str:
                path = project.referred(field, link, collections)
                self._check_scope(field, path, scope)
                return links.url(path)

            _rewrite(new, field, canonical)

    def _check_scope(self, field: str, path: str, scope: Scope) -> None:
        """A resource refers to its own region, or to what is global; where a collection is both, to its own scope."""
        theirs = links.scope_of(path)
        region, mine = links.region_of(theirs), links.region_of(scope)
        if region and mine and region != mine:
            why = "The referenced resource is in another region."
            raise errors.invalid(field, links.url(path), why)
        if links.collection_of(path) not in _IN_BOTH or theirs.kind == scope.kind:
            return
        if not (field in self.wider and theirs.kind == "global"):
            words = {"global": "global", "region": "regional"}
            why = f"The referenced resource must be {words[scope.kind]}."
            raise errors.invalid(field, links.url(path), why)

    def _input(self, body: Json) -> Json:
        drop = _OUTPUT | self.output
        return {
            key: value for key, value in body.items() if key not in drop and key != "fingerprint"
        }

    def _changed(self, old: Mapping[str, Any], given: Json, *, whole: bool) -> Json:
        if not whole:
            return merged(old, given)
        kept = _OUTPUT | self.output | {"name", "labels", "labelFingerprint"}
        base = {
            key: value
            for key, value in old.items()
            if key in kept or key.startswith("_") or key in self.fixed
        }
        return {**base, **given}

    def _checked_common(self, new: Json) -> None:
        if len(str(new.get("description", ""))) > LONGEST_DESCRIPTION:
            why = f"Must be at most {LONGEST_DESCRIPTION} characters."
            raise errors.invalid("description", "…", why)
        self.check_labels(new.get("labels", {}))

    def check_labels(self, labels: Mapping[str, str]) -> None:
        """Raise GceError (invalid) for labels that can not be."""
        for key, value in labels.items():
            if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value):
                why = "Keys begin with a letter; both have at most 63 of a-z, 0-9, - and _."
                raise errors.invalid("labels", f"{key}={value}", why)

    def _check_fingerprint(self, old: Mapping[str, Any], body: Json, *, whole: bool) -> None:
        if not self.fingerprinted:
            return
        given = body.get("fingerprint")
        if not given and whole:
            raise errors.required("fingerprint")
        if given and not same_fingerprint(given, old["fingerprint"]):
            raise errors.stale_fingerprint()


def merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """Merge a JSON merge patch (RFC 7396): objects are merged, lists replaced, null removes."""
    new = dict(old)
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        elif isinstance(value, dict) and isinstance(new.get(key), dict):
            new[key] = merged(new[key], value)
        else:
            new[key] = without_nulls(value)
    return new


def referred_by(resource: Mapping[str, Any], fields: Iterable[str]) -> Iterator[object]:
    """Yield the references in some fields of a resource."""
    for field in fields:
        yield from _values(resource, field)


def _rewrite(holder: Any, field: str, change: Callable[[object], str]) -> None:  # noqa: ANN401
    """Replace the values of a field such as `backends[].group` in place; what is empty stays as it is."""
    first, _, rest = field.partition(".")
    name = first.removesuffix("[]")
    value = holder.get(name)
    if not value:
        return
    if not rest:
        holder[name] = [change(each) for each in value] if first.endswith("[]") else change(value)
        return
    if first.endswith("[]"):
        holder[name] = [dict(each) for each in value]
        for each in holder[name]:
            _rewrite(each, rest, change)
    else:
        holder[name] = dict(value)
        _rewrite(holder[name], rest, change)


def _values(holder: Mapping[str, Any], field: str) -> Iterator[object]:
    first, _, rest = field.partition(".")
    value = holder.get(first.removesuffix("[]"))
    if not value:
        return
    for each in value if first.endswith("[]") else [value]:
        if rest:
            yield from _values(each, rest)
        else:
            yield each
