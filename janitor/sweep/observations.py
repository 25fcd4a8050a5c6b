"""What an optimizer reads from a sweep: one row per run, and only real results.

Users import the function from :mod:`janitor` or from :mod:`janitor.observations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from janitor.config.targets import parse_target
from janitor.errors import NotFoundError
from janitor.model import Policy, RunInfo, SweepRunState, TargetKind, WandbState
from janitor.model import summary as summaries
from janitor.model.evidence import EARLIEST
from janitor.model.summary import ABSENT
from janitor.rules.reading import Reading, read_run
from janitor.stores.wandb.failures import classify

if TYPE_CHECKING:
    import pandas as pd
    import wandb

COLUMNS = ("run", "state", "objective", "cost")
"""The columns that come first; the parameters follow."""
_PAGE = 500


def observations(api: wandb.Api, sweep: str, *, policy: Policy | None = None) -> pd.DataFrame:
    """The runs of a sweep, in the order of their creation, as a table.

    Columns: ``run`` (its id), ``state`` (in the janitor's words; None if it cannot be read),
    ``objective`` and ``cost`` (floats), and one column per parameter. The parameters are those of
    the run's ``NAMESPACE.suggestion``, or without it the sweep's parameters in the run's config.
    Names of nested parameters are dotted. A parameter that has the name of one of the columns
    above is called ``params.NAME``.

    For a run that is still open only ``run`` and ``state`` have values. Only a success has an
    ``objective``. A run with any other final state keeps its parameters and its cost.

    Args:
        api: A ``wandb.Api()``; its cache of runs is cleared.
        sweep: ENTITY/PROJECT/SWEEP, or the address of its page.
        policy: The namespace, the objective's key and the vocabulary; the defaults without it.

    Raises:
        TargetError: ``sweep`` is not the path of a sweep.
        NotFoundError: the sweep does not exist, or this login may not see it.
        StoreError: W&B does not answer, or answers with an error.

    """
    import pandas as pd  # noqa: PLC0415 - heavy, and `import janitor` costs nothing

    policy = policy or Policy()
    path = str(parse_target(TargetKind.SWEEP, sweep))
    rows = [_row(*each, policy) for each in _runs(api, path)]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [*COLUMNS, *(name for name in names if name not in COLUMNS)]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"run": object, "state": object, "objective": float, "cost": float})


def _runs(api: wandb.Api, sweep: str) -> Iterator[tuple[RunInfo, Mapping[str, Any]]]:
    """Each run of the sweep once, with the parameters from its config."""
    import wandb.errors  # noqa: PLC0415 - the caller has imported it

    try:
        found: Any = api.sweep(sweep)  # type: ignore[no-untyped-call] # wandb's decorator
        wanted = list(_parameters(found.config.get("parameters") or {}))
        api.flush()  # type: ignore[no-untyped-call] # wandb's decorator
        seen = set[str]()
        for run in api.runs(
            f"{found.entity}/{found.project}",
            filters={"sweep": found.id},
            order="+created_at",
            per_page=_PAGE,
            lazy=False,
        ):
            if run.id not in seen:
                seen.add(run.id)
                yield _info(run, found.id), _chosen(run.config, wanted)
    except (ValueError, wandb.errors.Error) as error:
        cause = error.__cause__ or getattr(error, "exc", None) or error
        failure = classify(cause, str(api.settings["base_url"]))
        if isinstance(failure, NotFoundError):
            failure = NotFoundError(f"sweep {sweep} does not exist, or you may not see it")
        raise failure from error


def _info(run: Any, sweep: str) -> RunInfo:
    return RunInfo(
        entity=run.entity,
        project=run.project,
        id=run.id,
        storage_id=run.storage_id,
        name=run.name or run.id,
        wandb_state=WandbState(run.state or ""),
        summary=run.summary_metrics,
        sweep=sweep,
    )


def _row(run: RunInfo, parameters: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.id, "state": None, "objective": None, "cost": None}
    # State and objective do not depend on the time at which the run is read.
    reading = read_run(run, policy, EARLIEST)
    if not isinstance(reading, Reading):
        return row
    row["state"] = reading.state.value
    if reading.state.is_open:
        return row
    if reading.state is SweepRunState.SUCCESS and reading.has_objective:
        row["objective"] = _number(reading.objective)
    row["cost"] = _number(reading.own("cost", policy))
    suggestion = reading.own("suggestion", policy)
    if isinstance(suggestion, Mapping) and suggestion:
        parameters = dict(_flat(suggestion))
    for name, value in parameters.items():
        row[f"params.{name}" if name in COLUMNS else name] = value
    return row


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _parameters(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted names of a sweep's parameters; W&B nests them under ``parameters``."""
    for name, settings in parameters.items():
        below = settings.get("parameters") if isinstance(settings, Mapping) else None
        if isinstance(below, Mapping):
            yield from _parameters(below, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _chosen(config: Mapping[str, Any], wanted: list[str]) -> dict[str, Any]:
    """The wanted parameters of a run's config; all of them if the sweep names none."""
    if not wanted:
        return dict(_flat(config))
    found = ((name, value) for name in wanted for value in summaries.findings(config, name)[::-1])
    return {name: value for name, value in found if value is not ABSENT}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
