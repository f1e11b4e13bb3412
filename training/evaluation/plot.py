"""Draws scores with their intervals, one panel per metric, one dot per model."""

from pathlib import Path

from training.evaluation.run import Evaluation
from training.reports_plots import COLOURS

_ROW_INCHES, _PANEL_INCHES = 0.28, 0.55
_WIDTH_INCHES, _DOTS_PER_INCH = 6.4, 110


def draw(target: Path, evaluation: Evaluation) -> None:
    """Write a PNG; panels stand above each other, shares from 0 to 100 percent."""
    # The object API keeps no figure behind and needs no display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    keys, models = evaluation.keys, evaluation.models
    panel = _PANEL_INCHES + _ROW_INCHES * len(models)
    figure = Figure(figsize=(_WIDTH_INCHES, panel * len(keys)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(keys), 1, squeeze=False)
    for axes, key in zip(panels[:, 0], keys, strict=True):
        for at, model in enumerate(models):
            score = model.score(key)
            found, unit = score.interval, 100 if score.share else 1
            axes.plot([unit * found.low, unit * found.high], [at, at], lw=2, color=COLOURS[at % 8])
            axes.plot(unit * found.mean, at, "o", ms=5, color=COLOURS[at % 8])
        axes.set_yticks(range(len(models)), [model.subject.name for model in models], fontsize=8)
        axes.set_ylim(len(models) - 0.5, -0.5)
        better = "" if score.higher_is_better else ", lower is better"
        shown = f"{' '.join(key)} ({'%' if score.share else 'nats'}{better}), {score.coverage}"
        axes.set_title(shown, fontsize=8, loc="left")
        if models[0].score(key).share:
            axes.set_xlim(-2, 102)  # else equal scores would fill a panel with nothing
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=_DOTS_PER_INCH)
