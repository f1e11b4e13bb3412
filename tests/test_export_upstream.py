"""The exporter against llama.cpp's own converter, on the real Llama-3 vocabulary.

    LLAMA_CPP_SOURCE=…/llama_cpp_python-0.3.36/vendor/llama.cpp pytest tests/test_export_upstream.py

The sources are those of llama-cpp-python's sdist (pip download --no-binary :all: --no-deps
llama-cpp-python==0.3.36).
"""

import importlib.util
import logging
import os
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest

from tests.llama_3 import needs_vocabulary, write_random_llama
from tests.test_export import write_adapter
from training.export.adapter import export_adapter
from training.export.gguf_model import export_model
from training.export.reference import open_reference
from training.export.tokens import check_tokens

log = logging.getLogger(__name__)
SOURCE = os.environ.get("LLAMA_CPP_SOURCE", "")
pytestmark = [
    needs_vocabulary,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not SOURCE, reason="LLAMA_CPP_SOURCE names no sources of llama.cpp"),
]
NAMES = {"general.name", "general.size_label", "general.basename", "tokenizer.ggml.add_eos_token"}
ENDS = {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}


def convert(script: str, arguments: list[str], scratch: Path) -> None:
    """Run one of upstream's scripts."""
    environment = dict(os.environ)
    if importlib.util.find_spec("sentencepiece") is None:
        # Imported before it is known that the tokenizer is none of that kind.
        scratch.joinpath("sentencepiece.py").write_text("SentencePieceProcessor = None\n")
        environment["PYTHONPATH"] = str(scratch)
    command = [sys.executable, str(Path(SOURCE) / script), *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=scratch
    )
    assert done.returncode == 0, done.stderr[-2000:]


def differing(ours: Path, theirs: Path) -> tuple[int, list[str], set[str]]:
    """Number of tensors, those that are not bit-identical, and header keys that differ."""
    readers = [gguf.GGUFReader(path) for path in (ours, theirs)]
    mine, other = [{t.name: t for t in reader.tensors} for reader in readers]
    assert mine.keys() == other.keys()
    wrong = [
        name
        for name, tensor in mine.items()
        if tensor.tensor_type != other[name].tensor_type
        or not np.array_equal(tensor.data, other[name].data)
    ]
    fields = [{k: f.contents() for k, f in reader.fields.items()} for reader in readers]
    keys = {k for k in fields[0].keys() | fields[1].keys() if fields[0].get(k) != fields[1].get(k)}
    return len(mine), wrong, {key for key in keys if not key.startswith("GGUF.")}


@pytest.mark.parametrize("kind", ["f16", "bf16", "q8_0"])
@pytest.mark.parametrize(("tied", "stretched"), [(True, True), (False, False)])
def test_every_tensor_is_that_of_the_upstream_converter(
    tmp_path: Path, kind: str, tied: bool, stretched: bool
) -> None:
    folder = write_random_llama(tmp_path / "llama", tied=tied, stretched=stretched)
    ours = export_model(folder, tmp_path / "ours.gguf", kind=kind)
    theirs = tmp_path / "theirs.gguf"
    arguments = [str(folder), "--outfile", str(theirs), "--outtype", kind]
    convert("convert_hf_to_gguf.py", arguments, tmp_path)
    tensors, wrong, keys = differing(ours, theirs)
    log.info(
        "%s, tied %s: %d of %d tensors are the same", kind, tied, tensors - len(wrong), tensors
    )
    assert wrong == []
    assert keys <= NAMES | ENDS
    texts = check_tokens(ours, open_reference(folder).tokenizer)
    log.info("%d hard strings, the real vocabulary: equal tokens", texts)


def test_a_plain_adapter_is_that_of_the_upstream_converter(tmp_path: Path) -> None:
    base = write_random_llama(tmp_path / "llama")
    adapter = write_adapter(base, tmp_path / "adapter")
    ours = export_adapter(adapter, base, tmp_path / "ours.gguf", kind="f16")
    theirs = tmp_path / "theirs.gguf"
    arguments = ["--base", str(base), "--outfile", str(theirs), "--outtype", "f16", str(adapter)]
    convert("convert_lora_to_gguf.py", arguments, tmp_path)
    tensors, wrong, _ = differing(ours, theirs)
    log.info("adapter: %d of %d tensors are the same", tensors - len(wrong), tensors)
    assert wrong == []
