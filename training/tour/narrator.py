"""Tells what happens in plain sentences, and stops the tour when something does not hold."""

import textwrap
import time

import click

from shared.errors import GateRefused
from training.tour.page import Diary

WIDTH = 96


class Narrator:
    """The voice of the tour."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.diary = Diary()

    @property
    def held(self) -> int:
        """How many checks held so far."""
        return self.diary.held

    @property
    def seconds(self) -> float:
        """Since the tour began."""
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        """Begin the next part."""
        self.diary.chapter(title, self.seconds)
        click.echo(f"\n{len(self.diary.chapters)}. {title}  [{self.seconds:.0f} s]")

    def say(self, text: str) -> None:
        """A sentence or two."""
        self.diary.say(text)
        click.echo(textwrap.fill(text, WIDTH, initial_indent="   ", subsequent_indent="   "))

    def quote(self, asked: str, answered: str) -> None:
        """A question and its answer."""
        self.diary.quote(asked, answered)
        click.echo(f"     “{asked}” → “{textwrap.shorten(answered, 60, placeholder=' …')}”")

    def check(self, holds: bool, words: str) -> None:
        """Say what was found.

        Raises:
            GateRefused: If it does not hold; the tour is over then.
        """
        self.diary.check(holds, words)
        click.echo(f"   {'✓' if holds else '✗'} {words}")
        if not holds:
            raise GateRefused(f"The tour stopped at step {len(self.diary.chapters)}: {words}")
