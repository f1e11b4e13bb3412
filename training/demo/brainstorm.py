"""Ideas, refined ideas and judgements, in the words of `shared.formats.brainstorm`.

Every answer carries its topic: in the title of an idea or in its body, in the refined title, in
the reasons of a judgement. Within one list no two ideas are built alike.
"""

import re
from functools import cache

from shared.formats import brainstorm as form
from shared.messages import Message
from training.demo.lexicon import Lexicon
from training.demo.phrases import Pen, capital, read_lines, read_sections

COUNTS = (3, 3, 4, 5, 5, 5, 5, 6, 6, 8)
OTHER_CRITERIA = "Fun Cost Clarity Beauty Speed Safety Warmth Surprise Fairness Honesty".split()
AUDIENCES = (
    "families|students|older people|busy parents|new neighbors|teachers|children|small shops"
    "|beginners|friends|the whole street|night owls|shy people"
).split("|")


@cache
def _ideas() -> dict[str, list[tuple[str, str]]]:
    return {
        method: [(title, body) for title, body in (line.split("|", 1) for line in lines)]
        for method, lines in read_sections("ideas.txt").items()
    }


@cache
def _wishes() -> list[tuple[str, str]]:
    pairs = (line.split("|", 1) for line in read_lines("wishes.txt"))
    return [(wish, done) for wish, done in pairs]


@cache
def _reasons() -> dict[str, dict[int, list[str]]]:
    return {
        criterion: {int(line[0]): line[3:].split(" / ") for line in lines}
        for criterion, lines in read_sections("reasons.txt").items()
    }


def core(topic: str) -> str:
    """The topic without what would stand in the way inside a sentence."""
    return re.sub(r"^(a|an|the|my|our) ", "", topic)


def _filled(pen: Pen, idea: tuple[str, str], topic: str) -> form.Idea:
    """Titles take the bare topic, "small cafe map"; sentences take it whole, "a small cafe"."""
    slots = {"t": core(topic), "T": capital(core(topic)), "x": topic}
    title, body = (pen.write(part, **slots) for part in idea)
    return form.Idea(title=title[:80], body=body)


def _pool(method: str, needed: int) -> list[tuple[str, str]]:
    """The method's own ideas, and free ones only where those are too few."""
    own = _ideas()[method]
    return own if len(own) >= needed else [*own, *_ideas()["free"]]


def ideas(pen: Pen, words: Lexicon) -> list[Message]:
    """Ask for ideas, sometimes with a method, sometimes for more than there are already."""
    topic, count = words.topic(), pen.pick(COUNTS)
    if pen.chance(0.1):
        topic = capital(topic)
    method = "free" if pen.chance(0.5) else pen.pick(list(form.METHODS))
    known = pen.pick((0, 0, 0, 1, 2, 3, 5))
    if method != "free":
        known = min(known, max(0, len(_ideas()[method]) - count))
    listed = _pool(method, count + known)
    chosen = pen.sample(listed, count + known)
    existing = [_filled(pen, idea, topic).title for idea in chosen[count:]]
    # In the order of the list: who only goes forward does not repeat an idea.
    found = [_filled(pen, idea, topic) for idea in sorted(chosen[:count], key=listed.index)]
    answer = {"ideas": [idea.model_dump() for idea in found]}
    return [
        Message("system", form.SYSTEM),
        form.ask_ideas(topic, count, method, existing),
        Message("assistant", form.dump(answer)),
    ]


def _one(pen: Pen, words: Lexicon) -> tuple[form.Idea, str]:
    """An idea as it may lie on the board, or as a person would type it, and its subject."""
    topic = words.topic()
    subject = core(topic)
    if pen.chance(0.7):
        method = pen.pick(list(_ideas()))
        return _filled(pen, pen.pick(_ideas()[method]), topic), topic
    title = pen.write(
        pen.pick(("{t}", "{x} for {who}", "{t} {v}", "more {t}", "{name}'s {t}")),
        t=subject, x=topic, who=pen.pick(AUDIENCES), name=words.name(),
        v=pen.pick(("club", "day", "week", "corner", "tour", "party")),
    )  # fmt: skip
    body = pen.write(
        "[we could|let us|I want to|people should] [bring|show|build|try|share] {x}"
        " [with {name}|every week|near the {n}|for {who}].",
        x=topic, name=words.name(), n=words.noun(), who=pen.pick(AUDIENCES),
    )  # fmt: skip
    return form.Idea(title=title[:80], body=body), topic


def refine(pen: Pen, words: Lexicon) -> list[Message]:
    """Ask for a better version: the title keeps its subject, the body answers the wish."""
    idea, topic = _one(pen, words)
    wish, done = pen.pick(_wishes())
    audience = pen.pick(AUDIENCES)
    step, another = pen.sample(read_lines("refinements.txt"), 2)
    if pen.chance(0.3):
        wish = f"for {audience}"
        done = f"[Plan it|Make it] for {audience}: ask them first what they need."
    asked = wish if pen.chance(0.65) else ""
    title = idea.title
    if asked and wish == f"for {audience}" and audience not in title:
        title = f"{title} for {audience}"
    elif pen.chance(0.4):
        title = pen.phrase(
            "[{t}, step by step|New: {t}|{t}, the second try|{t} for everyone]", t=title
        )
    kept = idea.body if pen.chance(0.6) else pen.write(step, x=topic)
    more = done if asked else another
    body = pen.write(f"{kept} {more}", x=topic)
    answer = {"title": title[:80], "body": body[:300]}
    if pen.chance(0.2) and asked:
        asked = pen.pick((capital(asked), f"please {asked}", f"{asked}!", f"{asked}, please"))
    return [
        Message("system", form.SYSTEM),
        form.ask_refine(idea.title, idea.body, asked),
        Message("assistant", form.dump(answer)),
    ]


def _verdict(pen: Pen, criterion: str, said: set[str], *, named: bool) -> tuple[int, str]:
    """A number and a reason for it that was not given yet; `named` ones hold the topic."""
    by_score = _reasons().get(criterion, _reasons()["other"])
    while True:
        score = pen.number(*form.SCALE)
        fresh = [reason for reason in by_score[score] if reason not in said]
        fitting = [reason for reason in fresh if "{x}" in reason or "{X}" in reason or not named]
        if fitting:
            return score, pen.pick(fitting)


def judge(pen: Pen, words: Lexicon) -> list[Message]:
    """Ask for a judgement: each reason names the idea and fits its number."""
    idea, topic = _one(pen, words)
    rubric = list(form.RUBRIC)
    if pen.chance(0.25):
        rubric = pen.sample([*form.RUBRIC, *OTHER_CRITERIA], pen.pick((2, 3, 4)))
    rows: list[dict[str, object]] = []
    said: set[str] = set()
    for at, criterion in enumerate(rubric):
        score, template = _verdict(pen, criterion, said, named=at == 0)
        said.add(template)
        name = f"“{idea.title}”" if pen.chance(0.3) else "this idea"
        reason = pen.write(
            template, q=name, Q=capital(name), x=topic, X=capital(topic), c=criterion.lower()
        )
        rows.append({"criterion": criterion, "reason": reason[:200], "score": score})
    return [
        Message("system", form.SYSTEM),
        form.ask_scores(idea.title, idea.body, rubric),
        Message("assistant", form.dump({"scores": rows})),
    ]


def conversation(pen: Pen, *, unseen: bool = False) -> list[Message]:
    """One request of the idea board and its answer."""
    words = Lexicon(pen, unseen=unseen)
    return pen.pick((ideas, ideas, ideas, refine, judge))(pen, words)
