"""Options that several commands share, and how a duration is written."""

import pytest
import typer
from typer.testing import CliRunner

from cloudlb.cli.boundary import Commands
from cloudlb.cli.emulate import seconds
from cloudlb.cli.options import DefaultScheme, Options, Output, Switch, takes
from cloudlb.errors import QuotaExceeded, UsageError


def program(seen: list[object]) -> typer.Typer:
    """A program with one command, which keeps what it was given."""
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """Make `show` a command of a group."""

    @app.command()
    @takes(Options)
    def show(options: Options, *, loud: bool = False) -> None:
        seen.append((options.checked(), loud))

    return app


def run(*arguments: str) -> tuple[int, list[object], str]:
    seen: list[object] = []
    result = CliRunner().invoke(program(seen), ["show", *arguments])
    return result.exit_code, seen, result.output


def test_a_command_gets_its_options_as_one_object_beside_its_own():
    code, seen, _ = run(
        "-f", "a", "-f", "-", "--loud", "--default-scheme", "internal", "-o", "json"
    )

    assert code == 0
    ((options, loud),) = seen
    assert isinstance(options, Options)
    assert (options.files, loud, options.output) == (["a", "-"], True, Output.JSON)
    assert options.default_scheme is DefaultScheme.INTERNAL
    assert options.classes == []


def test_whether_firewall_rules_are_managed_is_yes_no_or_not_said():
    said = [
        options.manage_firewall
        for more in ([], ["--manage-firewall=true"], ["--manage-firewall=false"])
        for ((options, _),) in [run("-f", "a", *more)[1]]
    ]

    assert said == [None, Switch.TRUE, Switch.FALSE]
    assert run("-f", "a", "--manage-firewall=perhaps")[0] != 0


def test_tags_are_pairs_sorted_by_key():
    _, seen, _ = run("-f", "a", "--tag", "team=web", "--tag", "cost=a=b")

    ((options, _),) = seen
    assert isinstance(options, Options)
    assert options.extra_tags() == (("cost", "a=b"), ("team", "web"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "--filename", id="no-manifest"),
        pytest.param(["-f", "a", "--tag", "x"], "KEY=VALUE", id="a-tag-without-a-value"),
        pytest.param(["-f", "a", "--tag", "=x"], "KEY=VALUE", id="a-tag-without-a-key"),
        pytest.param(
            ["-f", "a", "--emulate", "--endpoint-url", "http://x"], "together", id="two-clouds"
        ),
        pytest.param(["-f", "a", "-o", "yaml"], "yaml", id="an-unknown-format"),
        pytest.param(["-f", "a", "--nonsense"], "--nonsense", id="an-unknown-option"),
    ],
)
def test_a_wrong_command_line_exits_with_a_code_of_its_own(arguments: list[str], said: str):
    code, seen, output = run(*arguments)

    assert (code, seen) == (64, [])
    assert said in output


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(UsageError("first\nsecond"), ["error: first", "error: second"], id="usage"),
        pytest.param(
            QuotaExceeded("too many groups", operation="CreateGroup"),
            ["error: CreateGroup: too many groups"],
            id="cloud",
        ),
        pytest.param(
            FileNotFoundError(2, "No such file", "x.yaml"),
            ["error: No such file: x.yaml"],
            id="file",
        ),
        pytest.param(ZeroDivisionError("by zero"), ["a defect of cloudlb"], id="defect"),
    ],
)
def test_every_failure_is_told_without_a_traceback(error: Exception, said: list[str]):
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """Make `fail` a command of a group."""

    @app.command()
    def fail() -> None:
        raise error

    result = CliRunner().invoke(app, ["fail"])

    assert result.exit_code == 1
    assert result.stdout == ""
    for line in said:
        assert line in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "expected"), [("50ms", 0.05), ("0.2s", 0.2), ("2", 2.0), (" 1.5s ", 1.5)]
)
def test_a_duration_has_a_unit_or_means_seconds(text: str, expected: float):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "ms", "-1s", "5 minutes", "1h"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(typer.BadParameter, match="50ms"):
        seconds(text)
