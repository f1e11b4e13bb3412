"""Ids that sort by time and cannot be guessed: UUID version 7 (RFC 9562)."""

import os
import time
import uuid


def new_id() -> str:
    """48 bits of milliseconds, then 74 random bits; the standard library has it from 3.14 on."""
    stamp = time.time_ns() // 1_000_000
    raw = bytearray(stamp.to_bytes(6, "big") + os.urandom(10))
    raw[6] = (raw[6] & 0x0F) | 0x70
    raw[8] = (raw[8] & 0x3F) | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))
