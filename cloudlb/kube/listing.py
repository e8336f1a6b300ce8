"""Reading objects from the API server's bytes: whole lists, page by page, each object by itself.

One object that is not what the API promises is told in the log and left out: it must not take the others with it.
"""

from collections.abc import Callable, Iterator
from typing import Generic

import msgspec
import structlog

from cloudlb.kube.api_errors import KubeUnavailable
from cloudlb.kube.client import KubeApi
from cloudlb.kube.kinds import Bookmark, Kind, Page, T
from cloudlb.kube.objects import ObjectMeta

_log = structlog.get_logger(__name__)

PAGE = 500
"""Objects a page; what the API server's own clients ask for."""


class Reader(Generic[T]):
    """Decodes the objects of one kind. Safe to use from several threads."""

    def __init__(self, kind: Kind[T], *, strict: bool = False) -> None:
        """Prepare the decoders. `strict` makes an object that can not be read an error of the whole."""
        self._kind = kind
        self._strict = strict
        self._pages = msgspec.json.Decoder(Page)
        self._items = msgspec.json.Decoder(kind.item)

    def item(self, raw: msgspec.Raw) -> T | None:
        """Decode an object; None for one that can not be read. Raises KubeUnavailable for that where it is strict."""
        try:
            return self._items.decode(raw)
        except msgspec.DecodeError as error:
            if self._strict:
                raise KubeUnavailable(f"{self._kind.plural} {_name(raw)}: {error}") from error
            _log.error(
                "an object can not be read",
                kind=self._kind.plural,
                name=_name(raw),
                error=str(error),
            )
            return None

    def items(self, page: Page) -> Iterator[T]:
        """Yield the objects of a page."""
        for raw in page.items or ():
            found = self.item(raw)
            if found is not None:
                yield found

    def page(self, data: bytes) -> Page:
        """Decode a page of a list, its objects not yet. Raises KubeUnavailable for what is none."""
        try:
            return self._pages.decode(data)
        except msgspec.DecodeError as error:
            raise KubeUnavailable(f"a list of {self._kind.plural}: {error}") from error

    def everything(
        self,
        api: KubeApi,
        namespace: str = "",
        limit: int = PAGE,
        heard: Callable[[], None] = lambda: None,
    ) -> Iterator[tuple[str, Iterator[T]]]:
        """Yield the version of the list and the objects, page after page. Raises KubeErrors."""
        after = ""
        while True:
            parameters: dict[str, str | int] = {"limit": limit}
            if after:
                parameters["continue"] = after
            page = self.page(api.get(self._kind.path(namespace), parameters))
            heard()
            yield page.metadata.resource_version, self.items(page)
            after = page.metadata.next_page
            if not after:
                return


def meta_of(raw: msgspec.Raw) -> ObjectMeta:
    """Return the metadata of an object of any kind. Raises msgspec.DecodeError."""
    return msgspec.json.decode(raw, type=Bookmark).metadata


def _name(raw: msgspec.Raw) -> str:
    try:
        found = meta_of(raw)
    except msgspec.DecodeError:
        return "?"
    return "/".join(filter(None, (found.namespace, found.name)))
