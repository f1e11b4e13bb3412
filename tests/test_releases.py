"""Releases appear whole, are served by one pointer, and refuse a changed byte."""

import json
from pathlib import Path

import pytest

from shared.cli import run
from shared.errors import GateRefused, ModelFileError, NotFound, StoreError
from shared.manifest import FileEntry, Manifest, Source
from shared.releases import Release, ReleaseStore


def add(store: ReleaseStore, work: Path, name: str, *, passed: bool = True) -> Release:
    work.mkdir(exist_ok=True)
    gguf = work / f"{name}.gguf"
    gguf.write_bytes(b"GGUF" + name.encode())
    gate = work / "gate.json"
    gate.write_text(json.dumps({"passed": passed}))
    manifest = Manifest(
        name=name,
        gguf=FileEntry.of(gguf),
        gate=FileEntry.of(gate),
        base=Source(name="demo", sha256="0" * 64),
        recipe=Source(name="smoke", sha256="1" * 64),
        dataset=Source(name="v1", sha256="2" * 64),
        flags=3,
        template_sha256="3" * 64,
        verdict="passed",
        build=f"build of {name}",
        code_version="0.1.0",
        licence="apache-2.0",
    )
    return store.add(manifest, [gguf, gate], card=f"# {name}\n")


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
        add(store, tmp_path / "run", "demo-r1", passed=False)
    assert store.list() == []
    assert list(store.root.iterdir()) == []


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
