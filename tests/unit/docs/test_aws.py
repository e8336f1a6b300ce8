"""The page on AWS says which rights are needed: neither more nor fewer than the calls that the code makes."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "providers" / "aws" / "cloudlb_aws"
OPERATION = re.compile(
    r'"((?:Add|Authorize|Create|Delete|Deregister|Describe|Get|Modify|Register|Remove|Revoke|Set)[A-Z]\w+)"'
)


def operations(*, firewall: bool) -> set[str]:
    """Return the operations that `cloudlb firewall` calls, or everything else, by AWS's names."""
    files = (path for path in SOURCES.rglob("*.py") if "emulator" not in path.parts)
    chosen = (path for path in files if ("firewall" in path.parts) == firewall)
    return {name for path in chosen for name in OPERATION.findall(path.read_text())}


def policies() -> tuple[list[dict], dict]:
    """Return the statements of the policy, and the one for `cloudlb firewall`."""
    text = (ROOT / "docs" / "aws.md").read_text()
    policy, firewall = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    return json.loads(policy)["Statement"], json.loads(firewall)


def actions(*statements: dict) -> set[str]:
    """Return the actions of statements, without their services."""
    found = [action for each in statements for action in each["Action"]]
    assert len(found) == len(set(found))
    return {action.partition(":")[2] for action in found}


def test_the_policy_allows_exactly_what_is_called():
    statements, _ = policies()
    assert actions(*statements) == operations(firewall=False)


def test_the_statement_for_firewall_rules_allows_exactly_what_they_take():
    statements, firewall = policies()
    reading = actions(*statements[:2])
    # What tags an object in the call that makes it has to be allowed as well.
    wanted = operations(firewall=True) - reading | {"CreateTags"}
    assert actions(firewall) == wanted


def test_reading_needs_no_right_to_write():
    reading = policies()[0][:2]

    names = {action.partition(":")[2] for statement in reading for action in statement["Action"]}

    assert all(name.startswith(("Describe", "Get")) for name in names)
    assert {n for n in operations(firewall=False) if n.startswith(("Describe", "Get"))} == names
