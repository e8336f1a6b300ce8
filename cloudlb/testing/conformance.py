"""The provider laws: what every provider must keep, whatever its cloud.

A provider's test suite derives a class from `ProviderLaws` and gives it two fixtures: `world`, a fresh emulated cloud
(see `cloudlb.testing.world`), and `new_world`, a function that makes another one. Pytest then runs every law against
that provider. The numbers L1… are those of the project's design notes; a law's docstring is its text. Bundled and
third-party providers run the same suite.
"""

from cloudlb.testing.laws.convergence import Convergence
from cloudlb.testing.laws.crashes import Crashes
from cloudlb.testing.laws.edits import Edits
from cloudlb.testing.laws.isolation import Isolation
from cloudlb.testing.laws.repair import Repair


class ProviderLaws(Convergence, Crashes, Edits, Isolation, Repair):
    """Derive from this, add the fixtures `world` and `new_world`, and the laws are tests."""
