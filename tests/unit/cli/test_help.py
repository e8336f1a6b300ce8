"""`cloudlb --help` is quick because it imports nothing that it does not need."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from cloudlb.cli.main import app
code = app({arguments!r}, standalone_mode=False)
heavy = sorted(name for name in {heavy!r} if name in sys.modules)
print("IMPORTED", *heavy)
"""
HEAVY = (
    "boto3",
    "botocore",
    "kubernetes",
    "moto",
    "msgspec",
    "prometheus_client",
    "yaml",
    "ruamel",
    "cloudlb_aws",
)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["plan", "--help"], ["run", "--help"], ["emulate", "--help"]]
)
def test_help_imports_no_sdk_and_no_pipeline(arguments):
    program = PROGRAM.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "Usage: " in done.stdout
    assert done.stdout.splitlines()[-1].strip() == "IMPORTED"
