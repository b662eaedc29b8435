"""Message parts as a WeChat chat shows them: plain text, and quick replies to answer by number.

How long a text may be is for ``fitting`` to see to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.console import render
from connectors.messages import Part

_KEYCAP = re.compile("[\ufe0e\ufe0f\u20e3]")
_EDGE = " \t\r\n。.!?、,~…;:\"'“”‘’「」()[]【】"
# Not between two digits: "1 2" and "1.5" are not 12 and 15.
_SPACE = re.compile(r"(?<!\d)\s+|\s+(?!\d)")
_MARKS = re.compile(r"(?<!\d)[\W_]+|[\W_]+(?!\d)")
_DIGITS = "一二三四五六七八九"
_NUMBER = rf"[1-9][0-9]?|[{_DIGITS}]?十[{_DIGITS}]?|[{_DIGITS}两兩]"
_CHOSEN = re.compile(
    # A measure word needs 选 or 第 before it: "3天" and "1个" are answers of their own.
    rf"(?P<bare>{_NUMBER})"
    rf"|我?(?:[选選][择擇]?)?第(?P<place>{_NUMBER})[个個项項条條种種]?"
    rf"|我?(?:[选選][择擇]?|回[复復覆]|按)(?P<picked>{_NUMBER})[个個号號项項]?"
)
_OWN_NUMBER = re.compile(r"([1-9][0-9]?)(?:[^0-9]*)")


@dataclass(frozen=True)
class ChatWords:
    """What introduces choices; the channel itself has no words."""

    choose: str
    """Stands above numbered choices."""
    also: str
    """Stands before words that may be typed instead of the answer asked for."""


@dataclass(frozen=True)
class Choice:
    id: str
    label: str
    text: str = ""
    """What choosing it says, where that is not its label."""
    is_aside: bool = False
    """The question wants something typed: only the label chooses this, never a number."""


def render_for_chat(parts: Iterable[Part], *, folded: bool = False, base: str = "") -> str:
    """Return the parts as text without their buttons, one blank line between them.

    ``base`` is the public address without its last slash; without it a service shows no link,
    as a chat opens only whole addresses.
    """
    blocks = (_block(part, folded, base) for part in parts if part.type != "buttons")
    return "\n\n".join(block for block in blocks if block)


def choices_of(parts: Iterable[Part]) -> tuple[Choice, ...]:
    """Return the quick replies that can be chosen now: those of the last buttons."""
    last = next((part for part in reversed(list(parts)) if part.type == "buttons"), None)
    if last is None:
        return ()
    is_aside = bool(last.body.get("typed"))
    return tuple(
        Choice(str(i["id"]), str(i["label"]), str(i.get("text") or i["label"]), is_aside)
        for i in last.body["items"]
    )


def numbered(choices: Sequence[Choice], words: ChatWords) -> str:
    """Return the choices as lines to answer by number, or as words to type."""
    if not choices:
        return ""
    if _are_asides(choices):
        return words.also + "、".join(choice.label for choice in choices)
    if _own_numbers(choices):
        return "\n".join([words.choose, *(choice.label for choice in choices)])
    lines = [f"{place} {choice.label}" for place, choice in _places(choices).items()]
    return "\n".join([words.choose, *lines])


def chosen(text: str, choices: Sequence[Choice]) -> Choice | None:
    """Return the choice that a typed answer names by its number or its label, if it does."""
    said = _letters(text)
    for place, choice in _places(choices).items():
        names = (choice.label, choice.text, f"{place}{choice.label}")
        if said and said in map(_letters, names):
            return choice
    match = _CHOSEN.fullmatch(_SPACE.sub("", _plain(text).strip(_EDGE)))
    if match is None or _are_asides(choices):
        return None
    own = _own_numbers(choices)
    numbers = own if own and not match["place"] else _places(choices)
    return numbers.get(_value(match["bare"] or match["place"] or match["picked"]))


def _block(part: Part, folded: bool, base: str) -> str:
    if part.type == "notice":
        # A chat has no colours to set it apart, and a paragraph in brackets reads badly.
        return str(part.body["text"])
    if part.type != "services":
        return render([part], folded=folded)
    items = [
        {**item, "content": item["content"] + _link(str(item.get("url") or ""), base)}
        for item in part.body["items"]
    ]
    return render([Part("services", {**part.body, "items": items})], folded=folded)


def _link(url: str, base: str) -> str:
    if url.startswith("/") and base:
        url = base + url
    return f"\n  {url}" if url.startswith(("https://", "http://")) else ""


def _are_asides(choices: Sequence[Choice]) -> bool:
    return any(choice.is_aside for choice in choices)


def _places(choices: Sequence[Choice]) -> dict[int, Choice]:
    return dict(enumerate(choices, 1))


def _own_numbers(choices: Sequence[Choice]) -> dict[int, Choice]:
    """Return the choices by the numbers they are called by, as marks from 5 to 1 are.

    To number them by place would make somebody who types 5 choose the last.
    """
    found = [_OWN_NUMBER.fullmatch(_plain(choice.label).strip()) for choice in choices]
    numbers = {int(match[1]): choice for match, choice in zip(found, choices, strict=True) if match}
    return numbers if len(numbers) == len(choices) > 1 else {}


def _value(number: str) -> int:
    if number.isdigit():
        return int(number)
    if number in "两兩":
        return 2
    tens, ten, ones = number.rpartition("十")
    high = (_DIGITS.index(tens) + 1 if tens else 1) if ten else 0
    return high * 10 + (_DIGITS.index(ones) + 1 if ones else 0)


def _plain(text: str) -> str:
    """Return ①, １ and 1️⃣ alike as 1."""
    return unicodedata.normalize("NFKC", _KEYCAP.sub("", text)).casefold()


def _letters(text: str) -> str:
    return _MARKS.sub("", _plain(text))
