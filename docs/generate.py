"""Writes the pages that come from tables in the code: `make docs`. A test keeps them fresh."""

from collections.abc import Callable, Mapping
from pathlib import Path

from cloudlb.controller import config
from cloudlb.kube import access
from cloudlb.translate.annotations import CORE_ROWS, markdown
from cloudlb_aws.annotations import SERVICE, SERVICE_ALIAS
from cloudlb_aws.annotations import TABLE as AWS
from cloudlb_gcp.annotations import TABLE as GCP

ROOT = Path(__file__).parent.parent

MADE = "<!-- Made by `make docs` from the code: edit the tables there, not this page. -->"

ANNOTATIONS = """\
# Annotations of a Service

{made}

cloudlb reads these annotations of Services of type LoadBalancer. Where two keys say the same thing, the one that stands
first in these tables wins, and the other is reported. A value that is not allowed becomes a problem that names the
annotation, what was given, and what is allowed; a key that nothing here knows, under a prefix that cloudlb reads, becomes
a warning with the nearest known key. Taking an annotation away restores the default.

`PORT` stands for a port's number or, where the meaning says so, its name.

## On every cloud

{core}
## On AWS

The keys of the AWS Load Balancer Controller are read as they are. Each may also be written with the prefix
`service.kubernetes.io/` in place of `service.beta.kubernetes.io/`.

{aws}
### Known from elsewhere, and without effect on AWS

{aws_unsupported}
## On GCP

The keys of GKE's own controllers are read as they are.

{gcp}
### Known from elsewhere, and without effect on GCP

{gcp_unsupported}
### Load balancer classes

These classes of GKE are ours only where `--classes` names them. Their names then say the scheme, whatever
an annotation says.

{classes}"""

SETTINGS = """\
# Settings of `cloudlb run`

{made}

A flag wins over the environment, the environment over the file that `--config` names, the file over the default. In the
file, names are the keys of one YAML mapping; an unknown one is refused with the nearest known name.

{settings}"""


def pages() -> Mapping[Path, Callable[[], str]]:
    """Return the generated pages: where each stands, and what makes its text."""
    return {
        ROOT / "docs" / "annotations.md": _annotations,
        ROOT / "docs" / "settings.md": _settings,
        ROOT / "deploy" / "rbac.yaml": access.manifest,
    }


def _annotations() -> str:
    own = [row for row in AWS.rows if row not in CORE_ROWS]
    for row in own:
        if tuple(key.replace(SERVICE_ALIAS, SERVICE) for key in row.aliases) != (row.key,):
            message = f"the page tells aliases of another form than {row.key} has: {row.aliases}"
            raise ValueError(message)
    return ANNOTATIONS.format(
        made=MADE,
        core=markdown(CORE_ROWS),
        aws=markdown(own, aliases=False),
        aws_unsupported=_unsupported(AWS.unsupported),
        gcp=markdown(row for row in GCP.rows if row not in CORE_ROWS),
        gcp_unsupported=_unsupported(GCP.unsupported),
        classes=_classes(GCP.classes),
    )


def _classes(schemes: Mapping[str, str]) -> str:
    lines = ["| class | scheme |", "|---|---|"]
    lines.extend(f"| `{name}` | {scheme} |" for name, scheme in sorted(schemes.items()))
    return "\n".join(lines) + "\n"


def _unsupported(advice: Mapping[str, str]) -> str:
    told = {key.replace(SERVICE_ALIAS, SERVICE): words for key, words in advice.items()}
    lines = ["| annotation | instead |", "|---|---|"]
    lines.extend(f"| `{key}` | {words} |" for key, words in sorted(told.items()))
    return "\n".join(lines) + "\n"


def _settings() -> str:
    return SETTINGS.format(made=MADE, settings=config.markdown())


def main() -> None:
    """Write every page anew."""
    for path, make in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(make(), encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
