"""What is told while an apply runs: each step once, and what is waited for."""

import io

import pytest
from rich.console import Console

from cloudlb.cli.progress import Teller
from cloudlb.cli.screen import Screen
from cloudlb.errors import Denied, Fenced, NotReady
from cloudlb.model import Owner, OwnerKind
from cloudlb.plan.change import Action, Change
from cloudlb.plan.order import Step, Verb
from cloudlb.plan.outcome import Progress, State
from cloudlb.plan.resource import Key

OWNER = Owner(cluster="c", kind=OwnerKind.SERVICE, namespace="default", name="web", uid="u")


def step(verb: Verb = Verb.CREATE, *, absorbed: bool = False) -> Step:
    change = Change(
        action=Action(verb.value), key=Key("thing/one"), desired=None, found=None, absorbed=absorbed
    )
    return Step(index=0, verb=verb, change=change)


def told(*progress: Progress, terminal: bool = False) -> str:
    """What stands on stderr after this progress."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=terminal, width=100, color_system=None)
    teller = Teller(Screen(out=console, err=console), clock=lambda: 0.0)
    with teller.telling():
        for each in progress:
            teller.report(OWNER)(each)
    return written.getvalue()


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        (Verb.CREATE, "service/default/web  + thing/one  created\n"),
        (Verb.UPDATE, "service/default/web  ~ thing/one  updated\n"),
        (Verb.DELETE, "service/default/web  - thing/one  deleted\n"),
    ],
)
def test_a_step_is_told_once_when_it_is_done(verb: Verb, line: str):
    running = Progress(step=step(verb), state=State.RUNNING)
    done = Progress(step=step(verb), state=State.DONE)

    assert told(running, done) == line


def test_what_goes_with_its_whole_is_told_so():
    assert told(Progress(step=step(Verb.DELETE, absorbed=True), state=State.DONE)) == (
        "service/default/web  - thing/one  gone with what it was part of\n"
    )


def test_what_is_waited_for_is_told_once_for_each_reason():
    held = NotReady("interface eni-1 holds the group", after=5, operation="DeleteGroup")
    other = NotReady("interface eni-2 holds the group", after=5, operation="DeleteGroup")
    running = Progress(step=step(Verb.DELETE), state=State.RUNNING)
    waits = [
        Progress(step=step(Verb.DELETE), state=State.WAITING, error=error, wait=5)
        for error in (held, held, other)
    ]

    assert told(running, *waits).splitlines() == [
        "service/default/web  - thing/one  waits: DeleteGroup: interface eni-1 holds the group",
        "service/default/web  - thing/one  waits: DeleteGroup: interface eni-2 holds the group",
    ]


def test_a_failure_says_what_the_cloud_said():
    error = Denied("not allowed", operation="CreateThing")
    failed = Progress(step=step(), state=State.FAILED, error=error)

    assert told(failed) == "service/default/web  + thing/one  failed: CreateThing: not allowed\n"


def test_a_step_that_was_not_started_on_request_is_no_failure():
    failed = Progress(step=step(), state=State.FAILED, error=Fenced("stopped on request"))

    assert told(failed) == "service/default/web  + thing/one  not done: stopped on request\n"


def test_a_terminal_shows_what_runs_and_keeps_what_is_done():
    running = Progress(step=step(), state=State.RUNNING)
    done = Progress(step=step(), state=State.DONE)

    written = told(running, done, terminal=True)

    assert "service/default/web  + thing/one  created" in written
