"""The trials of one sweep, shared by any number of workers through files.

Optuna's journal holds what was tried. Beside it, a worker holds the lock of its trial; the system
lets it go when the worker dies, however it dies. A trial that runs without a holder is taken over
by the next worker that asks, and goes on from its newest checkpoint: none is lost.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from training.recipe import Recipe
from training.recipe_parts import Range
from training.sweep_space import Tried, Values, next_of_greedy, next_of_grid, own_values

SEARCH, REPEATS = "search", "repeats"
WAIT, DONE = "wait", "done"
VALUES, SEED = "values", "seed"
_STARTUP_SHARE = 3


@dataclass(slots=True)
class Assignment:
    """A trial that this worker has to run."""

    study: Any
    trial: Any
    values: Values
    seed: int | None
    lock: FileLock
    taken_over: bool

    def report(self, step: int, loss: float, *, prune: bool) -> bool:
        """Note a validation loss; returns whether the trial is to end."""
        self.trial.report(loss, step)
        return prune and bool(self.trial.should_prune())

    def tell(self, loss: float, *, pruned: bool, run: str) -> None:
        """Note the result and let the trial go."""
        from optuna.trial import TrialState

        self.trial.set_user_attr("run", run)
        if pruned:
            self.study.tell(self.trial.number, state=TrialState.PRUNED)
        else:
            # A run that diverged has lost against every other, but it was tried.
            self.study.tell(self.trial.number, loss if math.isfinite(loss) else math.inf)
        self.lock.release()


class Trials:
    """Both studies of a sweep: the search, and the repeats of its best settings."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        import optuna
        from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

        assert recipe.search is not None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._folder = folder
        self._recipe = recipe
        self._search = recipe.search
        (folder / "locks").mkdir(parents=True, exist_ok=True)
        journal = folder / "journal.log"
        lock = JournalFileSymlinkLock(str(journal))
        _mend(journal, lock)
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(journal), lock))
        self._studies = {name: self._open(storage, name) for name in (SEARCH, REPEATS)}

    def _open(self, storage: Any, name: str) -> Any:  # noqa: ANN401
        import optuna

        pruner = optuna.pruners.MedianPruner(n_startup_trials=4)
        return optuna.create_study(
            storage=storage, study_name=name, direction="minimize", pruner=pruner,
            load_if_exists=True,
        )  # fmt: skip

    def trials(self, name: str) -> list[Any]:
        """All trials of one study, as Optuna has them."""
        return list(self._studies[name].get_trials(deepcopy=False))

    def next(self) -> Assignment | str:
        """A trial to run, `wait` while others run the last ones, or `done`."""
        with FileLock(self._folder / "ask.lock"):
            for name in (SEARCH, REPEATS):
                left = self._left_behind(name)
                if left is not None:
                    return left
            found = self._next_of_search()
            if found != DONE:
                return found
            if self._running(SEARCH):
                return WAIT
            return self._next_repeat()

    def _next_of_search(self) -> Assignment | str:
        study = self._studies[SEARCH]
        count = len(self.trials(SEARCH))
        waiting = [trial for trial in self.trials(SEARCH) if trial.state.name == "WAITING"]
        if count >= self._search.trials and not waiting:
            return DONE
        if self._search.method in ("grid", "greedy") and not waiting:
            values, wait = self._listed()
            if values is None:
                return WAIT if wait else DONE
            study.enqueue_trial(values, user_attrs={VALUES: values})
        study.sampler = self._sampler(count)
        trial = study.ask(self._distributions())
        trial.set_user_attr(VALUES, trial.params)
        return self._hold(SEARCH, trial, taken_over=False)

    def _listed(self) -> tuple[Values | None, bool]:
        tried = [self._tried(trial) for trial in self.trials(SEARCH)]
        if self._search.method == "grid":
            return next_of_grid(self._search, tried, seed=self._recipe.seed), False
        return next_of_greedy(self._search, tried, own_values(self._recipe))

    def _tried(self, trial: Any) -> Tried:  # noqa: ANN401
        loss = None if not trial.state.is_finished() else loss_of(trial)
        return Tried(dict(trial.user_attrs.get(VALUES, trial.params)), loss)

    def _next_repeat(self) -> Assignment | str:
        study = self._studies[REPEATS]
        known = [(t.user_attrs[VALUES], t.user_attrs[SEED]) for t in self.trials(REPEATS)]
        for values, seed in self._wanted_repeats():
            if (values, seed) not in known:
                attributes = {VALUES: values, SEED: seed}
                study.enqueue_trial({}, user_attrs=attributes)
        if any(trial.state.name == "WAITING" for trial in self.trials(REPEATS)):
            trial = study.ask()
            return self._hold(REPEATS, trial, taken_over=False)
        return WAIT if self._running(REPEATS) else DONE

    def _wanted_repeats(self) -> list[tuple[Values, int]]:
        """The best settings and the recipe's own, with seeds that the search did not use."""
        own = own_values(self._recipe)
        best = [values for values in self.best() if values != own][: self._search.finalists]
        seeds = [self._recipe.seed + 1 + number for number in range(self._search.repeats)]
        return [(values, seed) for seed in seeds for values in (own, *best)]

    def best(self) -> list[Values]:
        """Settings of finished trials, the lowest loss first; pruned and diverged ones are out."""
        ended = [trial for trial in self.trials(SEARCH) if math.isfinite(loss_of(trial))]
        ranked = sorted(ended, key=lambda trial: (loss_of(trial), trial.number))
        found: list[Values] = []
        for trial in ranked:
            values = dict(trial.user_attrs[VALUES])
            if values not in found:
                found.append(values)
        return found

    def _left_behind(self, name: str) -> Assignment | None:
        """A trial that runs, but that no living worker holds."""
        import optuna

        study = self._studies[name]
        for frozen in self._running(name):
            trial = optuna.trial.Trial(study, frozen._trial_id)
            try:
                return self._hold(name, trial, taken_over=True)
            except Timeout:
                continue
        return None

    def _running(self, name: str) -> list[Any]:
        return [trial for trial in self.trials(name) if trial.state.name == "RUNNING"]

    def _hold(self, name: str, trial: Any, *, taken_over: bool) -> Assignment:  # noqa: ANN401
        lock = FileLock(self._folder / "locks" / f"{name}-{trial.number}.lock")
        lock.acquire(timeout=0)
        values = dict(trial.user_attrs.get(VALUES) or trial.params)
        seed = trial.user_attrs.get(SEED)
        return Assignment(self._studies[name], trial, values, seed, lock, taken_over)

    def _sampler(self, count: int) -> Any:  # noqa: ANN401
        """A sampler for the next trial; its draws depend on the seed and on how many there are."""
        import optuna

        seed = self._recipe.seed * 1000 + count
        if self._search.method == "tpe":
            startup = max(2, self._search.trials // _STARTUP_SHARE)
            return optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=startup, constant_liar=True
            )
        return optuna.samplers.RandomSampler(seed=seed)

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution as Choice

        return {
            key: _range(value) if isinstance(value, Range) else Choice(list(value))
            for key, value in self._search.space.items()
        }


def _range(between: Range) -> Any:  # noqa: ANN401
    from optuna.distributions import FloatDistribution, IntDistribution

    if between.whole:
        return IntDistribution(int(between.low), int(between.high), log=between.log)
    return FloatDistribution(between.low, between.high, log=between.log)


def loss_of(trial: Any) -> float:  # noqa: ANN401
    """The loss of a finished trial; infinite if it was pruned, diverged or still runs."""
    return float(trial.value) if trial.state.name == "COMPLETE" else math.inf


def _mend(journal: Path, lock: Any) -> None:  # noqa: ANN401
    """Cut off half a line that a killed worker may have left at the end of the journal."""
    if not journal.is_file():
        return
    locked: Callable[[], Any] = lock.acquire
    locked()
    try:
        raw = journal.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) != len(raw):
            journal.write_bytes(whole)
    finally:
        lock.release()
