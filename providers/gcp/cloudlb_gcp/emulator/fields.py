"""The fields that resources of a kind have, as the client library's messages list them."""

from functools import cache

from google.cloud import compute_v1

_LEGACY = frozenset({"name", "id", "description", "host", "port", "requestPath"})


@cache
def fields_of(kind: str) -> frozenset[str]:
    """Return the JSON names of a kind's fields (`compute#forwardingRule`)."""
    name = kind.removeprefix("compute#")
    message = getattr(compute_v1, name[0].upper() + name[1:], None)
    if message is None:
        return _LEGACY
    return frozenset(field.json_name for field in message.meta.pb.DESCRIPTOR.fields)
