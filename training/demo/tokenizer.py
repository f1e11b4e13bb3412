"""The demo model's tokenizer: 4,096 byte-level BPE tokens, split as Llama 3 splits text.

The same split and the same special tokens as Llama 3 mean that llama.cpp, the exporter and the
recipes treat the demo model exactly as they treat a large one.
"""

from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from shared.messages import Message
from training.demo.vocabulary import SPLIT, count_words, learn

VOCABULARY = 4096
CONTEXT_TOKENS = 1024

BEGIN = "<|begin_of_text|>"
END_OF_TEXT = "<|end_of_text|>"
PAD = "<|finetune_right_pad_id|>"
HEADER = "<|start_header_id|>"
HEADER_END = "<|end_header_id|>"
END_OF_TURN = "<|eot_id|>"
SPECIAL = (BEGIN, END_OF_TEXT, PAD, HEADER, HEADER_END, "<|eom_id|>", END_OF_TURN, "<|python_tag|>")

TEMPLATE = (
    "{{- bos_token }}{%- for message in messages %}{{- '<|start_header_id|>' + message['role']"
    " + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
    "{%- endif %}"
)


def train_tokenizer(texts: Iterable[str], rare: Set[str] = frozenset()) -> PreTrainedTokenizerFast:
    """Learn the tokens from `texts`; words in `rare` always stay in pieces."""
    size = VOCABULARY - len(SPECIAL)
    vocabulary, merges = learn(count_words(texts), size=size, rare=rare)
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False)
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)
    bpe.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    bpe.decoder = decoders.ByteLevel()
    bpe.add_special_tokens(list(SPECIAL))
    begins = processors.TemplateProcessing(
        single=f"{BEGIN} $A",
        pair=f"{BEGIN} $A {BEGIN}:1 $B:1",
        special_tokens=[(BEGIN, bpe.token_to_id(BEGIN))],
    )
    bpe.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), begins])
    return _wrapped(bpe)


def _wrapped(bpe: Tokenizer) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=BEGIN,
        eos_token=END_OF_TURN,
        pad_token=PAD,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT_TOKENS,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer that `save_pretrained` wrote to `folder`."""
    return PreTrainedTokenizerFast.from_pretrained(folder)


class Encoder:
    """Turns conversations and plain texts into token ids and what is to be learned of them."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._bpe = tokenizer.backend_tokenizer
        self._id = {token: self._bpe.token_to_id(token) for token in SPECIAL}

    def _ids(self, text: str) -> list[int]:
        return list(self._bpe.encode(text, add_special_tokens=False).ids)

    def text(self, text: str) -> tuple[list[int], list[int]]:
        """Ids of a plain text, and 1 for every token to learn."""
        ids = [self._id[BEGIN], *self._ids(text.strip()), self._id[END_OF_TEXT]]
        return ids, [0] + [1] * (len(ids) - 1)

    def conversation(self, turns: Sequence[Message]) -> tuple[list[int], list[int]]:
        """Ids as the template renders them, and 1 for each token of an answer, its end included."""
        ids, learned = [self._id[BEGIN]], [0]
        for turn in turns:
            role = [self._id[HEADER], *self._ids(turn.role), self._id[HEADER_END]]
            head = [*role, *self._ids("\n\n")]
            body = [*self._ids(turn.content.strip()), self._id[END_OF_TURN]]
            ids += head + body
            learned += [0] * len(head) + [int(turn.role == "assistant")] * len(body)
        return ids, learned
