"""Where kube-apiserver, etcd and kube-controller-manager are on this machine, if they are."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

KUBERNETES = "1.35.4"
ETCD = "3.6.6"
"""The versions that are built where none is found; the Go modules under tests/cluster/tools have the same."""

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager")

ASSETS = "KUBEBUILDER_ASSETS"


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder, in the user's cache, that the built ones are in."""
    home = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "cloudlb" / f"kube-{KUBERNETES}-etcd-{ETCD}"


def find(environment: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Find each of `NAMES` in the folder KUBEBUILDER_ASSETS, else in PATH, else in the cache; may find fewer."""
    places = [environment.get(ASSETS, ""), environment.get("PATH", ""), str(cache(environment))]
    path = os.pathsep.join(filter(None, places))
    found = {name: shutil.which(name, path=path) for name in NAMES}
    return {name: Path(where) for name, where in found.items() if where is not None}


def missing(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return which of `NAMES` are nowhere."""
    return sorted(set(NAMES) - find(environment).keys())
