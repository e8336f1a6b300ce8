"""What `status` does: look at every object's load balancer, and show it."""

from collections.abc import Sequence
from typing import Any

from cloudlb.cli import overview, tables
from cloudlb.cli.overview import Row
from cloudlb.cli.screen import Screen
from cloudlb.cli.session import Session
from cloudlb.controller.verdicts import Preview
from cloudlb.kube.refusal import Refusal

FORMAT = "cloudlb.io/status/v1"


def look(session: Session) -> tuple[Row, ...]:
    """Read what exists of each object, and the health of its targets."""
    reconciler = session.reconciler
    forecast = reconciler.preview(session.intents())
    return tuple(_row(session, preview) for preview in forecast.previews)


def _row(session: Session, preview: Preview) -> Row:
    reconciler = session.reconciler
    wanted = preview.intent.wanted and len(preview.observed) > 0
    health = reconciler.health(preview.observed) if wanted else ()
    return overview.row(preview, reconciler.addresses(preview.observed), health)


def as_json(rows: Sequence[Row], refusals: Sequence[Refusal]) -> dict[str, Any]:
    """Return the result as plain data (docs/cli-json.md)."""
    return {
        "format": FORMAT,
        "objects": overview.as_json(rows),
        "refused": overview.refusals_json(refusals),
    }


def show(rows: Sequence[Row], refusals: Sequence[Refusal], screen: Screen, place: str) -> None:
    """Print the table, and below it what there is to say in words."""
    if rows:
        screen.table(tables.status_table(rows))
    else:
        screen.line(f"No Service is in {place}.")
    for text in tables.messages(rows):
        screen.note(text)
    for refusal in refusals:
        screen.error(str(refusal))
