"""The terms and entries of one ledger on W&B: runs, and files of the controller's run."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from janitor.errors import NewerLedgerError, StateFileError, StoreError
from janitor.model.ledger_items import LedgerEntry
from janitor.records.sweep import dump_entry, parse_entry
from janitor.storage.atomic import make_folder, write_atomically
from janitor.storage.untrusted import read_untrusted
from janitor.stores.wandb.run_files import upload_file, uploaded_files
from janitor.stores.wandb_sweeps.server import TERM, OwnRun, SweepServer
from janitor.stores.wandb_sweeps.terms import START, Place, Term

_LARGEST: Final = 64 * 1024 * 1024
_BATCH: Final = 50
_AT_ONCE: Final = 8
_VERSION: Final = 1


class WandbShelf:
    """One ledger.

    Args:
        server: The project.
        controller: The id of the controller's run.
        cache: A folder for entries that were read; they never change. It can be deleted.

    """

    def __init__(self, server: SweepServer, controller: str, cache: Path) -> None:
        self._server = server
        self._controller = controller
        self._cache = cache
        self._nonces: dict[int, str] = {0: ""}
        """Of the terms that were opened, by number: a part of their files' names."""
        self._storage_ids: dict[int, str] = {}

    def create(self, term: int) -> bool:
        """Create the term; True only for the one call, of all processes, that did."""
        name = f"{self._controller}-t{term}"
        storage_id, is_new = self._server.create_term(self._controller, name)
        if is_new:
            self._storage_ids[term] = storage_id
            self._nonces[term] = secrets.token_hex(6)
        return is_new

    def terms(self) -> Iterable[Term]:
        """The terms, the newest first."""
        for page in self._server.own_runs({"group": self._controller, "jobType": TERM}):
            terms = [term for term in map(self._term, page) if term is not None]
            # Several may have been created within one unit of the server's clock.
            yield from sorted(terms, key=lambda term: -term.number)

    def record(self, term: Term) -> None:
        """Replace the record of a term that this process owns."""
        base = term.base or START
        self._server.describe(
            self._storage_ids[term.number],
            {
                "version": _VERSION,
                "term": term.number,
                "nonce": self._nonces[term.number],
                "base": [base.number, base.term],
                "last": term.last,
            },
        )

    def put(self, place: Place, entry: LedgerEntry) -> None:
        """Write an entry's file."""
        try:
            text = dump_entry(entry)
        except ValueError as error:
            raise StateFileError(f"a ledger entry cannot be written: {error}") from error
        upload_file(self._server.door, self._server.path(self._controller), self._file(place), text)
        self._keep(place, text)

    def get(self, places: Sequence[Place]) -> Sequence[LedgerEntry]:
        """Read the files of entries."""
        texts = {place: self._kept(place) for place in places}
        missing = [place for place, text in texts.items() if text is None]
        batches = [missing[at : at + _BATCH] for at in range(0, len(missing), _BATCH)]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="janitor-ledger") as workers:
            for batch, found in zip(batches, workers.map(self._download, batches), strict=True):
                texts.update(zip(batch, found, strict=True))
                for place, text in zip(batch, found, strict=True):
                    self._keep(place, text)
        return [self._parsed(place, text or "") for place, text in texts.items()]

    def _download(self, places: Sequence[Place]) -> Sequence[str]:
        names = [self._file(place) for place in places]
        return uploaded_files(self._server.door, self._server.path(self._controller), names)

    def _parsed(self, place: Place, text: str) -> LedgerEntry:
        try:
            return parse_entry(text.encode())
        except NewerLedgerError as error:
            run = self._server.path(self._controller)
            raise NewerLedgerError(f"{self._file(place)} of run {run}: {error}") from error
        except ValueError as error:
            run = self._server.path(self._controller)
            raise StateFileError(f"{self._file(place)} of run {run} is damaged: {error}") from error

    def _file(self, place: Place) -> str:
        return f"ledger/{place.number:06d}-{self._nonces[place.term]}.json"

    def _term(self, run: OwnRun) -> Term | None:
        """A term by its run; None if the run is something else."""
        number = run.name.removeprefix(f"{self._controller}-t")
        if not number.isdecimal():
            return None
        facts = run.facts
        if not facts:
            return Term(int(number))
        try:
            return self._recorded(int(number), facts)
        except (KeyError, TypeError, ValueError) as error:
            raise StateFileError(
                f"the config of run {self._server.path(run.name)} is damaged: {error!r:.80}"
            ) from error

    def _recorded(self, number: int, facts: Mapping[str, Any]) -> Term:
        if facts["version"] > _VERSION:
            raise NewerLedgerError(
                f"the sweep's ledger is of version {facts['version']}: use a newer janitor"
            )
        base_number, base_term = facts["base"]
        self._nonces[number] = str(facts["nonce"])
        return Term(number, Place(int(base_number), int(base_term)), int(facts["last"]))

    def _kept(self, place: Place) -> str | None:
        """An entry's text from the cache."""
        try:
            data = read_untrusted(self._place(place), limit=_LARGEST, error=StateFileError)
            parse_entry(data)
        except NewerLedgerError:
            return data.decode()
        except (StateFileError, ValueError):
            return None
        return data.decode()

    def _keep(self, place: Place, text: str) -> None:
        """Keep an entry's text. What cannot be kept is read again next time."""
        try:
            make_folder(self._cache, error=StoreError)
            write_atomically(self._place(place), text, error=StoreError)
        except StoreError:
            return

    def _place(self, place: Place) -> Path:
        return self._cache / Path(self._file(place)).name
