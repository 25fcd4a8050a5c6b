from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janitor.errors import NotFoundError
from janitor.model import AnyTarget, ResolvedTarget, RunPage, Target, TargetKind, on_wandb
from janitor.model.shards import Shard
from janitor.pipeline.resolve import resolve

NAMES = st.text(st.characters(), min_size=1, max_size=20)


def shards(count: int) -> list[Shard]:
    return [Shard(index, count) for index in range(1, count + 1)]


@given(path=NAMES, count=st.integers(1, 64))
def test_every_sweep_is_in_exactly_one_shard(path: str, count: int) -> None:
    assert sum(shard.owns(path) for shard in shards(count)) == 1


def test_the_deal_never_changes_between_versions_and_machines() -> None:
    dealt = {
        path: next(shard.index for shard in shards(4) if shard.owns(path))
        for path in ("acme/rl/s1", "acme/rl/s2", "acme/rl/s3", "größe/ü/ß")
    }
    assert dealt == {"acme/rl/s1": 1, "acme/rl/s2": 2, "acme/rl/s3": 1, "größe/ü/ß": 4}


def test_many_sweeps_are_distributed_evenly() -> None:
    paths = [f"acme/rl/{number:08x}" for number in range(4000)]
    for shard in shards(4):
        assert 900 < sum(map(shard.owns, paths)) < 1100


@pytest.mark.parametrize(("index", "count"), [(0, 4), (5, 4), (1, 0), (-1, 4)])
def test_a_shard_that_cannot_be_is_refused(index: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"shard {index} of {count} does not exist"):
        Shard(index, count)


class Listing:
    """A store that knows the sweeps of one project, and counts what it is asked."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked: list[str] = []

    def fetch_sweep_metadata(self, target: AnyTarget) -> list[ResolvedTarget]:
        """The sweep, or all of them; without an entity, acme's."""
        self.asked.append(str(target))
        if target.kind is TargetKind.PROJECT:
            return [ResolvedTarget(sweep(name), name) for name in self.names]
        name = on_wandb(target).name
        if name not in self.names:
            raise NotFoundError(f"sweep {name} does not exist")
        return [ResolvedTarget(sweep(name), name)]

    def fetch_runs(self, target: AnyTarget, after: str | None = None) -> RunPage:
        """Nothing: what is resolved is not read here."""
        raise AssertionError((target, after))


def sweep(name: str, entity: str | None = "acme") -> Target:
    return Target(TargetKind.SWEEP, entity, "rl", name)


PROJECT = Target(TargetKind.PROJECT, "acme", "rl", "")


@pytest.mark.parametrize("count", [1, 2, 4])
def test_no_sweep_of_a_project_is_resolved_twice_or_left_out(count: int) -> None:
    store = Listing(*(f"s{number}" for number in range(50)))
    found = [resolve(store, [PROJECT], shard) for shard in shards(count)]
    paths = [one.path for each in found for one in each.sweeps]
    assert sorted(paths) == sorted(f"acme/rl/{name}" for name in store.names)
    assert all(len(each.sweeps) + each.left_to_others == 50 for each in found)


def test_the_store_is_not_asked_of_sweeps_that_are_others() -> None:
    store = Listing("s1", "s2", "s3")
    targets = [sweep(name) for name in store.names]
    for shard in shards(4):
        resolve(store, targets, shard)
    assert sorted(store.asked) == ["acme/rl/s1", "acme/rl/s2", "acme/rl/s3"]


def test_an_unknown_sweep_is_one_shards_error() -> None:
    found = [resolve(Listing("s1"), [sweep("nowhere")], shard) for shard in shards(4)]
    assert sorted(len(each.errors) for each in found) == [0, 0, 0, 1]


def test_a_sweep_without_entity_is_dealt_by_the_path_that_it_has() -> None:
    for shard in shards(4):
        named = resolve(Listing("s1"), [sweep("s1")], shard).sweeps
        unnamed = resolve(Listing("s1"), [sweep("s1", entity=None)], shard).sweeps
        assert named == unnamed
