"""AWS on the wire: what a request asks for, and how replies and errors look. botocore's models are the truth."""

import functools
import json
import re
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import AttributePickerContext, SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from cloudlb.testing.wsgi import Operation, Request, Response
from cloudlb_aws.emulator.errors import AwsError
from cloudlb_aws.emulator.moto import Json

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_SIGNED_AS = {"elasticloadbalancing": "elbv2", "tagging": "resourcegroupstaggingapi"}
_READS = ("Describe", "Get", "List", "Search", "Lookup", "BatchGet", "AssumeRole")
_XML_CODE = re.compile(rb"<Code>([^<]*)</Code>")
_requests = count(1)


def scope_of(request: Request) -> tuple[str, str]:
    """Return the region and the service that a request is signed for; empty when it is not signed."""
    match = _SCOPE.search(request.header("Authorization"))
    if match is None:
        return "", ""
    return match["region"], _SIGNED_AS.get(match["service"], match["service"])


def identify(request: Request) -> Operation:
    """Tell what a request asks for. Parameters come with botocore's names and types."""
    _, service = scope_of(request)
    target = request.header("X-Amz-Target")
    form = {} if target else dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    name = target.rpartition(".")[2] or form.get("Action") or f"{request.method} {request.path}"
    return Operation(
        service=service,
        name=name,
        write=not name.startswith((*_READS, "GET ")),
        params=_params(service, name, form=form, body=request.body),
    )


def _params(
    service: str, name: str, *, form: Mapping[str, str], body: bytes
) -> Mapping[str, object]:
    try:
        if not form:
            return dict(json.loads(body or b"{}"))
        model = _operation_model(service, name)
        parser: Json = PROTOCOL_PARSERS[_protocol(service)](model)
        return dict(parser.parse({"values": form}))
    except Exception:  # noqa: BLE001  (whatever can not be read is left to moto, which answers for itself)
        return dict(form)


@functools.cache
def _service_model(service: str) -> Json:
    return get_service_model(service)


@functools.cache
def _operation_model(service: str, name: str) -> Json:
    return _service_model(service).operation_model(name)


@functools.cache
def _protocol(service: str) -> str:
    """Return the protocol that boto3 uses; newer ones that a model may list besides are not offered here."""
    metadata = _service_model(service).metadata
    spoken = metadata.get("protocols") or [metadata["protocol"]]
    return next(each for each in ("query", "ec2", "json") if each in spoken)


def _pick(context: AttributePickerContext) -> Json:
    return context.obj.get(context.key)


def render(operation: Operation, reply: Mapping[str, Any]) -> Response:
    """Make the response of a call that succeeded from a reply in botocore's names."""
    model = _operation_model(operation.service, operation.name)
    serializer = get_serializer_class(operation.service, _protocol(operation.service))(
        operation_model=model,
        context=SerializationContext(_request_id()),
        value_picker=_pick,
    )
    made = serializer.serialize(reply)
    return Response(
        status=int(made["status_code"]),
        headers=tuple((key, str(value)) for key, value in made["headers"].items()),
        body=made["body"].encode() if isinstance(made["body"], str) else made["body"],
    )


def render_error(
    operation: Operation, error: AwsError, *, retry_after: float | None = None
) -> Response:
    """Make the response of a call that failed, in the form of its service."""
    extra: tuple[tuple[str, str], ...] = (
        () if retry_after is None else (("Retry-After", f"{retry_after:g}"),)
    )
    if operation.service == "ec2":
        body, kind = _EC2.format(*_escaped(error), request=_request_id()), "text/xml;charset=UTF-8"
    elif operation.service in {"elbv2", "sts", "iam", ""}:
        fault = "Sender" if error.status < 500 else "Receiver"
        body = _QUERY.format(*_escaped(error), fault=fault, request=_request_id())
        kind = "text/xml"
    else:
        body = json.dumps({"__type": error.code, "message": error.message})
        kind = "application/x-amz-json-1.1"
        extra += (("x-amzn-ErrorType", error.code),)
    headers = (("Content-Type", kind), *extra)
    return Response(status=error.status, headers=headers, body=body.encode())


_QUERY = (
    '<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error>'
    "<Type>{fault}</Type><Code>{0}</Code><Message>{1}</Message></Error>"
    "<RequestId>{request}</RequestId></ErrorResponse>"
)
_EC2 = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{0}</Code>'
    "<Message>{1}</Message></Error></Errors><RequestID>{request}</RequestID></Response>"
)


def _escaped(error: AwsError) -> tuple[str, str]:
    return escape(error.code), escape(error.message)


def _request_id() -> str:
    return f"00000000-0000-4000-8000-{next(_requests):012d}"


def error_code(response: Response) -> str | None:
    """Read AWS's code from the response of a call that failed."""
    if match := _XML_CODE.search(response.body):
        return match[1].decode()
    try:
        kind = str(json.loads(response.body).get("__type", ""))
    except (ValueError, AttributeError):
        return None
    return kind.rpartition("#")[2] or None
