"""Turns conversations into token ids, with a mark on those that the model is to learn.

Only the assistant's turns are learned, its end-of-turn token included, never what the person says:
a small model that learns both sides goes on talking for the person. The turns are found by
rendering the conversation up to each of them, so any chat template will do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import TrainingError
from shared.messages import Message, to_dict

# Llama 3.2's template writes today's date into its system block unless it is given one. This is
# the template's own fallback, and what an engine without a clock renders.
DATE = "26 Jul 2024"
NOT_LEARNED = -100


@dataclass(frozen=True)
class Encoder:
    """A tokenizer with the chat template that the model is served with."""

    tokenizer: Any

    def ids(self, turns: Sequence[Message], *, to_answer: bool) -> list[int]:
        """Token ids of a conversation, with the beginning of an answer if it is `to_answer`."""
        return list(
            self.tokenizer.apply_chat_template(
                [to_dict(turn) for turn in turns],
                tokenize=True,
                return_dict=False,
                add_generation_prompt=to_answer,
                date_string=DATE,
            )
        )

    def encode(self, turns: Sequence[Message], *, only_last: bool = False) -> dict[str, list[int]]:
        """`input_ids` and `labels`; a label that is not learned is -100.

        Args:
            turns: A conversation; what follows its last answer is left out.
            only_last: Learn the last answer only, not those before it.

        Raises:
            TrainingError: If the template rewrites earlier turns when later ones are added.
        """
        answers = [at for at, turn in enumerate(turns) if turn.role == "assistant"]
        whole = self.ids(turns[: answers[-1] + 1], to_answer=False)
        labels = [NOT_LEARNED] * len(whole)
        for at in answers[-1:] if only_last else answers:
            begin = self.ids(turns[:at], to_answer=True)
            end = self.ids(turns[: at + 1], to_answer=False)
            if whole[: len(end)] != end or end[: len(begin)] != begin:
                raise TrainingError(
                    "The chat template of this base rewrites earlier turns, so it cannot be told"
                    " which tokens are the assistant's.",
                    fix="Use a base whose template adds turns at the end.",
                )
            labels[len(begin) : len(end)] = end[len(begin) :]
        return {"input_ids": whole, "labels": labels}

    def forges(self, turns: Sequence[Message]) -> bool:
        """Whether a text holds one of the template's control tokens, which would end its turn."""
        special = self.tokenizer.all_special_tokens
        return any(token in turn.content for turn in turns for token in special)
