"""Writes every table of docs/retrieval.md and draws its two plots."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.progress import track

from retrieval.crossvalidation import (
    ABLATIONS,
    COVERAGES,
    METRICS,
    CrossValidation,
    Measured,
    Trusted,
)

_SOURCES = {
    "stard": "群众提问（STARD），法规全文",
    "scenario": "情景题（LawBench 3-2），法规全文",
    "stard-curated": "群众提问（STARD），只有精选库",
}


def write_tables(cases: Path, plots: Path, results: Path, say: Callable[[str], None]) -> None:
    """Cross-validate the cases; say the tables, draw the plots, keep the numbers as JSON."""
    validation = CrossValidation.load(cases)
    kept: dict[str, object] = {}
    say(_header("指标"))
    for source, title in _SOURCES.items():
        for system, found in (
            ("加权和", validation.by_sum(source)),
            ("森林", validation.by_forest(source)),
        ):
            say(_row(f"{title}，{system}", found))
            kept[f"{source}/{system}"] = _plain(found)
    say("")
    say(_header("从森林里拿掉"))
    for name, features in track(ABLATIONS.items(), "逐项拿掉", transient=True):
        found = validation.by_forest("stard", features)
        say(_row(name, found))
        kept[f"without/{name}"] = _plain(found)
    say("")
    trust = validation.trust(("stard", "scenario"))
    for line in _trust(trust):
        say(line)
    kept["trust"] = {"auc": trust.area, "bins": trust.bins, "precision": dict(trust.precision)}
    draw(trust, plots)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def draw(trust: Trusted, folder: Path) -> None:
    """Draw the reliability of the confidence, and what a threshold costs and gains."""
    # Imported here: of all the project only these plots need it.
    import matplotlib

    matplotlib.use("svg")
    # Text stays text in the picture: the reader's own fonts have the characters.
    warnings.filterwarnings("ignore", message="Glyph")
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "0", "font.size": 11}
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(5, 4.5))
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    axes.plot([b[0] for b in trust.bins], [b[1] for b in trust.bins], marker="o", color="#1a5fb4")
    axes.set(xlabel="把握", ylabel="前三条里真有答案", xlim=(0, 1), ylim=(0, 1))
    _save(figure, folder / "reliability.svg")
    limits = np.linspace(0, 1, 101)
    answered = [float((trust.confidences >= limit).mean()) for limit in limits]
    right = [
        float(trust.hits[trust.confidences >= limit].mean()) if share > 0.02 else np.nan
        for limit, share in zip(limits, answered, strict=True)
    ]
    lost = [float((trust.hits & (trust.confidences < limit)).mean()) for limit in limits]
    figure, axes = pyplot.subplots(figsize=(6, 4.5))
    axes.plot(limits, answered, label="直接给出法条的问题", color="#1a5fb4")
    axes.plot(limits, right, label="给出时前三条里有答案", color="#26a269")
    axes.plot(limits, lost, label="有答案却被追问的问题", color="#c01c28")
    axes.set(xlabel="界限", ylabel="占比", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="lower left", frameon=False)
    _save(figure, folder / "threshold.svg")


def _save(figure: object, path: Path) -> None:
    figure.tight_layout()  # type: ignore[attr-defined]
    figure.savefig(path, metadata={"Date": None})  # type: ignore[attr-defined]


def _header(first: str) -> str:
    return f"| {first} | " + " | ".join(METRICS) + " |\n|" + "---|" * (len(METRICS) + 1)


def _row(name: str, found: Mapping[str, Measured]) -> str:
    cells = (
        f"{100 * m.mean:.1f} ({100 * m.low:.1f}–{100 * m.high:.1f}, ±{100 * m.spread:.1f})"
        for m in found.values()
    )
    return f"| {name} | " + " | ".join(cells) + " |"


def _trust(trust: Trusted) -> Iterator[str]:
    yield f"AUC {trust.area:.3f}"
    for share in COVERAGES:
        yield f"最有把握的 {share:.0%}：前三条有答案 {trust.precision[share]:.1%}"
    for confidence, hits, count in trust.bins:
        yield f"把握 {confidence:.2f}，实际 {hits:.2f}（{count} 问）"


def _plain(found: Mapping[str, Measured]) -> dict[str, dict[str, float]]:
    return {name: {k: round(v, 4) for k, v in asdict(m).items()} for name, m in found.items()}
