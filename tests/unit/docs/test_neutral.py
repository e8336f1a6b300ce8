"""The core knows no cloud: after the second provider came, none of their words is left in it."""

import re
from pathlib import Path

CORE = Path(__file__).parents[3] / "cloudlb"
WORDS = re.compile(
    r"\b(aws|amazon|ec2|eks|nlb|alb|elbv?2?|arns?|vpcs?|security groups?|target groups?|eips?"
    r"|gcp|gce|gke|google|compute engine|forwarding rules?|backend services?|self ?links?)\b",
    re.IGNORECASE,
)


def test_no_word_of_any_cloud_is_in_the_core():
    found = [
        f"{path.relative_to(CORE)}:{number}: {line.strip()}"
        for path in sorted(CORE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if WORDS.search(line)
    ]

    assert found == []
