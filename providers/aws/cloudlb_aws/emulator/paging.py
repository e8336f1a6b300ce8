"""Pages of listings: AWS's sizes, or the emulator's own smaller ones."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from cloudlb_aws.emulator.context import Context
from cloudlb_aws.emulator.errors import AwsError, validation

Item = TypeVar("Item")
ELBV2_PAGE = 400


def elbv2_page(
    context: Context, items: Sequence[Item], *, largest: int = ELBV2_PAGE
) -> tuple[list[Item], str | None]:
    """Cut a page by `Marker` and `PageSize`. Returns it with the next marker, None on the last one."""
    size = context.params.get("PageSize") or largest
    if not 1 <= size <= largest:
        raise validation(f"Page size '{size}' must be between '1' and '{largest}'")
    start = _read(context.params.get("Marker"), validation("The specified marker is not valid"))
    return _cut(items, start=start, size=_smaller(size, context.settings.page_size))


def ec2_page(
    context: Context, items: Sequence[Item], *, smallest: int = 5, largest: int = 1000
) -> tuple[list[Item], str | None]:
    """Cut a page by `NextToken` and `MaxResults`; without the latter EC2 returns everything."""
    size = context.params.get("MaxResults")
    if size is not None and not smallest <= size <= largest:
        message = f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value between {smallest} and {largest}."
        raise AwsError("InvalidParameterValue", message)
    bad = AwsError("InvalidParameterValue", "The token is invalid")
    start = _read(context.params.get("NextToken"), bad)
    size = size or len(items) or 1
    return _cut(items, start=start, size=_smaller(size, context.settings.page_size))


def token_page(
    items: Sequence[Item], *, token: str | None, size: int, bad: AwsError
) -> tuple[list[Item], str | None]:
    """Cut a page by an opaque token."""
    return _cut(items, start=_read(token, bad), size=size)


def _smaller(size: int, wanted: int) -> int:
    return min(size, wanted) if wanted else size


def _cut(items: Sequence[Item], *, start: int, size: int) -> tuple[list[Item], str | None]:
    end = start + size
    following = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def _read(token: str | None, bad: AwsError) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError:
        raise bad from None
