"""A small application around the web channel: real store, ports and protections, a scripted chat.

Run ``python -m tests.integration.web.small_app`` to look at the widget without Rasa.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from bot.aid.changes import AidChanges
from bot.aid.paperwork import Paperwork
from bot.aid.repository import AidRepository
from bot.aid.service import AidService
from bot.apply.endpoints import create_apply_router
from bot.apply.pages import too_large_page
from bot.apply.service import ApplyService
from bot.apply.session import Door
from bot.bus import InProcessBus, conversation_topic
from bot.calculators.endpoints import create_calculator_pages
from bot.continuation.repository import ContinuationRepository
from bot.continuation.service import ContinuationService
from bot.dialogue.rasa_tracker import RasaTracker
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.waiting import NoDuty, NoNumbers, WaitingRoom
from bot.domain.clock import Clock, SystemClock
from bot.domain.conversation import HandoverReason, Mode, Sender
from bot.errors import EmptyMessage, MessageTooLong
from bot.letters.service import TEMPLATES, Letters
from bot.privacy.repository import PrivacyRepository
from bot.privacy.service import PrivacyService
from bot.ratings.repository import RatingRepository
from bot.ratings.service import RatingService
from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.migrate import migrate
from bot.store.unit import Store
from bot.texts import load_texts
from bot.uploads.repository import UploadRepository
from bot.uploads.scanning import Scanner
from bot.uploads.service import UploadService
from bot.web.http import Protections, install_error_handlers
from bot.web.pages import create_pages, not_found_page
from bot.web.visitors import REFUSALS, BusFeed, WebVisitors
from connectors.messages import Inbound, Outbound, Part, Reply, buttons, notice, text
from connectors.web.limits import Allowance
from connectors.web.ports import WebOptions
from connectors.web.router import create_web_router
from knowledge_base.loader import load
from knowledge_base.models import KnowledgeBase
from knowledge_base.tools import load_calculators
from tests.conftest import FixedClock

ROOT = Path(__file__).resolve().parents[3]
LABEL = "AI 生成，供参考，不构成律师意见。"
LAWYER = "王律师（执业证 15301200012345678）"

ANSWER: tuple[Part, ...] = (
    text("没签书面合同，从第二个月起可以要双倍工资；拖欠的工资应当足额补发。"),
    Part(
        "citations",
        {
            "items": [
                {
                    "key": "劳动合同法/82",
                    "title": "劳动合同法第八十二条",
                    "gist": "满一个月不满一年没有签书面合同的，每月付两倍工资。",
                    "version": "2012-12-28",
                    "in_force_from": "2013-07-01",
                    "folded": False,
                },
                {
                    "key": "劳动合同法/30",
                    "title": "劳动合同法第三十条",
                    "gist": "用人单位要按约定和国家规定，及时足额支付劳动报酬。",
                    "version": "2012-12-28",
                    "in_force_from": "2013-07-01",
                    "folded": True,
                },
            ]
        },
    ),
    text("1. 固定证据\n2. 向劳动监察投诉\n3. 申请劳动仲裁", title="怎么做"),
    text("工资转账、考勤、工作群记录、工友证言。", title="要留好的证据", collapsed=True),
    Part(
        "cases",
        {
            "items": [
                {
                    "id": "c1",
                    "title": "饭店没签合同欠薪案",
                    "source": "典型案例，某市法院",
                    "facts": "服务员工作五个月未签合同，被欠薪两个月。",
                    "holding": "支持补发工资和四个月的双倍差额。",
                    "point": "没有合同也可以用考勤和转账证明劳动关系。",
                }
            ]
        },
    ),
    Part(
        "services",
        {
            "items": [
                {
                    "number": 9,
                    "name": "法律援助（申请类）",
                    "content": "讨薪可以申请，农民工不查经济困难。",
                    "url": "/services#item-9",
                }
            ]
        },
    ),
    notice(LABEL, "ai_label"),
    buttons(("lawyer", "转律师"), ("aid", "申请法律援助"), ("more", "看全文")),
)


@dataclass
class ScriptedChat:
    """Stores what comes in and answers from a script; '转人工' queues the visitor."""

    conversations: ConversationRepository
    bus: InProcessBus
    answer: Sequence[Part] = ANSWER
    received: list[str] = field(default_factory=list)

    async def receive(self, inbound: Inbound) -> Reply:
        words = inbound.text.strip()
        if not words and not inbound.parts:
            raise EmptyMessage
        if len(words) > 2000:
            raise MessageTooLong
        store, repository = self.conversations.store, self.conversations
        parts = inbound.parts or (text(words),)
        found = await store.run(lambda: repository.receive(inbound, parts))
        key = inbound.conversation_id
        if found.is_new:
            self.received.append(words)
            await self._announce(key)
        said: Sequence[Part] = self.answer
        handover = None
        if words == "转人工" or inbound.button == "lawyer":
            handover = HandoverReason.ASKED
            said = (notice("已为您转接，您排在第 1 位。", "queue"),)
        elif inbound.parts:
            said = (notice("文件已收到并加密保存。"),)
        elif words.startswith("echo "):
            said = (text(words.removeprefix("echo ")),)
        sent, mode = await store.run(
            lambda: repository.finish(key, found.message_id, [said], handover=handover)
        )
        if found.answered:
            sent = await store.run(lambda: repository.replies_to(key, found.message_id))
        await self._announce(key)
        return Reply(sent, mode, found.message_id)

    async def lawyer_says(self, conversation_id: str, words: str) -> Outbound:
        """What the desk would do: take over if needed, and write."""
        store, repository = self.conversations.store, self.conversations
        conversation = await store.run(lambda: repository.get(conversation_id))
        if conversation.mode is Mode.QUEUED:
            await store.run(lambda: repository.move(conversation_id, Mode.HUMAN))
        sent = await store.run(
            lambda: repository.append_one(conversation_id, Sender.LAWYER, [text(words)], LAWYER)
        )
        await self._announce(conversation_id)
        return sent

    async def _announce(self, conversation_id: str) -> None:
        await self.bus.publish(conversation_topic(conversation_id), {"kind": "message"})


@dataclass
class SmallApp:
    app: FastAPI
    chat: ScriptedChat
    conversations: ConversationRepository
    bus: InProcessBus
    store: Store
    options: WebOptions
    door: Door
    form: ApplyService
    allowance: Allowance


def build(
    store: Store,
    clock: Clock | None = None,
    rasa_tracker: Path | None = None,
    kb: KnowledgeBase | None = None,
    scanner: Scanner | None = None,
    **options: object,
) -> SmallApp:
    clock = clock or SystemClock()
    texts = load_texts()
    bus = InProcessBus()
    conversations = ConversationRepository(store, clock)
    chat = ScriptedChat(conversations, bus)
    privacy = PrivacyService(
        PrivacyRepository(store, clock), conversations, RasaTracker(rasa_tracker), clock
    )
    visitors = WebVisitors(
        conversations,
        RatingService(RatingRepository(store, clock)),
        privacy,
        UploadService(UploadRepository(store, clock), scanner),
        texts,
        WaitingRoom(conversations, texts, NoNumbers(), NoDuty()),
        ContinuationService(ContinuationRepository(store, clock), clock),
        bureau="示范县司法局",
        ai_label=LABEL,
    )
    chosen = WebOptions(
        bureau="示范县司法局",
        consent_version="2026-11",
        ai_label=LABEL,
        **{"retention_days": 180, **options},  # type: ignore[arg-type]
    )
    app = FastAPI(docs_url=None)
    templates = Jinja2Templates(ROOT / "bot" / "web" / "templates")
    install_error_handlers(app, not_found_page(templates, chosen.bureau))
    app.add_middleware(
        Protections,
        embedding_sites=chosen.allowed_sites,
        https=False,
        too_large=too_large_page(templates, chosen.bureau),
    )
    web = ROOT / "bot" / "web"
    app.mount("/static", StaticFiles(directory=web / "static"))
    if kb is not None:
        app.include_router(create_pages(kb, templates, chosen.bureau, kb.as_of))
        app.include_router(
            create_calculator_pages(
                load_calculators(ROOT / "knowledge_base"),
                templates,
                load_texts(),
                chosen.bureau,
                FixedClock(),
            )
        )
    allowance = Allowance(chosen.redis_url, REFUSALS.too_many_requests)
    feed = BusFeed(bus)
    app.include_router(create_web_router(chat, visitors, feed, REFUSALS, chosen, allowance))
    aid = AidRepository(store, clock)
    service = AidService(aid, conversations, clock)
    form = ApplyService(
        service,
        aid,
        AidChanges(aid, conversations, clock),
        Paperwork(store, clock, service.form),
        Letters(TEMPLATES, None, chosen.bureau),
        UploadRepository(store, clock),
        clock,
    )
    door = Door(visitors, feed, chosen, allowance, secure=False)
    app.include_router(create_apply_router(form, door, templates))
    return SmallApp(app, chat, conversations, bus, store, chosen, door, form, allowance)


def file_store(path: Path) -> Store:
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    return Store(engine, Cipher([Fernet.generate_key().decode()], "index-key-for-tests"))


def main() -> None:
    import tempfile

    import uvicorn

    with tempfile.TemporaryDirectory() as folder:
        small = build(file_store(Path(folder) / "small.db"), kb=load(ROOT / "knowledge_base"))

        @small.app.post("/dev/lawyer/{conversation_id}")
        async def lawyer(conversation_id: str, words: str) -> dict[str, str]:
            sent = await small.chat.lawyer_says(conversation_id, words)
            return {"id": str(sent.id), "at": dt.datetime.isoformat(sent.at)}

        uvicorn.run(small.app, host="127.0.0.1", port=8101, log_level="warning")


if __name__ == "__main__":
    main()
