"""Large print where no script can switch it: the cookie that the pages for citizens share."""

from __future__ import annotations

LARGE = "lawbridge_large"
