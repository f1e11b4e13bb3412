"""What all tests stand on: no network, a home of their own, and the demo model."""

import os

os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_XET="1",
    TOKENIZERS_PARALLELISM="false",
    OMP_NUM_THREADS="2",
)
for name in [name for name in os.environ if name.startswith("INKLOOP_") or name == "HF_TOKEN"]:
    del os.environ[name]

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

from shared.models.demo import DEMO_GGUF  # noqa: E402


@pytest.fixture(scope="session")
def demo_gguf() -> Path:
    """The model file that ships with the code."""
    return DEMO_GGUF


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the home of whoever runs it."""
    root = tmp_path / "home"
    monkeypatch.setenv("INKLOOP_HOME", str(root))
    return root
