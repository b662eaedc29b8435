"""Build what every entry shares: store, knowledge, retrieval, dialogue. Part of the one wiring.

``bot.app`` puts HTTP around it; the command line drives it directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from anyio import from_thread
from rasa_sdk import Action

from bot.actions.base import TurnReader
from bot.actions.forms import form_actions
from bot.actions.lookups import Lookups
from bot.actions.registry import reply_actions
from bot.actions.statutes import StatuteLookup
from bot.actions.talk import Talk
from bot.actions.tools import Tools
from bot.aid.changes import AidChanges
from bot.aid.chat import AidChat
from bot.aid.paperwork import Paperwork
from bot.aid.repository import AidRepository
from bot.aid.service import AidService
from bot.binding.proof_repository import ProofRepository
from bot.binding.releasing import Releasing
from bot.binding.repository import BindingRepository
from bot.binding.service import BindingService
from bot.binding.sms import open_gateway
from bot.bus import Bus, InProcessBus, RedisBus, conversation_topic
from bot.casework.repository import CaseworkRepository
from bot.casework.service import CaseworkService
from bot.citing import Citing
from bot.continuation.repository import ContinuationRepository
from bot.continuation.service import ContinuationService
from bot.copilot.corrections import publish
from bot.copilot.learned import QUESTIONS as LEARNED
from bot.copilot.learned import LearnedFiles, with_learned
from bot.copilot.repository import CorrectionRepository
from bot.dialogue.aid_right import AidRight
from bot.dialogue.answers import Composer, Limits
from bot.dialogue.asof import LawOfTheDay
from bot.dialogue.complexity import Complexity
from bot.dialogue.followup import FollowUps
from bot.dialogue.forms import OpenQuestion
from bot.dialogue.guard import CitationGuard
from bot.dialogue.moves import Follower
from bot.dialogue.rasa import RasaClient
from bot.dialogue.rasa_tracker import RasaTracker
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.safety import SafetyDesk
from bot.dialogue.service import DialogueService, Fallback
from bot.dialogue.waiting import WaitingRoom
from bot.domain.clock import Clock, SystemClock, china_date
from bot.interviews.aidcheck import AidCheck
from bot.interviews.chat import GuidedChat
from bot.interviews.sums import Sums
from bot.lawbase.corpus import every_version
from bot.lawbase.repository import LawRepository
from bot.letters.service import TEMPLATES, Letters
from bot.matters.follower import MatterFollower
from bot.matters.ledger_repository import MatterLedger
from bot.matters.referral_repository import ReferralRepository
from bot.matters.referrals import load_referrals
from bot.matters.referring import ReferralChat
from bot.matters.repository import MatterRepository
from bot.matters.service import MatterService
from bot.matters.targets import load_targets
from bot.ratings.repository import RatingRepository
from bot.ratings.service import RatingService
from bot.roster.room import Roster, open_roster
from bot.settings import Settings
from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.migrate import migrate
from bot.store.unit import Store
from bot.tenants import accounts_of
from bot.texts import Texts, load_texts
from bot.uploads.scanning import Scanner, open_scanner
from bot.wechat.following import WeChatFollowing
from bot.wechat.sends import SendRepository
from knowledge_base.consultations import load_interviews
from knowledge_base.freshness import Coverage, coverage
from knowledge_base.loader import load
from knowledge_base.models import TOPICS, KnowledgeBase
from knowledge_base.passages import former_passages, passages
from knowledge_base.renumbering import load_renumbering
from knowledge_base.rules.wording import AidWording
from knowledge_base.safety import load_safety_lanes
from knowledge_base.tools import load_calculators, load_documents
from knowledge_base.verifier import Verifier
from knowledge_base.versions import load_register
from retrieval.building import build
from retrieval.encoders import EmbeddingConfig
from retrieval.live import LiveSearcher
from retrieval.search import Searcher


@dataclass(frozen=True)
class Core:
    """The application without HTTP."""

    settings: Settings
    clock: Clock
    texts: Texts
    store: Store
    bus: Bus
    kb: KnowledgeBase
    conversations: ConversationRepository
    composer: Composer
    rasa: RasaClient
    rasa_tracker: RasaTracker
    dialogue: DialogueService
    actions: tuple[Action, ...]
    kept_aid: AidRepository
    aid: AidService
    aid_changes: AidChanges
    paperwork: Paperwork
    letters: Letters
    casework: CaseworkService
    ratings: RatingService
    search: LiveSearcher
    law: LawOfTheDay
    verifier: Verifier
    coverage: Coverage
    followers: tuple[Follower, ...]
    matters: MatterService
    kept_matters: MatterRepository
    roster: Roster
    waiting: WaitingRoom
    binding: BindingService
    open_question: OpenQuestion
    scanner: Scanner | None

    @property
    def as_of(self) -> date:
        """Return the day up to which the national laws of the base reach."""
        return self.coverage.of({"法律"}) or self.kb.as_of

    async def close(self) -> None:
        await self.rasa.close()
        await self.bus.close()
        self.store.engine.dispose()


def make_store(settings: Settings) -> Store:
    """Open the database and bring it to the newest schema."""
    engine = make_engine(settings.resolved_database_url)
    migrate(engine)
    return Store(engine, Cipher(settings.cipher_keys, settings.blind_key))


def build_index(settings: Settings, *, show_progress: bool = False) -> bool:
    """Build the curated base's index if its content changed; say whether it was built."""
    before = _stamp(settings.resolved_index_dir)
    kb = with_learned(load(settings.knowledge_dir), settings.data_dir / LEARNED)
    build(
        [*passages(kb), *former_passages(kb)],
        settings.resolved_index_dir,
        embedding=EmbeddingConfig(model=settings.embedding_model),
        store=settings.vector_store,
        show_progress=show_progress,
    )
    return _stamp(settings.resolved_index_dir) != before


