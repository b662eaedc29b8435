"""Document guides and calculator descriptions: what each is called, needs and rests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from knowledge_base.reading import (
    Key,
    OptionalText,
    Read,
    Shape,
    Text,
    Topic,
    existing,
    read_entries,
    without_flaws,
)


@dataclass(frozen=True)
class Document:
    """A paper a citizen may have to write, and what must stand in it."""

    name: str
    aliases: tuple[str, ...]
    topic: str
    when: str
    must_have: tuple[str, ...]
    basis: tuple[str, ...]
    tips: str = ""


@dataclass(frozen=True)
class Calculator:
    """What a calculator works out, told with its formula and one worked example."""

    name: str
    title: str
    aliases: tuple[str, ...]
    formula: str
    example: str
    needs: tuple[str, ...]
    articles: tuple[str, ...]
    topic: str


class DocumentShape(Shape):
    name: Text
    aliases: tuple[Text, ...] = ()
    topic: Topic
    when: Text
    must_have: tuple[Text, ...]
    basis: tuple[Key, ...] = ()
    tips: OptionalText = ""


class CalculatorShape(Shape):
    name: Text
    title: Text
    aliases: tuple[Text, ...] = ()
    formula: Text
    example: Text
    needs: tuple[Text, ...]
    articles: tuple[Key, ...] = ()
    topic: Topic


def read_documents(root: Path) -> Read[DocumentShape]:
    """Read documents.yml with its flaws."""
    return read_entries(existing(root / "documents.yml"), root, DocumentShape)


def read_calculators(root: Path) -> Read[CalculatorShape]:
    """Read calculators.yml with its flaws."""
    return read_entries(existing(root / "calculators.yml"), root, CalculatorShape)


def load_documents(root: Path) -> tuple[Document, ...]:
    """Load the document guides; raises KnowledgeError if the file is wrong."""
    return tuple(Document(**d.model_dump()) for d in without_flaws(read_documents(root)))


def load_calculators(root: Path) -> tuple[Calculator, ...]:
    """Load the calculator descriptions; raises KnowledgeError if the file is wrong."""
    return tuple(Calculator(**c.model_dump()) for c in without_flaws(read_calculators(root)))
