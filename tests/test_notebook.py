"""The notebook for GPU notebooks is five cells of our own commands, and they work."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "training" / "run_on_a_gpu.ipynb"


def test_the_notebook_has_five_cells_and_no_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["code"] * 5
    assert not any(cell.outputs for cell in notebook.cells)


@pytest.mark.slow
def test_the_notebook_trains_shows_and_exports(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    choice = notebook.cells[1]
    choice.source = choice.source.replace('"002-base"', '"smoke"')
    choice.source = choice.source.replace('RUNS = "runs"', f'RUNS = "{tmp_path}/runs"')
    NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = ["".join(out.get("text", "") for out in cell.outputs) for cell in notebook.cells]
    assert "The run lies in" in said[2]
    assert "complete" in said[3]
    shown = next(out for out in notebook.cells[3].outputs if "data" in out)
    assert "<h1>Run smoke" in shown["data"]["text/html"]
    assert "Model:" in said[4]
    assert list((tmp_path / "runs").glob("smoke-*/export/*.gguf"))
