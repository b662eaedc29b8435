"""Text cut and packed to what one platform message holds, counted in bytes of UTF-8.

Knows sentences, links and emoji, and nothing of messages or of what the words mean.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

MOST_BYTES = 2048
"""Longest text of one message, passive or pushed."""

_LEAST = 4
"""Bytes of the longest character."""
_BORDERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n(?=[^\S\n]*\n)",
        r"[。！？；…!?;]+[”’」』）)】》\"']*|\n",
        r"[，、：]|,(?!\d)",
        r"\s",
    )
)
"""Where a reader pauses, the longest pauses first."""
_NEVER_FIRST = frozenset("，。、；：？！…”’」』）》】,.;:?!)")
_UNCUT = re.compile(r"<a\s[^<>]*>[^<>]*</a>|https?://[!-;=?-~]+")
"""Links: a piece of one leads nowhere."""
_JOINER = "\u200d"
_SKIN_OR_TAG = re.compile("[\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_HIGH, _LOW = re.compile("[\ud800-\udbff]"), re.compile("[\udc00-\udfff]")


def size_of(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def split(text: str, limit: int = MOST_BYTES) -> list[str]:
    """Return the text in pieces of at most ``limit`` bytes, cut where a reader would pause.

    Nothing is lost but white space at the cuts.

    Raises:
        ValueError: the limit is too small for one character.
    """
    if limit < _LEAST:
        raise ValueError(f"a limit of {limit} bytes")
    pieces = []
    rest = text.strip()
    while rest:
        cut = _cut(rest, limit)
        piece, rest = rest[:cut].rstrip(), rest[cut:].lstrip()
        pieces.append(piece)
    return pieces


def pack(
    pieces: Sequence[str], limit: int = MOST_BYTES, sep: str = "\n\n"
) -> list[tuple[str, tuple[int, ...]]]:
    """Join pieces in their order into as few texts as hold them, each with its pieces' places.

    A piece that is too long by itself is split, and its place stands with every text that holds
    some of it. An empty piece adds nothing but its place.
    """
    packed: list[tuple[str, tuple[int, ...]]] = []
    words = ""
    places: tuple[int, ...] = ()
    for place, piece in enumerate(pieces):
        for part in split(piece, limit) or [""]:
            joined = f"{words}{sep}{part}" if words and part else words or part
            if size_of(joined) > limit:
                packed.append((words, places))
                joined, places = part, ()
            words = joined
            places = places if place in places else (*places, place)
    return [*packed, (words, places)] if words else packed


def shorten(text: str, limit: int = MOST_BYTES, ending: str = "…") -> str:
    """Return the text, or its beginning and ``ending`` where it is longer than the limit.

    Raises:
        ValueError: the limit is too small for the ending and one character.
    """
    kept = text.strip()
    if size_of(kept) <= limit:
        return kept
    return split(kept, limit - size_of(ending))[0] + ending


def _cut(text: str, limit: int) -> int:
    """Return where the first piece ends: at the longest pause of its second half, if any."""
    most = _fitting(text, limit)
    if most == len(text):
        return most
    links = [match.span() for match in _UNCUT.finditer(text)]

    def is_open(place: int) -> bool:
        if text[place] in _NEVER_FIRST or not _parts(text, place):
            return False
        return not any(start < place < end for start, end in links)

    pauses = [
        [place for place in _pauses(border, text, most) if is_open(place)] for border in _BORDERS
    ]
    anywhere = next((place for place in range(most, 0, -1) if is_open(place)), 0)
    # A pause near the beginning would waste a message: the rest is no shorter for it.
    for least in (max(most // 2, 1), 1):
        for places in pauses:
            if places and places[-1] >= least:
                return places[-1]
        if anywhere >= least:
            return anywhere
    # One link fills the whole message.
    return next((place for place in range(most, 0, -1) if _parts(text, place)), most)


def _fitting(text: str, limit: int) -> int:
    """Return how many characters fit into so many bytes."""
    used = 0
    for place, character in enumerate(text):
        used += size_of(character)
        if used > limit:
            return place
    return len(text)


def _pauses(border: re.Pattern[str], text: str, most: int) -> Iterator[int]:
    for match in border.finditer(text):
        # White space falls away at a cut, so it need not fit.
        place = match.start() if match.group().isspace() else match.end()
        if place > most:
            return
        yield place


def _parts(text: str, place: int) -> bool:
    """Say whether what stands before and after a place are characters of their own."""
    before, after = text[place - 1], text[place]
    if _JOINER in (before, after) or (before, after) == ("\r", "\n"):
        return False
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or _SKIN_OR_TAG.match(after):
        return False
    if _HIGH.match(before) and _LOW.match(after):
        return False
    if _FLAG.match(before) and _FLAG.match(after):
        first = place
        while first and _FLAG.match(text[first - 1]):
            first -= 1
        # Two of them make one flag.
        return (place - first) % 2 == 0
    return True
