"""How a chosen model becomes an engine: embedded for a file, remote for an address.

The engines are imported here and only when one is opened, so that a server in front of a remote
model never loads llama.cpp.
"""

from apps.site.fleet import Opener
from shared.engine.types import Engine
from shared.errors import AbilityMissing
from shared.models.select import Choice
from shared.settings import Settings


async def open_engine(settings: Settings, choice: Choice) -> Engine:
    """Bring a model into memory, or connect to its server.

    Raises:
        ModelFileError: The file cannot be run.
    """
    if choice.path is None:
        from shared.engine.remote import RemoteEngine

        return RemoteEngine(choice.url)
    from shared.llama.engine import LlamaEngine

    return await LlamaEngine.load(settings, choice)


async def swap_engine(engine: Engine, choice: Choice) -> None:
    """Let the embedded engine go over to another file; running answers finish on the old one.

    Raises:
        AbilityMissing: The engine is a remote one.
        ModelFileError: The file cannot be run; the running model stays.
    """
    from shared.llama.engine import LlamaEngine

    if not isinstance(engine, LlamaEngine):
        raise AbilityMissing(
            "A model on another server cannot be changed from here.", fix="Change it there."
        )
    await engine.swap(choice)


OPENER = Opener(open_engine, swap_engine)
