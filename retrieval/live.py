"""A searcher that follows its index: a new one takes over without a request being dropped."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from knowledge_base.models import Kind
from retrieval.index import current_folder
from retrieval.search import ALL, Searcher, SearchResult

_log = logging.getLogger(__name__)

# How long a new index may go unnoticed, in seconds; looking costs one small read.
LOOK_EVERY = 2.0


class LiveSearcher:
    """Searches the newest index of a directory; safe to share between threads.

    One thread at a time opens a new index while the others go on with the old one, which lives
    until its last search ends. An index that cannot be opened is reported and the old one kept.
    """

    def __init__(self, directory: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._opened = ""
        self._refused = ""
        self._looked = 0.0

    def load(self) -> Searcher:
        """Return the searcher of the newest index.

        Raises ``FileNotFoundError`` or ``ValueError`` if there never was a usable index.
        """
        if self._searcher is None:
            with self._lock:
                if self._searcher is None:
                    self._open()
        elif self._clock() - self._looked >= LOOK_EVERY and self._lock.acquire(blocking=False):
            try:
                self._follow()
            finally:
                self._lock.release()
        assert self._searcher is not None
        return self._searcher

    def search(
        self,
        query: str,
        *,
        kinds: Collection[Kind] = ALL,
        on: dt.date | None = None,
        limit: int = 10,
    ) -> SearchResult:
        """Search the newest index; see ``Searcher.search``."""
        return self.load().search(query, kinds=kinds, on=on, limit=limit)

    def _open(self) -> None:
        name = self._current()
        try:
            self._searcher = Searcher.load(self._directory)
        except (FileNotFoundError, ValueError):
            # The builder may have taken the folder away between the look and the opening.
            if self._current() == name:
                raise
            name = self._current()
            self._searcher = Searcher.load(self._directory)
        self._opened = name
        self._looked = self._clock()

    def _follow(self) -> None:
        name = self._current()
        if name not in ("", self._opened, self._refused):
            try:
                self._open()
            except (OSError, ValueError) as error:
                self._refused = name
                _log.warning("the new search index cannot be used, the old one stays: %s", error)
        self._looked = self._clock()

    def _current(self) -> str:
        folder = current_folder(self._directory)
        return folder.name if folder else ""
