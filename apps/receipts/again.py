"""Asking the flagged question again: the same messages, sampling and form, whatever model answers.

The seed is the same too, so that a difference comes from the model and not from chance.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from apps.context import Ask
from feedback.records import AnswerRecord, App, FlagRecord, Turn
from shared.engine.types import Request, Sampling
from shared.errors import BadRequest
from shared.formats import brainstorm, poetry, story
from shared.messages import from_dict
from shared.texts import say

_FIELDS = {field.name for field in fields(Sampling)}
DEADLINE_SECONDS = 180.0


def ask_again(flag: FlagRecord, answer: AnswerRecord | None, *, owner: str) -> Ask:
    """The question of a flag.

    Args:
        flag: As it is stored; its text is scrubbed.
        answer: The recorded answer, whole, while this machine still keeps it.
        owner: Who asks now.

    Raises:
        BadRequest: If the form that bound the answer is not known any more.
    """
    turns = flag.prompt if answer is None else answer.messages
    source: FlagRecord | AnswerRecord = answer or flag
    form = _form(flag.schema_name, flag.answer if answer is None else answer.text)
    return Ask(
        app=flag.app,
        role=_role(flag.app, flag.schema_name),
        request=Request(
            **_question(turns),
            **form,
            sampling=_sampling(source.sampling),
            app=flag.app,
            owner=owner,
            deadline_seconds=DEADLINE_SECONDS,
        ),
        prompt_version=flag.app_version,
        schema_name=flag.schema_name,
    )


def _question(turns: tuple[Turn, ...]) -> dict[str, Any]:
    if len(turns) == 1 and turns[0].role == "prompt":
        return {"prompt": turns[0].content}
    return {"messages": tuple(from_dict(turn.model_dump()) for turn in turns)}


def _sampling(stored: Mapping[str, Any]) -> Sampling:
    known = {name: value for name, value in stored.items() if name in _FIELDS}
    # JSON has lists and text keys where the request has tuples and numbers.
    known["stop"] = tuple(known.get("stop", ()))
    if "dry_sequence_breakers" in known:
        known["dry_sequence_breakers"] = tuple(known["dry_sequence_breakers"])
    known["logit_bias"] = {
        int(token): bias for token, bias in dict(known.get("logit_bias", {})).items()
    }
    return Sampling(**known)


def _role(app: App, schema_name: str) -> str:
    if app == "api":
        return "chat"
    return "judge" if schema_name.startswith("scores") else app


def _form(name: str, text: str) -> dict[str, Any]:
    """What bound the answer, found again by its name and by how the answer looks."""
    try:
        if name.startswith("poem-"):
            return {"pattern": poetry.pattern(poetry.FORMS[name.removeprefix("poem-")])}
        return {"schema": _schema(name, text)} if name else {}
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest(
            say("The form that bound this answer cannot be found again."),
            fix=say("Ask in the app instead."),
        ) from error


def _schema(name: str, text: str) -> Mapping[str, Any]:
    if name == "story-choices":
        return story.CHOICES_SCHEMA
    if name == "idea":
        return brainstorm.IDEA_SCHEMA
    if name == "ideas":
        return brainstorm.ideas_schema(len(json.loads(text)["ideas"]))
    if name.startswith("scores"):
        rubric = [score["criterion"] for score in json.loads(text)["scores"]]
        return brainstorm.scores_schema(rubric, brainstorm.scale_of(name))
    if name == "json_object":
        return {"type": "object"}
    raise KeyError(name)