def publish_learned(settings: Settings) -> int:
    """Write what lawyers taught anew from the database; return how many questions it is.

    Whatever happened to the files, an index built after this holds every accepted correction.

    Raises:
        OSError: the data directory cannot be written.
    """
    store = make_store(settings)
    try:
        return publish(CorrectionRepository(store, SystemClock()), LearnedFiles(settings.data_dir))
    finally:
        store.engine.dispose()


def _stamp(directory: Path) -> str:
    pointer = directory / "CURRENT"
    return pointer.read_text() if pointer.exists() else ""


@dataclass(frozen=True)
class LawBase:
    """The register with what was imported, and the texts themselves."""

    texts: LawRepository
    verifier: Verifier
    coverage: Coverage


def open_law_base(store: Store, clock: Clock) -> LawBase:
    """Join the committed register with the versions that this deployment has imported."""
    law_texts = LawRepository(store, clock)
    register = load_register().with_versions(stored.dated for stored in law_texts.versions())
    return LawBase(law_texts, Verifier(register, load_renumbering()), coverage(register))


def build_citing(
    settings: Settings, clock: Clock | None = None, *, say: Callable[[str], None] = lambda _: None
) -> Citing:
    """Wire what ``bot cite`` and ``bot law`` need; the index is opened at the first question.

    ``say`` is told when that will take its time.
    """
    clock = clock or SystemClock()
    kb = with_learned(load(settings.knowledge_dir), settings.data_dir / LEARNED)
    base = open_law_base(make_store(settings), clock)
    today = china_date(clock.now())

    def search() -> Searcher:
        # Without imported texts the curated base is all there is.
        if not base.texts.versions():
            build_index(settings)
            return Searcher.load(settings.resolved_index_dir)
        directory = settings.law_index_dir
        corpus = every_version(kb, base.texts, base.verifier.register, today)
        say("核对法规全文的检索索引，第一次要建立，约一分钟……")
        build(
            corpus,
            directory,
            embedding=EmbeddingConfig(model=settings.embedding_model),
            store=settings.vector_store,
        )
        return Searcher.load(directory)

    return Citing(kb, base.verifier, base.texts, cache(search), today)


def _teller(bus: Bus) -> Callable[[str, int], None]:
    """Return what tells open connections of a message, from a worker thread."""

    def tell(conversation_id: str, message_id: int) -> None:
        event = {"kind": "message", "conversation_id": conversation_id, "id": message_id}
        from_thread.run(bus.publish, conversation_topic(conversation_id), event)

    return tell


