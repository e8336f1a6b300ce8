"""A kube-apiserver with its etcd, and the controllers that make EndpointSlices and empty namespaces, as child processes.

Identities are bearer tokens: an administrator, and the service account of `deploy/rbac.yaml`, so that a right which the
shipped role lacks is missing here as well. No kubelet and no scheduler: who needs a running pod writes its status.
"""

import json
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

from ruamel.yaml import YAML

from cloudlb.kube import access
from cloudlb.kube.api_errors import KubeError
from cloudlb.kube.client import KubeApi, connect
from cloudlb.testing.kube.binaries import find, missing

COLLECTIONS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "Namespace": "/api/v1/namespaces",
    "Node": "/api/v1/nodes",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
}
"""Where objects of a kind are created; the braces stand for their namespace."""

ADMIN, CONTROLLER = "admin", "controller"
_USERS = {
    ADMIN: ("admin", "system:masters"),
    CONTROLLER: (
        "system:serviceaccount:cloudlb:cloudlb",
        "system:serviceaccounts,system:serviceaccounts:cloudlb",
    ),
}
_CONTROLLERS = "endpointslice-controller,namespace-controller"
_PATIENCE = 60.0
_POLL = 0.1


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NoBinaries(RuntimeError):
    """The programs are not on this machine."""


@dataclass
class KubeServer:
    """One control plane in a temporary folder: a context manager."""

    folder: Path = field(init=False)
    port: int = field(default_factory=free_port)
    _etcd_port: int = field(default_factory=free_port)
    _peer_port: int = field(default_factory=free_port)
    _tokens: dict[str, str] = field(
        default_factory=lambda: {each: secrets.token_hex(16) for each in _USERS}
    )
    _programs: Mapping[str, Path] = field(default_factory=find)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Start everything. Raises NoBinaries, and RuntimeError with the end of the log of what does not start."""
        if gone := missing():
            message = f"not on this machine: {', '.join(gone)}; `make kube` builds them with Go"
            raise NoBinaries(message)
        self._place = tempfile.TemporaryDirectory(
            prefix="cloudlb-kube-", ignore_cleanup_errors=True
        )
        self.folder = Path(self._place.name)
        try:
            self._prepare()
            self.start_etcd()
            self.start()
            self._start_controllers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything, and remove the folder."""
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            self._end(name)
        self._place.cleanup()

    @property
    def url(self) -> str:
        """Where the API server is."""
        return f"https://127.0.0.1:{self.port}"

    def api(self, user: str = ADMIN) -> KubeApi:
        """Return a connection as one of the identities."""
        return connect(str(self.kubeconfig(user)))

    def create(self, *manifests: Mapping[str, Any]) -> None:
        """Create objects as the administrator, in the namespace that they name, else in `default`."""
        api = self.api()
        for each in manifests:
            namespace = each["metadata"].get("namespace", "default")
            api.post(COLLECTIONS[each["kind"]].format(namespace), each)

    def grant(self) -> None:
        """Create the rights that we ship for the controller (`deploy/rbac.yaml`)."""
        self.create(*YAML(typ="safe").load_all(access.manifest()))

    def kubeconfig(self, user: str = ADMIN, *, port: int | None = None) -> Path:
        """Write a kubeconfig for one of the identities; `port` is that of a proxy before the server."""
        port = port or self.port
        path = self.folder / f"{user}-{port}.kubeconfig"
        authority = self.folder / "apiserver.crt"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "test",
                    "cluster": {
                        "server": f"https://127.0.0.1:{port}",
                        "certificate-authority": str(authority),
                    },
                }
            ],
            "users": [{"name": user, "user": {"token": self._tokens[user]}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
            "current-context": "test",
        }
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def start_etcd(self) -> None:
        """Start the store, and wait until it answers."""
        client = f"http://127.0.0.1:{self._etcd_port}"
        peer = f"http://127.0.0.1:{self._peer_port}"
        self._run(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync=true",
            "--log-level=error",
        )
        self._wait("etcd", lambda: self._etcd("maintenance/status", {}))

    def start(self) -> None:
        """Start the API server, and wait until it is ready."""
        self._run(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            f"--cert-dir={self.folder}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            f"--service-account-issuer={self.url}",
            f"--service-account-key-file={self.folder / 'sa.pub'}",
            f"--service-account-signing-key-file={self.folder / 'sa.key'}",
            "--disable-admission-plugins=ServiceAccount",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--endpoint-reconciler-type=none",
            "--profiling=false",
            "--v=0",
        )
        self._wait("kube-apiserver", self._is_ready)

    def stop(self) -> None:
        """End the API server at once; what it knows stays in the store."""
        self._end("kube-apiserver")

    def compact(self) -> None:
        """Let the store forget all history: every older version is gone (HTTP 410) for who has no cache of it."""
        found = self._etcd("kv/range", {"key": "AA=="})
        self._etcd("kv/compaction", {"revision": found["header"]["revision"], "physical": True})

    def _prepare(self) -> None:
        rows = (
            f'{self._tokens[each]},{name},{each},"{groups}"'
            for each, (name, groups) in _USERS.items()
        )
        (self.folder / "tokens.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        _write_key_pair(self.folder / "sa.key", self.folder / "sa.pub")

    def _start_controllers(self) -> None:
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig()}",
            f"--controllers={_CONTROLLERS}",
            "--leader-elect=false",
            "--use-service-account-credentials=false",
            "--secure-port=0",
        )

    def _is_ready(self) -> bool:
        if not (self.folder / "apiserver.crt").exists():
            return False
        try:
            api = self.api().within(2.0)
            return bool(api.get("/readyz")) and bool(api.get("/api/v1/namespaces/kube-system"))
        except (KubeError, OSError):
            return False

    def _etcd(self, call: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401  (JSON)
        request = Request(
            f"http://127.0.0.1:{self._etcd_port}/v3/{call}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=5) as answer:  # noqa: S310
            return json.load(answer)

    def _run(self, name: str, *flags: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603  (the programs that this is about)
                [self._programs[name], *flags],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder)},
                # Ctrl-C is for whoever runs us: what we started ends when we say so.
                start_new_session=True,
            )

    def _wait(self, name: str, ready: Callable[[], object]) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if self._running[name].poll() is not None:
                break
            with suppress(URLError, OSError):
                if ready():
                    return
            time.sleep(_POLL)
        said = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        message = f"{name} does not start:\n{said[-2000:]}"
        raise RuntimeError(message)

    def _end(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()


def _write_key_pair(private: Path, public: Path) -> None:
    """Write the key that signs service account tokens (PEM)."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private.write_bytes(
        key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    )
