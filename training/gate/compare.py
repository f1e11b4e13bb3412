"""Measures two GGUF files one after the other, through the engine that serves, and decides."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from training.gate.decide import Verdict, decide
from training.gate.limits import Limits
from training.gate.measure import measured, sampled
from training.gate.measured import Measured, Questions
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models' answers to the same questions, and what follows."""

    questions: Questions
    serving: Measured
    candidate: Measured
    verdict: Verdict


def measure_file(file: ModelFile, questions: Questions) -> Measured:
    """Load a file, measure it, free it."""

    async def alone() -> Measured:
        async with open_engine(file.path, name=file.name) as engine:
            return await measured(engine, questions, file_bytes=file.path.stat().st_size)

    return asyncio.run(alone())


def with_samples(file: ModelFile, questions: Questions, *, count: int) -> Questions:
    """The questions, with what this model answers to the first guarded prompts."""

    async def alone() -> Questions:
        async with open_engine(file.path, name=file.name) as engine:
            return replace(questions, samples=await sampled(engine, questions.guarded[:count]))

    return asyncio.run(alone())


def compare(
    candidate: ModelFile, serving: ModelFile, questions: Questions, limits: Limits
) -> Comparison:
    """The verdict on `candidate`; one model is in memory at a time."""
    asked = with_samples(serving, questions, count=limits.habits.drift_items)
    before, after = measure_file(serving, asked), measure_file(candidate, asked)
    verdict = decide(asked, serving=before, candidate=after, limits=limits)
    return Comparison(asked, before, after, verdict)
