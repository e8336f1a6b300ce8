"""Answers of list calls: filter, order, pages, and the scopes of aggregated lists (gcp.md 5.5)."""

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from cloudlb_gcp.emulator import filters
from cloudlb_gcp.emulator.errors import bad_parameter
from cloudlb_gcp.emulator.links import url

Json = dict[str, Any]

MOST = 500
"""Items of a page, at most and by default."""

_PLACE = "after "


class Query:
    """The parameters of a list call. Raises GceError for what they can not be."""

    def __init__(self, text: str) -> None:
        """Read a query string."""
        given = {key: values[-1] for key, values in parse_qs(text, keep_blank_values=True).items()}
        self.filter = given.get("filter", "")
        self.order = given.get("orderBy", "")
        self.all_scopes = given.get("includeAllScopes", "").lower() == "true"
        self._token = given.get("pageToken", "")
        self._most = given.get("maxResults", "")

    @property
    def size(self) -> int:
        """How many items a page may have."""
        if not self._most:
            return MOST
        if not self._most.isdecimal() or int(self._most) > MOST:
            raise bad_parameter("maxResults", self._most)
        return int(self._most) or MOST

    @property
    def start(self) -> str:
        """The place after which the page begins; empty for the first page."""
        if not self._token:
            return ""
        try:
            found = base64.b64decode(self._token.encode(), altchars=b"-_", validate=True).decode()
        except ValueError as error:
            raise bad_parameter("pageToken", self._token) from error
        if not found.startswith(_PLACE):
            raise bad_parameter("pageToken", self._token)
        return found.removeprefix(_PLACE)

    def sort_key(self) -> tuple[Callable[[tuple[str, Json]], str], bool]:
        """Return how items are ordered: the place of an item, and whether the order is reversed."""
        match self.order.split():
            case [] | ["name"] | ["name", "asc"]:
                return (lambda each: each[0]), False
            case ["creationTimestamp", "desc"]:
                # The path tells apart what was made at the same time.
                return (lambda each: f"{each[1].get('creationTimestamp', '')} {each[0]}"), True
        raise bad_parameter("orderBy", self.order)


def chosen(
    items: Mapping[str, Json], query: Query, fields: frozenset[str]
) -> tuple[list[tuple[str, Json]], str]:
    """Return the (path, resource) pairs of a page, and the token of the next one, empty at the end."""
    test = filters.parse(query.filter, fields)
    place, backwards = query.sort_key()
    fitting = sorted(
        ((path, each) for path, each in items.items() if test(each)), key=place, reverse=backwards
    )
    if start := query.start:
        # By place and not by position: what came before may have gone meanwhile.
        fitting = [
            each for each in fitting if (place(each) < start if backwards else place(each) > start)
        ]
    page, more = fitting[: query.size], fitting[query.size :]
    return page, _token(place(page[-1])) if page and more else ""


def paged(answer: Json, query: Query) -> Json:
    """Return one page of an answer with `items` that have no names. Without such, the answer as it is."""
    if "items" not in answer:
        return answer
    items = {f"{number:09}": each for number, each in enumerate(answer["items"])}
    left = [each for each in items if each > query.start]
    page, more = left[: query.size], left[query.size :]
    paged = {**answer, "items": [items[each] for each in page]}
    return {**paged, "nextPageToken": _token(page[-1])} if more else paged


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(f"{_PLACE}{key}".encode()).decode()


def listed(kind: str, path: str, page: Iterable[Json], token: str) -> Json:
    """Return the answer of a list call. Without items there is no `items`."""
    items = list(page)
    answer: Json = {"kind": kind, "id": path, "selfLink": url(path)}
    if items:
        answer["items"] = items
    if token:
        answer["nextPageToken"] = token
    return answer


def aggregated(
    kind: str, path: str, collection: str, by_scope: Mapping[str, list[Json]], token: str
) -> Json:
    """Return the answer of an aggregated list: what is in each scope, or a warning that nothing is."""
    items: Json = {}
    for scope, found in by_scope.items():
        items[scope] = {collection: found} if found else _nothing(scope)
    answer: Json = {"kind": kind, "id": path, "items": items, "selfLink": url(path)}
    if token:
        answer["nextPageToken"] = token
    return answer


def _nothing(scope: str) -> Json:
    return {
        "warning": {
            "code": "NO_RESULTS_ON_PAGE",
            "message": f"There are no results for scope '{scope}' on this page.",
            "data": [{"key": "scope", "value": scope}],
        }
    }
