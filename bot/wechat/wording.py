"""What of the owed messages goes into one passive reply, and into which customer-service messages.

Pure: reads and sends nothing. A bot's answer is shown in short with a link to the whole of it; a
person's words are sent in full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.wechat.sends import Owed, State
from connectors.messages import Part
from connectors.wechat.fitting import MOST_BYTES, shorten, size_of, split
from connectors.wechat.rendering import ChatWords, Choice, choices_of, numbered, render_for_chat

Links = Callable[[str, str], str]
"""Makes a link from a conversation's id and a target; empty where there can be none."""
BETWEEN = "\n\n"
LEAST_FOR_ANSWER = 600
"""Bytes that an answer gets beside a person's words."""


@dataclass(frozen=True)
class Sentences:
    """The words of the channel, from words.yml; {names} are filled in here."""

    chat: ChatWords
    full: str
    """Says where the whole answer is: {link}."""
    file: str
    """Stands for a file: {name} and {link}."""
    file_without_link: str
    more: str
    """Says where to read what the quota leaves unsaid: {link}."""
    author: str
    """Stands before a lawyer's words: {author}."""


@dataclass(frozen=True)
class Passive:
    """One passive reply, and what it settles."""

    text: str
    choices: tuple[Choice, ...] = ()
    states: Mapping[int, State] = field(default_factory=dict)
    part_done: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Parcel:
    """One customer-service message, and how far each row is with it."""

    text: str = ""
    choices: tuple[Choice, ...] = ()
    """Sent as lines to tap, unless the question wants something typed."""
    picture: Part | None = None
    states: Mapping[int, State] = field(default_factory=dict)
    part_done: Mapping[int, int] = field(default_factory=dict)


def passive(owed: Sequence[Owed], links: Links, words: Sentences) -> Passive:
    """Fill one passive reply: persons' words in full as far as they go, the answer in short."""
    answers = [one for one in owed if one.in_reply_to is not None]
    said = [one for one in owed if one.in_reply_to is None]
    choices = _choices(owed)
    tail = numbered(choices, words.chat)
    room = MOST_BYTES - size_of(tail) - len(BETWEEN)
    for_said = room - (LEAST_FOR_ANSWER if answers else 0)
    blocks: list[str] = []
    states: dict[int, State] = {}
    part_done: dict[int, int] = {}
    for one in said:
        pieces = _pieces(one, links, words)[one.done :]
        taken = 0
        for piece in pieces:
            if size_of(BETWEEN.join([*blocks, piece])) > for_said:
                break
            blocks.append(piece)
            taken += 1
        if taken == len(pieces):
            states[one.id] = State.PASSIVE
            continue
        if taken:
            part_done[one.id] = one.done + taken
        # What comes after it must not overtake it.
        break
    if answers:
        left = room - size_of(BETWEEN.join(blocks)) - len(BETWEEN)
        short, is_cut = _in_short(answers, left, links, words)
        blocks.append(short)
        states |= {one.id: State.LINKED if is_cut else State.PASSIVE for one in answers}
    text = BETWEEN.join(block for block in (*blocks, tail) if block)
    return Passive(text, choices, states, part_done)


def parcels(owed: Sequence[Owed], left: int, links: Links, words: Sentences) -> list[Parcel]:
    """Pack everything owed into at most ``left`` messages; the last may be a link to the rest."""
    packed = _packed(owed, links, words)
    if len(packed) <= left or left <= 0:
        return packed[: max(0, left)]
    rest = packed[left - 1 :]
    first = next(one for one in owed if one.id in {i for parcel in rest for i in _rows(parcel)})
    link = links(first.message.conversation_id, "talk")
    if not link:
        return packed[:left]
    states = {i: State.LINKED for parcel in rest for i in _rows(parcel)}
    return [*packed[: left - 1], Parcel(words.more.format(link=link), states=states)]


def _rows(parcel: Parcel) -> set[int]:
    return {*parcel.states, *parcel.part_done}


