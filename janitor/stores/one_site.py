"""What a store of sweeps answers if its ledger, runs and jobs are all at one place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


class OneSite:
    """A store whose ledger, runs and jobs are at one place, and in which an entry is final."""

    owns_summaries: bool = True
    trial_environment: Mapping[str, str] = MappingProxyType({})

    def site(self) -> str:
        """Empty: there is only one."""
        return ""

    def is_here(self, site: str) -> bool:
        """Whether the jobs' folders are here, which they always are."""
        return not site

    def confirm(self) -> bool:
        """True: an entry is final as soon as it can be read."""
        return True
