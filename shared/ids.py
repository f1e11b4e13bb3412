"""Ids that sort by time and cannot be guessed: UUID version 7 (RFC 9562)."""

import hashlib
import os
import time
import uuid


def new_id() -> str:
    """48 bits of milliseconds, then 74 random bits; the standard library has it from 3.14 on."""
    return _uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def derived_id(milliseconds: int, key: str) -> str:
    """An id of that time which is always the same for the same key.

    Args:
        milliseconds: Since 1970.
        key: What the id stands for.
    """
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return _uuid7(milliseconds % (1 << 48), digest[:10])


def _uuid7(milliseconds: int, tail: bytes) -> str:
    raw = bytearray(milliseconds.to_bytes(6, "big") + tail)
    raw[6] = (raw[6] & 0x0F) | 0x70
    raw[8] = (raw[8] & 0x3F) | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))
