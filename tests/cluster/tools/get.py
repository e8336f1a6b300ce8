"""Gets the programs of a Kubernetes control plane for the cluster tests: `make kube`.

They are taken from KUBEBUILDER_ASSETS, PATH or the user's cache, and otherwise built once with Go, into that cache.
Without Go the tests skip; where CI is set they must not, and this fails.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cloudlb.testing.kube.binaries import ASSETS, KUBERNETES, cache, missing

HERE = Path(__file__).parent
_VERSION = "k8s.io/component-base/version"
PACKAGES = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
}
"""What each program is built from: the module beside this file, and the package."""


def flags() -> str:
    """Return the linker flags that tell the programs their version; without them they say 0.0.0."""
    major, minor, _ = KUBERNETES.split(".")
    said = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor}
    return " ".join(
        ["-s", "-w", *(f"-X {_VERSION}.{name}={value}" for name, value in said.items())]
    )


def build(name: str, go: str) -> None:
    """Build one program into the cache, where it appears whole or not at all."""
    module, package = PACKAGES[name]
    target = cache()
    target.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    print(f"building {name} (once; some minutes) …", flush=True)
    with tempfile.TemporaryDirectory(dir=target) as folder:
        made = Path(folder) / name
        subprocess.run(
            [go, "build", "-trimpath", "-ldflags", flags(), "-o", made, package],
            cwd=HERE / module,
            check=True,
        )
        made.replace(target / name)
    print(f"built {name} in {time.monotonic() - started:.0f} s", flush=True)


def main() -> int:
    """Get what is missing; return the exit code."""
    gone = missing()
    if not gone:
        return 0
    go = shutil.which("go")
    if go is None:
        print(
            f"*** NO CLUSTER TESTS: {', '.join(gone)} not found. Install Go 1.25 or newer and run `make kube`,"
            f" or set {ASSETS} to a folder that has them. ***",
            file=sys.stderr,
        )
        return 1 if os.environ.get("CI") else 0
    try:
        for name in gone:
            build(name, go)
    except subprocess.CalledProcessError as error:
        print(f"*** go build failed with {error.returncode}: see above ***", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
