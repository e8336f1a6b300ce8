"""Batches: every part is a call of its own, counted, limited and failed like one that comes alone."""

import uuid

import pytest
import requests

from cloudlb.testing.faults import Fault, FaultKind


@pytest.fixture
def batch(project):
    """Send requests, as they are on the wire, in one batch, and return the answer."""

    def send(*parts: str) -> requests.Response:
        boundary = uuid.uuid4().hex
        body = "".join(
            f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\n{part}"
            for number, part in enumerate(parts)
        )
        return requests.post(
            f"{project.emulator.endpoint_url}/batch/compute/v1",
            data=f"{body}--{boundary}--\r\n".encode(),
            headers={"Content-Type": f"multipart/mixed; boundary={boundary}"},
            timeout=10,
        )

    return send


@pytest.fixture
def read(project):
    """A request that reads a firewall rule."""
    project.firewall()
    return f"GET /compute/v1/{project.path('global/firewalls/w')} HTTP/1.1\r\n\r\n\r\n"


def test_the_record_has_every_part_and_no_batch(project, batch, read):
    delete = read.replace("GET", "DELETE")
    project.emulator.recorder.clear()

    batch(read, delete)

    calls = project.emulator.recorder.calls
    assert [(each.operation, each.write) for each in calls] == [
        ("firewalls.get", False),
        ("firewalls.delete", True),
    ]


def test_a_part_fails_alone(project, batch, read):
    project.emulator.faults.arm(Fault(kind=FaultKind.THROTTLE, operation="firewalls.get", at=2))

    text = batch(read, read, read).text

    assert (text.count("HTTP/1.1 200"), text.count("rateLimitExceeded")) == (2, 1)


def test_every_part_takes_from_the_rate(project, batch, read):
    project.emulator.configure(throttle="realistic")

    text = batch(*[read] * 260).text

    assert text.count("HTTP/1.1 200") == 250
    assert project.send("GET", "global/firewalls/w")[0] == 403


@pytest.mark.parametrize("part", ["garbage\r\n\r\n", "\r\n", "GET\r\n\r\n"])
def test_a_part_that_is_no_request_is_refused_and_the_others_answered(batch, read, part):
    text = batch(part, read).text

    assert ("HTTP/1.1 400 Bad Request" in text, "HTTP/1.1 200 OK" in text) == (True, True)


def test_a_batch_has_at_most_a_thousand_parts(batch, read):
    reply = batch(*[read] * 1001)

    assert (reply.status_code, "at most 1000" in reply.text) == (400, True)


def test_a_batch_without_parts_is_refused(project):
    reply = requests.post(f"{project.emulator.endpoint_url}/batch", data=b"x", timeout=10)

    assert reply.status_code == 400
