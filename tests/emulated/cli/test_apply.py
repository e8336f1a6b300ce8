"""`cloudlb apply`, `status` and `delete`: what the cloud holds afterwards, and what the person is told."""

import json

import boto3
import pytest

from .conftest import edit


def _balancers(cloud) -> dict[str, str]:
    """Return the load balancers by name, with their scheme, as another program sees them."""
    client = boto3.client("elbv2", endpoint_url=cloud.endpoint_url, region_name=cloud.region)
    return {
        each["LoadBalancerName"]: each["Scheme"]
        for each in client.describe_load_balancers()["LoadBalancers"]
    }


def test_apply_makes_everything_and_prints_addresses(cli, cloud, kubia):
    result = cli("apply", "-f", kubia, "--yes")
    assert result.exit_code == 0, result.output
    assert len(_balancers(cloud)) == 2
    rows = [
        line for line in result.stdout.splitlines() if line.startswith("service/default/kubia-l")
    ]
    table = [line.split() for line in rows if ".elb." in line]
    assert [(line[0], line[2], line[3]) for line in table] == [
        ("service/default/kubia-loadbalancer", "80/TCP", "True"),
        ("service/default/kubia-local", "80/TCP", "True"),
    ]
    assert all(line[1] == line[1].lower() for line in table)


def test_nobody_there_to_ask_means_nothing_is_changed(cli, cloud, kubia):
    result = cli("apply", "-f", kubia, stdin="")
    assert result.exit_code == 1
    assert "add --yes" in result.stderr
    assert _balancers(cloud) == {}


def test_json_without_yes_is_a_wrong_command_line(cli, cloud, kubia):
    result = cli("apply", "-f", kubia, "-o", "json")
    assert result.exit_code == 64
    assert "add --yes" in result.stderr


def test_json_result_has_addresses_and_steps(cli, cloud, kubia):
    result = cli("apply", "-f", kubia, "--yes", "-o", "json")
    found = json.loads(result.stdout)
    assert found["ok"] is True
    balanced = next(
        each for each in found["objects"] if each["object"].endswith("/kubia-loadbalancer")
    )
    assert balanced["addresses"][0].endswith(".amazonaws.com")
    assert {each["state"] for each in balanced["steps"]} == {"done"}
    assert len(balanced["steps"]) == 6


def test_one_object_that_can_not_be_does_not_stop_the_others(cli, cloud, kubia):
    edit(
        kubia / "08-loadbalancer.yaml",
        ("metadata:\n", "metadata:\n  annotations: {cloudlb.io/scheme: inside}\n"),
    )
    result = cli("apply", "-f", kubia, "--yes")
    assert result.exit_code == 1
    assert "service/default/kubia-loadbalancer" in result.stderr
    assert len(_balancers(cloud)) == 1


def test_status_counts_healthy_targets(cli, cloud, kubia):
    cli("apply", "-f", kubia, "--yes")
    found = json.loads(cli("status", "-f", kubia, "-o", "json").stdout)
    balanced = next(
        each for each in found["objects"] if each["object"].endswith("/kubia-loadbalancer")
    )
    assert balanced["ports"][0]["targets"]["total"] == 3
    assert {each["type"]: each["status"] for each in balanced["conditions"]} == {
        "cloudlb.io/Accepted": "True",
        "cloudlb.io/Programmed": "True",
    }


def test_status_before_apply_says_that_nothing_is_there_and_exits_with_1(cli, cloud, kubia):
    result = cli("status", "-f", kubia)
    assert result.exit_code == 1
    assert "none yet" in result.stdout
    assert "ChangesPending" in result.stdout


def test_delete_takes_away_what_was_made_and_nothing_else(cli, cloud, kubia):
    cli("apply", "-f", kubia, "--yes")
    dry = cli("delete", "-f", kubia / "08-loadbalancer.yaml", "-f", kubia, "--dry-run")
    assert dry.exit_code == 0
    assert len(_balancers(cloud)) == 2, "a dry run removes nothing"
    result = cli("delete", "-f", kubia, "--yes")
    assert result.exit_code == 0, result.output
    assert _balancers(cloud) == {}
    groups = boto3.client(
        "ec2", endpoint_url=cloud.endpoint_url, region_name=cloud.region
    ).describe_security_groups()
    assert not [each for each in groups["SecurityGroups"] if each["GroupName"].startswith("clb-")]


def test_deletion_protection_refuses_with_a_remedy(cli, cloud, kubia):
    key = "service.beta.kubernetes.io/aws-load-balancer-attributes"
    edit(
        kubia / "08-loadbalancer.yaml",
        ("metadata:\n", f"metadata:\n  annotations: {{{key}: deletion_protection.enabled=true}}\n"),
    )
    cli("apply", "-f", kubia, "--yes")
    result = cli("delete", "-f", kubia, "--yes")
    assert result.exit_code == 1
    assert "deletion_protection.enabled" in result.stderr
    assert len(_balancers(cloud)) == 1, "the other one goes"


@pytest.mark.parametrize("command", ["plan", "apply", "status", "delete"])
def test_a_cloud_that_does_not_answer_is_one_clear_line(cli, kubia, monkeypatch, command):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRETSECRET")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    flags = ["--yes"] if command in {"apply", "delete"} else []
    result = cli(command, "-f", kubia, "--endpoint-url", "http://127.0.0.1:9", *flags)
    assert result.exit_code == 1
    assert "no answer from AWS" in result.stderr
    assert "http://127.0.0.1:9" in result.stderr
    assert "Traceback" not in result.output
    assert "SECRETSECRET" not in result.output


def test_without_credentials_the_message_says_where_to_get_them(cli, kubia, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    result = cli("plan", "-f", kubia)
    assert result.exit_code == 1
    assert "AWS_PROFILE" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("apply",), "--filename", id="no manifests"),
        pytest.param(
            ("plan", "-f", "x", "-o", "yaml"), "'yaml' is not one of", id="unknown output"
        ),
        pytest.param(("plna",), "Did you mean 'plan'", id="unknown command"),
        pytest.param(
            ("plan", "-f", "x", "--emulate", "--endpoint-url", "http://y"),
            "choose one",
            id="two clouds",
        ),
        pytest.param(
            ("emulate", "aws", "--latency", "soon"), "'soon' is not a duration", id="no duration"
        ),
    ],
)
def test_a_wrong_command_line_exits_with_64_and_says_what_is_wrong(cli, arguments, words):
    result = cli(*arguments)
    assert result.exit_code == 64
    assert words in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("a: [", "bad.yaml:2:1", id="broken YAML"),
        pytest.param(None, "bad.yaml: no such file", id="no file"),
    ],
)
def test_manifests_that_can_not_be_read_are_named(cli, cloud, tmp_path, content, words):
    path = tmp_path / "bad.yaml"
    if content is not None:
        path.write_text(content)
    result = cli("plan", "-f", path)
    assert result.exit_code == 1
    assert words in result.stderr
