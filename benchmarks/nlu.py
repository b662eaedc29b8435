"""Measure intent routing with Rasa itself: cross-validation, held-out texts, speed and memory.

Run from the root with Rasa's interpreter: `.venv-rasa/bin/python benchmarks/nlu.py`. A question
file given with `--legal` holds one JSON object a line with the key `text`; each text ought to be
answered as a legal question.
"""

import argparse
import asyncio
import collections
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import rasa.model_training
import yaml
from rasa.core.agent import Agent
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.model_selection import StratifiedKFold

ROOT = Path(__file__).resolve().parent.parent
LEGAL = "ask_legal"
# The routes that `bot route` tells (docs/measuring.md): several intents share one.
ROUTES = {
    "nlu_fallback": LEGAL,
    "show_more": LEGAL,
    "affirm": "smalltalk",
    "deny": "smalltalk",
    "cancel": "smalltalk",
    "correct_last": "smalltalk",
    "restart_dialogue": "smalltalk",
    "give_rating": "rate",
    "not_solved": "rate",
    "greet": "smalltalk",
    "thank": "smalltalk",
    "goodbye": "smalltalk",
    "ask_identity": "smalltalk",
}
Labelled = list[tuple[str, str]]


def route(intent: str) -> str:
    """Return the route that the rules give to an intent."""
    return ROUTES.get(intent, intent)


def train(config: Path, examples: list[Message], data: TrainingData, folder: Path) -> Agent:
    """Train an NLU model on these examples and all word families, and load it."""
    subset = TrainingData(examples, regex_features=data.regex_features)
    (folder / "nlu.yml").write_text(subset.nlu_as_yaml(), "utf-8")
    model = rasa.model_training.train_nlu(str(config), str(folder / "nlu.yml"), str(folder))
    if model is None:
        raise RuntimeError("Rasa trained nothing")
    return Agent.load(model)


def parse(agent: Agent, texts: list[str]) -> tuple[list[str], list[float]]:
    """Return the intent of each text, and the milliseconds each took."""

    async def one_by_one() -> tuple[list[str], list[float]]:
        intents, took_ms = [], []
        for text in texts:
            start = time.perf_counter()
            intents.append((await agent.parse_message(text))["intent"]["name"])
            took_ms.append((time.perf_counter() - start) * 1000)
        return intents, took_ms

    return asyncio.run(one_by_one())


def report(pairs: Labelled, intents: list[str]) -> dict[str, object]:
    """Return accuracy over intents and over routes, and the commonest confusions."""
    wanted = [route(intent) for _, intent in pairs]
    got = [route(intent) for intent in intents]
    wrong = collections.Counter((a, b) for a, b in zip(wanted, got, strict=True) if a != b)
    return {
        "texts": len(pairs),
        "intent_accuracy": sum(i == j for (_, i), j in zip(pairs, intents, strict=True))
        / len(pairs),
        "route_accuracy": sum(a == b for a, b in zip(wanted, got, strict=True)) / len(pairs),
        "confusions": [f"{a} -> {b}: {count}" for (a, b), count in wrong.most_common(8)],
        "wrong": [
            f"{text} ({a} -> {b})"
            for (text, _), a, b in zip(pairs, wanted, got, strict=True)
            if a != b
        ],
    }


def cross_validate(config: Path, data: TrainingData, folds: int, run: int) -> dict[str, object]:
    """Train on all folds but one and parse that one, for the first `run` of `folds` folds."""
    examples = data.intent_examples
    labels = [example.get("intent") for example in examples]
    splits = StratifiedKFold(folds, shuffle=True, random_state=7).split(examples, labels)
    pairs: Labelled = []
    intents: list[str] = []
    for _, (kept, left) in zip(range(run), splits, strict=False):
        with tempfile.TemporaryDirectory() as folder:
            agent = train(config, [examples[i] for i in kept], data, Path(folder))
            texts = [examples[i].get("text") for i in left]
            intents += parse(agent, texts)[0]
            pairs += [(text, labels[i]) for text, i in zip(texts, left, strict=True)]
    return report(pairs, intents)


def measure(
    config: Path, data: TrainingData, held_out: Labelled, legal: list[Path], limit: int | None
) -> dict[str, object]:
    """Train once on everything; measure held-out texts, legal questions, speed and memory."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        agent = train(config, data.intent_examples, data, Path(folder))
        result: dict[str, object] = {"train_and_load_s": time.perf_counter() - start}
        result["model_mb"] = sum(f.stat().st_size for f in Path(folder).glob("*.gz")) / 1e6
    intents, took_ms = parse(agent, [text for text, _ in held_out])
    result["held_out"] = report(held_out, intents)
    result["parse_p50_ms"] = statistics.median(took_ms)
    result["parse_p95_ms"] = statistics.quantiles(took_ms, n=20)[-1]
    for file in legal:
        lines = file.read_text("utf-8").splitlines()[:limit]
        texts = [json.loads(line)["text"] for line in lines]
        got = [route(intent) for intent in parse(agent, texts)[0]]
        result[file.name] = {
            "questions": len(texts),
            "answered_as_law": got.count(LEGAL) / len(texts),
            "elsewhere": dict(collections.Counter(name for name in got if name != LEGAL)),
        }
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def main() -> None:
    """Read the arguments, measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=ROOT / "config.yml")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--run", type=int, help="folds to run; all of them by default, 0 for none")
    parser.add_argument("--legal", type=Path, nargs="*", default=[])
    parser.add_argument("--limit", type=int, help="questions to read from each file")
    arguments = parser.parse_args()

    sys.path.insert(0, str(ROOT))  # config.yml names components in bot.rasa_ext
    data = load_data(str(ROOT / "nlu_data" / "nlu"))
    held_out: Labelled = [
        (text, intent)
        for intent, texts in yaml.safe_load(
            (ROOT / "benchmarks" / "nlu_held_out.yml").read_text("utf-8")
        ).items()
        for text in texts
    ]
    known = {example.get("text") for example in data.intent_examples}
    copied = [text for text, _ in held_out if text in known]
    if copied:
        sys.exit(f"held-out texts are training examples too: {copied}")
    result = measure(arguments.config, data, held_out, arguments.legal, arguments.limit)
    run = arguments.folds if arguments.run is None else arguments.run
    if run:
        result["cross_validation"] = cross_validate(arguments.config, data, arguments.folds, run)
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
