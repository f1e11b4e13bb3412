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

from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import pytest  # noqa: E402

from shared.models.demo import DEMO_GGUF  # noqa: E402
from tests.serving import Serving, served  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def demo_gguf() -> Path:
    """The model file that ships with the code."""
    return DEMO_GGUF


@pytest.fixture(scope="session")
def float_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model without rounding: what differs by more than a last digit is a mistake."""
    from tests.floats import write_floats

    return write_floats(DEMO_GGUF, tmp_path_factory.mktemp("floats") / "demo-f32.gguf")


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the home of whoever runs it."""
    root = tmp_path / "home"
    monkeypatch.setenv("INKLOOP_HOME", str(root))
    return root


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """The whole suite on the demo model, in a process and a home of its own."""
    with served(tmp_path_factory.mktemp("served") / "home") as started:
        yield started


@pytest.fixture(scope="session")
def server(serving: Serving) -> str:
    """The address of the served suite, without a slash at the end."""
    return serving.url


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Headless Chromium: the system's where there is one, else Playwright's own.

    One per module, because Playwright keeps an event loop running in this thread for as long as it
    lives, and no asynchronous test of another module could run beside that.
    """
    from playwright.sync_api import expect, sync_playwright

    arguments = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
        " --disable-background-networking --disable-component-update"
    ).split()
    system = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        path = system if system.exists() else Path(playwright.chromium.executable_path)
        # A busy machine is slow, not wrong; what is wrong is seen to be so after this time, too.
        expect.set_options(timeout=60_000)
        if not path.exists():
            pytest.skip("no Chromium here: run `playwright install chromium`")
        started = playwright.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A fresh visitor without cookies, at 1280 by 800."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()
