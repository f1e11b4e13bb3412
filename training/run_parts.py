"""Runs the parts of one recipe after each other on one model: sft, then dpo, then kto."""

from dataclasses import dataclass
from typing import Any

from shared.errors import TrainingError
from training.data import Replay, Row, TrainingSet, without_long
from training.data_prepare import Prepared
from training.folder import RunFolder, RunLog, newest_whole_checkpoint, step_of
from training.plan import plan
from training.recipe import NO_REPLAY, Recipe, Sft
from training.replay import replay_for
from training.run_backends import backend_for
from training.run_base import BaseModel
from training.run_device import Device
from training.run_disk import check_room
from training.run_encode import Encoder
from training.run_methods import DpoMethod, KtoMethod, Method, Setting, SftMethod
from training.run_reading import (
    Reading,
    compared,
    conversations,
    held_out,
    pairs_drawn,
    planned,
    thumbs,
)
from training.run_watch import Report, Watcher, callback
from training.trainer import Base, Tell

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Engine:
    """What all parts of a run share."""

    recipe: Recipe
    folder: RunFolder
    device: Device
    tell: Tell
    report: Report | None = None

    def run(
        self, data: TrainingSet | Prepared, found: BaseModel, start: RunFolder | None
    ) -> tuple[Any, Figures]:
        """Train all parts; returns the adapted model (None for an untuned base) and figures."""
        recipe = self.recipe
        backend = backend_for(recipe)
        base = backend.load(found.folder, recipe, self.device)
        rows: _Rows = (
            _FromSources(data, base, found.sha256, recipe)
            if isinstance(data, Prepared)
            else _FromFlags(data, base, recipe, self.tell)
        )
        if recipe.sft is None and recipe.dpo is None and recipe.kto is None:
            return None, rows.figures | self._measured(base, rows)
        trained = None if start is None else start.adapter
        model = backend.add_lora(base, recipe, trained=trained)
        check_room(self.folder.root, model, checkpoints=recipe.watch.keep_checkpoints)
        done: Figures = {}
        for method in self._methods():
            reading = rows.reading(method.name)
            if reading is None:
                continue
            trainer = method.trainer(self._setting(), model, base.tokenizer, reading)
            model = trainer.model
            _in_full_precision(model)
            done[method.name] = self._train(trainer, method, reading, rows)
        return model, rows.figures | done

    def _setting(self) -> Setting:
        return Setting(self.recipe, self.folder, self.device)

    def _methods(self) -> list[Method]:
        recipe = self.recipe
        found: list[Method] = []
        if recipe.sft is not None:
            found.append(SftMethod(recipe.sft))
        if recipe.dpo is not None:
            found.append(DpoMethod(recipe.dpo))
        if recipe.kto is not None:
            found.append(KtoMethod(recipe.kto))
        return found

    def _train(self, trainer: Any, method: Method, reading: Reading, rows: "_Rows") -> Figures:  # noqa: ANN401
        """Train one part, from its newest whole checkpoint if there is one."""
        from transformers import PrinterCallback

        resume = newest_whole_checkpoint(self.folder.checkpoints(method.name))
        step = 0 if resume is None else step_of(resume)
        if step:
            self.tell(f"{method.name}: goes on after step {step}.")
        trainer.remove_callback(PrinterCallback)
        log = RunLog(self.folder.log, method.name, after_step=step)
        watcher = Watcher(
            method.name, self.folder, log, self.recipe.watch, self.device, self.tell, self.report
        )
        trainer.add_callback(callback(watcher))
        done = trainer.train(resume_from_checkpoint=None if resume is None else str(resume))
        losses, evaluations = watcher.losses(), watcher.evaluations()
        return {
            "steps": int(trainer.state.global_step),
            "loss": done.metrics["train_loss"],
            "last_loss": losses[-1] if losses else None,
            "seconds": round(log.seconds, 2),
            "tokens": max((row.get("tokens", 0) for row in log.rows()), default=0),
            "resumed_after": step,
            "dropped": reading.dropped,
            "ended_early": bool(reading.steps) and trainer.state.global_step < reading.steps,
            "best_validation_loss": min(evaluations, default=None),
            **self._sides(trainer, method, reading, rows),
        }

    def _sides(self, trainer: Any, method: Method, reading: Reading, rows: "_Rows") -> Figures:  # noqa: ANN401
        """Losses of the model that is given out, on the rows that it did not train on."""
        found: Figures = {}
        if reading.validation is not None:
            found["validation_loss"] = trainer.evaluate()["eval_loss"]
        test = rows.test() if method.name == "sft" else None
        if test is not None:
            found["test_loss"] = trainer.evaluate(test, metric_key_prefix="test")["test_loss"]
        return found

    def _measured(self, base: Base, rows: "_Rows") -> Figures:
        """Losses of the base as it is."""
        from transformers import PrinterCallback

        reading = rows.reading("sft")
        if reading is None or (reading.validation is None and rows.test() is None):
            raise TrainingError(
                "A recipe that trains nothing needs rows to measure with.",
                fix="Set data.sources, and data.splits.validation or test.",
            )
        method = SftMethod(Sft(micro_batch_rows=1))
        trainer = method.trainer(self._setting(), base.model, base.tokenizer, reading)
        trainer.remove_callback(PrinterCallback)
        return {"untuned": self._sides(trainer, method, reading, rows)}


