"""`cloudlb emulate aws` as a process of its own: it says how to use it, serves, and ends on a signal."""

import re
import signal
import subprocess
import sys

import boto3
import pytest

COMMAND = [sys.executable, "-m", "cloudlb", "emulate", "aws", "--port", "0"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_what_it_prints_and_stops_on_a_signal(number):
    with subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        exports = {}
        for line in process.stdout:
            if found := re.search(r"export (\w+)=(\S+)", line):
                exports[found[1]] = found[2]
            if line.startswith("Ctrl-C"):
                break
        assert {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= exports.keys()
        client = boto3.client(
            "elbv2",
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name=exports["AWS_REGION"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        )
        assert client.describe_load_balancers()["LoadBalancers"] == []
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Stopped after 1 call; everything in it is gone." in told


def test_a_port_that_is_taken_is_said(cli, cloud):
    port = cloud.endpoint_url.rpartition(":")[2]
    result = cli("emulate", "aws", "--port", port)
    assert result.exit_code == 1
    assert f"can not listen on port {port}" in result.stderr
    assert "choose another --port" in result.stderr
