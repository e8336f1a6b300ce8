"""The controller's settings: one table for flags, environment, configuration file and docs.

A flag counts before the environment (`CLOUDLB_…`), that before the file, that before the default.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from cloudlb.errors import UsageError
from cloudlb.kube.access import NAME

PREFIX = "CLOUDLB_"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def text(value: object) -> str:
    """Read a text. Raises ValueError."""
    return _wrong("a text is wanted") if isinstance(value, dict | list) else str(value)


def _wrong(what: str) -> NoReturn:
    raise ValueError(what)


def words(value: object) -> tuple[str, ...]:
    """Read several words: a list, or one text with commas. Raises ValueError."""
    if isinstance(value, list | tuple):
        return tuple(text(each) for each in value)
    return tuple(each.strip() for each in text(value).split(",") if each.strip())


def pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Read pairs: an object, or words like `key=value`. Raises ValueError."""
    if isinstance(value, dict):
        return tuple(sorted((str(key), text(each)) for key, each in value.items()))
    found = []
    for word in words(value):
        key, sign, rest = word.partition("=")
        if not sign or not key:
            raise ValueError("key=value is wanted")
        found.append((key, rest))
    return tuple(sorted(found))


def switch(value: object) -> bool:
    """Read true or false. Raises ValueError."""
    said = str(value).lower()
    if said not in _TRUE | _FALSE:
        raise ValueError("true or false is wanted")
    return said in _TRUE


def count(value: object) -> int:
    """Read a number from 1. Raises ValueError."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}", str(value)):
        raise ValueError("a number from 1 is wanted")
    return int(str(value))


def rate(value: object) -> float:
    """Read a number from 0. Raises ValueError."""
    if isinstance(value, bool) or not re.fullmatch(r"\d+(\.\d+)?", str(value)):
        raise ValueError("a number from 0 is wanted")
    return float(str(value))


def duration(value: object) -> float:
    """Read `10m`, `90s`, `500ms` or seconds; returns seconds. Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", str(value))
    if match is None or isinstance(value, bool):
        raise ValueError("a time like 90s or 10m is wanted")
    return float(match[1]) * _UNITS[match[2] or "s"]


def address(value: object) -> tuple[str, int]:
    """Read `host:port` or `:port`. Raises ValueError."""
    host, sign, port = text(value).rpartition(":")
    if not sign or not port.isdecimal() or int(port) > 65535:
        raise ValueError("host:port is wanted")
    return (host.strip("[]") or "0.0.0.0", int(port))  # noqa: S104  (the kubelet asks from outside the pod)


def one_of(*allowed: str) -> Callable[[object], str]:
    """Return a reader of one of several words."""

    def read(value: object) -> str:
        if str(value) not in allowed:
            raise ValueError(f"{' or '.join(allowed)} is wanted")
        return str(value)

    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. `default` is as a user writes it; `name` is the file's key, and the flag's with hyphens."""

    name: str
    default: str
    read: Callable[[object], Any]
    form: str
    help: str
    group: str

    @property
    def flag(self) -> str:
        """The flag."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment's variable."""
        return f"{PREFIX}{self.name.upper()}"


