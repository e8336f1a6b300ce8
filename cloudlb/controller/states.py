"""What is to become of a Service, from the object alone (kubernetes.md 1.10).

| the Service                                        | our finalizer | what to do                                    |
|----------------------------------------------------|---------------|-----------------------------------------------|
| is ours, type LoadBalancer, stays                  | any           | provision; what is invalid keeps what serves  |
| has another class, another type, or is being deleted | is there    | clean up, then take the finalizer away        |
| the same                                           | is not there  | nothing, and no call                          |
"""

from enum import Enum

import msgspec

from cloudlb.kube.live import has_finalizer
from cloudlb.kube.objects import Service
from cloudlb.translate.service import Settings, wanted


class Task(Enum):
    """What to do with a Service."""

    PROVISION = "provision"
    CLEAN = "clean"
    IGNORE = "ignore"


def task_of(service: Service, settings: Settings) -> Task:
    """Tell what to do with a Service."""
    if wanted(service, settings):
        return Task.PROVISION
    return Task.CLEAN if has_finalizer(service) else Task.IGNORE


def is_owned(service: Service, settings: Settings) -> bool:
    """Tell whether a Service concerns us at all."""
    return task_of(service, settings) is not Task.IGNORE


def as_if_staying(service: Service) -> Service:
    """Return a Service that is being deleted as it was before that: what it asked for tells what protects it."""
    metadata = msgspec.structs.replace(service.metadata, deletion_timestamp=None)
    return msgspec.structs.replace(service, metadata=metadata)
