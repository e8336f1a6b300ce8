"""What of the network's firewall rules is not ours to do, as refusals have taught.

In a shared VPC they belong to another project, whose security administrators make them (gcp.md 2.8). What was refused
once for want of a permission is not tried again as long as the process lives: designs leave it out and say the gcloud
command. Any other refusal (a policy, bad credentials, a quota) teaches nothing.
"""

from threading import Lock

import structlog

from cloudlb.errors import CloudError
from cloudlb_gcp.collections import FIREWALLS
from cloudlb_gcp.errors import lacks_permission
from cloudlb_gcp.session import Json, Place, Session

_VERBS = {
    "firewalls.insert": "create",
    "firewalls.update": "update",
    "firewalls.delete": "delete",
    "firewalls.list": "list",
}
"""The permission that each call needs, after `compute.firewalls.`."""

_log = structlog.get_logger(__name__)


class Rights:
    """Which permissions on firewall rules are missing. Safe to use from several threads."""

    def __init__(self) -> None:
        """Take it that everything is allowed."""
        self._lock = Lock()
        self._denied: frozenset[str] = frozenset()

    @property
    def denied(self) -> frozenset[str]:
        """The verbs that were refused: of create, update, delete and list."""
        return self._denied

    def learn(self, error: CloudError) -> bool:
        """Tell whether an error is the want of a permission on firewall rules, and note which; told in the log once."""
        verb = _VERBS.get(error.operation)
        if verb is None or not lacks_permission(error):
            return False
        with self._lock:
            known = verb in self._denied
            self._denied |= {verb}
        if not known:
            _log.warning(
                "a permission on firewall rules is missing: what is needed is said as gcloud commands",
                permission=f"compute.firewalls.{verb}",
                error=str(error),
            )
        return True

    def listed(self, session: Session, project: str, name_filter: str = "") -> tuple[Json, ...]:
        """List firewall rules; none are known where they are not ours to read. Raises CloudErrors.

        A list that was refused is not asked for again: rules that appeared of a sudden would be taken for ones that no
        design wants.
        """
        if "list" in self._denied:
            return ()
        try:
            return tuple(session.pages(FIREWALLS, Place(project=project), name_filter))
        except CloudError as error:
            if not self.learn(error):
                raise
            return ()
