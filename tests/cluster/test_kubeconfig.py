"""The ways to a cluster: files, contexts, and programs that hand out tokens, as kubectl has them."""

import json
import sys

import pytest

from cloudlb.errors import UsageError
from cloudlb.kube.api_errors import KubeDenied
from cloudlb.kube.client import connect

VERSION = "/api/v1/namespaces/kube-system"


def _config(server, tmp_path, **users: dict) -> str:
    """Write a kubeconfig with a context for every user; the first one is current."""
    plain = json.loads(server.kubeconfig().read_text())
    names = list(users)
    config = {
        **plain,
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [
            {"name": name, "context": {"cluster": "test", "user": name}} for name in names
        ],
        "current-context": names[0],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    return str(path)


def test_a_program_hands_out_the_token(server, tmp_path):
    """As `aws eks get-token` and gke-gcloud-auth-plugin do (client.authentication.k8s.io)."""
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": server._tokens["admin"]},
    }
    program = tmp_path / "plugin.py"
    program.write_text(f"print({json.dumps(credential)!r})\n")
    exec_ = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": sys.executable,
        "args": [str(program)],
        "interactiveMode": "Never",
    }
    api = connect(_config(server, tmp_path, plugin={"exec": exec_}))
    assert json.loads(api.get(VERSION))["metadata"]["name"] == "kube-system"


def test_a_context_is_chosen_by_name(server, tmp_path):
    path = _config(
        server,
        tmp_path,
        nobody={"token": "wrong"},
        admin={"token": server._tokens["admin"]},
    )
    with pytest.raises(KubeDenied):
        connect(path).get(VERSION)
    assert connect(path, "admin").get(VERSION)


def test_the_environment_names_the_file(server, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig()))
    assert connect().get(VERSION)


@pytest.mark.parametrize("context", ["nowhere"])
def test_a_context_that_is_not_there_is_told(server, tmp_path, context):
    with pytest.raises(UsageError, match="--context"):
        connect(str(server.kubeconfig()), context)


@pytest.mark.parametrize("content", ["", "{}", "a: [", "apiVersion: v1\nkind: Config\n"])
def test_a_file_that_is_no_kubeconfig_is_told(tmp_path, content):
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(UsageError, match="no usable connection"):
        connect(str(path))
