"""Legal aid to its end: the clock, the office, the papers, the lawyer, the closing.

What was handed in before stays without the hashes of its names: a migration has no key to read
them. It is found by its number, telephone and identity number, and not by a name; nobody learns
from it of a conflict of interest. It has no list of papers either: an officer asks in own words.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

import bot.store.tables
from bot.domain.clock import china_date
from knowledge_base.rules.calendar import rolled

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = bot.store.tables.UtcDateTime(timezone=True)
REVIEW_DAYS = 7
SUPPLEMENT_DAYS = 15
WAITS, GOES_ON = "state.need_supplement", "state.accepted"
DECIDED = ("state.approved", "state.refused")


def upgrade() -> None:
    op.add_column(
        "offices", sa.Column("areas", sa.String(length=200), server_default="", nullable=False)
    )
    with op.batch_alter_table("aid_applications") as table:
        for name, length in (
            ("name_index", 64), ("opponent_index", 64), ("place", 6), ("urgent", 8), ("ground", 8)
        ):  # fmt: skip
            table.add_column(
                sa.Column(name, sa.String(length=length), server_default="", nullable=False)
            )
        for name in (
            "waiting_since", "decided_at", "assigned_at", "taken_at", "closed_at"
        ):  # fmt: skip
            table.add_column(sa.Column(name, MOMENT))
        table.add_column(sa.Column("waited_days", sa.Integer(), server_default="0", nullable=False))
        for name in ("decide_by", "supplement_by", "objected_on"):
            table.add_column(sa.Column(name, sa.Date()))
        table.add_column(sa.Column("closing_enc", sa.LargeBinary()))
        for name, target in (("lodged_at", "offices"), ("office_id", "offices"),
                             ("staff_id", "staff")):  # fmt: skip
            table.add_column(sa.Column(name, sa.Integer()))
            table.create_foreign_key(
                op.f(f"fk_aid_applications_{name}_{target}"), target, [name], ["id"]
            )
    _set_the_clock()
    with op.batch_alter_table("aid_applications") as table:
        table.alter_column("decide_by", existing_type=sa.Date(), nullable=False)
    for name, columns in (
        ("ix_aid_applications_name_index", ["name_index"]),
        ("ix_aid_applications_opponent_index", ["opponent_index"]),
        ("ix_aid_applications_clock", ["state", "decide_by"]),
        ("ix_aid_applications_office", ["office_id", "state"]),
        ("ix_aid_applications_staff", ["staff_id", "state"]),
    ):
        op.create_index(name, "aid_applications", columns)
    op.create_table(
        "aid_papers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("asked_enc", sa.LargeBinary(), nullable=True),
        sa.Column("deferrable", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("file_id", sa.String(length=32), nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["aid_applications.id"],
            name=op.f("fk_aid_papers_application_id_aid_applications"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["files.id"],
            name=op.f("fk_aid_papers_file_id_files"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["settled_by"], ["staff.id"], name=op.f("fk_aid_papers_settled_by_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_papers")),
        sa.UniqueConstraint("application_id", "key", name=op.f("uq_aid_papers_application_id")),
    )
    op.create_index("ix_aid_papers_due", "aid_papers", ["state", "due_on"])


def _set_the_clock() -> None:
    """Give what was handed in before its period, as the record of its steps tells it.

    Seven days (法律援助法 43) and those spent waiting for papers; what waits now waits since its
    state was changed, and its papers are due after the usual days. States stay as they are: one
    that was closed although aid had ended (48) stays closed.
    """
    kept = sa.table(
        "aid_applications",
        sa.column("id", sa.Integer()),
        sa.column("number", sa.String()),
        sa.column("state", sa.String()),
        *(sa.column(name, MOMENT) for name in ("created_at", "updated_at")),
        *(sa.column(name, MOMENT) for name in ("waiting_since", "decided_at")),
        *(sa.column(name, sa.Date()) for name in ("decide_by", "supplement_by")),
        sa.column("waited_days", sa.Integer()),
    )
    connection = op.get_bind()
    steps = _steps(connection)
    for row in connection.execute(sa.select(kept)).all():
        waited = _waited(steps[row.number])
        received = china_date(row.created_at)
        values: dict[str, Any] = {
            "decide_by": rolled(received + dt.timedelta(days=REVIEW_DAYS + waited)),
            "waited_days": waited,
            # An objection may have led to a second decision.
            "decided_at": max(
                (at for what, at in steps[row.number] if what in DECIDED), default=None
            ),
        }
        if row.state == "need_supplement":
            due = china_date(row.updated_at) + dt.timedelta(days=SUPPLEMENT_DAYS)
            values |= {"waiting_since": row.updated_at, "supplement_by": rolled(due)}
        connection.execute(kept.update().where(kept.c.id == row.id).values(values))


def _steps(connection: sa.Connection) -> dict[str, list[tuple[str, dt.datetime]]]:
    """Return the changes of state of each application, oldest first."""
    audit = sa.table(
        "audit",
        sa.column("id", sa.Integer()),
        sa.column("at", MOMENT),
        sa.column("action", sa.String()),
        sa.column("subject", sa.String()),
    )
    wanted = sa.select(audit).where(audit.c.action.in_((WAITS, GOES_ON, *DECIDED)))
    found: dict[str, list[tuple[str, dt.datetime]]] = defaultdict(list)
    for row in connection.execute(wanted.order_by(audit.c.id)):
        found[row.subject].append((row.action, row.at))
    return found


def _waited(steps: Sequence[tuple[str, dt.datetime]]) -> int:
    """Return the days from each request for papers to the review's going on."""
    days, since = 0, None
    for action, at in steps:
        if action == WAITS:
            since = at
        elif action == GOES_ON and since is not None:
            days += (china_date(at) - china_date(since)).days
            since = None
    return days


def downgrade() -> None:
    op.drop_table("aid_papers")
    for name in ("clock", "office", "staff", "name_index", "opponent_index"):
        op.drop_index(f"ix_aid_applications_{name}", "aid_applications")
    with op.batch_alter_table("aid_applications") as table:
        for name, target in (("lodged_at", "offices"), ("office_id", "offices"),
                             ("staff_id", "staff")):  # fmt: skip
            table.drop_constraint(op.f(f"fk_aid_applications_{name}_{target}"), type_="foreignkey")
            table.drop_column(name)
        for name in (
            "name_index", "opponent_index", "place", "urgent", "ground", "waiting_since",
            "decided_at", "assigned_at", "taken_at", "closed_at", "waited_days", "decide_by",
            "supplement_by", "objected_on", "closing_enc",
        ):  # fmt: skip
            table.drop_column(name)
    op.drop_column("offices", "areas")
