"""A dataset version holds what was allowed and approved, says where it comes from, and repeats."""

import json
import shutil

import pytest

from feedback.curate import build
from feedback.dataset import DatasetVersion, versions
from feedback.ledger import Ledger
from feedback.mapping import uses
from feedback.records import Consent
from feedback.reviews import Reviews
from feedback.selection import Caps
from feedback.split import held_out_share
from feedback.taxonomy import Taxonomy
from shared.errors import GateRefused, NotFound, StoreError
from shared.home import Home
from tests.feedback_room import Room

TAXONOMY = Taxonomy.load()


@pytest.fixture
def room(tmp_path):
    with Room.opened(tmp_path / "home") as opened:
        yield opened


def crowd(room, people=8, each=5):
    """Several people complain about several answers; all of it is approved."""
    receipts = [
        room.complain(f"person {p}", f"Person {p} asks question {q}?", f"Answer {p} {q}.")
        for p in range(people)
        for q in range(each)
    ]
    room.approve(*receipts)
    return receipts


def used(room, verdict="down", correction="", answer=None, **more):
    """What follows from one flag: names of the row kinds, or why there is none."""
    answer = answer or room.answer()
    receipt = room.flag(answer, verdict, correction=correction, **more)
    record = room.newest(receipt).record
    found = uses(record, record.correction, TAXONOMY)
    return found.why_not or "+".join(found.names)


@pytest.mark.parametrize(
    ("reasons", "correction", "kinds"),
    [
        (["misunderstood"], "", "kto"),
        (["misunderstood"], "Better.", "sft+dpo"),
        (["incorrect"], "", "kto"),
        (["incorrect"], "Better.", "sft+dpo"),
        (["style"], "", "kto"),
        (["style"], "Better.", "dpo"),
        (["style", "misunderstood"], "Better.", "sft+dpo"),
        (["unsafe"], "", "kto"),
        (["unsafe", "misunderstood"], "Better.", "sft"),
        (["app_bug"], "", "operations"),
        (["app_bug"], "Better.", "sft"),
        (["app_bug", "style"], "", "kto"),
        (["other"], "Better.", "sft+dpo"),
        ([], "", "kto"),
        ([], "Better.", "sft+dpo"),
    ],
)
def test_reasons_decide_what_a_bad_answer_teaches(room, reasons, correction, kinds):
    assert used(room, reasons=reasons, correction=correction) == kinds


def test_praise_is_learned_and_counts_as_a_thumb(room):
    assert used(room, "up") == "sft+kto"


def test_an_unfinished_answer_is_never_learned(room):
    assert used(room, "up", answer=room.answer(numbers={"finish_reason": "length"})) == "unfinished"


def test_running_out_of_tokens_is_not_the_models_fault(room):
    cut = room.answer(numbers={"finish_reason": "length"})
    assert used(room, reasons=["incomplete"], answer=cut) == "operations"


def test_a_preference_is_a_pair(room):
    lost = room.answer(text="Worse.")
    assert used(room, "prefer", over=lost.id) == "dpo"


def test_taste_weighs_less(room):
    receipt = room.flag(room.answer(), reasons=["style"])
    assert uses(room.newest(receipt).record, "", TAXONOMY).weight == 0.5


def test_a_correction_of_json_must_be_such_json(room):
    ideas = '{"ideas":[{"title":"a","body":"b"}]}'
    assert used(room, correction="Nicer ideas", answer=room.answer(text=ideas)) == "wrong_form"
    assert used(room, correction='{"ideas":[]}', answer=room.answer(text=ideas)) == "sft+dpo"


def test_nothing_approved_is_refused_with_what_is_missing(room):
    with pytest.raises(GateRefused, match="No flag has been sent"):
        build(room.home)
    room.flag(room.answer())
    room.flag(room.answer(), consent_train=False)
    with pytest.raises(GateRefused, match="1 without consent to train, 1 waiting for review"):
        build(room.home)


