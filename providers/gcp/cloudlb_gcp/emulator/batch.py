"""The batch endpoint: several calls in one multipart body, as gcloud sends them."""

import re
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus

from cloudlb.testing.wsgi import Layer, Request, Response
from cloudlb_gcp.emulator.errors import bad_request

_PATH = re.compile(r"/batch(?:/compute(?:/(?:v1|beta|alpha))?)?/?")
_MOST = 1000
_LINE = re.compile(r"(?P<method>[A-Z]+) (?P<target>\S+)(?: HTTP/\S+)?")


class Batches(Layer):
    """Takes batches apart, outside of everything that counts, delays or fails calls: each part is a call of its own."""

    def handle(self, request: Request) -> Response:
        """Answer every call of a batch, in order; pass on what is none."""
        if request.method != "POST" or not _PATH.fullmatch(request.path):
            return self.forward(request)
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        parts = _parts(request)
        if parts is None:
            return bad_request("The batch request is not multipart/mixed.").response()
        if len(parts) > _MOST:
            return bad_request(f"A batch request has at most {_MOST} calls.").response()
        boundary = f"batch_{uuid.uuid4().hex}"
        replies = []
        for content_id, payload in parts:
            inner = _request(payload, request)
            malformed = bad_request("A part of the batch request is no HTTP request.")
            reply = malformed.response() if inner is None else self.forward(inner)
            replies.append(_part(content_id, reply))
        body = b"".join(f"--{boundary}\r\n".encode() + each + b"\r\n" for each in replies)
        body += f"--{boundary}--\r\n".encode()
        headers = (("Content-Type", f"multipart/mixed; boundary={boundary}"),)
        return Response(status=200, headers=headers, body=body)


def _parts(request: Request) -> list[tuple[str, bytes]] | None:
    """Return id and content of each part; None where the body has no parts."""
    head = f"Content-Type: {request.header('Content-Type')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if not message.is_multipart():
        return None
    found = []
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        found.append((str(part.get("Content-ID", "")), content))
    return found


def _request(raw: bytes, outer: Request) -> Request | None:
    """Read a part; None for one that is no request."""
    head, _, body = raw.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
    line = _LINE.fullmatch(head.decode("latin-1").partition("\n")[0].strip())
    if line is None:
        return None
    method = line["method"]
    path, _, query = line["target"].partition("?")
    if path.startswith("http"):
        path = "/" + path.split("/", 3)[-1]
    return Request(
        method=method,
        path=path,
        query=query,
        body=body.strip(),
        environ={**outer.environ, "REQUEST_METHOD": method},
    )


def _part(content_id: str, reply: Response) -> bytes:
    phrase = HTTPStatus(reply.status).phrase
    answered = f"<response-{content_id.strip('<>')}>"
    head = (
        "Content-Type: application/http\r\n"
        f"Content-ID: {answered}\r\n\r\n"
        f"HTTP/1.1 {reply.status} {phrase}\r\n"
        "Content-Type: application/json; charset=UTF-8\r\n"
        f"Content-Length: {len(reply.body)}\r\n\r\n"
    )
    return head.encode() + reply.body
