"""Which provider a command works with, and what to say where there is none."""

import os
from collections.abc import Callable, Iterable

from cloudlb import provider as found
from cloudlb.errors import UsageError
from cloudlb.kube.objects import Node
from cloudlb.plan.pace import Pace
from cloudlb.provider import Cloud, CloudSettings, Provider

VARIABLE = "CLOUDLB_PROVIDER"


def choose(name: str, nodes: Callable[[], Iterable[Node]]) -> Provider:
    """Load the provider that was named, here or in CLOUDLB_PROVIDER; else the only one; else that of the `nodes`.

    Raises UsageError, with the command that installs what is missing.
    """
    named = name or os.environ.get(VARIABLE, "")
    return _loaded(named or _guessed(found.names(), nodes))


def connect(provider: Provider, settings: CloudSettings, pace: Pace) -> Cloud:
    """Connect to a provider's cloud. Raises UsageError where its SDK is not installed, and the provider's own errors."""
    try:
        return provider.connect(settings, pace)
    except ModuleNotFoundError as error:
        raise _incomplete(provider.name, error) from error


def schemes(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return the schemes of the nodes' provider ids (`scheme://…`), sorted."""
    ids = (node.spec.provider_id for node in nodes)
    return tuple(sorted({each.partition("://")[0] for each in ids if "://" in each}))


def _loaded(name: str) -> Provider:
    try:
        return found.load(name)
    except ModuleNotFoundError as error:
        raise _incomplete(name, error) from error


def _guessed(installed: tuple[str, ...], nodes: Callable[[], Iterable[Node]]) -> str:
    if len(installed) == 1:
        return installed[0]
    wanted = schemes(nodes())
    fitting = [name for name in installed if wanted and _loaded(name).node_scheme in wanted]
    if len(fitting) == 1:
        return fitting[0]
    if installed:
        message = (
            f"several providers are installed ({', '.join(installed)}), and no node's providerID tells which one is"
            f" meant: choose one with --provider, or set {VARIABLE}"
        )
        raise UsageError(message)
    message = "no provider is installed: install the one for your cloud, as in `pip install 'cloudlb[PROVIDER]'`"
    raise UsageError(message)


def _incomplete(name: str, error: ModuleNotFoundError) -> UsageError:
    message = (
        f"the provider {name!r} needs {error.name}, which is not installed: "
        f"install it with `pip install 'cloudlb[{name}]'`"
    )
    return UsageError(message)
