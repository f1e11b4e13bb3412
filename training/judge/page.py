"""The judge's part of a report."""

from training.judge.figures import Agreement, Trust
from training.judge.run import Judged
from training.reports_page import Page

HEAD = ("model", "against", "wins", "interval", "at equal length", "in one order", "ties", "pairs",
        "place bias")  # fmt: skip


def rows(judged: Judged) -> list[list[str]]:
    """One row per match, under `HEAD`."""
    return [
        [
            match.model,
            match.against,
            f"{match.wins.share.mean:.1%}",
            f"{match.wins.share.low:.1%} to {match.wins.share.high:.1%}",
            f"{match.wins.at_equal_length:.1%}",
            f"{match.wins.one_order:.1%}",
            str(match.wins.ties),
            str(match.pairs),
            f"{match.trust.place_bias:+.2f}",
        ]
        for match in judged.matches
    ]


def add(page: Page, judged: Judged) -> None:
    """Add what a judge said, and how far to believe it."""
    page.heading(f"The judge: {judged.judge}")
    page.words(
        "Every pair was shown in both orders; a judge that contradicts itself counts as a tie, and"
        " a tie as half a win. “At equal length” is what the share would be if both answers were"
        " always equally long. “In one order” is what a single look would have reported."
    )
    page.table(HEAD, rows(judged))
    page.words(beside_people(judged))


def beside_people(judged: Judged) -> str:
    """How far the judge agrees with people, in words."""
    if judged.with_people is None:
        return (
            "How far this judge agrees with people was not measured: name pairs that people ranked"
            " with --pairs."
        )
    behaves, agrees, pairs = judged.with_people
    return f"On {pairs} pairs that people ranked {_agreed(agrees)} {_behaved(behaves)}"


def _agreed(agrees: Agreement | None) -> str:
    if agrees is None:
        return "the judge never decided the same way in both orders: it cannot be used."
    return (
        f"the judge decided {agrees.decided} of {agrees.asked} and agreed with people on"
        f" {agrees.share.mean:.1%} of those ({agrees.share.low:.1%} to {agrees.share.high:.1%}); a"
        f" single look would have agreed on {agrees.one_order:.1%}. Kappa {agrees.kappa:.2f}."
    )


def _behaved(behaves: Trust) -> str:
    return (
        f"It leans to the first place by {behaves.place_bias:+.2f}, contradicts itself on"
        f" {behaves.contradicts:.1%}, and a longer answer moves its log-odds by"
        f" {behaves.length_pull:+.2f}."
    )
