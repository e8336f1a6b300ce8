"""The settings that decide what the controller does, left in the cluster for those who ask what it would do next.

They stand in the ConfigMap of the hints, under `settings`, as the words that the user chose.
"""

from collections.abc import Mapping

import msgspec

from cloudlb.controller.config import SETTINGS, Config, load
from cloudlb.kube.access import HINTS
from cloudlb.kube.api_errors import KubeNotFound
from cloudlb.kube.client import KubeApi

KEY = "settings"

_TOLD = frozenset(
    {
        "provider",
        "region",
        "network",
        "cluster_name",
        "cluster_id",
        "tags",
        "node_tags",
        "manage_firewall",
        "classes",
        "default_class",
        "watch_namespaces",
        "default_scheme",
        "default_target_type",
    }
)
"""Whatever changes a plan. Not the endpoint: from elsewhere the cloud may be reached in another way."""


def told(config: Config) -> Mapping[str, str]:
    """Return what to leave in the ConfigMap."""
    said = {name: value for name, value in config.said.items() if name in _TOLD}
    return {KEY: msgspec.json.encode(said).decode()}


def read(api: KubeApi, namespace: str, given: Mapping[str, str]) -> Config | None:
    """Read the settings of the controller of a cluster, with those `given` instead where they are; None where none are.

    Raises KubeErrors of reading, and UsageError for settings that can not be used.
    """
    try:
        found = msgspec.json.decode(api.get(f"/api/v1/namespaces/{namespace}/configmaps/{HINTS}"))
    except KubeNotFound:
        return None
    text = (found.get("data") or {}).get(KEY)
    if text is None:
        return None
    said = {**msgspec.json.decode(text, type=dict[str, object]), **given}
    known = {each.name for each in SETTINGS}
    return load({name: value for name, value in said.items() if name in known}, {})
