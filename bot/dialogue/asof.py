"""The law as of the day of the facts: what held then, what changed, and which rule decides.

A reply rests on the law of today; where the visitor tells of an earlier day and the articles have
changed since, the former text, the difference and the transitional rule are added to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.dialogue.cards import citation_cards, former_card
from bot.domain.clock import Clock, china_date
from bot.texts import Texts
from connectors.messages import Part, notice, text
from knowledge_base.citations import Citation, article_title
from knowledge_base.factdates import FactDate, fact_date, mentioned_dates
from knowledge_base.models import Article, Former, KnowledgeBase, Transition, Version
from knowledge_base.past import Past
from knowledge_base.verifier import Verdict, Verifier
from knowledge_base.versions import Repeal, same_day

PROCEDURE = "诉讼程序"
MOST_KEYS = 3
"""Articles of a reply, the closest first, whose past is told."""
MOST_FORMER = 2
MOST_NAMED = 2
MOST_RULES = 2
MOST_BASIS = 2


class LawTexts(Protocol):
    """Imported statute wordings, where there are any."""

    def article(self, law: str, passed: dt.date | None, number: str) -> Article | None: ...


@dataclass(frozen=True)
class Then:
    """One article of today as it stood on the day of the facts."""

    now: str
    """Its present key; empty if nothing took its place."""
    law: str
    number: str
    version: Version
    former: Former | None
    """Our own words for it, if we hold them."""
    wording: str = ""
    """The imported wording, where our own words are missing."""

    @property
    def key(self) -> str:
        return f"{self.law}/{self.number}"

    @property
    def differs(self) -> bool:
        """Say whether there is another rule to show and not only another number."""
        return bool(self.former.changed if self.former else self.wording)


class LawOfTheDay:
    def __init__(
        self,
        kb: KnowledgeBase,
        verifier: Verifier,
        law_texts: LawTexts,
        texts: Texts,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._kb = kb
        self._verifier = verifier
        self._law_texts = law_texts
        self._texts = texts
        self._past = Past(kb, verifier)

    def citations(self, said: str) -> list[Citation]:
        """Return the citations of a text; every law of the register is known by name."""
        return self._verifier.citations(said)

    def stands(self, said: str, on: dt.date | None = None) -> bool:
        """Say whether every citation of a reply is one that the law base holds.

        A former article stands only where it is named with its year or as 旧 or 原; the words of
        a former article may cite what was in force on its day.
        """
        return all(self._holds(citation, on) for citation in self.citations(said))

    def _holds(self, citation: Citation, on: dt.date | None) -> bool:
        today = china_date(self._clock.now())
        if on is not None and self.judge(citation, on).status == "in_force":
            return True
        if citation.edition and self.judge(citation, today).status == "changed":
            return True
        return citation.key in self._kb.articles or self.wording(citation.key, today) is not None

    def judge(self, citation: Citation, on: dt.date) -> Verdict:
        """Judge a citation on a day."""
        return self._verifier.of(citation, on)

    def knows(self, law: str) -> bool:
        """Say whether a law of this name exists or existed."""
        return self._verifier.register.knows(law)

    def in_force(self, law: str, on: dt.date) -> Version | None:
        """Return the version of a law in force on a day."""
        return self._verifier.register.in_force(law, on)

    def repeal(self, law: str) -> Repeal | None:
        """Return how a law was repealed, if it was."""
        return self._verifier.register.repeal(law)

    def wording(self, key: str, on: dt.date) -> Article | None:
        """Return the imported wording of an article in force on a day, if there is one."""
        law, _, number = key.rpartition("/")
        version = self.in_force(law, on)
        if version is None:
            return None
        held = self._law_texts.article(version.law, version.passed, number)
        # The register knows days that no text states.
        return replace(held, version=version) if held else None

    def is_present(self, version: Version | None, today: dt.date) -> bool:
        """Say whether this is the version in force today."""
        now = self.in_force(version.law, today) if version else None
        return bool(now and version and same_day(now.passed, version.passed))

    def successor(self, verdict: Verdict, today: dt.date) -> str | None:
        """Return the key that the article of a verdict bears today, if that is certain."""
        register = self._verifier.register
        row = register.row_of(verdict.version) if verdict.version else None
        number = verdict.key.rpartition("/")[2]
        if row is None:
            return None
        return self._verifier.renumbering.successor(row, number, today, register)

    def former_of(self, verdict: Verdict, today: dt.date) -> Then | None:
        """Return the former text that a verdict means, if we hold words for it."""
        version = verdict.version
        if version is None or self.is_present(version, today):
            return None
        number = verdict.key.rpartition("/")[2]
        now = self.successor(verdict, today)
        former = self._past.former_of(version, number)
        if former is not None:
            now = former.now[0] if former.now else now
        held = self._law_texts.article(version.law, version.passed, number)
        wording = (held.text or "") if held else ""
        if former is None and not wording:
            return None
        return Then(now or "", version.law, number, version, former, wording)

    def card_of(self, found: Sequence[Then]) -> Part:
        """Return the cards of former articles."""
        return former_card([self._card(one) for one in found], self._texts.say("then.cards"))

    def parts(
        self, question: str, keys: Sequence[str], today: dt.date, *, brief: bool = False
    ) -> tuple[Part, ...]:
        """Return what a reply that rests on ``keys`` must add for the days a question names.

        ``brief``: the articles are only possibly the right ones, so the rule alone is told.
        """
        dates = mentioned_dates(question, today)
        if not dates:
            return ()
        fact = fact_date(question, today)
        rules = self.rules(question, keys, dates)
        if brief:
            return tuple(self._rule_parts(rules[:1], keys))
        # Where a rule says that the law of today applies to old facts, the old law would mislead.
        settled = {key for rule in rules if rule.law_of_today for key in rule.articles}
        open_keys = [key for key in keys[:MOST_KEYS] if key not in settled]
        changed = self.then(open_keys, fact.first, today) if fact else []
        lost = [key for key in open_keys[:1] if fact and self._is_lost(key, fact.first, today)]
        if not rules and not changed and not lost:
            return ()
        said = fact.said if fact else dates[0].said
        parts = [*self._former_parts(said, fact, changed), *self._rule_parts(rules, keys)]
        for key in lost:
            parts.append(
                notice(self._texts.say("then.lost", article=article_title(key)), "warning")
            )
        return tuple(parts)

    def warning(self, question: str, keys: Sequence[str], today: dt.date) -> Part | None:
        """Return what to say before a reply whose law is not that of the facts.

        What stands first is the law of today, and may be the opposite of what held then.
        """
        fact = fact_date(question, today)
        if fact is None:
            return None
        rules = self.rules(question, keys, mentioned_dates(question, today))
        if rules and all(rule.law_of_today for rule in rules):
            return None
        return notice(self._texts.say("then.first", said=fact.said), "warning")

    def _is_lost(self, key: str, on: dt.date, today: dt.date) -> bool:
        """Say whether an article has changed since a day whose text we cannot tell."""
        then = self.in_force(key.rpartition("/")[0], on)
        if then is None or self.is_present(then, today):
            return False
        article = self._kb.articles.get(key)
        is_procedure = article is not None and article.topic == PROCEDURE
        return not is_procedure and self._past.trace(key, on, today) is None

    def then(self, keys: Sequence[str], on: dt.date, today: dt.date) -> list[Then]:
        """Return those of today's articles whose text on an earlier day was another."""
        found: dict[str, Then] = {}
        for key in keys:
            article = self._kb.articles.get(key)
            if article is not None and article.topic == PROCEDURE:
                # How to sue follows the law of the day of suing, whenever the facts lie.
                continue
            one = self.trace(key, on, today)
            if one is not None:
                found.setdefault(one.key, one)
        return list(found.values())

    def trace(self, key: str, on: dt.date, today: dt.date) -> Then | None:
        """Return an article as it stood on a day; None if its text was that of today."""
        traced = self._past.trace(key, on, today)
        if traced is None or self.is_present(traced.version, today):
            return None
        version, number = traced.version, traced.number
        wording = ""
        if traced.former is None:
            held = self._law_texts.article(version.law, version.passed, number)
            present = self.wording(key, today)
            if held is not None and present is not None and held.text == present.text:
                return None
            wording = (held.text or "") if held else ""
        return Then(key, version.law, number, version, traced.former, wording)

    def rules(
        self, question: str, keys: Sequence[str], dates: Sequence[FactDate]
    ) -> list[Transition]:
        """Return the transitional rules that speak to these articles and days, closest first."""
        cited = set(keys)
        laws = {key.rpartition("/")[0] for key in keys}
        fitting = [
            rule
            for rule in self._kb.transitions
            if (cited & set(rule.articles) or laws & set(rule.laws))
            and (not rule.words or any(word in question for word in rule.words))
            and any(_speaks_to(rule, date) for date in dates if _counts_for(rule, date))
        ]
        # A rule for named matters says more than one for a whole law, which it makes needless.
        fitting.sort(key=lambda rule: (not rule.words, len(rule.articles)))
        closest = [rule for rule in fitting if not rule.laws]
        return (closest or fitting)[:MOST_RULES]

    def _former_parts(
        self, said: str, fact: FactDate | None, changed: Sequence[Then]
    ) -> list[Part]:
        if not changed or fact is None:
            return []
        say = self._texts.say
        held = [one for one in changed if one.differs][:MOST_FORMER]
        parts: list[Part] = []
        if held:
            parts.append(text(say("then.intro", said=said), title=say("then.title")))
            parts.append(self.card_of(held))
        for name, others in (
            ("then.same", [one for one in changed if one.former and not one.differs]),
            ("then.not_held", [one for one in changed if not one.former and not one.wording]),
        ):
            named = "、".join(_moved(one) for one in others[:MOST_NAMED])
            if named:
                parts.append(notice(say(name, said=said, articles=named), "warning"))
        if any(_changed_within(one, fact) for one in changed):
            until = next(
                one.version.in_force_until for one in changed if _changed_within(one, fact)
            )
            parts.append(notice(say("then.within", said=said, on=until), "warning"))
        return parts

    def _card(self, one: Then) -> dict[str, object]:
        changed = one.former.changed if one.former else ""
        return {
            "key": one.key,
            "title": former_title(one),
            "gist": one.former.article.gist if one.former else one.wording,
            "level": one.version.level,
            "version": _day(one.version.passed),
            "in_force_from": _day(one.version.in_force_from or one.version.passed),
            "in_force_until": _day(one.version.in_force_until),
            "changed": self._difference(one.now, changed),
            "folded": False,
        }

    def _difference(self, now: str, changed: str) -> str:
        if not now:
            return changed or self._texts.say("then.gone")
        if changed:
            return self._texts.say("then.now", article=article_title(now), changed=changed)
        return self._texts.say("then.renumbered", article=article_title(now))

    def _rule_parts(self, rules: Sequence[Transition], cited: Sequence[str]) -> list[Part]:
        parts: list[Part] = []
        for rule in rules:
            new = [key for key in rule.basis if key not in cited][:MOST_BASIS]
            basis = [self._kb.articles[key] for key in new if key in self._kb.articles]
            parts.append(text(rule.say, title=self._texts.say("then.rule")))
            if basis:
                parts.append(citation_cards(basis, shown=0))
        return parts


