"""Everything that can be set from outside, read once into one frozen object.

This class is the one table of settings: the README's table and the contract test are made from it.
`HF_TOKEN` is not here; it belongs to huggingface_hub.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import SettingsError
from shared.home import expanded

PREFIX = "INKLOOP_"
ROLES = ("chat", "code", "story", "brainstorm", "judge", "poetry")


class Settings(BaseSettings):
    """How one process of Inkloop runs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("inkloop", appauthor=False)),
        description="Folder for models, releases, flags and conversations.",
    )
    model: str = Field(
        "",
        description="`demo`, a name from `inkloop models list`, a path, `hf://repo/file`, or the"
        " `http(s)://…/v1` address of an OpenAI-compatible server. Empty: the promoted release,"
        " else a catalogue model on disk, else the demo model.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(7860, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    offline: bool = Field(False, description="No outbound call at all.")
    language: str = Field(
        "en",
        description="Language of the pages: `en`, or a catalogue `<language>.po` in"
        " `shared/locale` or `INKLOOP_HOME/locale`.",
    )
    admin_password: SecretStr = Field(
        SecretStr(""),
        description="Lets `admin` into `/admin`, which is there once anybody may review.",
    )
    flags_repo: str = Field("", description="Private Hub dataset for raw flags.")
    dataset_repo: str = Field("", description="Private Hub dataset for dataset versions.")
    published_repo: str = Field(
        "", description="Public Hub dataset for what may be published (`inkloop flags publish`)."
    )
    releases_repo: str = Field("", description="Hub model repo for releases.")
    threads: int = Field(0, ge=0, le=256, description="Inference threads; 0 finds the best number.")
    repack: bool = Field(
        True,
        description="Keep a model's weights in a second layout too, where that writes faster and"
        " there is memory for it (up to the model file's size).",
    )
    gpu_layers: int = Field(0, ge=-1, description="Layers on the GPU; -1 is all of them.")
    context_tokens: int = Field(
        4096,
        ge=256,
        le=131072,
        description="Window of one conversation in tokens (the model's"
        " own window if that is smaller).",
    )
    kv_tokens: int = Field(
        16384,
        ge=512,
        description="Tokens that all conversations together may keep in memory; finished ones"
        " may wait beside it, half as many.",
    )
    queue: int = Field(64, ge=1, le=10000, description="How many requests may wait.")
    step_ms: int = Field(
        400,
        ge=20,
        le=1000,
        description="How long a running answer may pause while somebody else's prompt is read,"
        " in milliseconds; where 64 tokens take longer, these are read at a time all the same.",
    )
    keep_days: int = Field(
        90,
        ge=1,
        description="Days that answers are kept on this machine, and conversations, stories,"
        " boards and poems after the last touch.",
    )
    api_key: SecretStr = Field(
        SecretStr(""), description="Key for `/v1`; needed when the host is not loopback."
    )
    role_chat: str = Field("", description="Model or adapter for chat.")
    role_code: str = Field("", description="Model or adapter for code.")
    role_story: str = Field("", description="Model or adapter for stories.")
    role_brainstorm: str = Field("", description="Model or adapter for finding ideas.")
    role_judge: str = Field("", description="Model or adapter for judging ideas.")
    role_poetry: str = Field("", description="Model or adapter for poems.")

    @field_validator("home")
    @classmethod
    def _at_home(cls, home: Path) -> Path:
        # No shell has expanded what comes from a unit file or .env; all commands must agree on it.
        return expanded(home)

    def for_role(self, role: str) -> str:
        """The model or adapter that a role asks for; empty when it takes the main model."""
        return str(getattr(self, f"role_{role}"))

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the INKLOOP_ variables.

        Raises:
            SettingsError: If a variable is unknown (naming the nearest) or its value is not valid.
        """
        env = os.environ if environ is None else environ
        given = {key: value for key, value in env.items() if key.startswith(PREFIX)}
        known = [PREFIX + name.upper() for name in cls.model_fields]
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
                hint = f"Did you mean {near[0]}?" if near else "The README lists the settings."
                raise SettingsError(f"{key} is not a setting.", fix=hint)
        values = {key.removeprefix(PREFIX).lower(): value for key, value in given.items()}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise SettingsError(
                f"{name} is {values.get(str(first['loc'][0]), '')!r}, which is not valid:"
                f" {first['msg'].lower()}.",
                fix=f"Set it to: {cls.model_fields[str(first['loc'][0])].description}",
            ) from None
