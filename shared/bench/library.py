"""llama-cpp-python's own loop on the same file: what one person gets without a server."""

import asyncio
import os
import time
from pathlib import Path

from shared.bench.client import ANSWER_TOKENS, Seen, Turns, asked


class Library:
    """One `llama_cpp.Llama`; one answer at a time."""

    name = "library"
    url = ""

    def __init__(self, path: Path, *, window: int) -> None:
        import llama_cpp.llama_cpp as lib
        from llama_cpp import Llama

        extra = repacks()
        made = lib.llama_model_default_params

        def params() -> object:
            found = made()
            found.use_extra_bufts = extra
            return found

        lib.llama_model_default_params = params
        try:
            threads = os.cpu_count()
            self._llama = Llama(
                str(path), n_ctx=window, n_threads=threads, flash_attn=True, verbose=False
            )
        finally:
            lib.llama_model_default_params = made
        self.model = path.stem

    async def prepare(self) -> None:
        """Answer once so that nothing is cold."""
        await self.ask(asked(8), tokens=4)

    async def ask(
        self,
        turns: Turns,
        *,
        tokens: int = ANSWER_TOKENS,
        started: asyncio.Event | None = None,
        enough: int = 0,
    ) -> Seen:
        """Stream one answer; a token is a piece here."""
        seen = await asyncio.to_thread(self._write, turns, tokens, enough)
        if started is not None:
            started.set()
        return seen

    def _write(self, turns: Turns, tokens: int, enough: int) -> Seen:
        seen = Seen()
        begin = time.perf_counter()
        for part in self._llama.create_chat_completion(
            turns, max_tokens=tokens, temperature=0.8, stream=True
        ):
            content = part["choices"][0]["delta"].get("content")
            if content is not None:
                seen.pieces.append(time.perf_counter() - begin)
                seen.answer_tokens += 1
                seen.text += content
                if 0 < enough <= len(seen.pieces):
                    break
        return seen


def repacks() -> bool:
    """Whether the library's own way to lay weights out anew can be used on this processor.

    llama-cpp-python 0.3.36 loads AMX with an unfinished tile configuration: on a processor with
    AMX, a quantised model kills the process at its first prompt of two tokens.
    """
    import llama_cpp.llama_cpp as lib

    return b"AMX_INT8 = 1" not in lib.llama_print_system_info()
