"""Official letters as Word files, made on demand from templates that the office can edit.

Nothing is stored: a letter holds the applicant's data in the clear. It says what the applicant
and the officer wrote, and what a template says; nothing in it is generated.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import structlog
import yaml
from docx.opc.exceptions import PackageNotFoundError
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree

from bot.aid.form import day_in_chinese
from bot.aid.paperwork import PaperItem, PaperState
from bot.domain.aid import AidState, Application
from bot.domain.clock import china_date
from bot.errors import BrokenTemplate
from bot.texts import Texts
from knowledge_base.numerals import to_chinese
from knowledge_base.rules.aid_periods import TERMINATION_HEADS

log = structlog.get_logger(__name__)

TEMPLATES = Path(__file__).with_name("templates")
WORDS = Path(__file__).with_name("words.yml")
MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
NEW_PARAGRAPH = "\a"
"""What docxtpl makes a paragraph of, with the look of the one it stands in."""

_QUOTED = re.compile(r"'([^']+)'")
_UNREADABLE = (
    PackageNotFoundError, BadZipFile, etree.XMLSyntaxError, OSError, KeyError, ValueError,
    AttributeError, TypeError,
)  # fmt: skip


class LetterKind(StrEnum):
    APPLICATION = "application"
    NOTICE = "notice"
    GRANT = "grant"
    REFUSAL = "refusal"
    TERMINATION = "termination"
    ASSIGNMENT = "assignment"

    @property
    def file(self) -> str:
        return f"{self.value}.docx"


@dataclass(frozen=True)
class Letter:
    """A file to hand out."""

    name: str
    mime: str
    body: bytes


class Letters:
    def __init__(self, templates: Path, own: Path | None, bureau: str) -> None:
        """``own`` holds templates of the office that stand in for those of ``templates``."""
        self._templates = templates
        self._own = own
        self._bureau = bureau
        self._words = load_words()

    def title(self, kind: LetterKind) -> str:
        return self._words.say(f"titles.{kind}")

    def write(
        self,
        kind: LetterKind,
        application: Application,
        *,
        on: dt.date,
        reasons: str = "",
        items: Sequence[PaperItem] = (),
        due_on: dt.date | None = None,
        ground: str = "",
        office: str = "",
        lawyer: str = "",
    ) -> Letter:
        """Fill a template.

        ``ground`` is a head of 法律援助法 48, such as ``48(4)``, or its words. A refusal and an end
        name their reasons and how to object (法律援助法 43, 49).

        Raises:
            BrokenTemplate: the office's own template cannot be used; the words name the file.
        """
        say = self._words.say
        own = {
            "number": application.number,
            "applied_on": day_in_chinese(china_date(application.created_at)),
            "day": day_in_chinese(on),
            "reasons": _plain(reasons),
            "due_on": day_in_chinese(due_on) if due_on else say("no_due"),
            "ground": self._ground(ground),
            "urgent": self._urgency(application.urgent),
            "office": _plain(office) or say("office", bureau=self._bureau),
            "bureau": self._bureau,
            "lawyer": _plain(lawyer),
            "items": self._items(items),
        }
        names = self._words.get("placeholders")
        context = {names[key]: value for key, value in own.items()}
        for key, name in self._words.get("fields").items():
            context[name] = _answer(application.fields.get(key, ""))
        body = self._filled(kind, context)
        name = say("file", title=self.title(kind), number=application.number)
        return Letter(name, MIME, body)

    def problems(self) -> tuple[str, ...]:
        """Try every template of the office; return what is wrong with them, in words."""
        if self._own is None or not self._own.is_dir():
            return ()
        found = []
        for kind in LetterKind:
            try:
                self._try(kind)
            except BrokenTemplate as error:
                found.append(error.detail)
        known = {kind.file for kind in LetterKind}
        # Word keeps a file beside each one that is open.
        files = (path.name for path in sorted(self._own.iterdir()) if path.name[:2] != "~$")
        strangers = [n for n in files if n.lower().endswith((".docx", ".doc")) and n not in known]
        names = "、".join(sorted(known))
        return (*found, *(self._words.say("stranger", file=n, names=names) for n in strangers))

    def own_templates(self) -> tuple[str, ...]:
        """Return the names of the files that stand in for ours."""
        return tuple(k.file for k in LetterKind if self._path(k).parent != self._templates)

    def _try(self, kind: LetterKind) -> None:
        """Fill a template as it would be with everything, and with as little as possible."""
        sample = self._words.get("sample")
        moment = dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
        day = moment.date()
        fields = {key: value for key, value in sample.items() if key in self._words.get("fields")}
        application = Application(
            "FY20261123-0001-7", None, AidState.SUBMITTED, sample["matter"], fields, moment,
            moment, day,
        )  # fmt: skip
        item = PaperItem(1, "", sample["name"], "", False, PaperState.OPEN, day, None)
        self.write(kind, application, on=day)
        self.write(
            kind,
            application,
            on=day,
            reasons=sample["reasons"],
            items=(item,),
            due_on=day,
            ground="48(4)",
            lawyer=sample["lawyer"],
        )

    def _path(self, kind: LetterKind) -> Path:
        own = None if self._own is None else self._own / kind.file
        return own if own is not None and own.is_file() else self._templates / kind.file

    def _filled(self, kind: LetterKind, context: dict[str, Any]) -> bytes:
        environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
        try:
            template = DocxTemplate(BytesIO(self._path(kind).read_bytes()))
            template.render_init()
            # docxtpl repairs what a misplaced condition leaves of the XML by leaving text out.
            etree.fromstring(template.build_xml(context, environment))
            template.render(context, environment, autoescape=True)
            out = BytesIO()
            template.save(out)
        except UndefinedError as error:
            # "'dict object' has no attribute '价格'": the name stands last.
            named = _QUOTED.findall(str(error))
            raise self._broken("unknown", kind, named[-1] if named else "") from error
        except TemplateError as error:
            raise self._broken("syntax", kind) from error
        except _UNREADABLE as error:
            raise self._broken("unreadable", kind) from error
        return out.getvalue()

    def _broken(self, why: str, kind: LetterKind, name: str = "") -> BrokenTemplate:
        log.warning("letter_template_broken", file=kind.file, reason=why)
        say = self._words.say
        return BrokenTemplate(
            say(f"broken.{why}", file=kind.file, name=name) + say("broken.remedy")
        )

    def _ground(self, ground: str) -> str:
        for head, words in TERMINATION_HEADS.items():
            if ground in (head, words):
                return self._words.say("ground", item=_item_of(head), words=words)
        return _plain(ground)

    def _urgency(self, urgent: str) -> str:
        item = _item_of(urgent)
        if not urgent or item:
            return self._words.say("urgent", item=item) if urgent else ""
        return self._words.say("urgent_plain")

    def _items(self, items: Sequence[PaperItem]) -> list[dict[str, str]]:
        names = self._words.get("item")
        return [
            {
                names["place"]: str(place),
                names["label"]: _plain(item.label),
                names["where"]: _plain(item.where),
            }
            for place, item in enumerate(items, start=1)
        ]


def _item_of(key: str) -> str:
    """Return the item in brackets after an article, as laws write it; empty if there is none."""
    digits = re.sub(r"\D", "", key.partition("(")[2])
    return to_chinese(int(digits)) if digits else ""


def _answer(value: str) -> str:
    try:
        return day_in_chinese(dt.date.fromisoformat(value))
    except ValueError:
        return _plain(value)


def _plain(words: str) -> str:
    """Return words as they can stand in a document: each line a paragraph, no control characters.

    Rare characters of names stay, those for private use and those newer than this Python included.
    """
    lines = ("".join(map(_kept, line)) for line in words.splitlines())
    return NEW_PARAGRAPH.join(line.strip() for line in lines if line.strip())


def _kept(character: str) -> str:
    if character == "\t":
        return " "
    is_hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs"}
    # XML knows no such characters.
    return "" if is_hidden or character in "\ufffe\uffff" else character


@cache
def load_words() -> Texts:
    return Texts(yaml.safe_load(WORDS.read_text(encoding="utf-8")))
