"""`cloudlb run` as a process of its own, and waiting for what it does."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.error import HTTPError
from urllib.request import urlopen

from cloudlb.testing.kube.server import free_port

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds within which what one waits for happens, on a busy machine."""


def until(found: Callable[[], T], what: str = "it", seconds: float = PATIENCE) -> T:
    """Ask again and again until the answer is something, and return it. Fails when the time is up."""
    end = time.monotonic() + seconds
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.05)


@dataclass
class ControllerProcess:
    """One `cloudlb run`, as a process of its own."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)

    def start(self) -> Self:
        """Start it."""
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(  # noqa: S603  (our own command)
                [
                    sys.executable,
                    "-m",
                    "cloudlb",
                    "run",
                    "--listen",
                    f"127.0.0.1:{self.port}",
                    *self.arguments,
                ],
                stdout=stream,
                stderr=stream,
                env={**os.environ, **self.environment},
            )
        return self

    def page(self, path: str) -> tuple[int, str]:
        """Read a page; status 0 when nobody listens."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self) -> Self:
        """Wait until it has looked at everything."""
        until(lambda: self.said("ready") or self.ended, f"ready:\n{self.text()}")
        assert not self.ended, self.text()
        return self

    @property
    def ended(self) -> bool:
        """Tell whether the process is over."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """Kill it, as a machine that loses power would."""
        self.process.kill()
        self.process.wait()

    def terminate(self, seconds: float = 15.0) -> int:
        """Ask it to end, and return its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def text(self) -> str:
        """Return all that it said."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """Return what it logged."""
        found = []
        for line in self.text().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return found

    def said(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        return [
            line
            for line in self.lines()
            if line.get("event") == event and fields.items() <= line.items()
        ]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels."""
        total = 0.0
        for line in self.page("/metrics")[1].splitlines():
            head, _, value = line.rpartition(" ")
            wanted = all(f'{key}="{each}"' in head for key, each in labels.items())
            if head.partition("{")[0] == name and wanted:
                total += float(value)
        return total
