"""The order for a whole model that lies in a folder, trained here or anywhere else."""

from pathlib import Path

from training.export.kinds import check_kind
from training.export.order import Order
from training.export.probes import PROBES

USUAL = "q4_k_m"
"""A quarter of F16 at a loss that is hard to notice from a billion parameters on."""


def order_for(folder: Path, *, kind: str, out: Path | None, name: str) -> Order:
    """Export `folder` to `out`, by default beside where the command was called.

    Raises:
        BadRequest: If there is no such kind.
    """
    called = name or folder.resolve().name
    wanted = check_kind(kind or USUAL)
    return Order(
        base=folder,
        adapter=None,
        target=out or Path(f"{called}-{wanted}"),
        name=called,
        kind=wanted,
        probes=PROBES,
        lineage={"base": folder.resolve().name},
    )
