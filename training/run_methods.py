"""The three ways to learn, behind one interface: each makes a TRL trainer for its part of a run."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from shared.errors import TrainingError
from training.folder import RunFolder
from training.recipe import Dpo, Kto, Recipe, Sft
from training.run_device import Device, optimiser_for, processes
from training.run_reading import Reading

LOG_STEPS = 5
_SHORT_RUN = 40


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for all parts of one run."""

    recipe: Recipe
    folder: RunFolder
    device: Device

    def arguments(
        self, name: str, reading: Reading, *, learning_rate: float, batch: tuple[int, int]
    ) -> dict[str, Any]:
        """What every trainer of TRL takes.

        Args:
            name: Of the part.
            reading: Its rows.
            learning_rate: Its own.
            batch: Rows per optimiser step, and rows in memory at once.

        Raises:
            TrainingError: If a step cannot be shared among the processes.
        """
        rows, micro = batch
        if rows % (micro * processes()):
            raise TrainingError(
                f"{name}: {rows} rows per step cannot be shared by {processes()} processes with"
                f" {micro} in memory each.",
                fix="Lower micro_batch_rows, or raise batch_rows.",
            )
        recipe, gpu = self.recipe, self.device.gpu
        return {
            "output_dir": str(self.folder.checkpoints(name)),
            "max_steps": reading.steps or -1,
            "num_train_epochs": reading.passes or 1,
            "per_device_train_batch_size": micro,
            "per_device_eval_batch_size": micro,
            "gradient_accumulation_steps": rows // (micro * processes()),
            "learning_rate": learning_rate,
            "max_length": recipe.data.max_tokens,
            "train_sampling_strategy": "sequential" if reading.in_order else "random",
            "seed": recipe.seed,
            "data_seed": recipe.seed,
            "save_strategy": "steps",
            "save_steps": recipe.save_steps,
            "save_total_limit": recipe.watch.keep_checkpoints,
            "logging_steps": LOG_STEPS if reading.steps > _SHORT_RUN else 1,
            # A loss that is no number shall be seen, not replaced by the mean.
            "logging_nan_inf_filter": False,
            "use_cpu": not gpu,
            "bf16": self.device.precision == "bf16",
            "fp16": self.device.precision == "fp16",
            "gradient_checkpointing": gpu and recipe.backend == "hf",
            "report_to": "none",
            "disable_tqdm": True,
            **self._evaluation(reading),
        }

    def _evaluation(self, reading: Reading) -> dict[str, Any]:
        watch = self.recipe.watch
        if reading.validation is None:
            return {"eval_strategy": "no"}
        found: dict[str, Any] = {
            "eval_strategy": "steps" if watch.eval_steps else "no",
            "eval_steps": watch.eval_steps or None,
            "metric_for_best_model": "eval_loss",
            "greater_is_better": False,
        }
        if watch.keep_best and watch.eval_steps:
            found["load_best_model_at_end"] = True
        return found


class Method(Protocol):
    """One way to learn."""

    @property
    def name(self) -> str:
        """Of the part, in logs and folders."""

    def trainer(self, setting: Setting, model: Any, tokenizer: Any, reading: Reading) -> Any:  # noqa: ANN401
        """A trainer of TRL that is ready to go."""


@dataclass(frozen=True, slots=True)
class SftMethod:
    """Writing the wanted answers."""

    part: Sft
    name: str = "sft"

    def trainer(self, setting: Setting, model: Any, tokenizer: Any, reading: Reading) -> Any:  # noqa: ANN401
        """`SFTTrainer` on rows that are encoded already."""
        from trl import SFTConfig, SFTTrainer

        part = self.part
        config = SFTConfig(
            **setting.arguments(
                self.name,
                reading,
                learning_rate=part.learning_rate,
                batch=(part.batch_rows, part.micro_batch_rows),
            ),
            lr_scheduler_type=part.schedule,
            warmup_steps=part.warmup_steps,
            weight_decay=part.weight_decay,
            optim=optimiser_for(part.optimiser, setting.device),
            packing=part.packing,
            eval_packing=False,
        )
        return SFTTrainer(
            model=model,
            args=config,
            train_dataset=reading.train,
            eval_dataset=reading.validation,
            processing_class=tokenizer,
        )


@dataclass(frozen=True, slots=True)
class DpoMethod:
    """Preferring the better answer, without unlearning to write it."""

    part: Dpo
    name: str = "dpo"

    def trainer(self, setting: Setting, model: Any, tokenizer: Any, reading: Reading) -> Any:  # noqa: ANN401
        """`DPOTrainer`; the reference is the model before this part."""
        from trl import DPOConfig, DPOTrainer

        part = self.part
        config = DPOConfig(
            **setting.arguments(
                self.name,
                reading,
                learning_rate=part.learning_rate,
                batch=(part.batch_rows, part.micro_batch_rows or part.batch_rows),
            ),
            beta=part.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, part.sft_weight],
        )
        return DPOTrainer(
            model=model,
            args=config,
            train_dataset=reading.train,
            eval_dataset=reading.validation,
            processing_class=tokenizer,
        )


@dataclass(frozen=True, slots=True)
class KtoMethod:
    """Learning from single answers that were found good or bad."""

    part: Kto
    name: str = "kto"

    def trainer(self, setting: Setting, model: Any, tokenizer: Any, reading: Reading) -> Any:  # noqa: ANN401
        """`KTOTrainer` on shuffled rows: its estimate needs both kinds in every batch.

        Raises:
            TrainingError: If there are too few good or bad answers.
        """
        from trl import KTOConfig, KTOTrainer

        part = self.part
        good, bad = self._weights(reading.train["label"])
        arguments = setting.arguments(
            self.name,
            reading,
            learning_rate=part.learning_rate,
            batch=(part.batch_rows, part.batch_rows),
        )
        # Rows in memory are also compared with each other; TRL reads them in order itself.
        arguments.pop("train_sampling_strategy")
        config = KTOConfig(
            **arguments, beta=part.beta, desirable_weight=good, undesirable_weight=bad
        )
        return KTOTrainer(
            model=model,
            args=config,
            train_dataset=reading.train.shuffle(seed=setting.recipe.seed),
            eval_dataset=reading.validation,
            processing_class=tokenizer,
        )

    def _weights(self, labels: list[bool]) -> tuple[float, float]:
        counts = Counter(labels)
        good, bad = counts[True], counts[False]
        if min(good, bad) < self.part.fewest_of_each:
            raise TrainingError(
                f"{good} good and {bad} bad answers are too few to learn from; the recipe asks for"
                f" {self.part.fewest_of_each} of each.",
                fix="Add rows, or lower kto.fewest_of_each.",
            )
        if self.part.good_weight:
            return self.part.good_weight, 1.0
        return (bad / good, 1.0) if good < bad else (1.0, good / bad)
