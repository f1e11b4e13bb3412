"""What the flag panel stores and shows, and flags for programs."""

from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from apps.ui import diff, flag_form
from apps.ui.flag_form import Flagging, Form
from feedback.drafts import make_draft
from feedback.records import Receipt
from shared.errors import BadRequest

RECEIPT = Receipt(flag_id="f1", receipt="secret-1", state="received")


def test_a_thumb_alone_is_a_flag() -> None:
    draft = Form(verdict="down").clicked(Flagging(answer_id="a1"))
    assert (draft.answer_id, draft.verdict, draft.reasons) == ("a1", "down", ())


def test_a_reason_is_stored_at_once_and_unsent_words_are_not() -> None:
    first = Form(verdict="down").clicked(Flagging(answer_id="a1"))
    flagging = Flagging(answer_id="a1").stored(first, RECEIPT)
    form = Form(verdict="down", reasons=["length"], comment="half a sen", train=True)
    draft = form.clicked(flagging)
    assert (draft.reasons, draft.comment, draft.consent.train) == (("length",), "", False)


def test_a_click_after_sending_keeps_what_was_sent() -> None:
    sent = Form(verdict="down", comment="Too long.", train=True).draft(Flagging(answer_id="a1"))
    flagging = Flagging(answer_id="a1").stored(sent, RECEIPT)
    draft = Form(verdict="down", reasons=["length"]).clicked(flagging)
    assert (draft.comment, draft.consent.train, draft.reasons) == ("Too long.", True, ("length",))


def test_a_comparison_keeps_its_verdict_until_another_is_chosen() -> None:
    compared = make_draft("a1", "prefer", over="a2")
    flagging = Flagging(answer_id="a1").stored(compared, RECEIPT)
    draft = Form(comment="Shorter.").draft(flagging)
    assert (draft.verdict, draft.over, draft.comment) == ("prefer", "a2", "Shorter.")
    clicked = Form(verdict="up").clicked(flagging)
    assert (clicked.verdict, clicked.over) == ("up", "")


def test_consent_is_off_unless_it_is_given() -> None:
    draft = Form.read(["up", [], "", "", "", None, "true"]).draft(Flagging(answer_id="a1"))
    assert (draft.consent.train, draft.consent.publish) == (False, False)


def test_what_is_not_of_the_right_kind_counts_as_left_out() -> None:
    form = Form.read([None, "length", 3, ["x"], None, 1, "yes"])
    assert form == Form()


def test_a_flag_without_a_verdict_is_refused_in_words() -> None:
    with pytest.raises(BadRequest, match="verdict"):
        Form().draft(Flagging(answer_id="a1"))


def test_the_first_receipt_is_kept_through_every_revision() -> None:
    draft = Form(verdict="up").draft(Flagging(answer_id="a1"))
    later = RECEIPT.model_copy(update={"receipt": "secret-2"})
    flagging = Flagging(answer_id="a1").stored(draft, RECEIPT).stored(draft, later)
    assert flagging.shown_receipt() == "Flag f1\nReceipt secret-1"


def test_the_form_shows_what_was_said_before() -> None:
    said = Form(verdict="down", reasons=["length"], comment="Long.", train=True).draft(
        Flagging(answer_id="a1")
    )
    assert Form.of(said).draft(Flagging(answer_id="a1")) == said


def test_nothing_in_a_preview_becomes_markup() -> None:
    shown = flag_form.preview({"comment": "</pre><script>alert(1)</script>"})
    assert "<script>" not in shown
    assert shown.count("</pre>") == 1


def test_a_diff_marks_what_goes_and_what_comes() -> None:
    shown = diff.as_html("The cat sat.", "The dog sat.")
    assert shown == "The <del>cat</del><ins>dog</ins> sat."


def test_a_diff_reads_in_phrases() -> None:
    shown = diff.as_html("one two three", "four five six")
    assert shown == "<del>one two three</del><ins>four five six</ins>"


