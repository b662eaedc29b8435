"""Document guides and calculator descriptions: what each is called, needs and rests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator

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


FieldKind = Literal["day", "money", "number", "percent", "choice", "whether"]


@dataclass(frozen=True)
class Choice:
    """One of the values a field may have, in words."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One thing a calculator must know; ``name`` is that of the input in the rules."""

    name: str
    ask: str
    kind: FieldKind
    hint: str = ""
    optional: bool = False
    options: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Calculator:
    """What a calculator works out, told with its formula and one worked example."""

    name: str
    title: str
    aliases: tuple[str, ...]
    formula: str
    example: str
    fields: tuple[Field, ...]
    articles: tuple[str, ...]
    topic: str

    @property
    def needs(self) -> tuple[str, ...]:
        """Return what must be known, in words."""
        return tuple(field.ask for field in self.fields)


class DocumentShape(Shape):
    name: Text
    aliases: tuple[Text, ...] = ()
    topic: Topic
    when: Text
    must_have: tuple[Text, ...]
    basis: tuple[Key, ...] = ()
    tips: OptionalText = ""


class ChoiceShape(Shape):
    value: Annotated[Text, BeforeValidator(str)]
    label: Text


class FieldShape(Shape):
    name: Text
    ask: Text
    kind: FieldKind
    hint: OptionalText = ""
    optional: bool = False
    options: tuple[ChoiceShape, ...] = ()


class CalculatorShape(Shape):
    name: Text
    title: Text
    aliases: tuple[Text, ...] = ()
    formula: Text
    example: Text
    fields: tuple[FieldShape, ...]
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
    return tuple(_calculator(shape) for shape in without_flaws(read_calculators(root)))


def _calculator(shape: CalculatorShape) -> Calculator:
    given = shape.model_dump()
    given["fields"] = tuple(
        Field(**{**field, "options": tuple(Choice(**o) for o in field["options"])})
        for field in given["fields"]
    )
    return Calculator(**given)
