"""Every setting, in one table: by environment variable or on the command line; no `.env` file is read."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ByteSize, Field, SecretStr, TypeAdapter, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.paths import default_state_dir, default_weights_dir

DEFAULT_MODEL = "gemma-3-270m"
_MOST_THREADS = 1024
_SIZE = TypeAdapter(Annotated[ByteSize, Field(gt=0)])
_ADDRESS = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_SECRET = re.compile(r"([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?")  # what a request's header carries unchanged


class Settings(BaseSettings):
    """Each field is `PLAYGROUND_<FIELD>` in the environment; docs/settings.md lists all (a test says so)."""

    model_config = SettingsConfigDict(env_prefix="PLAYGROUND_", extra="forbid", frozen=True)

    model: str = Field(
        DEFAULT_MODEL, description="Model to open with: a name from `python -m app models`, or a folder."
    )
    engine: Literal["local", "fake"] = Field(
        "local", description="`local` runs the model; `fake` is scripted and up in a second."
    )
    exact: bool = Field(False, description="float32 and nothing quantised: slower, the reference.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where the model runs.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="Number format of the weights; `auto` is 8-bit integers on a CPU, else what is fast.",
    )
    threads: Literal["auto"] | int = Field(
        "auto", description="Threads the model runs on; `auto` leaves cores to programs that use them."
    )
    model_memory: Literal["auto"] | ByteSize = Field(
        "auto",
        description="Most memory for the weights of all models, as `6GB`; `auto` is 3/4 of the machine's.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    lan: bool = Field(False, description="Listen on every address, for a class on the same network.")
    public_address: str = Field(
        "", description="What the class types, where that is another address than the server prints."
    )
    slots: int = Field(32, ge=1, le=256, description="Sequences that run at once.")
    queue: int = Field(200, ge=0, le=10_000, description="Requests that may wait.")
    per_client: int = Field(8, ge=1, le=10_000, description="Requests one browser tab may have under way.")
    teacher_secret: SecretStr = Field(
        SecretStr(""), max_length=200, description="Opens the teacher's page; a random one where it is empty."
    )
    max_tokens: int = Field(1024, ge=1, le=65536, description="Most tokens one request may ask for.")
    context_length: int = Field(
        8192, ge=16, description="Longest document in tokens; the model's own limit where that is smaller."
    )
    deadline_seconds: float = Field(300.0, gt=0, description="A request that runs longer is ended.")
    shutdown_seconds: float = Field(
        10.0, ge=0, le=600, description="How long running requests may go on when the server is stopped."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="`info` logs a line per request, without anything a person wrote."
    )
    weights_dir: Path = Field(
        default_factory=default_weights_dir, description="Where fetched and converted weights lie."
    )
    state_dir: Path = Field(
        default_factory=default_state_dir,
        description="Where the note to the class and the blurred words outlast the server, and nothing else.",
    )
    ms_per_token: float = Field(5.0, ge=0, description="Fake engine only: milliseconds a step takes.")
    fail_at: int = Field(0, ge=0, description="Fake engine only: every so many steps, one fails.")
    oom_at: int = Field(0, ge=0, description="Fake engine only: every so many steps, memory runs out.")
    hang_at: int = Field(0, ge=0, description="Fake engine only: every so many steps, one hangs.")
    hang_seconds: float = Field(3600.0, ge=0, description="Fake engine only: how long it hangs.")
    die_at: int = Field(0, ge=0, description="Fake engine only: at this step the device is lost.")

    @field_validator("threads", mode="before")
    @classmethod
    def _is_auto_or_a_number(cls, value: object) -> object:
        text = str(value)
        if text == "auto":
            return text
        if text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST_THREADS:
            return int(text)
        raise ValueError(f"{text!r} is no number of threads; allowed is auto, or 1 to {_MOST_THREADS}")

    @field_validator("model_memory", mode="before")
    @classmethod
    def _is_auto_or_a_size(cls, value: object) -> object:
        try:
            return value if value == "auto" else _SIZE.validate_python(value)
        except ValidationError:
            raise ValueError(f"{value!r} is no amount of memory; allowed is auto, or a size as 6GB") from None

    @field_validator("public_address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        address = value.lower().removesuffix("/")
        if address and not _ADDRESS.fullmatch(address):
            raise ValueError(f"{value!r} is no address; allowed is http://name or https://name, and a port")
        return address

    @field_validator("teacher_secret")
    @classmethod
    def _travels_in_a_header(cls, value: SecretStr) -> SecretStr:
        if not _SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("allowed are letters without accents, digits, punctuation, and spaces within")
        return value


def settings_table() -> str:
    """Every setting with its variable, its default and what it does, in Markdown."""
    rows = (
        f"| `{name}` (`PLAYGROUND_{name.upper()}`) | {_default(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    )
    return "\n".join(("| setting | default | what it does |", "| --- | --- | --- |", *rows)) + "\n"


def _default(name: str) -> str:
    value = Settings.model_fields[name].get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        return "random"
    if isinstance(value, Path):
        return f"`models/{value.name}`, or the user's cache for an installed package"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{value}`" if value != "" else ""
