"""Text that is shown while it is written: whole characters, and never a stop string."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.llama.text import TextStream


def pushed(stream: TextStream, raw: bytes, cuts: list[int]) -> list[str]:
    places = sorted({0, *(cut % (len(raw) + 1) for cut in cuts), len(raw)})
    return [stream.push(raw[start:end]) for start, end in pairwise(places)]


CUTS = st.lists(st.integers(0, 200), max_size=12)


@given(text=st.text(max_size=60), cuts=CUTS)
def test_the_pieces_make_up_the_text_however_it_is_cut(text: str, cuts: list[int]) -> None:
    stream = TextStream()
    raw = text.encode("utf-8", "replace")
    pieces = pushed(stream, raw, cuts)
    assert "".join(pieces) + stream.finish() == raw.decode()


@given(
    text=st.text("ab#é", max_size=40),
    stops=st.lists(st.text("ab#é", min_size=1, max_size=4), max_size=3).map(tuple),
    cuts=CUTS,
)
def test_the_text_ends_before_the_first_stop_string(
    text: str, stops: tuple[str, ...], cuts: list[int]
) -> None:
    stream = TextStream(stops)
    shown = "".join(stream.push(bytes([byte])) for byte in text.encode()) + stream.finish()
    assert not any(stop in shown for stop in stops)
    assert text.startswith(shown)
    assert stream.stopped == any(stop in text for stop in stops)
    otherwise_cut = TextStream(stops)
    assert "".join(pushed(otherwise_cut, text.encode(), cuts)) + otherwise_cut.finish() == shown


def test_a_stop_string_is_found_across_pieces() -> None:
    stream = TextStream(("STOP",))
    assert [stream.push(part) for part in (b"one S", b"TO", b"P two")] == ["one ", "", ""]
    assert stream.stopped
    assert stream.push(b"more") == stream.finish() == ""


def test_what_only_began_like_a_stop_string_is_shown() -> None:
    stream = TextStream(("STOP",))
    assert stream.push(b"ST") == ""
    assert stream.push(b"AR") == "STAR"


def test_a_held_back_beginning_is_shown_at_the_end() -> None:
    stream = TextStream(("STOP",))
    assert stream.push(b"STO") + stream.finish() == "STO"


def test_a_character_over_two_tokens_is_shown_once_whole() -> None:
    stream = TextStream()
    assert [stream.push(part) for part in (b"\xf0\x9f", b"\x99\x82!")] == ["", "🙂!"]


def test_a_broken_last_character_is_marked() -> None:
    stream = TextStream()
    assert stream.push(b"a\xf0\x9f") + stream.finish() == "a\ufffd"
