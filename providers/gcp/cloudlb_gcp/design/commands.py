"""The gcloud commands that do to a firewall rule what is not ours to do."""

import shlex
from collections.abc import Iterator

from cloudlb_gcp.links import name_of, part_of
from cloudlb_gcp.resources.firewall import Firewall

_GCLOUD = "gcloud compute firewall-rules"


def creation(name: str, wanted: Firewall) -> str:
    """Return the command that makes a rule in the place of ours, under a name that is none of ours."""
    return _command(
        "create",
        name,
        wanted,
        f"--network={name_of(wanted.network)}",
        "--direction=INGRESS",
        f"--action={wanted.action.upper()}",
        *_settings(wanted),
    )


def change(name: str, wanted: Firewall, *, enabled: bool) -> str:
    """Return the command that makes a rule that stands what it should be; `enabled` as it is now."""
    return _command(
        "update", name, wanted, *_settings(wanted), *(() if enabled else ("--no-disabled",))
    )


def deletion(standing: Firewall) -> str:
    """Return the command that deletes a rule."""
    return _command("delete", standing.name, standing)


def _command(verb: str, name: str, rule: Firewall, *flags: str) -> str:
    project = f"--project={part_of(rule.network, 'projects')}"
    return " ".join([_GCLOUD, verb, name, *map(shlex.quote, (project, *flags))])


def _settings(wanted: Firewall) -> Iterator[str]:
    """Yield what can change. An address that is not known yet is left out: then the rule is for any of the nodes'."""
    protocols = [
        protocol if not ports else f"{protocol}:{port}"
        for protocol, ports in wanted.protocols
        for port in ports.split(",")
    ]
    yield f"--priority={wanted.priority}"
    yield f"--rules={','.join(protocols)}"
    yield f"--source-ranges={','.join(sorted(wanted.sources))}"
    if wanted.target_tags:
        yield f"--target-tags={','.join(sorted(wanted.target_tags))}"
    if wanted.target_accounts:
        yield f"--target-service-accounts={','.join(sorted(wanted.target_accounts))}"
    known = sorted(each for each in wanted.destinations if isinstance(each, str))
    if known and len(known) == len(wanted.destinations):
        yield f"--destination-ranges={','.join(known)}"
