"""Validation of metadata: names, namespaces, labels, annotations, by the API server's rules."""

from collections.abc import Iterator, Mapping

from cloudlb.kube import syntax
from cloudlb.kube.field_errors import FieldError, forbidden, invalid, required, too_long
from cloudlb.kube.objects import EndpointSlice, Namespace, Node, Object, ObjectMeta, Service

MAX_ANNOTATIONS = 256 * 1024
"""Bytes that all annotations of an object may have together, keys and values."""

_NAME_RULES = {
    Service: syntax.dns_letter_label,
    Namespace: syntax.dns_label,
    Node: syntax.dns_subdomain,
    EndpointSlice: syntax.dns_subdomain,
}


def metadata_errors(found: Object) -> Iterator[FieldError]:
    """Yield what is wrong with an object's metadata."""
    metadata = found.metadata
    yield from _name_errors(found)
    yield from _namespace_errors(metadata, namespaced=isinstance(found, Service | EndpointSlice))
    yield from label_errors(metadata.labels, "metadata.labels")
    yield from _annotation_errors(metadata.annotations)
    for finalizer in metadata.finalizers:
        if fault := syntax.qualified_name(finalizer):
            yield invalid("metadata.finalizers", finalizer, fault)


def label_errors(labels: Mapping[str, str], path: str) -> Iterator[FieldError]:
    """Yield what is wrong with a map of labels (a selector is one)."""
    for key, value in sorted(labels.items()):
        if fault := syntax.qualified_name(key):
            yield invalid(path, key, fault)
        if fault := syntax.label_value(value):
            yield invalid(path, value, fault)


def _name_errors(found: Object) -> Iterator[FieldError]:
    name = found.metadata.name
    if not name:
        yield required("metadata.name", "name is required", "generateName is not supported here")
    elif fault := _NAME_RULES[type(found)](name):
        yield invalid("metadata.name", name, fault)


def _namespace_errors(metadata: ObjectMeta, *, namespaced: bool) -> Iterator[FieldError]:
    if not namespaced:
        if metadata.namespace:
            yield forbidden("metadata.namespace", "not allowed on this type")
    elif fault := syntax.dns_label(metadata.namespace):
        yield invalid("metadata.namespace", metadata.namespace, fault)


def _annotation_errors(annotations: Mapping[str, str]) -> Iterator[FieldError]:
    for key in sorted(annotations):
        # Keys of annotations are compared without regard to case, those of labels are not.
        if fault := syntax.qualified_name(key.lower()):
            yield invalid("metadata.annotations", key, fault)
    size = sum(
        len(key.encode(errors="replace")) + len(value.encode(errors="replace"))
        for key, value in annotations.items()
    )
    if size > MAX_ANNOTATIONS:
        yield too_long("metadata.annotations", MAX_ANNOTATIONS)
