"""Releases appear whole, are served by one pointer, and refuse a changed byte."""

import json
from pathlib import Path

import pytest

from shared.cli import run
from shared.errors import GateRefused, ModelFileError, NotFound, StoreError
from shared.releases import ReleaseStore
from tests.released import add


@pytest.fixture
def store(tmp_path: Path) -> ReleaseStore:
    return ReleaseStore(tmp_path / "releases")


def test_without_releases_the_base_model_is_served(store: ReleaseStore) -> None:
    assert store.list() == []
    assert store.promoted() is None


def test_a_release_holds_manifest_gate_card_and_model(store: ReleaseStore, tmp_path: Path) -> None:
    release = add(store, tmp_path / "run", "demo-r1")
    assert {path.name for path in release.path.iterdir()} == {
        "manifest.json",
        "gate.json",
        "README.md",
        "demo-r1.gguf",
    }
    release.verify()
    assert store.of_build("build of demo-r1") == release


def test_what_the_gate_refused_never_becomes_a_release(store: ReleaseStore, tmp_path: Path) -> None:
    with pytest.raises(GateRefused):
        add(store, tmp_path / "run", "demo-r1", report={"passed": False})
    assert store.list() == []
    assert list(store.root.iterdir()) == []


REFUSED = {"passed": False, "findings": [{"name": "drift", "passed": False, "words": "Far."}]}


def test_what_somebody_answers_for_becomes_a_release_and_says_so(
    store: ReleaseStore, tmp_path: Path
) -> None:
    note = {"checks": ["drift"], "by": "ada", "reason": "The old habits were bad."}
    release = add(store, tmp_path / "run", "demo-r1", report={**REFUSED, "override": note})
    report = json.loads((release.path / "gate.json").read_text())
    assert report["override"]["by"] == "ada"
    other = {**note, "checks": ["length of answers"]}
    with pytest.raises(GateRefused):
        add(store, tmp_path / "run", "demo-r2", report={**REFUSED, "override": other})


def test_a_damaged_manifest_is_named_in_one_sentence(
    home_of_its_own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    release = add(ReleaseStore(home_of_its_own / "releases"), tmp_path / "run", "demo-r1")
    (release.path / "manifest.json").write_text("{")
    for command in (["list"], ["show", "demo-r1"], ["promote", "demo-r1"], ["verify"]):
        assert run(["releases", *command]) == 2
        complaint = capsys.readouterr().err
        assert "manifest.json cannot be read" in complaint
        assert "Traceback" not in complaint


def test_a_half_written_folder_is_not_a_release_and_is_swept(
    store: ReleaseStore, tmp_path: Path
) -> None:
    half = store.root / ".new-demo-r1"
    half.mkdir(parents=True)
    (half / "manifest.json").write_text("{")
    assert store.list() == []
    add(store, tmp_path / "run", "demo-r1")
    assert [release.name for release in store.list()] == ["demo-r1"]
    assert not half.exists()


def test_a_name_is_given_once(store: ReleaseStore, tmp_path: Path) -> None:
    add(store, tmp_path / "run", "demo-r1")
    with pytest.raises(StoreError, match="exists already"):
        add(store, tmp_path / "run", "demo-r1")
    assert store.next_name("demo") == "demo-r2"


def test_rollback_goes_back_step_by_step_to_the_base_model(
    store: ReleaseStore, tmp_path: Path
) -> None:
    for name in ("demo-r1", "demo-r2"):
        add(store, tmp_path / "run", name)
        store.promote(name)
    assert store.rollback().name == "demo-r1"  # type: ignore[union-attr]
    assert store.rollback() is None
    with pytest.raises(NotFound, match="nothing to go back to"):
        store.rollback()
    assert [step.name for step in store.pointer().history] == ["demo-r1", "demo-r2", "demo-r1", ""]


def test_promoting_what_is_served_changes_nothing(store: ReleaseStore, tmp_path: Path) -> None:
    add(store, tmp_path / "run", "demo-r1")
    store.promote("demo-r1")
    before = store.pointer_path.read_bytes()
    store.promote("demo-r1")
    assert store.pointer_path.read_bytes() == before


def test_one_changed_byte_is_refused_by_name(store: ReleaseStore, tmp_path: Path) -> None:
    release = add(store, tmp_path / "run", "demo-r1")
    raw = bytearray(release.gguf.read_bytes())
    raw[-1] ^= 1
    release.gguf.write_bytes(raw)
    with pytest.raises(ModelFileError, match=rf"demo-r1.gguf .*{release.sha256}.*found"):
        store.promote("demo-r1")
    assert store.promoted() is None


def test_a_rollback_to_a_damaged_release_changes_nothing(
    store: ReleaseStore, tmp_path: Path
) -> None:
    first = add(store, tmp_path / "run", "demo-r1")
    store.promote("demo-r1")
    add(store, tmp_path / "run", "demo-r2")
    store.promote("demo-r2")
    first.gguf.unlink()
    with pytest.raises(ModelFileError, match="missing"):
        store.rollback()
    assert store.pointer().name == "demo-r2"


@pytest.mark.parametrize("name", ["../demo-r1", ".new-x", "", "demo-r1/..", "/etc"])
def test_a_name_cannot_leave_the_folder(store: ReleaseStore, name: str) -> None:
    with pytest.raises(NotFound):
        store.get(name)


def test_an_unknown_release_names_the_nearest(store: ReleaseStore, tmp_path: Path) -> None:
    add(store, tmp_path / "run", "demo-r1")
    with pytest.raises(NotFound, match="Did you mean demo-r1"):
        store.get("demo-1")


def test_the_command_lists_promotes_and_rolls_back(
    home_of_its_own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(ReleaseStore(home_of_its_own / "releases"), tmp_path / "run", "demo-r1")
    assert run(["releases", "promote", "demo-r1"]) == 0
    assert run(["releases", "verify"]) == 0
    capsys.readouterr()
    assert run(["releases", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["promoted"]) for row in rows] == [("demo-r1", True)]
    assert run(["releases", "rollback"]) == 0
    assert run(["releases", "rollback"]) == 2
