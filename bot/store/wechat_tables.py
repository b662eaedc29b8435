"""The tables of the official accounts and of the pages that followers open from them.

Of a follower's openid a keyed hash is looked up; the openid itself is held encrypted, because
the platform wants it with every message that is sent.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    false,
    true,
)

from bot.store.tables import UtcDateTime, metadata

OPENID = "wechat_followers.openid"
"""The context in which an openid is hashed and encrypted."""

wechat_followers = Table(
    "wechat_followers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(32), nullable=False),
    Column("openid_index", String(64), nullable=False),
    Column("openid_enc", LargeBinary, nullable=False),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="SET NULL")),
    Column("following", Boolean, nullable=False, server_default=true()),
    Column("office_id", ForeignKey("offices.id", ondelete="SET NULL")),
    Column("choices_enc", LargeBinary),
    Column("asked_enc", LargeBinary),
    Column("asked_until", UtcDateTime),
    Column("heard_at", UtcDateTime),
    Column("said_until", UtcDateTime),
    Column("said_left", Integer, nullable=False, server_default="0"),
    Column("acted_until", UtcDateTime),
    Column("acted_left", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("account", "openid_index"),
)
"""``account`` is the AppID. ``said_*`` and ``acted_*`` are the ledger of customer-service messages.

``conversation_id`` is where the follower's next message goes. ``asked_enc`` holds what was asked
last about binding, until ``asked_until``.
"""

wechat_bindings = Table(
    "wechat_bindings",
    metadata,
    Column("follower_id", ForeignKey("wechat_followers.id", ondelete="CASCADE"), primary_key=True),
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("is_own", Boolean, nullable=False, server_default=false()),
    Column("is_proven", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
)
"""Whose news a follower hears; ``is_own`` where the conversation began in the account.

Without ``is_proven`` he knew a number and its telephone, as others may: he hears how far things
are, and sees nothing of what was said.
"""

wechat_deliveries = Table(
    "wechat_deliveries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(32), nullable=False),
    Column("sender_index", String(64), nullable=False),
    Column("key", String(80), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), index=True),
    Column("follower_id", ForeignKey("wechat_followers.id", ondelete="CASCADE"), index=True),
    Column("payload_enc", LargeBinary),
    Column("number", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("claimed_until", UtcDateTime),
    Column("processed_at", UtcDateTime),
    Column("answered_by", String(8)),
    Column("reply_enc", LargeBinary),
    UniqueConstraint("account", "sender_index", "key"),
    Index("ix_wechat_deliveries_open", "answered_by", "last_at"),
)
"""What the platform delivered, however often; ``answered_by`` is decided once."""

wechat_sends = Table(
    "wechat_sends",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("follower_id", ForeignKey("wechat_followers.id", ondelete="CASCADE"), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("message_id", ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", String(16), nullable=False, server_default=""),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime, nullable=False),
    Column("claimed_until", UtcDateTime),
    Column("settled_at", UtcDateTime),
    Column("noticed_at", UtcDateTime),
    UniqueConstraint("message_id", "follower_id"),
    Index("ix_wechat_sends_state", "state", "due_at"),
    Index("ix_wechat_sends_follower", "follower_id", "state"),
    Index("ix_wechat_sends_conversation", "conversation_id"),
)
"""Which message is owed to which follower; ``done`` says how far it has gone."""

wechat_tokens = Table(
    "wechat_tokens",
    metadata,
    Column("app_id", String(32), primary_key=True),
    Column("token_enc", LargeBinary),
    Column("expires_at", UtcDateTime),
    Column("claimed_until", UtcDateTime),
)

wechat_accounts = Table(
    "wechat_accounts",
    metadata,
    Column("app_id", String(32), primary_key=True),
    Column("paused_until", UtcDateTime),
    Column("reason", String(16), nullable=False, server_default=""),
)
"""Accounts to whose customer-service interface nothing is sent for now, and why."""

wechat_consents = Table(
    "wechat_consents",
    metadata,
    Column("follower_id", ForeignKey("wechat_followers.id", ondelete="CASCADE"), primary_key=True),
    Column("template_id", String(64), primary_key=True),
    Column("left", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
"""How many subscription notices a follower has agreed to and not had yet."""

wechat_links = Table(
    "wechat_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("follower_id", ForeignKey("wechat_followers.id", ondelete="CASCADE"), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("target", String(40), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)
"""Links into the pages, each opened once."""

wechat_codes = Table(
    "wechat_codes",
    metadata,
    Column("follower_id", ForeignKey("wechat_followers.id", ondelete="CASCADE"), primary_key=True),
    Column("phone_index", String(64), nullable=False, unique=True),
    Column("number", String(24), nullable=False, server_default=""),
    Column("code_index", String(64), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""Codes sent to a telephone by which its owner binds what is registered under it.

With ``number`` it is the one application or matter that was named with the telephone.
"""

passes = Table(
    "passes",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("follower_id", ForeignKey("wechat_followers.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("is_strong", Boolean, nullable=False, server_default=true()),
)
"""Bearer tokens of followers' browsers, beside a conversation's own; weak ones open pages alone."""
