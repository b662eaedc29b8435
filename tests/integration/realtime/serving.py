"""One application process as ``bot serve`` starts it, whose look-again pauses obey two signals.

Patient at first, so that only the bus can bring a message in time: a test that passes because of
the next look would prove nothing. SIGUSR1 makes connections opened from then on look often,
SIGUSR2 patient again.
"""

from __future__ import annotations

import asyncio
import signal

from bot.app import serve
from bot.desk import live as desk_live
from bot.jobs import dispatch
from bot.log import configure
from bot.settings import Settings
from connectors.web import live as web_live

PATIENT_S = 300.0
IMPATIENT_S = 0.3


def look_again_every(seconds: float) -> None:
    desk_live.LOOK_AGAIN_S = seconds
    web_live.LOOK_AGAIN_S = seconds


def main() -> None:
    look_again_every(PATIENT_S)
    # An offer of its own accord would be one more reason to look at the queue.
    dispatch.PAUSE_S = PATIENT_S
    signal.signal(signal.SIGUSR1, lambda *_: look_again_every(IMPATIENT_S))
    signal.signal(signal.SIGUSR2, lambda *_: look_again_every(PATIENT_S))
    settings = Settings()
    configure(settings.log_level, json=True)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
