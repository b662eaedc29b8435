"""Text to search terms: one normal form, jieba words and character bigrams.

What a term weighs is decided in ``bm25`` and ``expand``; the dense model has its own tokenizer.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

import jieba
from opencc import OpenCC

LEXICON = Path(__file__).resolve().parent.parent / "knowledge_base" / "lexicon"
CACHE = Path(__file__).resolve().parent.parent / "var" / "jieba"

HAN = re.compile("[㐀-䶿一-鿿]+")
_RUN = re.compile(f"{HAN.pattern}|[a-z0-9]+")
_TRADITIONAL = threading.local()

# A legal word that jieba's own dictionary lacks must win against its parts.
_LEXICON_FREQUENCY = 20_000


def normalise(text: str) -> str:
    """Return ``text`` in compatibility form, lower case and simplified characters.

    Raises ``TypeError`` for anything that is not a string: jieba would fail far from the cause.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected a string, got {type(text).__name__}")
    # Half a surrogate pair, as some phones send it, is no text for the libraries below.
    whole = text.encode("utf-8", "ignore").decode("utf-8")
    folded = unicodedata.normalize("NFKC", whole).lower()
    converter = getattr(_TRADITIONAL, "converter", None)
    if converter is None:
        converter = _TRADITIONAL.converter = OpenCC("t2s")
    return str(converter.convert(folded))


def _lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    stripped = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


class Tokenizer:
    """Cuts text into words and bigrams; safe to share between threads."""

    def __init__(
        self,
        words: Iterable[str] = (),
        stop_words: Iterable[str] = (),
        *,
        cache_dir: Path = CACHE,
    ) -> None:
        jieba.setLogLevel(logging.WARNING)
        cache_dir.mkdir(parents=True, exist_ok=True)
        self._jieba = jieba.Tokenizer()
        # jieba would otherwise leave its cache in the system's shared temporary folder.
        self._jieba.tmp_dir = str(cache_dir)
        self._jieba.cache_file = "jieba.cache"
        self._jieba.initialize()
        for word in words:
            self._jieba.add_word(normalise(word), freq=_LEXICON_FREQUENCY)
        self.stop_words = frozenset(normalise(word) for word in stop_words)

    @classmethod
    def from_lexicon(cls, folder: Path = LEXICON, *, cache_dir: Path = CACHE) -> Tokenizer:
        """Read ``words.txt`` and ``stop_words.txt``, one word a line, ``#`` for remarks."""
        return cls(
            _lines(folder / "words.txt"), _lines(folder / "stop_words.txt"), cache_dir=cache_dir
        )

    def words(self, text: str) -> list[str]:
        """Return the words of ``text`` in order, without punctuation and stop words."""
        return self.cut(text)[0]

    def terms(self, text: str) -> list[str]:
        """Return the words and the two-character pieces of every Chinese run of ``text``.

        Bigrams find what jieba cuts differently in question and statute; a bigram that is
        itself a word is counted twice, which favours exact words.
        """
        words, pairs = self.cut(text)
        return words + pairs

    def cut(self, text: str) -> tuple[list[str], list[str]]:
        """Return the words and the two-character pieces of ``text``, without stop words."""
        words: list[str] = []
        pairs: list[str] = []
        for run in _RUN.findall(normalise(text)):
            # Without guessing new words: what it guesses in a question, it need not in a statute.
            cut = self._jieba.cut(run, HMM=False) if run[0] > "z" else (run,)
            words += [word for word in cut if word not in self.stop_words]
            if run[0] > "z":
                pieces = (run[i : i + 2] for i in range(len(run) - 1))
                pairs += [piece for piece in pieces if piece not in self.stop_words]
        return words, pairs

    def dictionary(self) -> tuple[Mapping[str, int], int]:
        """Return the words that texts are cut into with their counts, and the sum of counts.

        A count of zero marks what only begins a word.
        """
        return self._jieba.FREQ, self._jieba.total


@functools.cache
def default_tokenizer() -> Tokenizer:
    """Return the tokenizer with the project's lexicon, made once for the process."""
    return Tokenizer.from_lexicon()
