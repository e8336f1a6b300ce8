"""What a standing emulator prints fits where it was started."""

from pathlib import Path

from cloudlb.cli.standing import found


def test_examples_are_named_only_where_they_are(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert found(("examples/gke",)) == ("MANIFESTS",)

    (tmp_path / "examples" / "gke").mkdir(parents=True)
    assert found(("examples/gke", "examples/kubia")) == ("examples/gke",)
