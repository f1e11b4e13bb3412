"""The name under which a person's flags are stored together, without naming the person.

An HMAC of the owner under a key that never leaves this machine: flags of one person can be kept on
one side of the split and counted against caps, and nobody who has the flags can tell whose they
are. Deleting the key file rotates it; a person is a new one from then on.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

KEY_FILE = "owner.key"
HEX_DIGITS = 16


class Sessions:
    """Names owners under the key of one home."""

    def __init__(self, folder: Path) -> None:
        self._key = secret_key(folder / KEY_FILE)

    def name(self, owner_hash: str) -> str:
        """16 hex digits, or nothing for a caller without an owner."""
        if not owner_hash:
            return ""
        return hmac.new(self._key, owner_hash.encode(), hashlib.sha256).hexdigest()[:HEX_DIGITS]


def secret_key(path: Path) -> bytes:
    """The key in a file that its owner alone may read; made, at random, when it is missing."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        # A link is refused when another process was first; then its key is the one.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()
