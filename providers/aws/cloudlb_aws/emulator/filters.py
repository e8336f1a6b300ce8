"""EC2's filters: names with lists of values, any of which may match; `*` and `?` are wildcards."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from cloudlb_aws.emulator.context import Context
from cloudlb_aws.emulator.errors import AwsError

Item = TypeVar("Item")
Facets = Callable[[Item, str], Iterable[str]]
"""Tells an item's values for a filter's name."""


def read(context: Context) -> dict[str, list[str]]:
    """Return the filters of a call."""
    given = context.params.get("Filters", [])
    return {each["Name"]: list(each.get("Values", [])) for each in given}


def check(filters: Mapping[str, object], known: Iterable[str]) -> None:
    """Refuse a filter that the call does not have. `tag:` stands for every tag's key."""
    names = set(known)
    for name in filters:
        if ("tag:" if name.startswith("tag:") else name) not in names:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")


def select(
    items: Iterable[Item], filters: Mapping[str, list[str]], facets: Facets[Item]
) -> list[Item]:
    """Keep the items that match every filter."""
    patterns = {name: [_pattern(value) for value in values] for name, values in filters.items()}
    return [
        item
        for item in items
        if all(
            any(pattern.fullmatch(value) for value in facets(item, name) for pattern in wanted)
            for name, wanted in patterns.items()
        )
    ]


def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(re.escape(value).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def tag_facets(tags: Mapping[str, str], name: str) -> Iterable[str]:
    """Tell a resource's values for a filter on tags."""
    if name == "tag-key":
        return list(tags)
    key = name.removeprefix("tag:")
    return [tags[key]] if key in tags else []
