"""The other rooms, and the platform, as the pages need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fastapi.responses import Response

from bot.aid.timeline import Step
from bot.domain.aid import Application
from bot.domain.follower import Follower
from bot.texts import Texts


class Platform(Protocol):
    """The official accounts by their AppID; every method blocks."""

    def uses_oauth(self, app_id: str) -> bool:
        """Say whether the platform tells who opens a page."""
        ...

    def oauth_openid(self, app_id: str, code: str) -> str:
        """Exchange the code that a browser came back with.

        Raises:
            ApiFailed: the platform does not say who it was.
        """
        ...

    def notice_template(self, app_id: str) -> str:
        """Return the template of the one-time notice; empty where none can be sent."""
        ...

    def subscribe_url(self, app_id: str, reserved: str) -> str:
        """Return the platform's page that asks for one notice and comes back to /m/notified."""
        ...


class Followers(Protocol):
    """The followers as stored."""

    def find(self, account: str, openid: str) -> Follower | None:
        """Return a follower who is known already."""
        ...

    def consent(self, follower_id: int, template_id: str, *, agreed: bool) -> None:
        """Count an answer to the question whether one notice may be sent."""
        ...


class ApplyDoor(Protocol):
    """The cookie of the application for legal aid."""

    def let_in(self, response: Response, token: str, *, remember: bool = False) -> None: ...

    def let_out(self, response: Response) -> None: ...


class Item(Protocol):
    """A material of an application."""

    @property
    def label(self) -> str: ...


class Paper(Protocol):
    @property
    def item(self) -> Item: ...

    @property
    def is_open(self) -> bool: ...

    @property
    def due(self) -> str:
        """Return the day until which it is to be handed in, empty for none."""
        ...


class Filed(Protocol):
    """An application that was handed in, as its applicant sees it."""

    @property
    def application(self) -> Application: ...

    @property
    def label(self) -> str: ...

    @property
    def steps(self) -> tuple[Step, ...]: ...

    @property
    def papers(self) -> Sequence[Paper]: ...

    @property
    def decide_by(self) -> str: ...

    @property
    def supplement_by(self) -> str: ...

    @property
    def is_waiting(self) -> bool: ...


class Begun(Protocol):
    """What an applicant has begun."""

    @property
    def is_open(self) -> bool: ...

    @property
    def step(self) -> int: ...

    @property
    def count(self) -> int: ...


class Applications(Protocol):
    """The applications for legal aid as their applicants see them."""

    words: Texts

    def filed(self, conversation_id: str) -> Sequence[Filed]:
        """Return what was handed in in a conversation, newest first."""
        ...

    def standing(self, conversation_id: str) -> Begun: ...


class Matters(Protocol):
    """How far a matter is."""

    def progress(self, number: str, conversation_id: str, last_four: str = "") -> str:
        """Say how far a matter is, to its own conversation."""
        ...