def build_core(settings: Settings, clock: Clock | None = None) -> Core:
    """Wire everything up to the dialogue service."""
    clock = clock or SystemClock()
    texts = load_texts()
    store = make_store(settings)
    bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else InProcessBus()
    kb = load(settings.knowledge_dir)
    search = LiveSearcher(settings.resolved_index_dir)
    ledger = MatterLedger(store, load_targets())
    followers: tuple[Follower, ...] = (MatterFollower(ledger),)
    if accounts_of(settings):
        followers += (WeChatFollowing(SendRepository(store, clock)),)
    conversations = ConversationRepository(store, clock, followers)
    kept = MatterRepository(ledger, clock, conversations)
    roster = open_roster(store, clock, conversations, kept, TOPICS)
    matters = MatterService(kept, clock, roster.service.conflicted)
    waiting = WaitingRoom(conversations, texts, matters, roster.duty)
    followups = FollowUps(settings.knowledge_dir / "lexicon" / "followups.yml", (settings.region,))
    base = open_law_base(store, clock)
    law = LawOfTheDay(kb, base.verifier, base.texts, texts, clock)
    composer = Composer(kb, search, followups, texts, clock, Limits(), law)
    ratings = RatingService(RatingRepository(store, clock))
    kept_aid = AidRepository(store, clock)
    aid = AidService(kept_aid, conversations, clock)
    aid_changes = AidChanges(kept_aid, conversations, clock)
    letters = Letters(TEMPLATES, settings.resolved_letters_dir, settings.bureau)
    casework = CaseworkService(CaseworkRepository(kept_aid), aid_changes, aid.paperwork, clock)
    aid_chat = AidChat(aid, texts)
    calculators = load_calculators(settings.knowledge_dir)
    guided_chat = GuidedChat(
        load_interviews(settings.knowledge_dir),
        composer,
        conversations,
        texts,
        (
            Sums.of(calculators, composer.kb.articles, texts),
            AidCheck(AidWording.load(), composer.kb.articles),
        ),
        clock,
    )
    open_question = OpenQuestion(conversations, (aid_chat, guided_chat))
    cipher = store.cipher
    reader = TurnReader(conversations)
    statutes = StatuteLookup(composer, law, texts)
    lookups = Lookups(composer, statutes, texts, settings.region)
    tools = Tools(
        composer,
        calculators,
        load_documents(settings.knowledge_dir),
        texts,
    )
    registered = ReferralRepository(ledger, clock)
    referring = ReferralChat(registered, load_referrals(), kb.articles, texts)
    binding = BindingService(
        BindingRepository(conversations, clock),
        ProofRepository(store, clock),
        ContinuationService(ContinuationRepository(store, clock), clock),
        open_gateway(settings.sms_url, settings.sms_secret.get_secret_value()),
        bureau=settings.bureau,
        public_url=settings.public_url,
        announce=_teller(bus),
    )
    talk = Talk(texts, ratings, settings.retention_days, conversations)
    rasa = RasaClient(settings.resolved_rasa_url, cipher, settings.rasa_timeout_s)
    dialogue = DialogueService(
        conversations,
        rasa,
        SafetyDesk(load_safety_lanes(settings.knowledge_dir), kb.articles, texts),
        CitationGuard(law.stands, base.coverage, texts),
        Fallback(composer, texts),
        (aid_chat.form, guided_chat.form),
        bus,
        texts,
        waiting,
        (Complexity(texts), AidRight(kb.articles, texts), referring),
        open_question,
        (Releasing(binding), referring),
    )
    actions = (
        *reply_actions(composer, lookups, statutes, tools, talk, reader, cipher),
        *form_actions(aid_chat, guided_chat, talk, reader, cipher),
    )
    return Core(
        settings,
        clock,
        texts,
        store,
        bus,
        kb,
        conversations,
        composer,
        rasa,
        RasaTracker(settings.rasa_tracker),
        dialogue,
        actions,
        kept_aid,
        aid,
        aid_changes,
        aid.paperwork,
        letters,
        casework,
        ratings,
        search,
        law,
        base.verifier,
        base.coverage,
        followers,
        matters,
        kept,
        roster,
        waiting,
        binding,
        open_question,
        open_scanner(settings.clamav),
    )
