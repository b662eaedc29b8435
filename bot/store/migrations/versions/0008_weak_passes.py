"""Passes that were got by a lasting link open less.

Those of before keep what they open; within thirty days the last of them has ended.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "passes", sa.Column("is_strong", sa.Boolean(), server_default=sa.true(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("passes", "is_strong")
