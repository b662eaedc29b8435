"""What of the owed messages goes into one passive reply, and into which customer-service messages.

Pure: reads and sends nothing. A bot's answer is shown in short with a link to the whole of it; a
person's words are sent in full, where they are too long in several messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.texts import Texts
from bot.wechat.sends import Owed, State
from connectors.messages import CHAT, Part
from connectors.wechat.fitting import MOST_BYTES, shorten, size_of, split
from connectors.wechat.rendering import ChatWords, Choice, choices_of, numbered, render_for_chat

Links = Callable[[str, str], str]
"""Makes a link from a conversation's id and a target; empty where there can be none."""
BETWEEN = "\n\n"
LEAST_FOR_ANSWER = 600
"""Bytes that an answer gets beside a person's words."""
LEAST_PIECE = 240
"""Bytes of a person's words below which the rest of a message is left empty."""
MOST_FOR_CHOICES = 1000
WHOLE = "more"
"""The choice that shows the whole answer; beside a link to it, it is a second way to the same."""
_ADDED = frozenset({"cases", "services"})
MOST_FOR_NAME = 120
"""Bytes of a file's name that are shown."""


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
    """Says where to read what is left unsaid: {link}."""
    more_without_link: str
    last: str
    """Ends the last message that the quota allows: {link}."""
    author: str
    """Stands before a lawyer's words: {author}."""


def sentences(words: Texts) -> Sentences:
    said = words.get("sentences")
    return Sentences(
        ChatWords(said["choose"], said["also"]),
        said["full"],
        said["file"],
        said["file_without_link"],
        said["more"],
        said["more_without_link"],
        said["last"],
        said["author"],
    )


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


@dataclass(frozen=True)
class _Piece:
    """What comes next of a person's message: words, or one file."""

    text: str
    done: int
    """How far the message is with it: characters of its words, then one for each file."""
    picture: Part | None = None


@dataclass(frozen=True)
class _Heard:
    """What of persons' messages goes into a reply, by row, and how far each is with it."""

    pieces: Sequence[tuple[int, str]]
    states: Mapping[int, State]
    part_done: Mapping[int, int]


def passive(owed: Sequence[Owed], links: Links, words: Sentences) -> Passive:
    """Fill one passive reply: persons' words in full as far as they go, the answer in short.

    All answers together stand where the first of them was given.
    """
    answers = [one for one in owed if one.in_reply_to is not None]
    said = [one for one in owed if one.in_reply_to is None]
    choices, tail = _choices(owed, words)
    room = MOST_BYTES - size_of(tail) - len(BETWEEN)
    beside = LEAST_FOR_ANSWER if answers else 0
    heard, more = _heard(said, room - beside, links, words), ""
    left = [one for one in said if one.id not in heard.states]
    if left:
        more = _more(left[0], links, words)
        room -= size_of(more) + len(BETWEEN)
        heard = _heard(said, room - beside, links, words)
    blocks = list(heard.pieces)
    states = dict(heard.states)
    if answers:
        used = _taken([block for _, block in blocks])
        short, is_linked = _in_short(answers, room - used, links, words)
        blocks.append((answers[0].id, short))
        states |= {one.id: State.LINKED if is_linked else State.PASSIVE for one in answers}
        if is_linked:
            choices, tail = _choices(owed, words, without=WHOLE)
    if not owed or owed[-1].id not in states:
        # What they belong to has not been said yet.
        choices, tail = (), ""
    order = {one.id: place for place, one in enumerate(owed)}
    blocks.sort(key=lambda block: order[block[0]])
    found = (*(block for _, block in blocks), more, tail)
    return Passive(BETWEEN.join(filter(None, found)), choices, states, heard.part_done)


def _heard(said: Sequence[Owed], room: int, links: Links, words: Sentences) -> _Heard:
    pieces: list[tuple[int, str]] = []
    states: dict[int, State] = {}
    part_done: dict[int, int] = {}
    for one in said:
        while True:
            used = _taken([block for _, block in pieces])
            piece = _next(one, room - used, links, words)
            if piece is None:
                break
            pieces.append((one.id, piece.text))
            one = replace(one, done=piece.done)
            part_done[one.id] = piece.done
        if one.done < _length(one, words):
            # What comes after it must not overtake it.
            break
        part_done.pop(one.id, None)
        states[one.id] = State.PASSIVE
    return _Heard(pieces, states, part_done)


def _more(one: Owed, links: Links, words: Sentences) -> str:
    """Say that there is more than fits, from this message on."""
    link = links(one.message.conversation_id, "talk")
    return words.more.format(link=link) if link else words.more_without_link


