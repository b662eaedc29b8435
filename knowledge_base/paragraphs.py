"""The parts of an article: paragraphs (款) and the numbered items (项) below them.

An article's text keeps one line for each paragraph and each item; a line that begins with
（一） is an item of the paragraph before it, as 立法法 65 describes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge_base.numerals import to_int

_ITEM = re.compile(r"^[（(]([一二三四五六七八九十]{1,3})[)）]\s*")
_SUBITEM = re.compile(r"^(?:\d{1,2}[.．、]|[（(]\d{1,2}[)）])")


@dataclass(frozen=True)
class Paragraph:
    """One 款: its own words, and its 项 by number."""

    text: str
    items: tuple[tuple[int, str], ...] = ()

    def item(self, number: int) -> str | None:
        """Return one 项, without its number; None if there is no such item."""
        return dict(self.items).get(number)

    @property
    def whole(self) -> str:
        """The paragraph with its items, a line each."""
        return "\n".join((self.text, *(text for _, text in self.items)))


def paragraphs(article: str) -> tuple[Paragraph, ...]:
    """Split an article's text; an item before any paragraph belongs to an empty first one."""
    found: list[tuple[str, list[tuple[int, str]]]] = []
    for line in filter(None, (line.strip() for line in article.splitlines())):
        item = _ITEM.match(line)
        if item is not None:
            if not found:
                found.append(("", []))
            found[-1][1].append((to_int(item[1]), line))
        elif _SUBITEM.match(line) and found and found[-1][1]:
            number, text = found[-1][1][-1]
            found[-1][1][-1] = (number, f"{text}\n{line}")
        else:
            found.append((line, []))
    return tuple(Paragraph(text, tuple(items)) for text, items in found)


def part_of(article: str, paragraph: int | None, item: int | None) -> str | None:
    """Return the wording of one 款 or 项; None if the article has no such part.

    第X项 without a 款 is looked for in the first paragraph that has items.
    """
    listed = paragraphs(article)
    if paragraph is None:
        if item is None:
            return article
        return next((text for p in listed if (text := p.item(item)) is not None), None)
    if not 1 <= paragraph <= len(listed):
        return None
    chosen = listed[paragraph - 1]
    return chosen.whole if item is None else chosen.item(item)
