"""Which materials an application needs, as data, and the words about them.

Pure. The conditions in materials.yml name the options of form.yml.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from bot.aid.form import AidForm
from bot.domain.aid import Application
from bot.domain.clock import china_date
from bot.texts import Texts
from knowledge_base.rules.calendar import rolled
from knowledge_base.rules.eligibility import assess

FILE = Path(__file__).with_name("materials.yml")
OWN_WORDS = "own"
"""Stands in a condition for an answer in own words."""
UNKNOWN = "UNKNOWN"
"""Stands in ``means`` where the rules cannot say how the means are looked at."""


@dataclass(frozen=True)
class Material:
    """One material, in plain words."""

    key: str
    label: str
    where: str
    deferrable: bool = True
    """Aid may be granted before it is there (容缺受理)."""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Needed only where each of these fields was answered by one of these options."""
    means: tuple[str, ...] = ()
    """Needed only where the rules look at the means in one of these ways (法律援助法 41, 42)."""


@dataclass(frozen=True)
class Reminding:
    """When an applicant is reminded, in days before the day papers are due."""

    supplement: tuple[int, ...]
    deferred: tuple[int, ...]
    hours: tuple[int, int]
    """Nobody is reminded before the first hour or from the second on, China time."""


@dataclass(frozen=True)
class Materials:
    all: tuple[Material, ...]
    due_days: int
    reminding: Reminding
    texts: Texts = field(repr=False)

    def find(self, key: str) -> Material | None:
        return next((material for material in self.all if material.key == key), None)

    def place(self, key: str) -> int:
        """Return where a key stands in the file; after all others if it is none of it."""
        keys = [material.key for material in self.all]
        return keys.index(key) if key in keys else len(keys)

    def needed(self, application: Application, form: AidForm) -> tuple[Material, ...]:
        """Return what an application needs, the indispensable first."""
        on = china_date(application.created_at)
        state = assess(form.facts(application.fields, on)).means_state or UNKNOWN
        fits = [m for m in self.all if self._applies(m, application.fields, form, state)]
        return tuple(sorted(fits, key=lambda material: material.deferrable))

    def due_on(self, today: dt.date) -> dt.date:
        """Return the day until which papers are asked for; a day of rest moves it on."""
        return rolled(today + dt.timedelta(days=self.due_days))

    def _applies(
        self, material: Material, values: Mapping[str, str], form: AidForm, state: str
    ) -> bool:
        if material.means and state not in material.means:
            return False
        return all(form.option_id_of(values, key) in ids for key, ids in material.when.items())


@cache
def load_materials() -> Materials:
    """Load materials.yml.

    Raises:
        pydantic.ValidationError: the file does not define materials.
    """
    tree: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Materials(
        TypeAdapter(tuple[Material, ...]).validate_python(tree["materials"]),
        int(tree["due_days"]),
        TypeAdapter(Reminding).validate_python(tree["remind"]),
        Texts(tree),
    )