def parcels(owed: Sequence[Owed], left: int, links: Links, words: Sentences) -> list[Parcel]:
    """Pack everything owed into at most ``left`` messages; the last may be a link to the rest."""
    packed = _packed(owed, links, words)
    if len(packed) < left or left <= 0:
        return packed[: max(0, left)]
    if len(packed) == left:
        return [*packed[:-1], _ended(packed[-1], owed, links, words)]
    rest = packed[left - 1 :]
    first = next(one for one in owed if one.id in {i for parcel in rest for i in _rows(parcel)})
    link = links(first.message.conversation_id, "talk")
    if not link:
        return packed[:left]
    states = {i: State.LINKED for parcel in rest for i in _rows(parcel)}
    return [*packed[: left - 1], Parcel(words.more.format(link=link), states=states)]


def _ended(parcel: Parcel, owed: Sequence[Owed], links: Links, words: Sentences) -> Parcel:
    """Let the last message of a person say where to read what comes after it."""
    said = [one for one in owed if one.in_reply_to is None and one.id in _rows(parcel)]
    if not said or not parcel.text or parcel.choices:
        return parcel
    link = links(said[-1].message.conversation_id, "talk")
    text = BETWEEN.join((parcel.text, words.last.format(link=link)))
    return replace(parcel, text=text) if link and size_of(text) <= MOST_BYTES else parcel


def _rows(parcel: Parcel) -> set[int]:
    return {*parcel.states, *parcel.part_done}


def _packed(owed: Sequence[Owed], links: Links, words: Sentences) -> list[Parcel]:
    choices, tail = _choices(owed, words)
    found: list[Parcel] = []
    silent: dict[int, State] = {}
    for one in owed:
        room = MOST_BYTES - (size_of(tail) + len(BETWEEN) if tail and one is owed[-1] else 0)
        make = _said_parcels if one.in_reply_to is None else _answer_parcels
        made = make(one, room, links, words)
        if not made:
            silent[one.id] = State.SENT
        for parcel in made:
            found = _joined(found, parcel, room)
    if found and found[-1].states.get(owed[-1].id) is State.LINKED:
        choices, tail = _choices(owed, words, without=WHOLE)
    if choices and not (found and _has_room_for(tail, found[-1])):
        found.append(Parcel())
    if not found:
        return []
    last = replace(found[-1], states={**found[-1].states, **silent})
    if choices:
        is_aside = any(choice.is_aside for choice in choices)
        whole = BETWEEN.join(filter(None, (last.text, tail)))
        head = whole if is_aside else last.text or words.chat.choose
        last = replace(last, text=head, choices=choices)
    return [*found[:-1], last]


def _has_room_for(tail: str, parcel: Parcel) -> bool:
    size = size_of(BETWEEN.join((parcel.text, tail)))
    return parcel.picture is None and size <= MOST_BYTES


def _answer_parcels(one: Owed, room: int, links: Links, words: Sentences) -> list[Parcel]:
    short, is_linked = _in_short([one], room, links, words)
    state = State.LINKED if is_linked else State.SENT
    return [Parcel(short, states={one.id: state})] if short else []


def _said_parcels(one: Owed, room: int, links: Links, words: Sentences) -> list[Parcel]:
    found = []
    while (piece := _next(one, room, links, words, pictures=True)) is not None:
        one = replace(one, done=piece.done)
        is_last = piece.done >= _length(one, words)
        states = {one.id: State.SENT} if is_last else {}
        done = {} if is_last else {one.id: piece.done}
        found.append(Parcel(piece.text, (), piece.picture, states, done))
    return found


def _joined(found: list[Parcel], parcel: Parcel, room: int) -> list[Parcel]:
    """Put a parcel into the last message where it fits, else behind it."""
    if found and parcel.picture is None and found[-1].picture is None:
        last = found[-1]
        text = BETWEEN.join((last.text, parcel.text))
        if size_of(text) <= room:
            done = {i: n for i, n in last.part_done.items() if i not in parcel.states}
            merged = Parcel(
                text, (), None, {**last.states, **parcel.states}, {**done, **parcel.part_done}
            )
            return [*found[:-1], merged]
    return [*found, parcel]


def _next(
    one: Owed, room: int, links: Links, words: Sentences, *, pictures: bool = False
) -> _Piece | None:
    """Return what of a message comes next and fits; None for nothing.

    With ``pictures`` those that the platform takes are sent as such, else each as a link.
    """
    said = _said(one, words)
    rest = said[one.done :]
    if rest:
        if room < min(LEAST_PIECE, size_of(rest.strip())):
            return None
        piece = split(rest, room)[0]
        return _Piece(piece, one.done + rest.index(piece) + len(piece))
    number = one.done - len(said)
    for file in _files(one)[number : number + 1]:
        if pictures and file.body["mime"] in ("image/jpeg", "image/png"):
            return _Piece("", one.done + 1, file)
        line = _file_line(one, file, links, words)
        return _Piece(line, one.done + 1) if size_of(line) <= room else None
    return None


