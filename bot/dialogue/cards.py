"""Turn what the law base holds into message parts: citation, case and service cards."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.messages import Part
from knowledge_base.citations import article_title
from knowledge_base.models import Article, Case, ServiceItem


def citation_cards(articles: Iterable[Article], shown: int = 2) -> Part:
    """Return the cards of articles with their version dates; those after ``shown`` start folded."""
    return Part(
        "citations",
        {
            "items": [
                {
                    "key": article.key,
                    "title": article_title(article.key),
                    "gist": article.gist or article.text or "",
                    "level": article.version.level,
                    "version": _day(article.version.passed),
                    "in_force_from": _day(article.version.in_force_from or article.version.passed),
                    "folded": index >= shown,
                }
                for index, article in enumerate(articles)
            ]
        },
    )


def former_card(items: list[dict[str, object]], title: str) -> Part:
    """Return the cards of former articles; they bear the day on which they ceased to hold."""
    return Part("citations", {"title": title, "items": items})


def case_cards(cases: Iterable[Case]) -> Part:
    return Part(
        "cases",
        {
            "items": [
                {
                    "id": case.id,
                    "title": case.title,
                    "source": "，".join(filter(None, (case.source, case.court))),
                    "facts": case.facts,
                    "holding": case.holding,
                    "point": case.point,
                }
                for case in cases
            ]
        },
    )


def service_cards(services: Iterable[ServiceItem]) -> Part:
    return Part(
        "services",
        {
            "items": [
                {
                    "number": item.number,
                    "name": item.name,
                    "content": item.content,
                    "url": f"/services#item-{item.number}",
                }
                for item in services
            ]
        },
    )


def _day(value: object) -> str:
    return "" if value is None else str(value)
