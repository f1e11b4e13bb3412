"""What one call of `inkloop retrain` asks for, and what it is made from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout

from feedback import enough
from feedback.ledger import Ledger
from feedback.taxonomy import Taxonomy
from shared.errors import GateRefused, TrainingError
from shared.home import Home
from training.gate.limits import Limits
from training.gate.override import Override
from training.recipe import Recipe
from training.retrain.inputs import Inputs, read_inputs
from training.retrain.needs import Counts, counts_of, in_words, missing
from training.run import Job, find_base
from training.trainer import Tell

LOCK = "retrain.lock"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one call of `inkloop retrain` asks for."""

    home: Home
    recipe: Recipe
    limits: Limits
    tell: Tell
    promote: bool = True
    override: Override | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A dataset version and what would be trained on it."""

    inputs: Inputs
    job: Job
    limits: Limits
    """For this base."""

    def check(self) -> None:
        """Raise unless there is enough.

        Raises:
            GateRefused: Saying how many of what are missing.
        """
        recipe = self.job.recipe
        lacking = missing(counts_of(self.inputs), recipe, self.limits)
        if lacking:
            raise GateRefused(
                f"Dataset version {self.inputs.data.name} is too small for recipe {recipe.name}:"
                f" missing are {', '.join(lacking)}.",
                fix="Review more flags (inkloop flags review).",
            )


@contextmanager
def one_at_a_time(home: Home) -> Iterator[None]:
    """Hold the lock of this home; it is let go when the process ends, however it ends.

    Raises:
        TrainingError: If another retrain holds it.
    """
    home.prepare()
    lock = FileLock(home.root / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise TrainingError(
            "Another retrain is running in this home.", fix="Wait for it, or stop it first."
        ) from None
    try:
        yield
    finally:
        lock.release()


def prepare(home: Home, recipe: Recipe, limits: Limits) -> Prepared:
    """Build the dataset version from the reviewed flags."""
    inputs = read_inputs(home)
    base = find_base(recipe.base, recipe.base_revision)
    return Prepared(inputs, Job(recipe, inputs.data, base), limits.for_base(base.name))


def expected(home: Home) -> Counts:
    """About what a dataset version built now would hold; nothing is built, nothing changes."""
    found = enough.count(Ledger(home).flags(), Taxonomy.load(home))
    trained = 1 - found.share_held_out
    return Counts(
        corrections=found.to_train,
        pairs=round(found.pairs * trained),
        good=round(found.good * trained),
        bad=round(found.bad * trained),
        heldout=found.held_out,
    )


def plan(home: Home, recipe: Recipe, limits: Limits) -> tuple[str, list[str]]:
    """What a retrain would do now, in words, and what is missing for it; changes nothing."""
    base = find_base(recipe.base, recipe.base_revision)
    own, counts = limits.for_base(base.name), expected(home)
    words = f"Recipe {recipe.name} on {base.name}. {in_words(counts, recipe, own, about=True)}"
    return words, missing(counts, recipe, own)
