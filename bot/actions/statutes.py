"""Look an article up by its number: as it stands today, or as it stood on the day asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from bot.dialogue.answers import Composer, IndexUnavailable
from bot.dialogue.asof import LawOfTheDay, Then, edition_title
from bot.dialogue.cards import citation_cards
from bot.dialogue.normalise import canonical
from bot.dialogue.turn import Turn, TurnReply
from bot.texts import Texts
from connectors.messages import Part, buttons, notice, text
from knowledge_base.citations import Citation, article_title
from knowledge_base.factdates import fact_date
from knowledge_base.models import Article
from knowledge_base.paragraphs import part_of
from knowledge_base.verifier import Verdict

MOST_ARTICLES = 5


class StatuteLookup:
    def __init__(self, composer: Composer, law: LawOfTheDay, texts: Texts) -> None:
        self._composer = composer
        self._kb = composer.kb
        self._law = law
        self._texts = texts

    def names_only_an_article(self, question: str, rest_limit: int) -> bool:
        """Say whether a question is nothing but citations and a few words around them."""
        cited = self._law.citations(question)
        if not cited:
            return False
        rest = question[: cited[0].start] + question[cited[-1].end :]
        return len(rest) <= rest_limit

    def reply(self, turn: Turn) -> TurnReply:
        """Show the articles named; a message that names none is a question of law."""
        question = canonical(turn.text)
        cited = self._law.citations(question)
        if not cited:
            return self._law_as_a_whole(turn, question)
        today = self._composer.today()
        fact = fact_date(question, today)
        parts: list[Part] = []
        keys: list[str] = []
        unique = list({(c.key, c.edition): c for c in cited}.values())
        for citation in unique[:MOST_ARTICLES]:
            # An edition says which text is meant; a year alone means its end.
            on = today if citation.edition or fact is None else fact.last
            shown, found = self._one(citation, on, today)
            parts += shown
            keys += found
        if len(unique) > MOST_ARTICLES:
            parts.append(
                notice(self._texts.say("statute.more", count=len(unique) - MOST_ARTICLES), "info")
            )
        parts.append(buttons(self._texts.button("lawyer")))
        topic = next((self._kb.articles[k].topic for k in keys if k in self._kb.articles), "")
        context = turn.context
        if keys:
            context = replace(
                context, question=question, topic=topic, answer_id="", articles=tuple(keys)
            )
        return TurnReply(
            "statute_lookup",
            _joined(parts),
            topic=topic,
            items=tuple(dict.fromkeys(keys)),
            confidence=1.0 if keys else 0.0,
            context=context if keys else None,
        )

    def _one(self, citation: Citation, on: dt.date, today: dt.date) -> tuple[list[Part], list[str]]:
        """Return what is shown for one citation, and the keys that it shows."""
        verdict = self._law.judge(citation, on)
        if verdict.status == "unknown":
            return self._no_such(citation, on, today)
        if self._law.is_present(verdict.version, today) and verdict.status == "in_force":
            return self._present(citation)
        former = self._law.former_of(verdict, today)
        if former is not None:
            return self._former(former)
        if verdict.status == "changed" and not citation.edition:
            return self._successor(citation, verdict, today)
        return self._not_held_then(verdict, today)

    def _present(self, citation: Citation) -> tuple[list[Part], list[str]]:
        key = citation.key
        article = self._kb.articles.get(key)
        imported = self._law.wording(key, self._composer.today())
        if article is not None:
            found = text(self._texts.say("statute.found"))
            shown = [found, citation_cards([article], shown=1)]
            return shown + self._part(citation, imported), [key]
        if imported is not None:
            found = text(self._texts.say("statute.wording"))
            return [found, citation_cards([imported], shown=1)], [key]
        title = article_title(key)
        return [_denying(self._texts.say("statute.not_held", article=title))], []

    def _part(self, citation: Citation, imported: Article | None) -> list[Part]:
        """Return the wording of the 款 or 项 asked for, where the statute's text is imported."""
        if imported is None or (citation.paragraph is None and citation.item is None):
            return []
        wording = part_of(imported.text or "", citation.paragraph, citation.item)
        if wording is None:
            return [notice(self._texts.say("statute.no_such_part"), "warning")]
        return [text(wording, title=self._texts.say("statute.part"))]

    def _not_held_then(self, verdict: Verdict, today: dt.date) -> tuple[list[Part], list[str]]:
        """Say that the text of that day is not held, and show what stands there today."""
        say = self._texts.say
        version = verdict.version
        assert version is not None
        law, _, number = verdict.key.rpartition("/")
        title = edition_title(law, number, version)
        until = version.in_force_until.isoformat() if version.in_force_until else ""
        parts = [_denying(say("statute.then_not_held", title=title, until=until))]
        now = verdict.now or self._law.successor(verdict, today)
        article = self._kb.articles.get(now or "")
        if now is None or article is None:
            return parts, []
        parts.append(text(say("statute.today")))
        return [*parts, citation_cards([article], shown=1)], [now]

    def _former(self, former: Then) -> tuple[list[Part], list[str]]:
        parts = [text(self._texts.say("statute.former")), self._law.card_of([former])]
        keys = [former.key]
        article = self._kb.articles.get(former.now)
        if article is not None:
            parts.append(text(self._texts.say("statute.today")))
            parts.append(citation_cards([article], shown=1))
            keys.append(former.now)
        return parts, keys

    def _successor(
        self, citation: Citation, verdict: Verdict, today: dt.date
    ) -> tuple[list[Part], list[str]]:
        say = self._texts.say
        repeal = self._law.repeal(citation.law)
        if repeal is not None:
            said = say("statute.repealed", law=citation.law, by=repeal.by, on=repeal.since)
        else:
            said = say("statute.changed", article=article_title(citation.key))
        if verdict.now is None:
            return [_denying(said + say("statute.ask_content"))], []
        said += say("statute.successor", now=article_title(verdict.now))
        article = self._kb.articles.get(verdict.now) or self._law.wording(verdict.now, today)
        if article is None:
            return [_denying(said)], []
        return [_denying(said), citation_cards([article], shown=1)], [verdict.now]

    def _no_such(
        self, citation: Citation, on: dt.date, today: dt.date
    ) -> tuple[list[Part], list[str]]:
        """Say why there is no such article: no such law, not yet, or not that many articles."""
        say = self._texts.say
        law, key = citation.law, citation.key
        if not self._law.knows(law):
            return [_denying(say("statute.no_such_law", law=law))], []
        title = article_title(key).removeprefix(law)
        version = self._law.in_force(law, on)
        if version is not None:
            passed = (version.passed or on).isoformat()
            said = say("statute.no_such_article", law=law, article=title, version=passed)
            return [_denying(said)], []
        if self._law.repeal(law) is not None:
            return [_denying(say("statute.repealed_without", law=law, article=title))], []
        said = say("statute.not_yet", law=law, on=on.isoformat())
        then = self._law.trace(key, on, today)
        if then is None:
            return [_denying(said)], []
        said = say("statute.then_elsewhere", law=law)
        if then.former is not None or then.wording:
            return [_denying(said), self._law.card_of([then])], [then.key]
        title = edition_title(then.law, then.number, then.version)
        return [_denying(f"{said}{title}")], []

    def _law_as_a_whole(self, turn: Turn, question: str) -> TurnReply:
        laws = {article.version.law for article in self._kb.articles.values()}
        named = max((law for law in laws if law in question), key=len, default="")
        if not named:
            return self._composer.answer(turn)
        held = [a for a in self._kb.articles.values() if a.version.law == named]
        try:
            found = self._composer.find(question, "article", 30)
            best = [h.key for h in found.hits if h.key.startswith(f"{named}/")]
        except IndexUnavailable:
            best = []
        shown = [self._kb.articles[key] for key in best[:3]] or held[:3]
        return TurnReply(
            "statute_lookup",
            (
                text(self._texts.say("statute.listed", law=named, count=len(held))),
                citation_cards(shown, shown=3),
            ),
            topic=shown[0].topic,
            items=tuple(article.key for article in shown),
            context=replace(turn.context, question=question, topic=shown[0].topic, answer_id=""),
        )


def _denying(said: str) -> Part:
    """Return a text that names an article to say that there is none, or that we lack it."""
    return Part("text", {"text": said, "denies": True})


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Merge neighbouring cards and drop a sentence that was just said."""
    kept: list[Part] = []
    for part in parts:
        before = kept[-2] if len(kept) > 1 else None
        if part.type == "citations" and kept and kept[-1].type == "citations":
            items = [*kept[-1].body["items"], *part.body["items"]]
            kept[-1] = Part("citations", {**kept[-1].body, "items": items})
        elif before is not None and part == before and kept[-1].type == "citations":
            continue
        else:
            kept.append(part)
    return tuple(kept)
