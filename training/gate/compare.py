"""Measures two GGUF files one after the other, through the engine that serves, and decides."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from shared.engine.types import Engine
from training.gate.decide import Measured, Questions, Verdict, decide
from training.gate.limits import Limits
from training.gate.measure import likelihoods, margins, writings
from training.serving import open_engine


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file under the name that people know it by."""

    name: str
    path: Path
    sha256: str

    def as_dict(self) -> dict[str, str]:
        """For the report."""
        return {"name": self.name, "sha256": self.sha256}


async def measured(engine: Engine, questions: Questions) -> Measured:
    """Everything that the gate wants to know about one model."""
    return Measured(
        margins=await margins(engine, questions.heldout),
        likelihoods=await likelihoods(engine, questions.guarded),
        writings=await writings(engine, questions.guarded),
    )


def measure_file(file: ModelFile, questions: Questions) -> Measured:
    """Load a file, measure it, free it."""

    async def alone() -> Measured:
        async with open_engine(file.path, name=file.name) as engine:
            return await measured(engine, questions)

    return asyncio.run(alone())


def compare(
    candidate: ModelFile, serving: ModelFile, questions: Questions, limits: Limits
) -> Verdict:
    """The verdict on `candidate`; one model is in memory at a time."""
    return decide(
        questions,
        serving=measure_file(serving, questions),
        candidate=measure_file(candidate, questions),
        limits=limits,
    )
