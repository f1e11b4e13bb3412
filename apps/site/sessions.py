"""What the server remembers of a tab: what the pages put into `gr.State`, and little else.

Gradio 6.31 also keeps a copy of every part of the site with its last value for each tab, for “deep
links”, which Inkloop does not have: 1 MB and tens of milliseconds for every visitor and every
caller of the API, up to 10,000 of them, with everything that was read and written in the tab. Here
nothing of that is kept, and a tab that is gone is forgotten after an hour, in which it may come
back.
"""

import time
from copy import copy
from datetime import datetime, timedelta
from typing import Any, Final

import gradio as gr
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder

MOST: Final = 1_000
"""Tabs at once; the one that was not used for longest is forgotten first."""
AFTER_CLOSING: Final = timedelta(hours=1)
WITHOUT_STATE: Final = timedelta(minutes=10)
"""Callers of the API put nothing into a state, and never say that they are gone."""
UNUSED: Final = timedelta(days=2)
BETWEEN_SWEEPS: Final = 30.0
"""Seconds; Gradio asks for a sweep every second."""


class _Nothing(dict[Any, Any]):
    """Keeps nothing that is put into it."""

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401 - Gradio's own
        return


class Session(SessionState):
    """One tab, without copies of the parts."""

    def __init__(self, blocks: gr.Blocks) -> None:
        # Not Gradio's own: making the copies is what takes the time and the memory.
        self.blocks_config = copy(blocks.default_config)
        self.config_values = _Nothing()
        self.state_data = {}
        self._state_ttl = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = int(AFTER_CLOSING.total_seconds())

    def _update_config(self, key: int) -> None:
        """Nothing is kept."""

    def _update_value_in_config(self, key: int, value: object) -> None:
        """Nothing is kept."""


class Sessions(StateHolder):
    """All tabs of one site."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()
        self.set_blocks(blocks)
        self.capacity = MOST
        self._swept = -BETWEEN_SWEEPS

    def __getitem__(self, session_id: str) -> SessionState:
        with self.lock:
            if session_id not in self.session_data:
                self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)

    def delete_all_expired_state(self) -> None:
        """Forget the tabs that are gone, and what states of others have outlived their time."""
        now = time.monotonic()
        if now - self._swept < BETWEEN_SWEEPS:
            return
        self._swept = now
        self.forget(datetime.now())  # noqa: DTZ005 - as Gradio notes when a tab was used
        super().delete_all_expired_state()

    def forget(self, now: datetime) -> None:
        """Forget the tabs that are gone at that time."""
        with self.lock:
            for session_id, session in list(self.session_data.items()):
                used = self.time_last_used.get(session_id, now)
                if now - used > _patience(session):
                    del self.session_data[session_id]
                    self.time_last_used.pop(session_id, None)


def remember_little(parent: Any) -> None:  # noqa: ANN401 - a FastAPI application, or Gradio's own
    """Let the Gradio site that was mounted last on this application remember tabs so."""
    site = next(
        route.app
        for route in reversed(parent.routes)
        if isinstance(getattr(route, "app", None), App)
    )
    site.state_holder = Sessions(site.get_blocks())


def _patience(session: SessionState) -> timedelta:
    if session.is_closed:
        return AFTER_CLOSING
    return UNUSED if session.state_data else WITHOUT_STATE
