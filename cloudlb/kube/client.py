"""The way to an API server: raw bytes in and out over the official client, which knows kubeconfig, exec and in-cluster auth.

Objects are decoded elsewhere, from the bytes, because the official client's own models cost seconds where there are
thousands of nodes. The client library is imported when the first connection is made.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from cloudlb.errors import UsageError
from cloudlb.kube.api_errors import KubeUnavailable, error_of

MERGE_PATCH = "application/merge-patch+json"

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_CHUNK = 1 << 16

Parameters = Mapping[str, str | int]


class KubeApi:
    """One API server, as one identity. Safe to use from several threads."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  (the official ApiClient has no types)
        seconds: float = _READ_SECONDS,
    ) -> None:
        """Take a configured client; an answer may take so many seconds."""
        self._client = client
        self._seconds = seconds

    @property
    def host(self) -> str:
        """The URL of the server."""
        return str(self._client.configuration.host)

    def within(self, seconds: float) -> "KubeApi":
        """Return the same, where no answer may take longer than this."""
        return KubeApi(self._client, seconds)

    def get(self, path: str, parameters: Parameters | None = None) -> bytes:
        """Read. Raises KubeErrors, as all methods do."""
        return self._request("GET", path, parameters)

    def post(self, path: str, body: object) -> bytes:
        """Create an object."""
        return self._request("POST", path, body=body)

    def put(self, path: str, body: object) -> bytes:
        """Replace an object."""
        return self._request("PUT", path, body=body)

    def patch(self, path: str, body: object, content_type: str = MERGE_PATCH) -> bytes:
        """Change an object, by default with a JSON merge patch (RFC 7396)."""
        return self._request("PATCH", path, body=body, content_type=content_type)

    def delete(self, path: str) -> bytes:
        """Delete an object; a finalizer may hold it."""
        return self._request("DELETE", path)

    @contextmanager
    def lines(self, path: str, parameters: Parameters, silence: float) -> Iterator[Iterator[bytes]]:
        """Open a stream of lines. After `silence` seconds without a byte it ends with KubeUnavailable."""
        response = self._send("GET", path, parameters, timeout=(_CONNECT_SECONDS, silence))
        try:
            yield _lines(response, f"GET {path}")
        finally:
            response.close()
            response.release_conn()

    def _request(
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        *,
        body: object = None,
        content_type: str = "application/json",
    ) -> bytes:
        response = self._send(
            method,
            path,
            parameters or {},
            timeout=(min(_CONNECT_SECONDS, self._seconds), self._seconds),
            body=body,
            content_type=content_type,
        )
        with _broken_is_unavailable(f"{method} {path}"):
            return bytes(response.data)

    def _send(  # noqa: PLR0913  (the parts of a request)
        self,
        method: str,
        path: str,
        parameters: Parameters,
        *,
        timeout: tuple[float, float],
        body: object = None,
        content_type: str = "application/json",
    ) -> Any:  # noqa: ANN401  (urllib3's response, through a library without types)
        from kubernetes.client.exceptions import ApiException  # noqa: PLC0415

        what = f"{method} {path}"
        headers = {
            **self._client.default_headers,
            "Accept": "application/json",
            "Content-Type": content_type,
        }
        self._client.update_params_for_auth(headers, [], ["BearerToken"])
        try:
            with _broken_is_unavailable(what):
                # Not `call_api`: it fails on its own errors that have no body, such as those of TLS.
                return self._client.rest_client.request(
                    method,
                    self.host + path,
                    query_params=[(key, str(value)) for key, value in parameters.items()],
                    headers=headers,
                    body=None if body is None else msgspec.to_builtins(body),
                    _preload_content=False,
                    _request_timeout=timeout,
                )
        except ApiException as error:
            if not error.status:
                raise KubeUnavailable(f"{what}: {error.reason}") from error
            raise error_of(error.status, _body(error), what, _retry_after(error)) from error


@contextmanager
def _broken_is_unavailable(what: str) -> Iterator[None]:
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except HTTPError as error:
        raise KubeUnavailable(f"{what}: {error}") from error


def _lines(response: Any, what: str) -> Iterator[bytes]:  # noqa: ANN401
    rest = b""
    with _broken_is_unavailable(what):
        for chunk in response.stream(_CHUNK):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from filter(None, whole)


def _body(error: Any) -> bytes:  # noqa: ANN401
    body = error.body
    return body if isinstance(body, bytes) else str(body or "").encode()


def _retry_after(error: Any) -> float | None:  # noqa: ANN401
    value = (error.headers or {}).get("Retry-After", "")
    return float(value) if str(value).isdecimal() else None


def connect(kubeconfig: str = "", context: str = "") -> KubeApi:
    """Connect as the pod's service account, or else as kubectl would: KUBECONFIG, ~/.kube/config.

    Naming a file or a context chooses the latter. Raises UsageError where there is no usable configuration.
    """
    from kubernetes import client, config  # noqa: PLC0415
    from kubernetes.config.config_exception import ConfigException  # noqa: PLC0415
    from yaml import YAMLError  # noqa: PLC0415  (the client reads its files with it)

    in_cluster = "KUBERNETES_SERVICE_HOST" in os.environ and not kubeconfig and not context
    try:
        if in_cluster:
            configuration = client.Configuration()
            config.load_incluster_config(client_configuration=configuration)
            return KubeApi(client.ApiClient(_tuned(configuration)))
        made = config.new_client_from_config(
            # The library reads the variable once, when it is imported.
            config_file=kubeconfig or os.environ.get("KUBECONFIG") or None,
            context=context or None,
            persist_config=False,
        )
    except (ConfigException, OSError, ValueError, YAMLError) as error:
        message = (
            f"no usable connection to a cluster: {error}; name a kubeconfig with --kubeconfig or"
            " KUBECONFIG, and a context with --context"
        )
        raise UsageError(message) from error
    return KubeApi(client.ApiClient(_tuned(made.configuration)))


def _tuned(configuration: Any) -> Any:  # noqa: ANN401
    """Let every thread have a connection of its own, and leave all retries to us."""
    from urllib3.util.retry import Retry  # noqa: PLC0415

    configuration.connection_pool_maxsize = 64
    configuration.retries = Retry(total=False, redirect=0)
    return configuration
