"""A picture for a story without a model: a small landscape drawn from a hash of title and place.

The same words always give the same picture, in the app and in every export. It shows nothing of
what the words mean; it is a crest by which a story is known again.
"""

import hashlib
import math
from collections.abc import Iterator

WIDTH, HEIGHT = 320, 120
SKIES = (
    ("#f7d9a8", "#e98a5b"), ("#b9d8e8", "#4f86a8"), ("#d9c7ec", "#6d4f99"), ("#c9e6c3", "#4d8f6b"),
    ("#8d95d8", "#1d2147"), ("#f4c6cf", "#b85672"), ("#e9e2c8", "#8d8a5a"), ("#8fc3c0", "#20343f"),
)  # fmt: skip
HILLS = 3


def emblem(title: str, place: str = "") -> str:
    """An SVG of 320 by 120 units without any text of the story in it."""
    numbers = _numbers(f"{title.casefold().strip()}\n{place.casefold().strip()}")
    light, dark = SKIES[next(numbers) % len(SKIES)]
    name = f"sky{next(numbers)}{next(numbers)}"
    hills = "".join(_hill(at, numbers) for at in range(HILLS))
    return (
        f'<svg class="emblem" viewBox="0 0 {WIDTH} {HEIGHT}" xmlns="http://www.w3.org/2000/svg"'
        ' aria-hidden="true" focusable="false">'
        f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{dark}"/><stop offset="1" stop-color="{light}"/>'
        "</linearGradient></defs>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#{name})"/>'
        f"{_light(numbers, light)}{_stars(numbers, light)}{hills}{_house(numbers, light)}</svg>"
    )


def _numbers(seed: str) -> Iterator[int]:
    """Endless numbers from 0 to 255, the same for the same seed on every machine."""
    count = 0
    while True:
        yield from hashlib.sha256(f"{seed}\n{count}".encode("utf-8", "replace")).digest()
        count += 1


def _between(numbers: Iterator[int], low: int, high: int) -> int:
    return low + next(numbers) * (high - low) // 255


def _light(numbers: Iterator[int], colour: str) -> str:
    x, y, radius = _between(numbers, 40, 280), _between(numbers, 18, 52), _between(numbers, 9, 20)
    crescent = ""
    if next(numbers) % 3 == 0:
        crescent = f'<circle cx="{x + radius // 2}" cy="{y - 3}" r="{radius}" fill="#0003"/>'
    return f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{colour}"/>{crescent}'


def _stars(numbers: Iterator[int], colour: str) -> str:
    return "".join(
        f'<circle cx="{_between(numbers, 4, 316)}" cy="{_between(numbers, 4, 60)}"'
        f' r="{1 + next(numbers) % 2}" fill="{colour}"/>'
        for _ in range(next(numbers) % 14)
    )


def _hill(at: int, numbers: Iterator[int]) -> str:
    base = 62 + at * 18
    lift, waves, shift = _between(numbers, 5, 16), _between(numbers, 1, 4), next(numbers) / 40
    points = " ".join(
        f"{x},{base - lift * math.sin(waves * math.pi * x / WIDTH + shift):.1f}"
        for x in range(0, WIDTH + 1, 16)
    )
    shade = ("#0004", "#0006", "#0009")[at]
    return f'<polygon points="0,{HEIGHT} {points} {WIDTH},{HEIGHT}" fill="{shade}"/>'


def _house(numbers: Iterator[int], light: str) -> str:
    """One of four landmarks: a house, a tower, a tree, a boat."""
    x, kind = _between(numbers, 40, 270), next(numbers) % 4
    shapes = (
        f'<path d="M{x} 96v-16l11-9l11 9v16z" fill="#000b"/>'
        f'<rect x="{x + 8}" y="84" width="6" height="6" fill="{light}"/>',
        f'<path d="M{x} 96l3-38h10l3 38z" fill="#000b"/>'
        f'<rect x="{x + 4}" y="52" width="8" height="6" fill="{light}"/>',
        f'<path d="M{x + 7} 96v-14h-9l11-26l11 26h-9v14z" fill="#000b"/>',
        f'<path d="M{x - 4} 90h30l-6 9h-18z" fill="#000b"/>'
        f'<path d="M{x + 10} 88v-26l14 22z" fill="{light}"/>',
    )
    return shapes[kind]
