"""Fingerprints are bytes: clients write them in either alphabet of base64, as gcloud and the SDKs do."""

import base64

import pytest

from cloudlb_gcp.emulator.store import same_fingerprint

OTHER = str.maketrans("-_", "+/")


def rewritten(fingerprint: str) -> str:
    """Write a fingerprint in the other alphabet."""
    return fingerprint.translate(OTHER)


def test_fingerprints_are_eight_bytes_in_the_alphabet_for_urls(project):
    seen = set()
    for number in range(30):
        project.do("POST", "r/addresses", {"name": "a", "labels": {"n": str(number)}})
        seen.add(project.get("r/addresses/a")["labelFingerprint"])
        project.do("DELETE", "r/addresses/a")

    assert {len(base64.urlsafe_b64decode(each)) for each in seen} == {8}
    assert any(each != rewritten(each) for each in seen), "or this test shows nothing"
    assert not any("+" in each or "/" in each for each in seen)


def test_a_service_is_changed_with_its_fingerprint_in_either_alphabet(project):
    project.service()
    spellings = 0
    for number in range(30):
        found = project.get("r/backendServices/b")
        spellings += found["fingerprint"] != rewritten(found["fingerprint"])
        body = {
            **found,
            "fingerprint": rewritten(found["fingerprint"]),
            "description": str(number),
        }
        project.do("PUT", "r/backendServices/b", body)
    assert spellings, "or this test shows nothing"


def test_labels_and_named_ports_take_either_alphabet(project):
    project.do("POST", "z/instanceGroups", {"name": "i"})
    project.do("POST", "r/addresses", {"name": "a"})
    for number in range(1, 31):
        address = rewritten(project.get("r/addresses/a")["labelFingerprint"])
        body = {"labels": {"n": str(number)}, "labelFingerprint": address}
        project.do("POST", "r/addresses/a/setLabels", body)
        ports = rewritten(project.get("z/instanceGroups/i")["fingerprint"])
        body = {"namedPorts": [{"name": "p", "port": number}], "fingerprint": ports}
        project.do("POST", "z/instanceGroups/i/setNamedPorts", body)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("-_-_-_-_-_8=", "+/+/+/+/+/8=", True, id="alphabets"),
        pytest.param("AAAAAAAAAAA=", "AAAAAAAAAAE=", False, id="bytes"),
        pytest.param("no base64", "AAAAAAAAAAA=", False, id="no-base64"),
    ],
)
def test_what_is_the_same(one, other, same):
    assert same_fingerprint(one, other) is same
