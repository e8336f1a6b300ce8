"""An emulated AWS that is as strict as the real one: moto behind layers that add what moto leaves out.

Real SDKs and the `aws` command line talk to it over HTTP. Import from here; the modules inside are its own business.
"""

from cloudlb_aws.emulator.seed import NodeSeed, SeededWorld, World
from cloudlb_aws.emulator.server import Emulator
from cloudlb_aws.emulator.settings import EmulatorSettings
from cloudlb_aws.emulator.standing import EMULATOR, EmulatorFactory, Standing

__all__ = [
    "EMULATOR",
    "Emulator",
    "EmulatorFactory",
    "EmulatorSettings",
    "NodeSeed",
    "SeededWorld",
    "Standing",
    "World",
]