def edition_title(law: str, number: str, version: Version) -> str:
    """Write a former article with the year of its text, so that nobody takes it for today's."""
    named = article_title(f"{law}/{number}").removeprefix(law)
    year = (version.passed or version.in_force_from or dt.date.min).year
    # 《 》 do not stand inside one another.
    name = law.replace("《", "〈").replace("》", "〉")
    return f"《{name}》（{year}年）{named}"


def former_title(one: Then) -> str:
    return edition_title(one.law, one.number, one.version)


def _moved(one: Then) -> str:
    law = one.now.rpartition("/")[0]
    now = article_title(one.now)
    return f"{former_title(one)}（现{now.removeprefix(law) if law == one.law else now}）"


def _changed_within(one: Then, fact: FactDate) -> bool:
    until = one.version.in_force_until
    return until is not None and fact.first < until <= fact.last


def _counts_for(rule: Transition, date: FactDate) -> bool:
    """Say whether a day of hiring or wedding matters to a rule: to one on length of service."""
    return not date.is_background or rule.topic in ("劳动", "社保")


def _speaks_to(rule: Transition, date: FactDate) -> bool:
    if rule.facts_from is not None and date.last < rule.facts_from:
        return False
    return rule.facts_until is None or date.first < rule.facts_until


def _day(day: dt.date | None) -> str:
    return "" if day is None else day.isoformat()
