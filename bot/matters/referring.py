"""A referral in the dialogue: which kind, a number to call back, what it is about; then its card.

Rasa hears nothing of it, so no number reaches it. Another wish ends the questions: nobody is held.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import phonenumbers
import structlog

from bot.dialogue.cards import citation_cards
from bot.dialogue.digression import digresses, is_short_question, is_small_talk, place_of
from bot.dialogue.normalise import canonical, clean
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.matter import Matter, Referral, spoken
from bot.matters.referral_repository import ReferralRepository
from bot.matters.referrals import Kind, Referrals
from bot.texts import Texts
from connectors.messages import Part, buttons, notice, text
from knowledge_base.models import Article

log = structlog.get_logger(__name__)

ROUTE = "referral"
PICK = "referral.pick."
NO_PHONE, SAID = "referral.no_phone", "referral.said"
LONGEST_ABOUT = 300
GAP = 4
"""Characters that may stand between 登记 and what is to be registered: 登记一下人民调解."""
MOST_SHOWN = 6
"""Citations of an answer that are looked at: those further down are not what it is about."""
_CATALOGUE_OF_OFFICES = 7

Answers = Mapping[str, str]


@dataclass(frozen=True)
class ReferralChat:
    """Registers referrals, and offers them with the answers they fit."""

    repository: ReferralRepository
    referrals: Referrals
    articles: Mapping[str, Article]
    texts: Texts

    # --- taking part in the talk ----------------------------------------------------------------

    def reply(self, turn: Turn) -> TurnReply | None:
        """Begin a referral or take the answer to its open question; None for anything else."""
        begun, kind = self._begins(turn)
        if begun:
            return self._begin(turn, kind)
        if turn.context.last_route != ROUTE or not turn.context.referral:
            return None
        answers = dict(turn.context.referral)
        words = canonical(turn.text)
        if re.search(self.referrals.stop_words, words):
            said = text(self._say("cancelled"))
            return self._replied(turn, (said, self._own("help", "lawyer")), {})
        if self._is_elsewhere(turn, words):
            return None
        if not answers["kind"]:
            return self._chosen(turn, words)
        if "phone" not in answers:
            return self._phoned(turn, words, answers)
        return self._told(turn, words, answers)

    def _is_elsewhere(self, turn: Turn, words: str) -> bool:
        """Say whether a message is for somebody else, whichever question is open."""
        if turn.option is not None:
            # The words of 就是刚才说的事 are those of the earlier question.
            return not turn.option.startswith(f"{ROUTE}.")
        # A button of the common table comes as its words.
        if clean(turn.text) in {button["text"] for button in self.texts.get("buttons").values()}:
            return True
        return bool(re.search(self.referrals.leaves_words, words)) or is_small_talk(words)

    def _begins(self, turn: Turn) -> tuple[bool, Referral | None]:
        """Say whether the message asks for a referral, and for which if it says so."""
        offered = dict(turn.context.options)
        if turn.option is not None and turn.option in offered and turn.option.startswith(PICK):
            return True, Referral(turn.option.removeprefix(PICK))
        words = canonical(turn.text)
        found = re.match(self.referrals.starts, words)
        if found is None or len(words) > self.referrals.longest_start or _asks_how(words):
            return False, None
        rest = words[found.end() :]
        if "转办" in words and re.fullmatch(self.referrals.bare, rest):
            return True, None
        kind = self._named(rest, GAP)
        return kind is not None, kind

    def _named(self, words: str, within: int | None = None) -> Referral | None:
        """Return the first kind whose words are in the text, near its beginning if asked."""
        before = "" if within is None else rf"^[^。，,]{{0,{within}}}"
        return next(
            (
                name
                for name, kind in self.referrals.kinds.items()
                if re.search(rf"{before}(?:{kind.words})", words)
            ),
            None,
        )

    def _begin(self, turn: Turn, kind: Referral | None) -> TurnReply:
        if kind is None:
            return self._which(turn)
        known = self.repository.open_of(turn.conversation_id, kind)
        if known is not None:
            return self._registered(turn, kind, known, is_new=False)
        answers = {"kind": str(kind)}
        phone = phone_in(turn.text)
        if phone:
            answers["phone"] = phone
        one = self.referrals.kinds[kind]
        begins = self._say("begins", title=one.title, about=one.about)
        return self._ask(turn, answers, (text(begins), self._guide(one)))

    def _which(self, turn: Turn) -> TurnReply:
        items = [self._offer(name) for name in self.referrals.kinds]
        cancel = buttons(self.texts.button("cancel")).body["items"]
        listed = Part("buttons", {"items": [*items, *cancel]})
        return self._replied(turn, (text(self._say("which")), listed), {"kind": ""})

    def _chosen(self, turn: Turn, words: str) -> TurnReply | None:
        place = place_of(words)
        names = list(self.referrals.kinds)
        if place is not None and 1 <= place <= len(names):
            return self._begin(turn, names[place - 1])
        kind = None if _asks_how(words) else self._named(words)
        return None if kind is None else self._begin(turn, kind)

    def _phoned(self, turn: Turn, words: str, answers: Answers) -> TurnReply | None:
        if turn.option == NO_PHONE or re.search(self.referrals.no_phone_words, words):
            return self._ask(turn, {**answers, "phone": ""})
        phone = phone_in(turn.text)
        if phone:
            return self._ask(turn, {**answers, "phone": phone})
        if digresses(words):
            return None
        return self._ask(turn, answers, (notice(self._say("phone_wrong"), "warning"),))

    def _told(self, turn: Turn, words: str, answers: Answers) -> TurnReply | None:
        about = clean(turn.text)
        # A channel without buttons sends their words.
        if turn.option == SAID or about == self._say("said"):
            about = turn.context.question
        elif turn.option is not None:
            # A choice of an earlier step tells nothing of the matter.
            return self._ask(turn, answers)
        elif digresses(words):
            return None
        about = about[:LONGEST_ABOUT]
        if len(about) < 2:
            return self._ask(turn, answers, (notice(self._say("about_wrong"), "warning"),))
        kind = Referral(answers["kind"])
        found = self.repository.register(turn.conversation_id, kind, answers["phone"], about)
        log.info("referral_registered", number=found.number, kind=kind)
        return self._registered(turn, kind, found, is_new=True)

    # --- what is said ---------------------------------------------------------------------------

    def _ask(self, turn: Turn, answers: Answers, before: Sequence[Part] = ()) -> TurnReply:
        """Put the next question."""
        if "phone" not in answers:
            pairs = ((NO_PHONE, self._say("no_phone")), self.texts.button("cancel"))
            choices = buttons(*pairs, typed=True)
            return self._replied(turn, (*before, text(self._say("phone")), choices), answers)
        items: list[dict[str, Any]] = []
        if turn.context.question:
            # What was just told need not be told again.
            said = {"id": SAID, "label": self._say("said"), "text": turn.context.question}
            items.append(said)
        items += buttons(self.texts.button("cancel")).body["items"]
        choices = Part("buttons", {"items": items, "typed": True})
        asked = (*before, text(self._say("about")), choices)
        return self._replied(turn, asked, answers)

    def _registered(self, turn: Turn, kind: Referral, found: Matter, *, is_new: bool) -> TurnReply:
        one, number = self.referrals.kinds[kind], spoken(found.number)
        first = self._say("made" if is_new else "known", number=number, decides=one.decides)
        tail = self._say("tail") if found.contact.phone else ""
        told = [first, self._say("asks", number=number, tail=tail)]
        if not found.contact.phone:
            told.append(self._say("without_phone"))
        held = [self.articles[key] for key in one.basis if key in self.articles]
        parts = [
            text("\n".join(told)),
            self._card(self._say("card", title=one.title), one, number),
            *((citation_cards(held, shown=1),) if held else ()),
            self._own("lawyer", "services"),
        ]
        return self._replied(turn, tuple(parts), {}, about=kind)

    def _guide(self, one: Kind) -> Part:
        return self._card(self._say("guide", title=one.title), one)

    def _card(self, title: str, one: Kind, number: str = "") -> Part:
        labels = self.referrals.say["rows"]
        values = {
            "number": number,
            "bring": "；".join(one.bring),
            "where": one.where,
            "cost": one.cost,
            "decides": one.decides,
        }
        rows = [[labels[name], value] for name, value in values.items() if value]
        return Part("card", {"title": title, "rows": rows})

    def _replied(
        self,
        turn: Turn,
        parts: tuple[Part, ...],
        answers: Answers,
        about: Referral | None = None,
    ) -> TurnReply:
        """Answer with the numbers of the services concerned as what was found."""
        kind = about or (Referral(answers["kind"]) if answers.get("kind") else None)
        services = () if kind is None else self.referrals.kinds[kind].services
        context = replace(turn.context, referral=tuple(answers.items()))
        return TurnReply(ROUTE, parts, items=tuple(map(str, services)), context=context)

    def _own(self, *keys: str) -> Part:
        return buttons(*(self.texts.button(key) for key in keys))

    def _say(self, name: str, /, **values: object) -> str:
        return self.referrals.texts.say(name, **values)

    def _offer(self, kind: Referral) -> dict[str, str]:
        label = self._say("button", title=self.referrals.kinds[kind].title)
        return {"id": f"{PICK}{kind}", "label": label, "text": label}

    # --- offering it ----------------------------------------------------------------------------

    def offered(self, turn: Turn, reply: TurnReply) -> TurnReply:
        """Add to an answer what can be passed on; to a service also what to bring and where."""
        kinds = () if reply.handover is not None else self._fitting(turn, reply)
        if not kinds:
            return reply
        pressed = [part for part in reply.parts if part.type == "buttons"]
        there = [item for part in pressed for item in part.body["items"]]
        rest = [part for part in reply.parts if part.type != "buttons"]
        if reply.route == "service_item":
            rest += [self._guide(self.referrals.kinds[kind]) for kind in kinds]
        items = [*there, *(self._offer(kind) for kind in kinds)]
        return replace(reply, parts=(*rest, Part("buttons", {"items": items})))

    def _fitting(self, turn: Turn, reply: TurnReply) -> tuple[Referral, ...]:
        """Return the kinds that a reply is about."""
        words = canonical(turn.text)
        kinds = self.referrals.kinds
        if reply.route == "service_item" and len(reply.items) <= 2:
            number = int(reply.items[0]) if reply.items else 0
            if number == _CATALOGUE_OF_OFFICES:
                named = self._named(words)
                return () if named is None else (named,)
            found = tuple(name for name, kind in kinds.items() if number in kind.services)
            narrowed = tuple(name for name in found if re.search(kinds[name].words, words))
            return narrowed or found
        if reply.route == "directory":
            named = self._named(words)
            return () if named is None else (named,)
        if reply.route != "legal_question":
            return ()
        cited = set(reply.items[:MOST_SHOWN])
        shown = {
            int(item["number"])
            for part in reply.parts
            if part.type == "services"
            for item in part.body["items"]
        }
        for name, kind in kinds.items():
            says = bool(re.search(kind.words, words))
            if cited & set(kind.articles) or (shown & set(kind.services) and says):
                return (name,)
        return (Referral.MEDIATION,) if shown & set(kinds[Referral.MEDIATION].services) else ()


def phone_in(words: str) -> str:
    """Return the first Chinese telephone number in a text, in national digits; '' if none."""
    for found in phonenumbers.PhoneNumberMatcher(canonical(words), "CN"):
        number = found.number
        if number.country_code == 86 and phonenumbers.is_valid_number(number):
            national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
            return re.sub(r"\D", "", national)
    return ""


def _asks_how(words: str) -> bool:
    """Say whether a message asks about registering rather than for it: 公证登记要多久."""
    return is_short_question(words) and not words.rstrip("?？。 ").endswith(("吗", "么"))