def _length(one: Owed, words: Sentences) -> int:
    return len(_said(one, words)) + len(_files(one))


def _taken(blocks: Sequence[str]) -> int:
    """Return how many bytes of a message are no longer free for one more block."""
    return size_of(BETWEEN.join(blocks)) + len(BETWEEN) if blocks else 0


def _in_short(
    answers: Sequence[Owed], room: int, links: Links, words: Sentences
) -> tuple[str, bool]:
    """Return the answers within so many bytes, and whether what is cut off is behind a link."""
    whole = BETWEEN.join(filter(None, (_whole(one, links, words) for one in answers)))
    is_whole = not any(map(_is_folded, answers)) and not any(map(_adds, answers))
    if size_of(whole) <= room and is_whole:
        return whole, False
    first = answers[0]
    is_one = all(one.in_reply_to == first.in_reply_to for one in answers)
    target = f"answer:{first.in_reply_to}" if is_one else "talk"
    link = links(first.message.conversation_id, target)
    last = words.full.format(link=link) if link else ""
    left = room - (size_of(last) + len(BETWEEN) if last else 0)
    files = [_file_line(one, file, links, words) for one in answers for file in _files(one)]
    parts = [part for one in answers for part in _without_files(one)]
    added = _ADDED if link and any(map(_adds, answers)) else frozenset()
    digest = _digest([part for part in parts if part.type not in added], files, left)
    return BETWEEN.join(filter(None, (digest, last))), bool(link)


def _digest(parts: Sequence[Part], files: Sequence[str], room: int) -> str:
    """Return of an answer what to do first, then the law, then what must not be missed.

    Notices are short and are kept whole: a period, a danger, that it is AI.
    """
    notices = render_for_chat(part for part in parts if part.type == "notice")
    others = [part for part in parts if part.type != "notice"]
    others.sort(key=lambda part: part.type != "text")
    kept = shorten(notices, max(room // 2, LEAST_PIECE)) if notices else ""
    left = room - (size_of(kept) + len(BETWEEN) if kept else 0)
    body = BETWEEN.join(filter(None, (render_for_chat(others), *files)))
    return BETWEEN.join(filter(None, (shorten(body, left), kept)))


def _whole(one: Owed, links: Links, words: Sentences) -> str:
    lines = (_file_line(one, file, links, words) for file in _files(one))
    return BETWEEN.join(filter(None, (_said(one, words), *lines)))


def _said(one: Owed, words: Sentences) -> str:
    """Return the words of a message; always the same, or pieces of it would not fit together."""
    text = render_for_chat(_without_files(one)).strip()
    if one.message.author and text:
        return f"{words.author.format(author=one.message.author)}\n{text}".strip()
    return text


def _adds(one: Owed) -> bool:
    """Say whether an answer of law adds what is for whoever opens the whole of it."""
    types = {part.type for part in one.message.parts}
    return "citations" in types and bool(types & _ADDED)


def _is_folded(one: Owed) -> bool:
    """Say whether a message has more to it than is shown."""
    parts = _without_files(one)
    return render_for_chat(parts, folded=True) != render_for_chat(parts)


def _without_files(one: Owed) -> list[Part]:
    return [
        Part(part.type, {**part.body, "text": part.body[CHAT]}) if CHAT in part.body else part
        for part in one.message.parts
        if part.type not in ("file", "buttons")
    ]


def _files(one: Owed) -> list[Part]:
    return [part for part in one.message.parts if part.type == "file"]


def _file_line(one: Owed, file: Part, links: Links, words: Sentences) -> str:
    link = links(one.message.conversation_id, f"answer:{one.message.id}")
    sentence = words.file if link else words.file_without_link
    return sentence.format(name=shorten(str(file.body["name"]), MOST_FOR_NAME), link=link)


def _choices(
    owed: Sequence[Owed], words: Sentences, without: str = ""
) -> tuple[tuple[Choice, ...], str]:
    """Return what the last message lets choose, as far as it can be listed, and the list."""
    if not owed:
        return (), ""
    reply = owed[-1].in_reply_to
    beside = [one for one in owed if reply is not None and one.in_reply_to == reply]
    found: dict[str, Choice] = {}
    for one in beside or owed[-1:]:
        for part in one.message.parts:
            found |= {choice.id: choice for choice in choices_of((part,))}
    # Where one question wants something typed, numbers would answer it.
    is_aside = any(choice.is_aside for choice in found.values())
    choices = tuple(
        replace(choice, is_aside=is_aside) for choice in found.values() if choice.id != without
    )
    while size_of(tail := numbered(choices, words.chat)) > MOST_FOR_CHOICES:
        choices = choices[:-1]
    return choices, tail
