"""An emulated Compute Engine API for load balancing, as strict as the real one in what it covers.

Real clients of google-cloud-compute and the `gcloud` command line talk to it over HTTP. Import from here; the modules
inside are its own business.
"""

from cloudlb_gcp.emulator.errors import GceError
from cloudlb_gcp.emulator.seed import NodeSeed, SeededWorld, World
from cloudlb_gcp.emulator.server import Emulator
from cloudlb_gcp.emulator.settings import EmulatorSettings
from cloudlb_gcp.emulator.standing import EMULATOR, EmulatorFactory, Standing

__all__ = [
    "EMULATOR",
    "Emulator",
    "EmulatorFactory",
    "EmulatorSettings",
    "GceError",
    "NodeSeed",
    "SeededWorld",
    "Standing",
    "World",
]
