"""setLabels: the whole set of labels at once, guarded by its own fingerprint."""

from typing import Any

from cloudlb_gcp.emulator import errors, links
from cloudlb_gcp.emulator.project import Project
from cloudlb_gcp.emulator.store import fingerprint, same_fingerprint

Json = dict[str, Any]


def set_labels(project: Project, path: str, body: Json) -> Json:
    """Replace all labels. Raises GceError (conditionNotMet) for a stale labelFingerprint, (required) without one."""
    from cloudlb_gcp.emulator.kinds import KINDS  # noqa: PLC0415  (the table names this module)

    old = project.there(path)
    project.operations.check_free(path)
    given = body.get("labelFingerprint")
    if not given:
        raise errors.required("labelFingerprint")
    if not same_fingerprint(given, label_fingerprint(old.get("labels", {}))):
        raise errors.stale_fingerprint()
    new = {**old, "labels": dict(body.get("labels", {}))}
    kind = KINDS[links.collection_of(path)]
    kind.check_labels(new["labels"])
    kind.keep(project, path, new)
    return new


def label_fingerprint(labels: Json) -> str:
    """Return the fingerprint of a set of labels."""
    return fingerprint(labels, "labels")
