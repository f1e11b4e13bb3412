"""The models that Inkloop knows by name.

A row names the exact file. `sha256` and `bytes` are given where several independent publications of
that file agree; what is not known for certain stays empty and shows as "unverified". Any other GGUF
works too: by path, or as `hf://owner/repo/file.gguf`.
"""

import difflib
from dataclasses import dataclass

from shared.errors import NotFound
from shared.models.demo import DEMO_NAME

HF_PREFIX = "hf://"
DEFAULT = "llama-3.2-1b"
"""The model that the page offers to fetch."""

LLAMA_32 = "Llama 3.2 Community License"
LLAMA_31 = "Llama 3.1 Community License"
APACHE = "Apache-2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueModel:
    """One downloadable model file."""

    name: str
    title: str
    repo: str
    file: str
    revision: str = ""
    """Commit on the Hub; empty takes the newest and shows as unverified."""
    bytes: int = 0
    sha256: str = ""
    licence: str
    licence_url: str
    ram_gb: float
    """Estimate for one conversation of 4,096 tokens, server included."""
    template: str
    """Family of the chat template inside the file."""

    @property
    def verified(self) -> bool:
        """Whether the bytes can be checked."""
        return bool(self.sha256)


CATALOGUE: dict[str, CatalogueModel] = {
    model.name: model
    for model in (
        CatalogueModel(
            name=DEFAULT,
            title="Llama 3.2 1B Instruct",
            repo="bartowski/Llama-3.2-1B-Instruct-GGUF",
            file="Llama-3.2-1B-Instruct-Q4_K_M.gguf",
            bytes=807_694_464,
            sha256="6f85a640a97cf2bf5b8e764087b1e83da0fdb51d7c9fab7d0fece9385611df83",
            licence=LLAMA_32,
            licence_url="https://www.llama.com/llama3_2/license/",
            ram_gb=1.6,
            template="llama-3",
        ),
        CatalogueModel(
            name="llama-3.2-3b",
            title="Llama 3.2 3B Instruct",
            repo="bartowski/Llama-3.2-3B-Instruct-GGUF",
            file="Llama-3.2-3B-Instruct-Q4_K_M.gguf",
            bytes=2_019_377_696,
            sha256="6c1a2b41161032677be168d354123594c0e6e67d2b9227c84f296ad037c728ff",
            licence=LLAMA_32,
            licence_url="https://www.llama.com/llama3_2/license/",
            ram_gb=3.2,
            template="llama-3",
        ),
        CatalogueModel(
            name="llama-3.1-8b",
            title="Llama 3.1 8B Instruct",
            repo="bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
            file="Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf",
            bytes=4_920_739_232,
            sha256="7b064f5842bf9532c91456deda288a1b672397a54fa729aa665952863033557c",
            licence=LLAMA_31,
            licence_url="https://www.llama.com/llama3_1/license/",
            ram_gb=6.5,
            template="llama-3",
        ),
        CatalogueModel(
            name="qwen2.5-1.5b",
            title="Qwen2.5 1.5B Instruct",
            repo="Qwen/Qwen2.5-1.5B-Instruct-GGUF",
            file="qwen2.5-1.5b-instruct-q4_k_m.gguf",
            revision="91cad51170dc346986eccefdc2dd33a9da36ead9",
            bytes=1_117_320_736,
            sha256="6a1a2eb6d15622bf3c96857206351ba97e1af16c30d7a74ee38970e434e9407e",
            licence=APACHE,
            licence_url="https://www.apache.org/licenses/LICENSE-2.0",
            ram_gb=2.0,
            template="chatml",
        ),
        CatalogueModel(
            name="smollm2-1.7b",
            title="SmolLM2 1.7B Instruct",
            repo="HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
            file="smollm2-1.7b-instruct-q4_k_m.gguf",
            bytes=1_055_609_536,
            sha256="decd2598bc2c8ed08c19adc3c8fdd461ee19ed5708679d1c54ef54a5a30d4f33",
            licence=APACHE,
            licence_url="https://www.apache.org/licenses/LICENSE-2.0",
            ram_gb=2.2,
            template="chatml",
        ),
        CatalogueModel(
            name="mistral-7b",
            title="Mistral 7B Instruct v0.3",
            repo="bartowski/Mistral-7B-Instruct-v0.3-GGUF",
            file="Mistral-7B-Instruct-v0.3-Q4_K_M.gguf",
            sha256="1270d22c0fbb3d092fb725d4d96c457b7b687a5f5a715abe1e818da303e562b6",
            licence=APACHE,
            licence_url="https://www.apache.org/licenses/LICENSE-2.0",
            ram_gb=6.0,
            template="mistral",
        ),
    )
}


def find(name: str) -> CatalogueModel:
    """A catalogue row by name, or a row made from `hf://owner/repo/file.gguf`.

    Raises:
        NotFound: Naming the nearest name in the catalogue.
    """
    if name.startswith(HF_PREFIX):
        return _from_hub_address(name)
    if name in CATALOGUE:
        return CATALOGUE[name]
    if name == DEMO_NAME:
        raise NotFound(
            "The demo model ships with Inkloop.", fix="There is nothing to fetch or remove."
        )
    names = [DEMO_NAME, *CATALOGUE]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"The names are: {', '.join(names)}."
    raise NotFound(f"{name} is not in the catalogue.", fix=hint)


def _from_hub_address(address: str) -> CatalogueModel:
    parts = address.removeprefix(HF_PREFIX).split("/")
    if len(parts) < 3 or not parts[-1].endswith(".gguf"):
        raise NotFound(
            f"{address} does not name a GGUF file.", fix="Write hf://owner/repo/file.gguf."
        )
    return CatalogueModel(
        name=address,
        title=parts[-1],
        repo="/".join(parts[:2]),
        file="/".join(parts[2:]),
        licence="see the repository",
        licence_url=f"https://huggingface.co/{'/'.join(parts[:2])}",
        ram_gb=0.0,
        template="as in the file",
    )
