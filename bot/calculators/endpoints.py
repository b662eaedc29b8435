"""The calculators as public pages; nothing that is typed is kept or logged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates

from bot.dialogue.typed import read_all
from bot.domain.clock import Clock, china_date
from bot.errors import NotFound
from bot.texts import Texts
from knowledge_base.citations import article_title
from knowledge_base.rules.calculators import calculate
from knowledge_base.rules.lpr import load_prime_rates
from knowledge_base.rules.worked import Worked, titled, written
from knowledge_base.tools import Calculator

MOST_TYPED = 40
"""Characters of one field."""


@dataclass(frozen=True)
class Shown:
    """A result as the page shows it."""

    result: str
    unit: str
    ends: tuple[str, str] | None
    steps: tuple[str, ...]
    basis: tuple[str, ...]


def create_calculator_pages(
    calculators: Sequence[Calculator],
    templates: Jinja2Templates,
    texts: Texts,
    bureau: str,
    clock: Clock,
) -> APIRouter:
    router = APIRouter(tags=["pages"], include_in_schema=False)
    by_name = {calculator.name: calculator for calculator in calculators}
    wrongs: Mapping[str, str] = texts.get("typed")

    def page(
        request: Request,
        calculator: Calculator,
        typed: Mapping[str, str],
        wrong: Mapping[str, str],
        shown: Shown | None = None,
    ) -> Response:
        context = {
            "bureau": bureau, "calculator": calculator, "typed": typed, "wrong": wrong,
            "shown": shown, "basis": [article_title(key) for key in calculator.articles],
        }  # fmt: skip
        status = 422 if wrong else 200
        return templates.TemplateResponse(request, "calculator.html", context, status_code=status)

    def of(name: str) -> Calculator:
        if name not in by_name:
            raise NotFound
        return by_name[name]

    @router.get("/calculate", response_class=HTMLResponse)
    def listing(request: Request) -> Response:
        context = {"bureau": bureau, "calculators": list(calculators)}
        return templates.TemplateResponse(request, "calculators.html", context)

    @router.get("/calculate/{name}", response_class=HTMLResponse)
    def form(request: Request, name: str) -> Response:
        return page(request, of(name), {}, {})

    # Posted, so that nobody's wages stand in an address or a log.
    @router.post("/calculate/{name}", response_class=HTMLResponse)
    async def work(request: Request, name: str) -> Response:
        calculator = of(name)
        form = await request.form()
        typed = {
            field.name: str(form.get(field.name, ""))[:MOST_TYPED] for field in calculator.fields
        }
        given = read_all(calculator, typed, wrongs)
        if given.wrong:
            return page(request, calculator, typed, given.wrong)
        on = china_date(clock.now())
        try:
            worked = await to_thread.run_sync(
                partial(calculate, name, given.inputs, on, rates=load_prime_rates())
            )
        except ValueError as error:
            blamed = _blamed(calculator, str(error), wrongs["impossible"])
            return page(request, calculator, typed, blamed)
        if worked.missing:
            empty = dict.fromkeys(worked.missing, wrongs["empty"])
            return page(request, calculator, typed, empty)
        return page(request, calculator, typed, {}, _shown(worked))

    return router


def _blamed(calculator: Calculator, told: str, impossible: str) -> dict[str, str]:
    """Put what the rules say at the fields that they name, or at the last day."""
    named = {f.name: impossible for f in calculator.fields if f.name in told}
    days = [field.name for field in calculator.fields if field.kind == "day"]
    return named or {days[-1] if days else calculator.fields[0].name: told}


def _shown(worked: Worked) -> Shown:
    return Shown(
        written(worked.result),
        "" if isinstance(worked.result, dt.date) else worked.unit,
        None if worked.span is None else (written(worked.span[0]), written(worked.span[1])),
        worked.steps,
        tuple(titled(key) for key in worked.articles),
    )
