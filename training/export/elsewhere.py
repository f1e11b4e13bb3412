"""What to run for a model that is not exported here: llama.cpp's own converter."""

import shlex
from pathlib import Path


def elsewhere(folder: Path) -> str:
    """The commands, as one sentence."""
    source, name = shlex.quote(str(folder)), folder.resolve().name
    half, small = shlex.quote(f"{name}-f16.gguf"), shlex.quote(f"{name}-q4_k_m.gguf")
    return (
        "llama.cpp's converter knows more: git clone --depth 1"
        " https://github.com/ggml-org/llama.cpp && python llama.cpp/convert_hf_to_gguf.py"
        f" {source} --outtype f16 --outfile {half} && llama-quantize {half} {small} Q4_K_M"
    )