_CLOUD, _OBJECTS, _WORK, _PROCESS = "The cloud", "What to work on", "How to work", "The process"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="provider",
        default="",
        read=text,
        form="NAME",
        help="The cloud. Empty: the only provider that is installed, else that of the nodes.",
        group=_CLOUD,
    ),
    Setting(
        name="region",
        default="",
        read=text,
        form="NAME",
        help="The region. Empty: the one that the nodes are in.",
        group=_CLOUD,
    ),
    Setting(
        name="network",
        default="",
        read=text,
        form="ID",
        help="The network. Empty: the one that the nodes are in.",
        group=_CLOUD,
    ),
    Setting(
        name="endpoint_url",
        default="",
        read=text,
        form="URL",
        help="Talk to this instead of the cloud's own endpoints.",
        group=_CLOUD,
    ),
    Setting(
        name="cluster_name",
        default="",
        read=text,
        form="NAME",
        help="The cluster's name in the cloud's own tags. Empty: as the nodes' tags say.",
        group=_CLOUD,
    ),
    Setting(
        name="cluster_id",
        default="",
        read=text,
        form="ID",
        help="What marks everything as this cluster's. Empty: the UID of the namespace kube-system.",
        group=_CLOUD,
    ),
    Setting(
        name="tags",
        default="",
        read=pairs,
        form="KEY=VALUE,…",
        help="Tags on everything that is made.",
        group=_CLOUD,
    ),
    Setting(
        name="node_tags",
        default="",
        read=words,
        form="TAG,…",
        help="The network tags that firewall rules know the nodes by, where the cloud has such. Empty: the nodes' own.",
        group=_CLOUD,
    ),
    Setting(
        name="manage_firewall",
        default="true",
        read=switch,
        form="true|false",
        help="Whether firewall rules are made. Without, what is needed is said as commands; an object's annotation counts"
        " before this.",
        group=_CLOUD,
    ),
    Setting(
        name="classes",
        default="cloudlb.io/lb",
        read=words,
        form="NAME,…",
        help="The loadBalancerClasses to work for.",
        group=_OBJECTS,
    ),
    Setting(
        name="default_class",
        default="false",
        read=switch,
        form="true|false",
        help="Work for Services without a class as well. Only where no other controller does.",
        group=_OBJECTS,
    ),
    Setting(
        name="watch_namespaces",
        default="",
        read=words,
        form="NAME,…",
        help="Namespaces to watch. Empty: all.",
        group=_OBJECTS,
    ),
    Setting(
        name="default_scheme",
        default="internet-facing",
        read=one_of("internet-facing", "internal"),
        form="internet-facing|internal",
        help="Who can reach an address that nothing is said about.",
        group=_OBJECTS,
    ),
    Setting(
        name="default_target_type",
        default="node",
        read=one_of("node", "pod"),
        form="node|pod",
        help="Where traffic is sent if nothing is said about it.",
        group=_OBJECTS,
    ),
    Setting(
        name="workers",
        default="8",
        read=count,
        form="NUMBER",
        help="Services that are worked on at once.",
        group=_WORK,
    ),
    Setting(
        name="audit_interval",
        default="10m",
        read=duration,
        form="TIME",
        help="Within which every Service is looked at in full once. 0: never.",
        group=_WORK,
    ),
    Setting(
        name="qps",
        default="20",
        read=rate,
        form="NUMBER",
        help="Calls to the cloud a second, at most. 0: no limit of ours.",
        group=_WORK,
    ),
    Setting(
        name="burst",
        default="40",
        read=rate,
        form="NUMBER",
        help="Calls that may be made at once after a pause.",
        group=_WORK,
    ),
    Setting(
        name="leader_election",
        default="true",
        read=switch,
        form="true|false",
        help="Let only the holder of a Lease write, so that several replicas can run.",
        group=_PROCESS,
    ),
    Setting(
        name="namespace",
        default=NAME,
        read=text,
        form="NAME",
        help="Where the Lease and the hints are.",
        group=_PROCESS,
    ),
    Setting(
        name="listen",
        default=":8080",
        read=address,
        form="HOST:PORT",
        help="Where /healthz, /readyz and /metrics are.",
        group=_PROCESS,
    ),
    Setting(
        name="log_format",
        default="json",
        read=one_of("json", "console"),
        form="json|console",
        help="How logs are written.",
        group=_PROCESS,
    ),
    Setting(
        name="log_level",
        default="info",
        read=one_of("debug", "info", "warning", "error"),
        form="debug|info|warning|error",
        help="The least that is logged.",
        group=_PROCESS,
    ),
)

_BY_NAME = {each.name: each for each in SETTINGS}


class Config:
    """All settings, as read. Attributes by the settings' names."""

    def __init__(self, values: Mapping[str, Any], said: Mapping[str, object]) -> None:
        """Take a value for every setting, and what was said for it."""
        self._values = dict(values)
        self.said = dict(said)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (of the setting's own type)
        """Return a setting."""
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None


def load(
    flags: Mapping[str, object | None], environ: Mapping[str, str], file: str | None = None
) -> Config:
    """Put settings together. Raises UsageError, naming where a wrong value stands."""
    stated = _file(file) if file else {}
    values: dict[str, Any] = {}
    heard: dict[str, object] = {}
    for each in SETTINGS:
        sources = (
            (each.flag, flags.get(each.name)),
            (each.variable, environ.get(each.variable)),
            (f"{each.name} in {file}", stated.get(each.name)),
            ("the default", each.default),
        )
        where, said = next((place, value) for place, value in sources if value is not None)
        heard[each.name] = said
        try:
            values[each.name] = each.read(said)
        except ValueError as error:
            message = f"{where}: {said!r} is not usable: {error}"
            raise UsageError(message) from error
    return Config(values, heard)


def _file(path: str) -> Mapping[str, Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415  (only where there is a file)
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        found = YAML(typ="safe", pure=True).load(Path(path))
    except (OSError, YAMLError) as error:
        message = f"{path} can not be read: {error}"
        raise UsageError(message) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        message = f"{path}: an object with settings is wanted, such as `workers: 8`"
        raise UsageError(message)
    unknown = sorted(str(key) for key in found if key not in _BY_NAME)
    if unknown:
        message = f"{path}: no such setting: {', '.join(unknown)} (there are {', '.join(_BY_NAME)})"
        raise UsageError(message)
    return found


def markdown() -> str:
    """Return the table of all settings, for the docs."""
    rows = [
        "| flag | environment | file | value | default | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for each in SETTINGS:
        form = each.form.replace("|", "\\|")
        default = f"`{each.default}`" if each.default else ""
        rows.append(
            f"| `{each.flag}` | `{each.variable}` | `{each.name}` | {form} | {default} | {each.help} |"
        )
    return "\n".join(rows) + "\n"