def test_only_consented_and_approved_flags_are_in(room):
    good = crowd(room, people=2, each=2)
    private = room.complain("carl", "A private question?", consent_train=False)
    rejected = room.complain("carl", "A rejected question?")
    room.approve(private)
    room.decide("reject", rejected)
    room.complain("carl", "A waiting question?")
    version = build(room.home)
    assert sorted(version.flag_ids) == sorted(receipt.flag_id for receipt in good)
    assert version.card.left_out == {"no_consent": 1, "not_reviewed": 1, "rejected": 1}


def test_rows_have_the_form_that_trainers_read(room):
    crowd(room, people=2, each=1)
    room.approve(room.flag(room.answer("person 0", "Praise?", "Fine."), "up", owner="person 0"))
    version = build(room.home)
    sft = json.loads((version.path / "sft.jsonl").read_text().splitlines()[0])
    assert sft["prompt"][0]["role"] == "user"
    assert sft["completion"][0].keys() == {"role", "content"}
    dpo = version.dpo[0]
    assert dpo.rejected[0].content == "A kind of cheese."
    assert dpo.chosen[0].content.startswith("Answer")
    assert [row.label for row in version.kto] in ([True], [])


def test_every_row_names_its_flags_and_consent(room):
    crowd(room)
    card = build(room.home).card
    for kind, note in card.files.items():
        assert len(card.rows[kind]) == note.rows
    for note in card.rows["sft"]:
        assert note.flag_ids
        assert note.consent == Consent(train=True, publish=False)
        assert note.reasons == ("misunderstood",)
    assert card.licence == "CC-BY-4.0"


def test_the_reviewers_correction_counts(room):
    crowd(room, people=2, each=1)
    receipt = room.complain("person 0", "What else?", correction="Typo hree.")
    room.decide("edit", receipt, correction="Typo here.")
    version = build(room.home)
    texts = [row.completion[0].content for row in version.sft]
    texts += [row.correction for row in version.heldout]
    assert "Typo here." in texts
    assert "Typo hree." not in texts


def test_the_same_inputs_give_the_same_version(room, tmp_path):
    crowd(room)
    first = build(room.home)
    assert build(room.home).name == first.name
    shutil.copytree(room.home.root, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "datasets")
    assert build(Home(tmp_path / "copy")).name == first.name


def test_another_approved_flag_gives_another_version(room):
    crowd(room)
    first = build(room.home)
    room.approve(room.complain("person 0", "One more?"))
    assert build(room.home).name != first.name
    assert versions(room.home)[0].name == first.name


def test_whole_people_are_held_out(room):
    crowd(room, people=8, each=5)
    version = build(room.home)
    out = {row.session for row in version.heldout}
    trained = {row.session for row in [*version.sft, *version.dpo, *version.kto]}
    assert not out & trained
    assert (len(out), len(version.heldout)) == (2, 10)


def test_a_side_is_given_for_good(room):
    crowd(room, people=4, each=3)
    before = {row.session for row in build(room.home).heldout}
    more = [room.complain(f"new {p}", f"New {p} asks {q}?") for p in range(12) for q in range(3)]
    room.approve(*more)
    version = build(room.home)
    trained = {row.session for row in version.sft}
    assert before <= {row.session for row in version.heldout}
    assert not before & trained
    assert version.card.split.flags_held_out == pytest.approx(0.25 * 48, abs=3)


def test_fewer_are_held_out_once_there_are_many():
    assert (held_out_share(399), held_out_share(400)) == (0.25, 0.10)


def test_with_one_owner_conversations_are_held_out(room):
    crowd(room, people=1, each=12)
    version = build(room.home)
    assert (len(version.heldout), len(version.sft)) == (3, 9)
    assert "one person" in version.card.notes[0]
    room.approve(*[room.complain("second", f"Second asks {q}?") for q in range(4)])
    later = build(room.home)
    assert {r.flag_ids for r in version.heldout} <= {r.flag_ids for r in later.heldout}


