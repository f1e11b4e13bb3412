"""Expected failures, each with a next step for whoever meets it.

InkloopError
 |- SettingsError        a setting is unknown, mistyped or contradicts another
 |- ModelFileError       a model file is missing, damaged or not a GGUF
 |- FetchError           a download did not arrive or did not match its checksum
 |- HubError             the Hugging Face Hub could not be reached or refused
 |- BadRequest           what was asked is empty, too long or out of range
 |   `- PromptTooLong    what must stay of a conversation does not fit the window
 |- QueueFull            too many people are waiting
 |- RateLimited          one person asks too often
 |- DeadlineExceeded     the answer did not begin or end in time
 |- EngineClosed         the server is shutting down or the model could not run
 |- AbilityMissing       the engine of this role cannot do what is asked
 |- StoreError           something could not be written or read on this machine
 |- NotFound             no such flag, answer, release, run …
 |- GateRefused          a check or gate said no
 `- TrainingError        a recipe, data set or run is not usable

The command line ends with exit code 2 and one sentence for each of them, 1 for GateRefused.
Anything else is a bug and keeps its traceback.
"""


class InkloopError(Exception):
    """An expected failure: what happened, and what to do next."""

    exit_code = 2
    http_status = 400

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix


class SettingsError(InkloopError):
    """A setting is unknown, mistyped or contradicts another."""


class ModelFileError(InkloopError):
    """A model file is missing, damaged or not a GGUF."""


class FetchError(InkloopError):
    """A download did not arrive or did not match its checksum."""

    http_status = 502


class HubError(InkloopError):
    """The Hugging Face Hub could not be reached or refused; what was asked may have been done."""

    http_status = 502

    def __init__(
        self, what: str, *, fix: str = "", status: int = 0, lasting: bool = False, wait: float = 0
    ) -> None:
        super().__init__(what, fix=fix)
        self.status = status
        """Of the answer over HTTP; 0 without one."""
        self.lasting = lasting
        """It will not get better before somebody changes the configuration."""
        self.wait = wait
        """Seconds after which the Hub wants to be asked again."""


class BadRequest(InkloopError):
    """What was asked is empty, too long or out of range; the message names the limit."""


class PromptTooLong(BadRequest):
    """What must stay of a conversation does not fit the window."""


class QueueFull(InkloopError):
    """Too many people are waiting."""

    http_status = 503


class RateLimited(InkloopError):
    """One person asks too often."""

    http_status = 429


class DeadlineExceeded(InkloopError):
    """The answer did not begin or end in time."""

    http_status = 504


class EngineClosed(InkloopError):
    """The server is shutting down or the model could not run."""

    http_status = 503


class AbilityMissing(InkloopError):
    """The engine of this role cannot do what is asked."""

    http_status = 501


class StoreError(InkloopError):
    """Something could not be written or read on this machine."""

    http_status = 500


class NotFound(InkloopError):
    """No such flag, answer, release or run."""

    http_status = 404


class GateRefused(InkloopError):
    """A check or gate said no."""

    exit_code = 1
    http_status = 409


class TrainingError(InkloopError):
    """A recipe, data set or run is not usable."""
