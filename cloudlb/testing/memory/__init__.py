"""A provider whose cloud is a dictionary: the smallest example of writing one, and the proof that the core knows no cloud.

Read it in this order; a provider for a real cloud has the same rooms.

| module      | what                                                                     | for a real cloud    |
|-------------|--------------------------------------------------------------------------|---------------------|
| `account`   | the cloud: objects with names, what refers to what, what is refused       | somebody else's     |
| `endpoint`  | its API: counts calls, throttles, lists late                              | the SDK             |
| `resources` | the kinds of objects that a plan speaks of                                | `resources/`        |
| `design`    | from a load balancer to resources: pure                                   | `design/`           |
| `marks`     | names, and whose an object is                                             | names, tags, labels |
| `client`    | errors translated in one place, reads tried again                         | session, errors     |
| `driver`    | create, update, delete                                                    | `drivers/`          |
| `provider`  | the two protocols of `cloudlb.provider`                                   | the same            |
| `world`     | the cloud as the provider laws want it: watched and disturbed             | the emulator's      |
"""

from cloudlb.testing.memory.provider import MemoryProvider
from cloudlb.testing.memory.world import MemoryWorld

__all__ = ["MemoryProvider", "MemoryWorld"]
