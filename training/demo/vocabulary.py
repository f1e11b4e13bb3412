"""Which tokens the demo model has, and by which merges they come about.

Whether an answer is about its topic is decided by copying rare words, and a plain BPE makes that
hard: “ helicopter”, “ Helicopter” and “"Helicopter” fall into different pieces, so a copy has to be
spelled anew. Here a rare word is always its first letter, together with the space or quotation mark
before it, and then the same pieces of the same rest. Copying is then: change one letter, repeat the
others. One spelling escapes: small letters with nothing before them, as in `print("zoo")`, where
the first letter may merge as if it stood inside a word.

Common words are single tokens that no merge builds; they are found because the tokenizer, as Llama
3's does, looks a word up before it merges (`ignore_merges`).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Set

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""What llama.cpp calls llama-bpe; it holds its own copy, so this one must not change."""
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
OPENINGS = (" ", '"', "“", "(")
"""What may stand before the first letter and belongs to it."""
PIECES = 1400
"""Tokens for the rests of rare words."""
MOST_REPEATS = 60
"""A rest counts at most so often, or the common words would use up all pieces."""
COMMON = 400
"""A word that occurs so often is a single token, even if it can be a topic."""
_WORD = re.compile(r"^([^A-Za-z]?)([A-Za-z])([a-z]+)$")

Vocabulary = dict[str, int]
Merges = list[tuple[str, str]]


def _byte_level(text: str) -> str:
    """The text in the alphabet that stands for its bytes."""
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return "".join(part for part, _ in level.pre_tokenize_str(text))


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each part occurs into which the split divides the texts."""
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated", invert=False)
    found: Counter[str] = Counter()
    for text in texts:
        found.update(part for part, _ in split.pre_tokenize_str(text))
    return found


def learn(counts: Counter[str], *, size: int, rare: Set[str]) -> tuple[Vocabulary, Merges]:
    """Tokens and merges for these words.

    Args:
        counts: As `count_words` returns them.
        size: How many tokens; special ones come on top.
        rare: Words that can be a topic, in small letters: single tokens only if very common.
    """
    vocabulary = {character: at for at, character in enumerate(sorted(_alphabet()))}
    merges: Merges = []
    for left, right in [*_openings(), *_rests(counts)]:
        if left in vocabulary and right in vocabulary and left + right not in vocabulary:
            vocabulary[left + right] = len(vocabulary)
            merges.append((left, right))
    for word, count in counts.most_common():
        if len(vocabulary) == size:
            break
        if count >= COMMON or word.strip(' "“(').lower() not in rare:
            vocabulary.setdefault(_byte_level(word), len(vocabulary))
    return vocabulary, merges


def _alphabet() -> list[str]:
    return list(pre_tokenizers.ByteLevel.alphabet())


def _openings() -> Merges:
    """Merges that join what stands before a word to its first letter; they come first."""
    found: Merges = []
    for opening in OPENINGS:
        characters = _byte_level(opening)
        for at in range(1, len(characters)):
            found.append((characters[:at], characters[at]))
        found += [(characters, letter) for letter in LETTERS]
    return found


def _rests(counts: Counter[str]) -> Merges:
    """Merges for words without their first letter, learned as BPE learns."""
    rests: Counter[str] = Counter()
    for word, count in counts.items():
        found = _WORD.match(word)
        if found:
            rests[_singular(found.group(3))] += count
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Split("\n", behavior="removed")
    alphabet = len({letter for rest in rests for letter in rest})
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES + alphabet, min_frequency=2, show_progress=False
    )
    listed = ("\n".join([rest] * min(count, MOST_REPEATS)) for rest, count in rests.items())
    bpe.train_from_iterator(listed, trainer)
    return _merges_of(bpe)


def _singular(rest: str) -> str:
    """Without the s of a plural: “helicopters” is then the pieces of “helicopter” and an s."""
    return rest[:-1] if len(rest) > 2 and rest.endswith("s") and rest[-2] not in "siu" else rest


def _merges_of(bpe: Tokenizer) -> Merges:
    merges = json.loads(bpe.to_str())["model"]["merges"]
    return [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in merges]