def _packed(owed: Sequence[Owed], links: Links, words: Sentences) -> list[Parcel]:
    found: list[Parcel] = []
    for one in owed:
        pictures = [] if one.in_reply_to is not None else _pictures(one)
        texts = (
            [_in_short([one], MOST_BYTES, links, words)[0]]
            if one.in_reply_to is not None
            else _pieces(one, links, words, without=pictures)
        )
        # Counted over all of the row, so that a second attempt goes on where the first ended.
        everything = [Parcel(text) for text in texts if text]
        everything += [Parcel(picture=picture) for picture in pictures]
        for number, parcel in enumerate(everything[one.done :], one.done + 1):
            is_last = number == len(everything)
            states = {one.id: State.SENT} if is_last else {}
            done = {} if is_last else {one.id: number}
            found = _joined(found, Parcel(parcel.text, (), parcel.picture, states, done))
    choices = _choices(owed)
    if found and choices and found[-1].picture is None:
        last = found[-1]
        tail = numbered(choices, words.chat)
        whole = BETWEEN.join((last.text, tail))
        if size_of(whole) <= MOST_BYTES:
            is_aside = any(choice.is_aside for choice in choices)
            text = whole if is_aside else last.text
            found[-1] = Parcel(text, choices, None, last.states, last.part_done)
    return found


def _joined(found: list[Parcel], parcel: Parcel) -> list[Parcel]:
    """Put a parcel into the last message where it fits, else behind it."""
    if found and parcel.picture is None and found[-1].picture is None:
        last = found[-1]
        text = BETWEEN.join((last.text, parcel.text))
        if size_of(text) <= MOST_BYTES:
            done = {i: n for i, n in last.part_done.items() if i not in parcel.states}
            merged = Parcel(
                text, (), None, {**last.states, **parcel.states}, {**done, **parcel.part_done}
            )
            return [*found[:-1], merged]
    return [*found, parcel]


def _in_short(
    answers: Sequence[Owed], room: int, links: Links, words: Sentences
) -> tuple[str, bool]:
    """Return the answers within so many bytes, with a link where not everything is said."""
    whole = BETWEEN.join(filter(None, (_text(one, links, words) for one in answers)))
    unfolded = BETWEEN.join(
        filter(None, (render_for_chat(one.message.parts, folded=True) for one in answers))
    )
    if size_of(whole) <= room and size_of(unfolded) <= size_of(whole):
        return whole, False
    first = answers[0]
    link = links(first.message.conversation_id, f"answer:{first.in_reply_to}")
    last = words.full.format(link=link) if link else ""
    left = room - size_of(last) - len(BETWEEN)
    if size_of(whole) <= left:
        return BETWEEN.join(filter(None, (whole, last))), False
    # Notices are short and say what must not be missed: a period, a danger, that it is AI.
    kept = [part for one in answers for part in one.message.parts if part.type == "notice"]
    notices = shorten(render_for_chat(kept), max(left // 2, LEAST_FOR_ANSWER // 2)) if kept else ""
    left -= size_of(notices) + len(BETWEEN)
    body = whole
    for dropped in ({"notice", "cases"}, {"notice", "cases", "services"}):
        parts = [part for one in answers for part in one.message.parts if part.type not in dropped]
        body = render_for_chat(parts)
        if size_of(body) <= left:
            break
    return BETWEEN.join(filter(None, (shorten(body, left), notices, last))), True


def _pieces(one: Owed, links: Links, words: Sentences, without: Sequence[Part] = ()) -> list[str]:
    text = _text(one, links, words, without)
    return split(text, MOST_BYTES) if text else []


def _text(one: Owed, links: Links, words: Sentences, without: Sequence[Part] = ()) -> str:
    files = [part for part in one.message.parts if part.type == "file" and part not in without]
    others = [part for part in one.message.parts if part.type not in ("file", "buttons")]
    blocks = [render_for_chat(others)] if others else []
    for part in files:
        link = links(one.message.conversation_id, f"answer:{one.message.id}")
        sentence = words.file if link else words.file_without_link
        blocks.append(sentence.format(name=part.body["name"], link=link))
    text = BETWEEN.join(block for block in blocks if block)
    if one.message.author and text:
        return f"{words.author.format(author=one.message.author)}\n{text}"
    return text


def _pictures(one: Owed) -> list[Part]:
    return [
        part
        for part in one.message.parts
        if part.type == "file" and part.body["mime"] in ("image/jpeg", "image/png")
    ]


def _choices(owed: Sequence[Owed]) -> tuple[Choice, ...]:
    """Return what the last message lets choose."""
    return choices_of(owed[-1].message.parts) if owed else ()
