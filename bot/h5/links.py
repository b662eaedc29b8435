"""Links from the official account into its pages, and the passes that browsers get for them.

Random tokens with a short keyed signature, so that garbage is told apart without the database.
Cookies and HTTP are ``bot.h5.session``'s.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
import secrets

import structlog

from bot.domain.clock import Clock
from bot.errors import NotFound
from bot.h5.repository import Link, LinkRepository, Visit

log = structlog.get_logger(__name__)

VALID = dt.timedelta(minutes=30)
ANSWER_VALID = dt.timedelta(days=7)
PASS_VALID = dt.timedelta(days=30)
"""How long a browser stays let in, if the conversation is kept as long."""

NOTICE = "notice"
"""The target of a token that counts one consent to a notice; it opens no page."""
PATHS = {
    "me": "/m/me",
    "talk": "/m/talk#newest",
    "progress": "/m/progress",
    "rate": "/m/rate",
    "services": "/m/services",
    "notify": "/m/notify",
    "upload": "/m/upload",
    "bind": "/m/bind",
    "apply": "/apply",
}

_ANSWER = re.compile(r"answer:([1-9]\d{0,9})")
_RANDOM = 36
"""Letters and digits alone: the platform brings back nothing else."""
_SIGNED = 10
_TOKEN = re.compile(rf"[0-9a-f]{{{_RANDOM + _SIGNED}}}")
_DEVICE = re.compile(r"[0-9a-f]{32}")
_LINK = "wechat_links.token"
_PASS = "passes.token"
_STATE = "wechat_links.state"


class Links:
    """Every method blocks."""

    def __init__(
        self,
        repository: LinkRepository,
        clock: Clock,
        public_url: str,
        retention: dt.timedelta = PASS_VALID,
    ) -> None:
        """``public_url`` is where visitors reach us, without a slash at its end; empty for none."""
        self.public_url = public_url
        self.pass_valid = min(PASS_VALID, retention)
        self._repository = repository
        self._cipher = repository.store.cipher
        self._clock = clock

    # --- links --------------------------------------------------------------------------------

    def link(self, follower_id: int, conversation_id: str, target: str) -> str:
        """Return an address that opens a page for this follower once; empty where none can.

        Of a conversation that is not proven to be his it opens the progress alone, from his own.

        Raises:
            ValueError: there is no such page.
        """
        path_of(target)
        if not self.public_url:
            return ""
        own = self._repository.only_heard(follower_id, conversation_id)
        if own is not None:
            conversation_id, target = own, "progress"
        return f"{self.public_url}/m/{self._issue(follower_id, conversation_id, target)}"

    def notice_token(self, visit: Visit) -> str:
        """Return what names a follower, once, when the platform tells of a consent."""
        return self._issue(visit.follower_id, visit.conversation_id, NOTICE)

    def _issue(self, follower_id: int, conversation_id: str, target: str) -> str:
        body = secrets.token_hex(_RANDOM // 2)
        token = body + self._signature(body)
        # What is said with such a link is said nowhere else.
        valid = ANSWER_VALID if is_lasting(target) else VALID
        until = self._clock.now() + valid
        self._repository.keep(token, follower_id, conversation_id, target, until)
        return token

    def find(self, token: str) -> Link | None:
        """Return the link of a token, used or not; None for what was never one."""
        found = self._find(token)
        return None if found is None or found.target == NOTICE else found

    def open(self, token: str, device: str, *, is_named: bool = False) -> str:
        """Use a link up and return the browser's pass; empty where that is not possible.

        ``is_named`` says that the platform has told whose browser it is.

        The same link from the same device again gets the same pass: a button is tapped twice.

        Raises:
            NotFound: it was never a link.
        """
        link = self.find(token)
        if link is None or _DEVICE.fullmatch(device) is None:
            raise NotFound
        key = self._cipher.blind_index(_PASS, f"{token}\0{device}")
        until = self._clock.now() + self.pass_valid
        is_strong = is_named or not is_lasting(link.target)
        if self._repository.use(token, link, key, until, is_strong=is_strong):
            log.info("h5_link_opened", follower_id=link.follower_id, target=link.target)
            return key
        return key if self._repository.admitted(key) is not None else ""

    def use_up(self, token: str, link: Link) -> bool:
        """Use a link up for a browser that has a pass; say whether it was open."""
        return self._repository.use(token, link)

    def use_notice(self, token: str) -> int | None:
        """Use a token of ``notice_token`` up; return its follower, None unless it was valid."""
        found = self._find(token)
        if found is None or found.target != NOTICE:
            return None
        return found.follower_id if self._repository.use(token, found) else None

    def _find(self, token: str) -> Link | None:
        if _TOKEN.fullmatch(token) is None:
            return None
        if not hmac.compare_digest(token[_RANDOM:], self._signature(token[:_RANDOM])):
            return None
        return self._repository.find(token)

    def _signature(self, body: str) -> str:
        return self._cipher.blind_index(_LINK, body)[:_SIGNED]

    # --- passes -------------------------------------------------------------------------------

    def admit(self, key: str) -> Visit | None:
        """Return whose valid pass this is, and for which conversation."""
        return self._repository.admitted(key) if key and key.isascii() else None

    def switch(self, former: str, visit: Visit) -> str:
        """Exchange a pass for one of another conversation, or strength, of the same follower."""
        key = secrets.token_urlsafe(32)
        self._repository.replace_pass(former, key, visit, self._clock.now() + self.pass_valid)
        return key

    def forget_expired(self) -> int:
        """Delete what is past its time; return how many.

        A used link stays as long as a pass: who holds one is led on by it.
        """
        return self._repository.forget_expired(self.pass_valid)

    # --- the way over the platform ------------------------------------------------------------

    def state(self, token: str, device: str) -> str:
        """Return what the platform brings back, letters and digits: bound to link and browser."""
        return device + self._cipher.blind_index(_STATE, f"{token}\0{device}")[:32]

    def is_state(self, state: str, token: str, device: str) -> bool:
        return state.isascii() and hmac.compare_digest(state, self.state(token, device))


def is_lasting(target: str) -> bool:
    """Say whether a link is good for days, so that it may be passed on before it is opened."""
    return target == "talk" or _ANSWER.fullmatch(target) is not None


def path_of(target: str) -> str:
    """Return the address below ours of what a link is for.

    Raises:
        ValueError: there is no such page.
    """
    answer = _ANSWER.fullmatch(target)
    if answer is not None:
        return f"/m/answer/{answer[1]}"
    if target not in PATHS:
        raise ValueError(target)
    return PATHS[target]
