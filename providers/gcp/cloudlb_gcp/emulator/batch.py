"""The batch endpoint: several calls in one multipart body, as gcloud sends them."""

import uuid
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus

from cloudlb.testing.wsgi import Request, Response
from cloudlb_gcp.emulator.errors import bad_request

Answer = Callable[[Request], Response]


def answer(request: Request, handle: Answer) -> Response:
    """Answer every call of a batch, in order, each as if it had come alone."""
    head = f"Content-Type: {request.header('Content-Type')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if not message.is_multipart():
        return bad_request("The batch request is not multipart/mixed.").response()
    boundary = f"batch_{uuid.uuid4().hex}"
    parts = []
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        inner = _request(payload if isinstance(payload, bytes) else b"", request)
        reply = handle(inner)
        parts.append(_part(str(part.get("Content-ID", "")), reply))
    body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    body += f"--{boundary}--\r\n".encode()
    headers = (("Content-Type", f"multipart/mixed; boundary={boundary}"),)
    return Response(status=200, headers=headers, body=body)


def _request(raw: bytes, outer: Request) -> Request:
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *_ = head.decode().split("\n")
    method, target, *_ = first.split()
    path, _, query = target.partition("?")
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
