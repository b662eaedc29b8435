"""Every table of the application, the same on SQLite and PostgreSQL.

``*_enc`` columns hold Cipher output; the context is ``table.column``.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A timezone-aware moment; SQLite would drop the zone, so it is restored on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment must carry its time zone")
        return value.astimezone(dt.UTC)

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=dt.UTC)


conversations = Table(
    "conversations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("visitor_index", String(64)),
    Column("token_hash", String(64), unique=True),
    Column("mode", String(16), nullable=False),
    Column("reason", String(24)),
    Column("topic", String(16)),
    Column("priority", Integer, nullable=False, default=0),
    Column("lawyer_id", ForeignKey("staff.id")),
    Column("context_enc", LargeBinary),
    Column("consent_version", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("queued_at", UtcDateTime),
    Column("claimed_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("office_id", ForeignKey("offices.id")),
    Column("offered_to", ForeignKey("staff.id")),
    Column("offered_at", UtcDateTime),
    Column("replied_at", UtcDateTime),
    Column("visitor_got", Integer, nullable=False, server_default="0"),
    Column("visitor_seen", Integer, nullable=False, server_default="0"),
    Column("lawyer_seen", Integer, nullable=False, server_default="0"),
    Index("ix_conversations_mode_queued", "mode", "priority", "queued_at"),
    Index("ix_conversations_visitor", "channel", "visitor_index"),
)

continuations = Table(
    "continuations",
    metadata,
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("code_index", String(64), nullable=False, unique=True),
    Column("expires_at", UtcDateTime, nullable=False),
)

left_tokens = Table(
    "left_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("sender", String(8), nullable=False),
    Column("client_id", String(80)),
    Column("in_reply_to", Integer),
    Column("author_id", ForeignKey("staff.id")),
    Column("author", String(80), nullable=False, default=""),
    Column("route", String(24)),
    Column("parts_enc", LargeBinary, nullable=False),
    Column("answered", Boolean, nullable=False, default=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("conversation_id", "client_id"),
    Index("ix_messages_conversation", "conversation_id", "id"),
    sqlite_autoincrement=True,
)

files = Table(
    "files",
    metadata,
    Column("id", String(32), primary_key=True),
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("name_enc", LargeBinary, nullable=False),
    Column("mime", String(40), nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("body_enc", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

ratings = Table(
    "ratings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("stretch", Integer, nullable=False),
    Column("lawyer_id", ForeignKey("staff.id")),
    Column("solved", Boolean),
    Column("score", Integer),
    Column("comment_enc", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    Column("matter_id", ForeignKey("matters.id", ondelete="SET NULL")),
    UniqueConstraint("conversation_id", "stretch"),
)

offices = Table(
    "offices",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(40), nullable=False, unique=True),
    Column("phone", String(20), nullable=False, default=""),
    Column("hours", Text, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("areas", String(200), nullable=False, server_default=""),
    Column("address", String(120), nullable=False, server_default=""),
    Column("latitude", Float),
    Column("longitude", Float),
)

staff = Table(
    "staff",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("login", String(40), nullable=False, unique=True),
    Column("name", String(40), nullable=False),
    Column("licence", String(40), nullable=False, default=""),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("failed_logins", Integer, nullable=False, default=0),
    Column("locked_until", UtcDateTime),
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("office_id", ForeignKey("offices.id")),
    Column("capacity", Integer, nullable=False, server_default="6"),
    Column("topics", String(200), nullable=False, server_default=""),
    Column("seen_at", UtcDateTime),
    Column("away", Boolean, nullable=False, server_default=false()),
    Column("totp_enc", LargeBinary),
    Column("totp_step", Integer, nullable=False, server_default="0"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("device", String(60), nullable=False, server_default=""),
)

shifts = Table(
    "shifts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    UniqueConstraint("staff_id", "starts_at"),
    Index("ix_shifts_ends_at", "ends_at"),
)

represented = Table(
    "represented",
    metadata,
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("name_index", String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
)

opponents = Table(
    "opponents",
    metadata,
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name_index", String(64), primary_key=True, index=True),
)

matters = Table(
    "matters",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("number", String(12), nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("channel", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("topic", String(16), nullable=False, default=""),
    Column("reason", String(24), nullable=False, default=""),
    Column("priority", Integer, nullable=False, default=0),
    Column("office_id", ForeignKey("offices.id")),
    Column("staff_id", ForeignKey("staff.id")),
    Column("about_enc", LargeBinary),
    Column("contact_enc", LargeBinary),
    Column("phone_index", String(64), nullable=False, server_default="", index=True),
    Column("outcome", String(24)),
    Column("advice_enc", LargeBinary),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Index("ix_matters_state", "state", "due_at"),
)

matter_moves = Table(
    "matter_moves",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("matter_id", ForeignKey("matters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("action", String(24), nullable=False),
    Column("note_enc", LargeBinary),
)

notes = Table(
    "notes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("staff_id", ForeignKey("staff.id"), nullable=False),
    Column("text_enc", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

guests = Table(
    "guests",
    metadata,
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("staff_id", ForeignKey("staff.id"), primary_key=True),
    Column("invited_by", ForeignKey("staff.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="SET NULL")),
    Column("question_enc", LargeBinary, nullable=False),
    Column("offered", Text, nullable=False),
    Column("chosen", Text, nullable=False),
    Column("staff_id", ForeignKey("staff.id"), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("decided_by", ForeignKey("staff.id")),
    Column("decided_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
)

aid_drafts = Table(
    "aid_drafts",
    metadata,
    Column(
        "conversation_id",
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("fields_enc", LargeBinary, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

aid_applications = Table(
    "aid_applications",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("number", String(24), nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="SET NULL"), index=True),
    Column("state", String(24), nullable=False),
    Column("matter", String(40), nullable=False),
    Column("fields_enc", LargeBinary, nullable=False),
    Column("id_number_index", String(64), nullable=False, index=True),
    Column("phone_index", String(64), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("name_index", String(64), nullable=False, server_default="", index=True),
    Column("opponent_index", String(64), nullable=False, server_default="", index=True),
    Column("place", String(6), nullable=False, server_default=""),
    Column("lodged_at", ForeignKey("offices.id")),
    Column("office_id", ForeignKey("offices.id")),
    Column("urgent", String(8), nullable=False, server_default=""),
    Column("decide_by", Date, nullable=False),
    Column("supplement_by", Date),
    Column("waiting_since", UtcDateTime),
    Column("waited_days", Integer, nullable=False, server_default="0"),
    Column("decided_at", UtcDateTime),
    Column("staff_id", ForeignKey("staff.id")),
    Column("assigned_at", UtcDateTime),
    Column("taken_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("ground", String(8), nullable=False, server_default=""),
    Column("objected_on", Date),
    Column("closing_enc", LargeBinary),
    Index("ix_aid_applications_clock", "state", "decide_by"),
    Index("ix_aid_applications_office", "office_id", "state"),
    Index("ix_aid_applications_staff", "staff_id", "state"),
)

aid_papers = Table(
    "aid_papers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column(
        "application_id",
        ForeignKey("aid_applications.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("key", String(40), nullable=False),
    Column("asked_enc", LargeBinary),
    Column("deferrable", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    Column("due_on", Date),
    Column("file_id", ForeignKey("files.id", ondelete="SET NULL")),
    Column("settled_at", UtcDateTime),
    Column("settled_by", ForeignKey("staff.id")),
    UniqueConstraint("application_id", "key"),
    Index("ix_aid_papers_due", "state", "due_on"),
)

aid_numbers = Table(
    "aid_numbers",
    metadata,
    Column("day", String(8), primary_key=True),
    Column("last", Integer, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(60), nullable=False, index=True),
    Column("note_enc", LargeBinary),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(40), nullable=False),
    Column("unique_key", String(120), nullable=False, unique=True),
    Column("payload_enc", LargeBinary, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("claimed_until", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("done_at", UtcDateTime),
    Column("last_error", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    Index("ix_outbox_due", "done_at", "due_at"),
)

law_versions = Table(
    "law_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("published", Boolean, nullable=False),
    Column("law", String(200), nullable=False, index=True),
    Column("title", String(220), nullable=False),
    Column("level", String(16), nullable=False),
    Column("passed", Date),
    Column("in_force_from", Date),
    Column("in_force_until", Date),
    Column("superseded_by", String(200), nullable=False, default=""),
    Column("retrieved_on", Date, nullable=False),
    Column("file", String(300), nullable=False),
    Column("numbers", Text, nullable=False),
    Column("preamble", Text, nullable=False),
    Column("annex", Text, nullable=False),
    UniqueConstraint("source", "digest"),
)

law_articles = Table(
    "law_articles",
    metadata,
    Column(
        "version_id",
        ForeignKey("law_versions.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", String(12), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("text", Text, nullable=False),
)

law_ledger = Table(
    "law_ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("drawn_at", UtcDateTime, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("lines", Text, nullable=False),
)
