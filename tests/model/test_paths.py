from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janitor.model.paths import path_for_wandb, run_path, split_run_path

NAMES = st.one_of(
    st.sampled_from(["runs", "sweeps", "my proj", "résumé", "a+b", "a&b", "r1"]),
    st.text(st.characters(exclude_characters="/\\#?%:", exclude_categories=("C", "Z")), min_size=1),
)


@given(NAMES, NAMES, NAMES)
def test_a_path_is_read_as_it_was_built(entity: str, project: str, run: str) -> None:
    names = (entity, project, run)
    assert split_run_path(run_path(*names)) == names


@given(NAMES, NAMES, NAMES)
def test_a_path_that_wandb_encoded_is_decoded_once(entity: str, project: str, run: str) -> None:
    names = (entity, project, run)
    path = "/".join(quote(name, safe="") for name in names)  # run.path of wandb's public objects
    assert split_run_path(path) == names


@pytest.mark.parametrize(
    "address",
    [
        "https://wandb.ai/acme/my%20proj/runs/r1",
        "https://wandb.ai/acme/my%20proj/runs/r1/",
        "http://localhost:8080/acme/my%20proj/runs/r1?nw=x#logs",
        "acme/my proj/runs/r1",
    ],
)
def test_the_address_of_a_page_is_a_path_too(address: str) -> None:
    assert split_run_path(address) == ("acme", "my proj", "r1")


@pytest.mark.parametrize("text", ["", "r1", "acme/rl", "acme//r1", "a/b/c/d", "a/b/c/d/e"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a run: write ENTITY/PROJECT/RUN"):
        split_run_path(text)


@pytest.mark.parametrize("project", ["rl", "my proj", "runs", "sweeps"])
@pytest.mark.parametrize("run", ["r1", "runs", "sweeps"])
def test_wandb_finds_a_run_by_its_path_whatever_the_project_is_called(
    project: str, run: str
) -> None:
    from wandb.apis.public import Api  # noqa: PLC0415 - slow to import

    api = SimpleNamespace(settings={"entity": "other", "project": "other"}, default_entity=None)
    found = Api._parse_path(api, path_for_wandb("acme", project, run))  # type: ignore[arg-type] # noqa: SLF001 - wandb's own reading
    assert found == ("acme", project, run)
