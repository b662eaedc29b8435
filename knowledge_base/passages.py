"""The searchable form of the knowledge base: one passage per article, case, answer, service."""

from __future__ import annotations

from knowledge_base.citations import article_title
from knowledge_base.models import Answer, Article, Case, KnowledgeBase, Passage, ServiceItem


def passages(kb: KnowledgeBase) -> list[Passage]:
    """Return every passage of the base: articles, then cases, answers and service items."""
    return [
        *(
            of_article(article, kb.questions.get(article.key, ()))
            for article in kb.articles.values()
        ),
        *(_of_case(case, kb.questions.get(f"case:{key}", ())) for key, case in kb.cases.items()),
        *(
            _of_answer(answer, kb.questions.get(f"answer:{key}", ()))
            for key, answer in kb.answers.items()
        ),
        *(
            _of_service(item, kb.questions.get(f"service:{number}", ()))
            for number, item in kb.services.items()
        ),
    ]


def former_passages(kb: KnowledgeBase) -> list[Passage]:
    """Return the passages of former articles, to be searched only together with a date.

    They share their keys with what bears the number today.
    """
    return [of_article(one.article) for found in kb.former.values() for one in found]


def of_article(article: Article, further: tuple[str, ...] = ()) -> Passage:
    """Return the passage of an article: its 要点 if it has one, else the statute's own text.

    ``further`` are questions it is asked by beside its own.
    """
    return Passage(
        kind="article",
        key=article.key,
        title=article_title(article.key),
        body=article.gist or article.text or "",
        topic=article.topic,
        questions=tuple(dict.fromkeys(article.questions + further)),
        in_force_from=article.version.in_force_from,
        in_force_until=article.version.in_force_until,
    )


def _of_case(case: Case, further: tuple[str, ...]) -> Passage:
    return Passage(
        kind="case",
        key=case.id,
        title=case.title,
        body="\n".join((case.facts, case.holding, case.point)),
        topic=case.topic,
        questions=tuple(dict.fromkeys(case.questions + further)),
    )


def _of_answer(answer: Answer, further: tuple[str, ...]) -> Passage:
    return Passage(
        kind="answer",
        key=answer.id,
        title=answer.question,
        body="\n".join((answer.conclusion, *answer.steps, answer.deadline)).strip(),
        topic=answer.topic,
        questions=tuple(dict.fromkeys((answer.question, *answer.variants, *further))),
    )


def _of_service(item: ServiceItem, further: tuple[str, ...]) -> Passage:
    return Passage(
        kind="service",
        key=str(item.number),
        title=item.name,
        body="\n".join((item.content, item.mode, *item.channels, *item.procedure)),
        questions=tuple(dict.fromkeys(item.questions + further)),
    )
