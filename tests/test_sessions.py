"""A tab costs the server little memory, and one that is gone is forgotten."""

from datetime import datetime, timedelta

import gradio as gr
import pytest
from fastapi import FastAPI

from apps.site.sessions import MOST, Session, Sessions, remember_little


@pytest.fixture
def sessions() -> Sessions:
    with gr.Blocks() as blocks:
        gr.State("nothing yet")
        gr.Textbox()
    return Sessions(blocks)


def session(sessions: Sessions, name: str) -> Session:
    found = sessions[name]
    assert isinstance(found, Session)
    return found


def state(sessions: Sessions) -> int:
    return next(key for key, part in sessions.blocks.blocks.items() if isinstance(part, gr.State))


def textbox(sessions: Sessions) -> int:
    return next(key for key, part in sessions.blocks.blocks.items() if isinstance(part, gr.Textbox))


def soon(**after: float) -> datetime:
    return datetime.now() + timedelta(**after)  # noqa: DTZ005 - as Gradio has it


def test_what_was_written_in_a_tab_is_not_kept_with_it(sessions: Sessions) -> None:
    tab = session(sessions, "tab")
    tab._update_value_in_config(textbox(sessions), "my diary")
    tab._update_config(textbox(sessions))
    tab[textbox(sessions)] = gr.Textbox(label="changed by a handler", render=False)
    assert list(tab.components) == []


def test_a_part_that_a_handler_changed_stays_changed_in_its_tab(sessions: Sessions) -> None:
    key = textbox(sessions)
    session(sessions, "one")[key] = gr.Textbox(label="changed", render=False)
    assert session(sessions, "one")[key].label == "changed"
    assert session(sessions, "two")[key].label != "changed"


def test_a_state_lasts_as_long_as_its_tab(sessions: Sessions) -> None:
    session(sessions, "tab")[state(sessions)] = "chapter two"
    sessions.forget(soon(hours=20))
    assert session(sessions, "tab")[state(sessions)] == "chapter two"


def test_a_closed_tab_may_come_back_for_an_hour(sessions: Sessions) -> None:
    tab = session(sessions, "tab")
    tab[state(sessions)] = "chapter two"
    tab.is_closed = True
    sessions.forget(soon(minutes=59))
    assert "tab" in sessions
    sessions.forget(soon(minutes=61))
    assert "tab" not in sessions
    assert "tab" not in sessions.time_last_used


def test_a_caller_of_the_api_is_forgotten_after_minutes(sessions: Sessions) -> None:
    session(sessions, "caller")
    sessions.forget(soon(minutes=9))
    assert "caller" in sessions
    sessions.forget(soon(minutes=11))
    assert "caller" not in sessions


def test_more_tabs_than_there_is_room_for_push_out_the_oldest(sessions: Sessions) -> None:
    for place in range(MOST + 1):
        session(sessions, f"tab {place}")
    assert len(sessions.session_data) == MOST
    assert "tab 0" not in sessions


def test_the_served_site_remembers_tabs_so(sessions: Sessions) -> None:
    parent = FastAPI()
    gr.mount_gradio_app(parent, sessions.blocks, "/")
    remember_little(parent)
    held = sessions.blocks.state_holder
    assert isinstance(held, Sessions)