def test_a_diff_escapes_both_texts() -> None:
    shown = diff.as_html("<b>", "<script>alert(1)</script>")
    assert "<b>" not in shown
    assert "<script>" not in shown


def test_long_texts_are_compared_by_line() -> None:
    before = "word word\n" * 5_000
    assert diff.as_html(before, before + "more\n").endswith("<ins>more\n</ins>")


# With a whole server


@pytest.fixture(scope="module")
def client(server: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    downloads: Path = tmp_path_factory.mktemp("downloads")
    return Client(server, analytics_enabled=False, verbose=False, download_files=str(downloads))


@pytest.fixture
def answer(client: Client) -> dict[str, object]:
    found = client.predict(message="Hello!", max_tokens=32, api_name="/chat")
    assert isinstance(found, dict)
    return found


def test_a_program_asks_and_gets_an_answer_with_its_numbers(answer: dict[str, object]) -> None:
    assert set(answer) == {
        "answer_id",
        "text",
        "finish_reason",
        "seed",
        "release",
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
    }


def test_the_same_seed_gives_the_same_answer(client: Client) -> None:
    texts = {
        client.predict(message="Hello!", seed=7, max_tokens=32, api_name="/code")["text"]
        for _ in range(2)
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"message": ""}, "1 to 100,000"),
        ({"message": "x" * 100_001}, "100,000"),
        ({"message": "Hello!", "temperature": 1.6}, "0 to 1.5"),
        ({"message": "Hello!", "max_tokens": 0}, "from 1 to"),
        ({"message": "Hello!", "max_tokens": 10**9}, "from 1 to"),
        ({"message": "Hello!", "seed": -1}, "seed"),
    ],
)
def test_a_bad_question_is_refused_with_the_limit(
    client: Client, wrong: dict[str, object], names: str
) -> None:
    with pytest.raises(AppError, match=names):
        client.predict(**wrong, api_name="/chat")


def test_a_program_flags_an_answer_and_asks_what_became_of_it(
    client: Client, answer: dict[str, object]
) -> None:
    first = client.predict(answer_id=answer["answer_id"], verdict="down", api_name="/flag")
    second = client.predict(
        answer_id=answer["answer_id"], verdict="down", reasons=["incorrect"], api_name="/flag"
    )
    assert first["flag_id"] == second["flag_id"]
    assert first["receipt"]
    status = client.predict(flag_id=first["flag_id"], api_name="/flag_status")
    assert (status["flag_id"], status["state"]) == (first["flag_id"], second["state"])


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"answer_id": "no-such-answer", "verdict": "up"}, "no-such-answer"),
        ({"verdict": "meh"}, "verdict"),
        ({"verdict": "down", "reasons": ["incorect"]}, "incorrect"),
        ({"verdict": "down", "comment": "x" * 4_001}, "4,000"),
        ({"verdict": "down", "correction": "x" * 20_001}, "20,000"),
        ({"verdict": "down", "severity": "dire"}, "severity"),
    ],
)
def test_a_bad_flag_is_refused_in_words(
    client: Client, answer: dict[str, object], wrong: dict[str, object], names: str
) -> None:
    with pytest.raises(AppError, match=names):
        client.predict(**{"answer_id": answer["answer_id"], **wrong}, api_name="/flag")


def test_ids_with_half_characters_are_refused_in_words(server: str) -> None:
    # As JSON escapes; the Python client cannot even send such a text.
    whole = '["\\ud800", "up", [], "", "", "", false, false]'
    for name, body in (("flag_status", '["\\ud800"]'), ("flag", whole)):
        sent = httpx.post(
            f"{server}/gradio_api/call/{name}",
            content='{"data": ' + body + "}",
            headers={"content-type": "application/json"},
        )
        said = httpx.get(f"{server}/gradio_api/call/{name}/{sent.json()['event_id']}").text
        assert "characters that no id has" in said


def test_a_flag_that_is_not_there_is_said_to_be_not_there(client: Client) -> None:
    with pytest.raises(AppError, match="no flag"):
        client.predict(flag_id="nothing", api_name="/flag_status")
