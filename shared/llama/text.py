"""From token bytes to text that may be shown: whole characters, nothing of a stop string.

A token may end in the middle of a character, and a stop string may arrive over several tokens; both
are held back until it is certain what they are.
"""

import codecs


class TextStream:
    """Collects one answer's bytes and hands out what is safe to show."""

    def __init__(self, stop: tuple[str, ...] = ()) -> None:
        self.stopped = False
        """True once a stop string was met; nothing comes after it."""
        self._stop = tuple(text for text in stop if text)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def push(self, piece: bytes) -> str:
        """Add one token's bytes; the new text that is safe to show (often empty)."""
        return self._advance(self._decoder.decode(piece))

    def finish(self) -> str:
        """The held-back rest once the answer has ended; a broken last character is U+FFFD."""
        shown = self._advance(self._decoder.decode(b"", final=True))
        rest, self._held = self._held, ""
        return shown if self.stopped else shown + rest

    def _advance(self, text: str) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        # The one that is complete first: then it does not matter how tokens cut the text.
        found = [(at + len(stop), at) for stop in self._stop if (at := text.find(stop)) >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)[1]]
        keep = self._possible_beginning(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _possible_beginning(self, text: str) -> int:
        """Length of the longest end of `text` with which a stop string may begin."""
        longest = 0
        for stop in self._stop:
            for size in range(min(len(stop) - 1, len(text)), longest, -1):
                if text.endswith(stop[:size]):
                    longest = size
                    break
        return longest
