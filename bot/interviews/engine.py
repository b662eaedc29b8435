"""Walk through a guided consultation: which one is meant, what to ask next, how it ends. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.dialogue.digression import bare, digresses, place_of
from bot.dialogue.normalise import canonical, clean
from bot.dialogue.typed import Unreadable, told_in
from bot.interviews.words import sides, skips, unsure
from knowledge_base.consultations import Interview, Outcome, Question

OPTION = "guided"
PICK = f"{OPTION}.pick."
LONGEST_FREE_TEXT = 500
LONGEST_TRY = 8

_ROUND_ABOUT = re.compile(
    r"引导式?|向导|导诉|问答式?|问卷|咨询|流程|方式|开始|一步一?步|一个个|一个|一条条|一条|步骤"
    r"|帮我|我要|我想|你来|问我|我来|回答|处理|分析|梳理|用|做|的|事情?|吧"
)
_PARTICLES = re.compile(r"^(?:我|嗯|就是|选)+(?=.)|(?<=.)(?:的|了|吧|啊|呀|呢)+$")


def find(interviews: Sequence[Interview], words: str) -> Interview | None:
    """Return the consultation a message names, or None if it names none or several alike."""
    plain = canonical(words)
    exact = [i for i in interviews if plain == i.title or any(t in plain for t in i.triggers)]
    if len(exact) == 1:
        return exact[0]
    wanted = _pairs(plain)
    scores = [
        (len(wanted & set().union(*(_pairs(t) for t in (i.title, *i.triggers)))), i)
        for i in interviews
    ]
    best = max((score for score, _ in scores), default=0)
    winners = [interview for score, interview in scores if score == best]
    return winners[0] if best and len(winners) == 1 else None


def _pairs(words: str) -> set[str]:
    """Return the pairs of neighbouring characters that name the matter."""
    pieces = _ROUND_ABOUT.sub(" ", words).split()
    return {piece[i : i + 2] for piece in pieces for i in range(len(piece) - 1)}


def next_question(interview: Interview, answers: Mapping[str, str]) -> Question | None:
    """Return the question to ask, or None when the consultation can end.

    An urgent outcome that no further answer can change ends it at once.
    """
    decided = _decided(interview, answers)
    if answers and decided is not None and decided.urgent:
        return None
    return next((q for q in interview.questions if q.id not in answers), None)


def outcome_of(interview: Interview, answers: Mapping[str, str]) -> Outcome:
    """Return the first outcome that fits.

    Raises:
        LookupError: no outcome fits; the checker of the law base refuses such data.
    """
    found = next((o for o in interview.outcomes if o.fits(answers)), None)
    if found is None:
        raise LookupError(interview.id)
    return found


def _decided(interview: Interview, answers: Mapping[str, str]) -> Outcome | None:
    """Return the outcome if the open questions can no longer change it."""
    for outcome in interview.outcomes:
        if outcome.fits(answers):
            return outcome
        if all(q not in answers or answers[q] in values for q, values in outcome.when.items()):
            return None
    return None


def option_id(interview: Interview, question: Question, place: int) -> str:
    """Return the button id of an option; by place, because values are free words."""
    return f"{OPTION}.{interview.id}.{interview.questions.index(question)}.{place}"


def answer_of(
    interview: Interview, question: Question, words: str, option: str | None
) -> str | None:
    """Return the value a message gives to the question, or None if it gives none."""
    if option is not None:
        for place, choice in enumerate(question.options):
            if option == option_id(interview, question, place):
                return choice.value
        return None
    typed = question.field is not None and question.free_text
    if typed:
        told = _told(question, words)
        if told is not None:
            return told
        if question.options and _PARTICLES.sub("", bare(canonical(words))) in skips():
            return question.options[0].value
    chosen = _chosen(question, canonical(words))
    if chosen is not None or typed:
        return chosen
    own = clean(words)
    if question.free_text and len(own) >= 2 and not digresses(canonical(words)):
        return own[:LONGEST_FREE_TEXT]
    return None


def reads_as_answer(
    interview: Interview, question: Question, words: str, option: str | None
) -> bool:
    """Say whether a message is meant as an answer, one that fits no option included."""
    if option is not None:
        return option.startswith(f"{OPTION}.")
    if answer_of(interview, question, words, None) is not None:
        return True
    plain = canonical(words)
    if question.options and _side_of(plain) is not None:
        return True
    return len(plain) <= LONGEST_TRY and not digresses(plain)


def _told(question: Question, words: str) -> str | None:
    """Return what a message says of the field that the question is about, if it says it."""
    assert question.field is not None
    if digresses(canonical(words)):
        return None
    try:
        return told_in(question.field, words)
    except Unreadable:
        return None


def _chosen(question: Question, plain: str) -> str | None:
    """Return the value of the option named by its place, its label or the label's beginning."""
    place = place_of(plain)
    if place is not None:
        # Where something is to be typed, the options are not numbered anywhere.
        options = () if question.free_text else question.options
        return options[place - 1].value if 1 <= place <= len(options) else None
    words = _PARTICLES.sub("", bare(plain))
    same = [o.value for o in question.options if canonical(o.label) in (words, bare(plain))]
    side = _side_of(plain)
    if side is not None and not same:
        return _meant(question, side)
    begun = [o.value for o in question.options if canonical(o.label).startswith(words)]
    found = same or begun
    return found[0] if words and len(found) == 1 else None


def _side_of(plain: str) -> int | None:
    """Return 0 for a bare yes, 1 for a bare no, None for anything else."""
    said = {bare(plain), _PARTICLES.sub("", bare(plain))}
    return next((n for n, side in enumerate(sides()) if said & side.words), None)


def _meant(question: Question, side: int) -> str | None:
    """Return the value of the only option that begins as a yes or a no does."""
    labels = ((o.value, canonical(o.label)) for o in question.options)
    told = [(value, label) for value, label in labels if not label.startswith(unsure())]
    fits = [value for value, label in told if label.startswith(sides()[side].begins)]
    return fits[0] if len(fits) == 1 else None
