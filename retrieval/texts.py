"""What an index is made from: the texts of its passages and, each once, their questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge_base.models import Passage
from retrieval.encoders import Encoder, StaticEncoder, Tokens, means
from retrieval.tokenize import normalise

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# Vectors woven at a time, so that no second copy of all is made.
_PART = 8_192


@dataclass(frozen=True)
class Texts:
    """Normalised texts.

    A question may stand with several passages: ``which`` int32 (questions of all passages,) says,
    passage after passage, which of ``questions`` it is. ``starts`` int64 (passages + 1,): where
    the vectors of each passage begin, its body's first.
    """

    bodies: tuple[str, ...]
    questions: tuple[str, ...]
    which: npt.NDArray[np.int32]
    starts: IntArray

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> Texts:
        """Normalise the texts of ``passages``."""
        asked = [question for passage in passages for question in passage.questions]
        numbers = {question: i for i, question in enumerate(dict.fromkeys(asked))}
        counts = [1 + len(passage.questions) for passage in passages]
        return cls(
            tuple(normalise(f"{passage.title}\n{passage.body}") for passage in passages),
            tuple(normalise(question) for question in numbers),
            np.asarray([numbers[question] for question in asked], np.int32),
            np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        )

    def woven(self, of_bodies: FloatArray, of_questions: FloatArray) -> FloatArray:
        """Return the vectors of all passages, each one's body first, then its questions."""
        vectors = np.empty((self.starts[-1], of_bodies.shape[1]), np.float32)
        vectors[self.starts[:-1]] = of_bodies
        is_question = np.ones(len(vectors), bool)
        is_question[self.starts[:-1]] = False
        rows = np.flatnonzero(is_question)
        for i in range(0, len(rows), _PART):
            part = slice(i, i + _PART)
            vectors[rows[part]] = of_questions[self.which[part]]
        return vectors


@dataclass(frozen=True)
class Spelled:
    """The same texts in tokens of the built-in model."""

    bodies: Tokens
    questions: Tokens

    @classmethod
    def of(cls, texts: Texts, model: StaticEncoder) -> Spelled:
        """Cut the texts."""
        return cls(model.tokenise(texts.bodies), model.tokenise(texts.questions))

    def vectors(self, model: StaticEncoder) -> tuple[FloatArray, FloatArray]:
        """Return the vectors of bodies and questions."""
        return (
            means(self.bodies, model.tables.texts),
            means(self.questions, model.tables.questions),
        )


def vectors_of(texts: Texts, spelled: Spelled, encoder: Encoder) -> FloatArray:
    """Return the vectors of all passages by ``encoder``; the built-in need not cut them again."""
    if isinstance(encoder, StaticEncoder):
        return texts.woven(*spelled.vectors(encoder))
    return texts.woven(encoder.encode(texts.bodies), encoder.encode_questions(texts.questions))
