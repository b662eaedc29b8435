"""Official accounts: followers, what was delivered and is owed, tokens, links and passes.

A follower from before is found again by the hash of the openid in the conversation and gets a row
with the next message.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import bot.store.tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = bot.store.tables.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "wechat_accounts",
        sa.Column("app_id", sa.String(length=32), nullable=False),
        sa.Column("paused_until", MOMENT),
        sa.Column("reason", sa.String(length=16), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_wechat_accounts")),
    )
    op.create_table(
        "wechat_tokens",
        sa.Column("app_id", sa.String(length=32), nullable=False),
        sa.Column("token_enc", sa.LargeBinary()),
        sa.Column("expires_at", MOMENT),
        sa.Column("claimed_until", MOMENT),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_wechat_tokens")),
    )
    op.create_table(
        "wechat_followers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("openid_index", sa.String(length=64), nullable=False),
        sa.Column("openid_enc", sa.LargeBinary(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32)),
        sa.Column("following", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("office_id", sa.Integer()),
        sa.Column("choices_enc", sa.LargeBinary()),
        sa.Column("asked_enc", sa.LargeBinary()),
        sa.Column("asked_until", MOMENT),
        sa.Column("heard_at", MOMENT),
        sa.Column("said_until", MOMENT),
        sa.Column("said_left", sa.Integer(), server_default="0", nullable=False),
        sa.Column("acted_until", MOMENT),
        sa.Column("acted_left", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_wechat_followers_conversation_id_conversations"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["office_id"],
            ["offices.id"],
            name=op.f("fk_wechat_followers_office_id_offices"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_followers")),
        sa.UniqueConstraint("account", "openid_index", name=op.f("uq_wechat_followers_account")),
    )
    op.create_table(
        "passes",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_passes_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["wechat_followers.id"],
            name=op.f("fk_passes_follower_id_wechat_followers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_passes")),
    )
    op.create_index(op.f("ix_passes_conversation_id"), "passes", ["conversation_id"], unique=False)
    op.create_table(
        "wechat_bindings",
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("is_own", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_proven", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_wechat_bindings_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["wechat_followers.id"],
            name=op.f("fk_wechat_bindings_follower_id_wechat_followers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("follower_id", "conversation_id", name=op.f("pk_wechat_bindings")),
    )
    op.create_index(
        op.f("ix_wechat_bindings_conversation_id"),
        "wechat_bindings",
        ["conversation_id"],
        unique=False,
    )
    op.create_table(
        "wechat_codes",
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("phone_index", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=24), server_default="", nullable=False),
        sa.Column("code_index", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["wechat_followers.id"],
            name=op.f("fk_wechat_codes_follower_id_wechat_followers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("follower_id", name=op.f("pk_wechat_codes")),
        sa.UniqueConstraint("phone_index", name=op.f("uq_wechat_codes_phone_index")),
    )
    op.create_table(
        "wechat_consents",
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["wechat_followers.id"],
            name=op.f("fk_wechat_consents_follower_id_wechat_followers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("follower_id", "template_id", name=op.f("pk_wechat_consents")),
    )
    op.create_table(
        "wechat_deliveries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("sender_index", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("conversation_id", sa.String(length=32)),
        sa.Column("follower_id", sa.Integer()),
        sa.Column("payload_enc", sa.LargeBinary()),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("claimed_until", MOMENT),
        sa.Column("processed_at", MOMENT),
        sa.Column("answered_by", sa.String(length=8)),
        sa.Column("reply_enc", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_wechat_deliveries_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["wechat_followers.id"],
            name=op.f("fk_wechat_deliveries_follower_id_wechat_followers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_deliveries")),
        sa.UniqueConstraint(
            "account", "sender_index", "key", name=op.f("uq_wechat_deliveries_account")
        ),
    )
    op.create_index(
        op.f("ix_wechat_deliveries_conversation_id"),
        "wechat_deliveries",
        ["conversation_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_wechat_deliveries_follower_id"), "wechat_deliveries", ["follower_id"], unique=False
    )
    op.create_index(
        "ix_wechat_deliveries_open", "wechat_deliveries", ["answered_by", "last_at"], unique=False
    )
    op.create_table(
        "wechat_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_wechat_links_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["wechat_followers.id"],
            name=op.f("fk_wechat_links_follower_id_wechat_followers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_wechat_links")),
    )
    op.create_table(
        "wechat_sends",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=16), server_default="", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("claimed_until", MOMENT),
        sa.Column("settled_at", MOMENT),
        sa.Column("noticed_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_wechat_sends_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["wechat_followers.id"],
            name=op.f("fk_wechat_sends_follower_id_wechat_followers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_wechat_sends_message_id_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wechat_sends")),
        sa.UniqueConstraint("message_id", "follower_id", name=op.f("uq_wechat_sends_message_id")),
    )
    op.create_index(
        "ix_wechat_sends_conversation", "wechat_sends", ["conversation_id"], unique=False
    )
    op.create_index(
        "ix_wechat_sends_follower", "wechat_sends", ["follower_id", "state"], unique=False
    )
    op.create_index("ix_wechat_sends_state", "wechat_sends", ["state", "due_at"], unique=False)
    op.add_column(
        "offices", sa.Column("address", sa.String(length=120), server_default="", nullable=False)
    )
    op.add_column("offices", sa.Column("latitude", sa.Float()))
    op.add_column("offices", sa.Column("longitude", sa.Float()))
    op.add_column(
        "matters",
        sa.Column("phone_index", sa.String(length=64), server_default="", nullable=False),
    )
    op.create_index(op.f("ix_matters_phone_index"), "matters", ["phone_index"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_matters_phone_index"), table_name="matters")
    op.drop_column("matters", "phone_index")
    op.drop_column("offices", "longitude")
    op.drop_column("offices", "latitude")
    op.drop_column("offices", "address")
    op.drop_index("ix_wechat_sends_state", table_name="wechat_sends")
    op.drop_index("ix_wechat_sends_follower", table_name="wechat_sends")
    op.drop_index("ix_wechat_sends_conversation", table_name="wechat_sends")
    op.drop_table("wechat_sends")
    op.drop_table("wechat_links")
    op.drop_index("ix_wechat_deliveries_open", table_name="wechat_deliveries")
    op.drop_index(op.f("ix_wechat_deliveries_follower_id"), table_name="wechat_deliveries")
    op.drop_index(op.f("ix_wechat_deliveries_conversation_id"), table_name="wechat_deliveries")
    op.drop_table("wechat_deliveries")
    op.drop_table("wechat_consents")
    op.drop_table("wechat_codes")
    op.drop_index(op.f("ix_wechat_bindings_conversation_id"), table_name="wechat_bindings")
    op.drop_table("wechat_bindings")
    op.drop_index(op.f("ix_passes_conversation_id"), table_name="passes")
    op.drop_table("passes")
    op.drop_table("wechat_followers")
    op.drop_table("wechat_tokens")
    op.drop_table("wechat_accounts")
