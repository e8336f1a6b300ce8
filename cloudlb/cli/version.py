"""`cloudlb version`: what is installed."""

import typer

from cloudlb.cli.exits import Exit


def command() -> None:
    """Print the versions of cloudlb and of the providers that are installed."""
    from importlib.metadata import PackageNotFoundError, entry_points, version

    from cloudlb.provider import GROUP

    try:
        typer.echo(f"cloudlb {version('cloudlb')}")
    except PackageNotFoundError:
        typer.echo("cloudlb, not installed as a package")
        raise typer.Exit(Exit.ERROR) from None
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        dist = point.dist
        typer.echo(
            f"provider {point.name}: {dist.name if dist else '?'} {dist.version if dist else '?'}"
        )
