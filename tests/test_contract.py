"""The running suite keeps the names that people rely on (tests/contract_table.py)."""

import json
import subprocess
import sys
import urllib.request
from typing import Any

import pytest

from shared.settings import PREFIX, Settings
from tests.contract_table import (
    APIS,
    COMMANDS,
    CONTRACT,
    ELEMENT_IDS,
    METRICS,
    document,
)


def test_the_document_is_made_from_the_table() -> None:
    assert CONTRACT.read_text(encoding="utf-8") == document(), "run: python tests/contract_table.py"


def test_the_readme_names_every_setting() -> None:
    readme = CONTRACT.with_name("README.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"{PREFIX}{name.upper()}" not in readme]
    assert not missing


def test_every_command_is_there_and_explains_itself() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "shared", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for name in COMMANDS:
        assert f"\n  {name}" in listed
        helped = subprocess.run(
            [sys.executable, "-m", "shared", name, "--help"], capture_output=True, text=True
        )
        assert helped.returncode == 0, helped.stderr
        assert "Usage:" in helped.stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from shared.cli import run; run(['--help']);"
        "heavy = {'gradio', 'torch', 'transformers', 'llama_cpp', 'numpy', 'huggingface_hub',"
        " 'openai', 'pandas'} & set(sys.modules); print(sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["--help"], 0, ""),
        (["nonsense"], 2, "No such command"),
        (["models", "use", "no-such-model"], 2, "not in the catalogue"),
        (["releases", "show", "no-such-release"], 2, "no-such-release"),
    ],
)
def test_exit_codes_say_what_happened(argv: list[str], code: int, says: str) -> None:
    done = subprocess.run([sys.executable, "-m", "shared", *argv], capture_output=True, text=True)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert says in done.stderr


def test_a_mistyped_setting_is_an_error_that_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INKLOOP_MODLE", "demo")
    done = subprocess.run(
        [sys.executable, "-m", "shared", "models", "list"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "INKLOOP_MODEL" in done.stderr


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def endpoints(server: str) -> dict[str, Any]:
    """What the running suite says about its own APIs."""
    return dict(json.loads(_get(f"{server}/gradio_api/info"))["named_endpoints"])


@pytest.mark.parametrize("name", APIS)
def test_an_api_has_its_signature(endpoints: dict[str, Any], name: str) -> None:
    wanted, _ = APIS[name]
    found = {
        row["parameter_name"]: row["parameter_default"] if row["parameter_has_default"] else ...
        for row in endpoints[f"/{name}"]["parameters"]
    }
    assert found == wanted


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_exported(server: str, name: str) -> None:
    assert f"# TYPE {name.removesuffix('_total')}" in _get(f"{server}/metrics").replace(
        f"# TYPE {name} ", f"# TYPE {name.removesuffix('_total')} "
    )


@pytest.mark.browser
@pytest.mark.parametrize("page", ELEMENT_IDS)
def test_a_page_has_its_element_ids(server: str, browser: Any, page: str) -> None:
    tab = browser.new_page()
    tab.goto(server + page)
    for element in ELEMENT_IDS[page]:
        tab.locator(f"#{element}").first.wait_for(state="attached", timeout=20_000)
    tab.close()