def _in_full_precision(model: Any) -> None:  # noqa: ANN401
    """Keep the adapter in fp32: it is small, and half types round its updates away."""
    import torch

    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.to(torch.float32)


class _FromSources:
    """Rows of prepared sources."""

    def __init__(self, data: Prepared, base: Base, base_sha256: str, recipe: Recipe) -> None:
        self._data = data
        self._encoder = Encoder(base.tokenizer)
        self._base = base_sha256
        self._recipe = recipe
        self.figures: Figures = {"rows": dict(data.about["rows"])}

    def reading(self, part: str) -> Reading | None:
        """The rows of one part."""
        if part == "sft":
            recipe = (
                self._recipe.with_values({"sft": {}}) if self._recipe.sft is None else self._recipe
            )
            return conversations(self._data, self._encoder, recipe, base=self._base)
        wanted = "preference" if part == "dpo" else "rated"
        if self._data.kind != wanted:
            raise TrainingError(
                f"{part} needs rows of the kind {wanted}; these are {self._data.kind}.",
                fix="See data.sources.",
            )
        train = compared(self._data, "train", self._encoder, self._recipe)
        if train is None:
            raise TrainingError(f"{part}: every row is too long.", fix="Raise data.max_tokens.")
        chosen = self._recipe.dpo if part == "dpo" else self._recipe.kto
        assert chosen is not None
        validation = compared(self._data, "validation", self._encoder, self._recipe)
        return Reading(train, chosen.steps, validation=validation)

    def test(self) -> Any:  # noqa: ANN401
        """Rows for the final figure."""
        return held_out(self._data, self._encoder, self._recipe, base=self._base)


class _FromFlags:
    """Rows and pairs of a dataset version, with replay."""

    def __init__(self, data: TrainingSet, base: Base, recipe: Recipe, tell: Tell) -> None:
        self._data, dropped = without_long(data, longest=recipe.data.max_tokens, count=base.count)
        self._encoder = Encoder(base.tokenizer)
        self._base = base
        self._recipe = recipe
        self._tell = tell
        self.figures: Figures = {
            "rows": len(self._data.rows),
            "pairs": len(self._data.pairs),
            "thumbs": len(self._data.thumbs),
            "dropped_as_too_long": dropped,
        }

    def reading(self, part: str) -> Reading | None:
        """The rows of one part; None if there are no pairs or thumbs."""
        recipe = self._recipe
        if part == "dpo" and recipe.dpo is not None and self._data.pairs:
            count = recipe.dpo.steps * recipe.dpo.batch_rows
            drawn = pairs_drawn(self._data.pairs, count, seed=recipe.seed)
            return Reading(drawn, recipe.dpo.steps, in_order=True)
        if part == "kto" and recipe.kto is not None and self._data.thumbs:
            return Reading(thumbs(self._data.thumbs), recipe.kto.steps)
        if part != "sft" or recipe.sft is None:
            return None
        laid = plan(
            self._data.rows,
            recipe.sft,
            replay_per_row=recipe.data.replay_per_row,
            seed=recipe.seed,
            old=_shorter(_replay(recipe), self._base, recipe.data.max_tokens),
        )
        self._tell(
            f"{laid.steps} steps of {recipe.sft.batch_rows} rows, {laid.from_dataset} of them"
            " from the dataset version."
        )
        longest = recipe.data.max_tokens
        return planned(laid.rows, self._encoder, steps=laid.steps, longest=longest)

    def test(self) -> Any:  # noqa: ANN401
        """None: the gate holds rows out, and measures them on the file that ships."""
        return None


_Rows = _FromSources | _FromFlags


def _replay(recipe: Recipe) -> Replay:
    if recipe.data.replay == NO_REPLAY:
        return lambda _count, _seed: []
    return replay_for(recipe.data.replay)


def _shorter(old: Replay, base: Base, longest: int) -> Replay:
    def fitting(count: int, seed: int) -> list[Row]:
        return [r for r in old(count, seed) if base.count(r.prompt, r.completion) <= longest]

    return fitting
