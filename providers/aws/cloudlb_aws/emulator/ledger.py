"""What an emulated account knows beyond moto: moto's objects have no room for it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Ledger:
    """Facts by ARN or id. Emptied by `Emulator.reset`."""

    facts: dict[str, Any] = field(default_factory=dict)
