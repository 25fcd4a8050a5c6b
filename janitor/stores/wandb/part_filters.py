"""The filters, in MongoDB's style, of a target's runs and of parts of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from janitor.model import Target, TargetKind
from janitor.model.parts import Changed, Created, LeftOut, Named, Part, Unchanged, Whole
from janitor.model.states import ENDED
from janitor.stores.wandb.activity import Activity, both

_ENDED: Final = sorted(ENDED)


def filters_of_target(target: Target) -> dict[str, Any]:
    """The filters of all runs of a target that is not a whole project."""
    match target.kind:
        case TargetKind.FILTER:
            found: dict[str, Any] = json.loads(target.name)
            return found
        case TargetKind.GROUP:
            return {"group": target.name}
        case TargetKind.RUN:
            return {"name": target.name}
        case _:
            return {"sweep": target.name}


def filters_of_part(part: Part, target: Target, activity: Activity) -> dict[str, Any] | None:
    """The filters of a part; None if no run can be in it."""
    base = filters_of_target(target)
    if isinstance(part, Whole):
        return base
    if isinstance(part, LeftOut):
        return activity.silent(base) if activity.is_limited(target) else None
    return both(activity.active(target, base), _condition(part))


def _condition(part: Changed | Unchanged | Named | Created) -> dict[str, Any]:
    match part:
        case Changed(since):
            recent = {"$gte": _text(since)}
            signs = [{"heartbeat_at": recent}, {"created_at": recent}, {"heartbeat_at": None}]
            return {"$or": [{"state": {"$nin": _ENDED}}, *signs]}
        case Unchanged(since):
            earlier = {"$lt": _text(since)}
            return {"state": {"$in": _ENDED}, "heartbeat_at": earlier, "created_at": earlier}
        case Named(ids):
            return {"name": {"$in": list(ids)}}
        case Created(start, end):
            limits = (("$gte", start), ("$lt", end))
            return {"created_at": {name: _text(at) for name, at in limits if at is not None}}


def _text(moment: datetime) -> str:
    return moment.isoformat()
