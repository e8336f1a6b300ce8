"""The page on AWS says which rights are needed: neither more nor fewer than the calls that the code makes."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "providers" / "aws" / "cloudlb_aws"
OPERATION = re.compile(
    r'"((?:Add|Authorize|Create|Delete|Deregister|Describe|Get|Modify|Register|Remove|Revoke|Set)[A-Z]\w+)"'
)


def operations() -> set[str]:
    """Return the operations that the product calls, by AWS's names."""
    files = (path for path in SOURCES.rglob("*.py") if "emulator" not in path.parts)
    return {name for path in files for name in OPERATION.findall(path.read_text())}


def documented() -> set[str]:
    """Return the actions of the policy, without their services."""
    (policy,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "aws.md").read_text(), re.DOTALL)
    actions = [
        action for statement in json.loads(policy)["Statement"] for action in statement["Action"]
    ]
    assert len(actions) == len(set(actions))
    return {action.partition(":")[2] for action in actions}


def test_the_policy_allows_exactly_what_is_called():
    assert documented() == operations()


def test_reading_needs_no_right_to_write():
    text = (ROOT / "docs" / "aws.md").read_text()
    (policy,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    reading = json.loads(policy)["Statement"][:2]

    names = {action.partition(":")[2] for statement in reading for action in statement["Action"]}

    assert all(name.startswith(("Describe", "Get")) for name in names)
    assert {n for n in operations() if n.startswith(("Describe", "Get"))} == names
