from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from janitor.model.summary import Form, Path, places
from janitor.records.keys import key_of, path_of


@pytest.mark.parametrize(
    ("path", "form", "key"),
    [
        (("protein.state",), Form.FLAT, "protein.state"),
        (("protein", "state"), Form.NESTED, "protein.state"),
        (("protein", "janitor", "rule"), Form.NESTED, "protein.janitor.rule"),
        (("protein.state",), Form.BOTH, "protein.state"),
        (("protein", "state"), Form.BOTH, "/protein/state"),
        (("a/b~c", "state"), Form.BOTH, "/a~1b~0c/state"),
        (("/odd.state",), Form.BOTH, "/~1odd.state"),
        (("/odd.state",), Form.FLAT, "/odd.state"),
    ],
)
def test_a_place_has_a_name_in_each_form(path: Path, form: Form, key: str) -> None:
    assert key_of(path, form) == key


@given(
    st.text(min_size=1),
    st.sampled_from(["state", "janitor.rule", "janitor.previous_state"]),
    st.sampled_from(Form),
)
def test_a_name_leads_back_to_its_place(namespace: str, name: str, form: Form) -> None:
    for path in places(form, namespace, name):
        assert path_of(key_of(path, form), form, namespace) == path


def test_a_nested_key_outside_the_namespace_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not under 'protein'"):
        path_of("loss.state", Form.NESTED, "protein")
