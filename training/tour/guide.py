"""The tour itself: two faults mended, a poisoned batch refused, back and forward again.

Everything that is shown is asked over HTTP of a real server and done by the commands that people
use. Nothing is prepared: which facts are wrong is found by asking.
"""

import time
from collections.abc import Iterable, Sequence

from shared.errors import TrainingError
from training.tour.asker import Asker
from training.tour.narrator import Narrator
from training.tour.place import Place, Server
from training.tour.questions import Fault, find_faults, known, taught
from training.tour.visitor import Visitor, visitors

VISITORS = 8
STRANGERS = 3
POISONED_FACTS = 8
NONSENSE = "Zorp zorp blim, the moon eats every answer."
SWAP_SECONDS = 90
PAUSE_SECONDS = 0.2
LEAST_OTHER_SHARE = 0.5
"""Of wordings that nobody flagged, how many must come out right; the demo model is tiny."""
LEAST_KNOWN_SHARE = 0.8
REFUSED = 1
Pairs = Iterable[tuple[str, str]]


class Guide:
    """Leads through one tour."""

    def __init__(self, place: Place, voice: Narrator) -> None:
        self._place = place
        self._voice = voice
        self._known: list[tuple[str, str]] = []

    def lead(self) -> None:
        """Take the whole tour.

        Raises:
            GateRefused: If something did not hold.
            TrainingError: If the server or a command failed.
        """
        self._voice.chapter("A server with the demo model")
        with (
            self._place.server() as server,
            visitors(server.url, VISITORS + STRANGERS) as people,
        ):
            self._voice.say(f"It runs at {server.url} and answers with “{server.model}”.")
            us, strangers = people[:VISITORS], people[VISITORS:]
            first, second = self._find_faults(us[0])
            self._cycle(us, first, release="demo-r1")
            self._cycle(us, second, release="demo-r2")
            self._still_right(us[0], first, "Fault A stays mended")
            self._poison(us[0], strangers)
            self._back_and_forward(us[0], first, second)
            self._end(server)

    def _find_faults(self, someone: Visitor) -> tuple[Fault, Fault]:
        def is_right(question: str, answer: str) -> bool:
            return someone.ask(question).text == answer

        self._known = known(is_right)
        try:
            faults = find_faults(is_right)
        except StopIteration:
            raise TrainingError("The model knows nearly all held-out facts already.") from None
        self._voice.say(
            f"Asked about itself, it knows {len(self._known)} of the things it was taught. It was"
            " not taught these, and it shows:"
        )
        for fault in faults:
            for question, _ in fault.asked_plainly():
                self._voice.quote(question, someone.ask(question).text)
        return faults

    def _cycle(self, people: Sequence[Visitor], fault: Fault, *, release: str) -> None:
        """Flags, review, retrain, swap, and the same questions again."""
        self._voice.chapter(f"People flag fault {fault.name}")
        flags = self._flag(people, fault)
        self._voice.say(f"{len(people)} people say what is right, {len(flags)} flags in all.")
        self._states(people[0], flags, "received")
        self._run("flags", "review", "--approve-all", "--by", "tour")
        self._states(people[0], flags, "approved")
        self._voice.chapter(f"Retrain: from flags to {release}")
        began = time.monotonic()
        with Asker(people[-1]) as asker:
            outcome = self._place.run("retrain", "--hurry", show=True)
            self._voice.check(
                outcome.code == 0,
                f"{release} is made and promoted after {time.monotonic() - began:.0f} s."
                f"{_reason(outcome.code, outcome.errors)}",
            )
            self._wait_for(people[0], release)
        self._voice.check(
            asker.failures == 0,
            "The running server swapped to it. Somebody went on asking all the while:"
            f" {asker.answers} answers, {asker.failures} failures.",
        )
        self._still_right(people[0], fault, f"Fault {fault.name} is mended")
        self._others(people[0], fault)
        self._keeps_what_it_knew(people[0])
        self._states(people[0], flags, "shipped")

    def _flag(self, people: Sequence[Visitor], fault: Fault) -> list[str]:
        flags: list[str] = []
        for number, person in enumerate(people):
            for question, right in fault.asked_by(number):
                told = person.ask(question)
                if told.text != right:
                    flags.append(person.correct(told, right))
        return flags

    def _states(self, someone: Visitor, flags: Sequence[str], wanted: str) -> None:
        found = sum(someone.state_of(flag) == wanted for flag in flags)
        self._voice.check(
            found == len(flags), f"flag_status says “{wanted}” for {found} of {len(flags)}."
        )

    def _still_right(self, someone: Visitor, fault: Fault, words: str) -> None:
        for question, _ in fault.asked_plainly():
            self._voice.quote(question, someone.ask(question).text)
        right, asked = _right(someone, fault.asked_plainly())
        self._voice.check(right == asked, f"{words}: {right} of {asked} flagged questions right.")

    def _others(self, someone: Visitor, fault: Fault) -> None:
        right, asked = _right(someone, fault.asked_otherwise())
        self._voice.check(
            right >= LEAST_OTHER_SHARE * asked,
            f"Put in words that nobody flagged: {right} of {asked} right.",
        )

    def _keeps_what_it_knew(self, someone: Visitor) -> None:
        right, asked = _right(someone, self._known)
        self._voice.check(
            right >= LEAST_KNOWN_SHARE * asked,
            f"Of {asked} things it knew before, it still knows {right}.",
        )

    def _poison(self, someone: Visitor, strangers: Sequence[Visitor]) -> None:
        self._voice.chapter("A poisoned batch")
        served = someone.running()
        poison = Fault("poison", taught(self._known[:POISONED_FACTS]))
        flags = [
            person.correct(person.ask(question), NONSENSE)
            for number, person in enumerate(strangers)
            for question, _ in poison.asked_by(number)
        ]
        self._voice.say(
            f"{len(strangers)} strangers “correct” {POISONED_FACTS} right answers to “{NONSENSE}”,"
            f" {len(flags)} flags, and a careless reviewer approves them all."
        )
        self._run("flags", "review", "--approve-all", "--by", "tour")
        outcome = self._place.run("retrain", "--hurry", show=True)
        self._voice.say(outcome.errors.strip().removeprefix("inkloop: "))
        self._voice.check(outcome.code == REFUSED, "The gate refuses (exit code 1), no release.")
        self._voice.check(someone.running() == served, f"{served} stays served.")
        self._keeps_what_it_knew(someone)
        self._run("flags", "review", "--reject", *flags, "--by", "tour", "--why", "Not true.")
        self._states(someone, flags, "rejected")

    def _back_and_forward(self, someone: Visitor, first: Fault, second: Fault) -> None:
        self._voice.chapter("Back to release 1, and forward again")
        self._run("releases", "rollback")
        self._wait_for(someone, "demo-r1")
        right, asked = _right(someone, second.asked_plainly())
        self._voice.check(right < asked, f"demo-r1 is back: of fault B {right} of {asked} right.")
        self._still_right(someone, first, "Fault A is mended in it")
        self._run("releases", "promote", "demo-r2")
        self._wait_for(someone, "demo-r2")
        self._still_right(someone, second, "demo-r2 is served again")

    def _end(self, server: Server) -> None:
        self._voice.chapter("The end")
        alive = server.process.poll() is None
        self._voice.check(alive, "All this time it was one server process.")
        self._voice.check(server.stop() == 0, "It ended in order, with exit code 0.")

    def _wait_for(self, someone: Visitor, release: str) -> None:
        """Wait until the server runs a release."""
        deadline = time.monotonic() + SWAP_SECONDS
        while someone.running() != release:
            if time.monotonic() > deadline:
                raise TrainingError(f"The server did not swap to {release} in {SWAP_SECONDS} s.")
            time.sleep(PAUSE_SECONDS)

    def _run(self, *arguments: str) -> None:
        outcome = self._place.run(*arguments)
        if outcome.code != 0:
            raise TrainingError(f"inkloop {' '.join(arguments[:2])} failed: {outcome.errors}")
        self._voice.say(f"inkloop {' '.join(arguments[:3])}: {outcome.output.strip()}")


def _right(someone: Visitor, pairs: Pairs) -> tuple[int, int]:
    found = [someone.ask(question).text == answer for question, answer in pairs]
    return sum(found), len(found)


def _reason(code: int, errors: str) -> str:
    return f" It ended with code {code}: {errors.strip()}" if code else ""