def test_near_duplicates_stay_on_one_side(room):
    long = "Please tell me a story about " + " ".join(f"animal{n}" for n in range(40))
    receipts = [room.complain(f"p{n}", f"{long} and person {n}", f"Tale {n}.") for n in range(8)]
    receipts += crowd(room, people=8, each=3)
    room.approve(*receipts[:8])
    version = build(room.home, caps=Caps(per_prompt=100))
    out = {flag_id for row in version.heldout for flag_id in row.flag_ids}
    assert len(out & {receipt.flag_id for receipt in receipts[:8]}) in (0, 8)


def test_rows_that_say_the_same_are_one_row_with_all_flags(room):
    receipts = [room.complain("p1", "Same question?", "Same answer.") for _ in range(2)]
    receipts += crowd(room, people=1, each=1)
    room.approve(*receipts[:2])
    version = build(room.home)
    rows = [*version.sft, *version.heldout]
    assert max(len(row.flag_ids) for row in rows) == 2


def test_one_person_and_one_question_are_capped(room):
    crowd(room, people=3, each=4)
    version = build(room.home, caps=Caps(owner_per_day=2))
    assert version.card.left_out == {"owner_cap": 6}
    same = [room.complain(f"s{n}", "The same question?", f"Answer {n}") for n in range(5)]
    room.approve(*same)
    assert build(room.home).card.left_out == {"prompt_cap": 2}


def test_opposite_thumbs_cancel_each_other(room):
    crowd(room, people=2, each=2)
    for owner, verdict in (("x", "up"), ("y", "down")):
        answer = room.answer(owner, "Controversial?", "Yes.")
        room.approve(room.flag(answer, verdict, owner=owner))
    assert build(room.home).card.left_out == {"opposite_thumbs": 2}


def test_an_erased_flag_leaves_every_version(room):
    receipts = crowd(room)
    before = build(room.home)
    gone = before.flag_ids[0]
    receipt = next(receipt for receipt in receipts if receipt.flag_id == gone)
    text = room.newest(receipt).record.correction
    room.flags.erase(gone, receipt.receipt)
    after = build(room.home)
    assert gone not in after.flag_ids
    assert len(after.flag_ids) == len(before.flag_ids) - 1
    old = DatasetVersion.load(before.path)
    assert old.card.erased == (gone,)
    assert gone not in old.flag_ids
    for path in room.home.datasets.rglob("*.jsonl"):
        assert f'"{text}"' not in path.read_text()


def test_a_version_that_was_tampered_with_is_refused(room):
    crowd(room)
    version = build(room.home)
    (version.path / "sft.jsonl").write_text("{}\n")
    with pytest.raises(StoreError, match=r"sft\.jsonl of dataset version"):
        DatasetVersion.load(version.path)


def test_a_folder_without_a_version_is_not_found(tmp_path):
    with pytest.raises(NotFound, match="flags export"):
        DatasetVersion.load(tmp_path)


def test_flags_know_the_version_they_are_in(room):
    receipts = crowd(room)
    version = build(room.home)
    status = room.flags.status(receipts[0].flag_id)
    assert status["state"] == "in_dataset"
    assert status["history"][-1]["name"] == version.name


def test_a_home_without_flags_has_none(tmp_path):
    assert Ledger(Home(tmp_path)).flags() == []


def test_an_erasure_that_was_cut_short_is_finished_at_the_next_start(tmp_path):
    with Room.opened(tmp_path / "home") as room:
        receipts = crowd(room, people=4, each=2)
        version = build(room.home)
        Reviews(room.home).bury([receipts[0].flag_id], by="owner")
    (version.path.parent / ".left-behind").mkdir()
    with Room.opened(tmp_path / "home"):
        assert receipts[0].flag_id not in DatasetVersion.load(version.path).flag_ids
        assert [path.name for path in version.path.parent.glob(".*/")] == []
