"""A flag comes out of a shard as it went in, and `datasets` reads the columns the card promises."""

import json
from datetime import UTC, datetime

import pytest
import yaml

from feedback import shards
from feedback.card import write_card
from feedback.records import (
    Consent,
    FlagConsent,
    FlagModel,
    FlagRecord,
    Redaction,
    Turn,
)

HOSTILE = [
    "=1+1",
    "\u202emalicious\u202c\u200f",
    "a\r\nb\tc\x1b[31m\0d",
    "'; DROP TABLE flag; --",
    "---\nconfigs: []\n---",
    "<script>alert(1)</script>",
    "🦘" * 1000,
    "",
    "   ",
    "null",
]


def record(text: str = "Hm.", **more: object) -> FlagRecord:
    at = datetime(2026, 11, 20, 16, 27, 5, 123000, UTC)
    values = {
        "id": "0190-1",
        "created_at": at,
        "app": "chat",
        "model": FlagModel(name="demo"),
        "messages": (Turn(role="user", content=text), Turn(role="assistant", content=text)),
        "rated_index": 1,
        "verdict": "down",
        "comment": text,
        "correction": text,
        "consent": FlagConsent(train=True, at=at),
        "redaction": Redaction(version=1, counts={"mail": 2}),
    }
    return FlagRecord.model_validate(values | more)


def through(one: FlagRecord) -> FlagRecord:
    (row,) = shards.from_bytes(shards.to_bytes([shards.record_row(one, 3)]))
    assert (row["revision"], row["state"]) == (3, "sent")
    return shards.row_record(row)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_intact(text):
    assert through(record(text)) == record(text)


def test_numbers_and_settings_come_back():
    one = record(
        sampling={"temperature": 0.7, "top_k": 40, "seed": 2**32, "stop": ["\n\n"]},
        generation={"finish_reason": "stop", "prompt_tokens": 12, "tokens_per_second": 9.5},
    )
    assert through(one) == one


@pytest.mark.parametrize(
    "value", ["hot", True, [1], {"a": None}, 2**70, float("nan"), {"deep": {"er": ["x"]}}]
)
def test_no_value_stops_a_shard(value):
    one = record(sampling={"temperature": value, "top_k": value, "unheard_of": value})
    back = through(one)
    assert json.dumps(back.sampling, sort_keys=True) == json.dumps(one.sampling, sort_keys=True)


def test_without_consent_there_is_no_row():
    private = record(consent=FlagConsent(train=False, publish=True, at=datetime.now(UTC)))
    assert private.consent.model_dump(include={"train"}) == Consent().model_dump(include={"train"})
    with pytest.raises(ValueError, match="no consent"):
        shards.record_row(private, 1)


def test_the_same_rows_are_the_same_bytes():
    rows = [shards.record_row(record(text), 1) for text in HOSTILE]
    assert shards.to_bytes(rows) == shards.to_bytes(rows)


def test_an_erased_row_keeps_its_id_and_nothing_else():
    data = shards.to_bytes(
        [shards.record_row(record("zeppelins", id=name), 1) for name in ("gone", "stays")]
    )
    changed, named = shards.without(data, ["gone"])
    gone, stays = shards.from_bytes(changed)
    assert named
    assert (gone["id"], gone["state"], gone["messages"], gone["comment"]) == (
        "gone", "erased", None, None,
    )  # fmt: skip
    assert shards.row_record(stays) == record("zeppelins", id="stays")
    assert shards.without(changed, ["gone"]) == (None, True)
    assert shards.without(changed, ["other"]) == (None, False)


def test_the_card_declares_what_datasets_reads_from_the_schema():
    from datasets import Features

    card = yaml.safe_load(write_card("", ["chat"]).split("---\n")[1])
    wanted = Features.from_arrow_schema(shards.schema())
    assert [row["config_name"] for row in card["configs"]] == ["all", "chat"]
    for info in card["dataset_info"]:
        assert Features._from_yaml_list(info["features"]) == wanted


def test_what_people_wrote_into_the_card_stays():
    card = (
        write_card("", ["chat"]).replace("# Raw flags", "# Ours").replace("---\n", "---\nx: 1\n", 1)
    )
    changed = write_card(card, ["poetry", "chat"])
    assert "# Ours" in changed
    assert "x: 1" in changed
    assert "data/poetry/*.parquet" in changed
    assert write_card(changed, ["chat", "poetry"]) == changed
