"""Makes a smaller GGUF from an F16 one, in a process of its own.

llama.cpp reports a bad input by an exit code at best and by ending the process at worst (source
and destination being one file is such a case), so it never runs inside ours.
"""

import ctypes
import subprocess
import sys
from pathlib import Path

import llama_cpp

from shared.errors import ModelFileError

KINDS = {
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "q6_k": llama_cpp.LLAMA_FTYPE_MOSTLY_Q6_K,
    "q5_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_K_M,
    "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
    "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "q3_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q3_K_M,
}


def quantise(
    source: Path, target: Path, *, kind: str, threads: int = 1, requantise: bool = False
) -> Path:
    """Write `target` (another file) from the F16 GGUF `source`; it appears whole or not at all.

    With `requantise` the source may be a smaller type already, whose losses then add up.

    Raises:
        ModelFileError: If the two are one file, or llama.cpp refuses.
    """
    if source.resolve() == target.resolve():
        raise ModelFileError(f"{source} cannot be quantised onto itself.", fix="Name a new file.")
    unfinished = target.with_name(target.name + ".part")
    command = [sys.executable, "-m", __name__, str(source), str(unfinished), kind, str(threads)]
    command += ["requantise"] if requantise else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0 or not unfinished.is_file():
        unfinished.unlink(missing_ok=True)
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise ModelFileError(f"{source} could not be made into {kind}: {last[0]}.")
    unfinished.replace(target)
    return target


def _main(source: str, target: str, kind: str, threads: str, again: str = "") -> int:
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = KINDS[kind]
    settings.nthread = int(threads)
    settings.allow_requantize = bool(again)
    return int(
        llama_cpp.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(settings))
    )


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
