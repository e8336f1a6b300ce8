"""How a controller runs, and which cloud it works on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cloudlb.kube.informer import RHYTHM, Rhythm
from cloudlb.kube.lease import TERMS, Terms
from cloudlb.provider import CloudSettings, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a controller runs. Times in seconds; the rates are calls to the cloud a second, 0 for no limit."""

    namespace: str = "cloudlb"
    """Where its Lease and its hints are."""
    cluster_id: str = ""
    watch: tuple[str, ...] = ()
    workers: int = 8
    audit: float = 600.0
    rate: float = 20.0
    burst: float = 40.0
    listen: tuple[str, int] = ("0.0.0.0", 8080)  # noqa: S104  (the kubelet asks from outside the pod)
    elect: bool = True
    told: Mapping[str, str] = field(default_factory=dict)
    """Left in the cluster beside the hints, for those who look at it from outside."""
    terms: Terms = TERMS
    rhythm: Rhythm = RHYTHM


@dataclass(frozen=True, slots=True, kw_only=True)
class Clouds:
    """The provider, and how to reach its cloud but for the cluster's id, which the cluster itself tells."""

    provider: Provider
    settings: Callable[[str], CloudSettings]
