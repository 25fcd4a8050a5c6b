from __future__ import annotations

import os
from pathlib import Path

import pytest

from janitor.config.yaml_file import LARGEST, read_mapping
from janitor.errors import ConfigError


def read(tmp_path: Path, content: str | bytes) -> dict[object, object]:
    path = tmp_path / "janitor.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_mapping(path, "janitor.yaml").values


@pytest.mark.parametrize("content", ["", "# only words", "---\n", "~"])
def test_an_empty_file_is_an_empty_mapping(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == {}


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfsettle: 5m") == {"settle": "5m"}


def test_plain_words_are_read_as_yaml_1_2_reads_them(tmp_path: Path) -> None:
    text = "[1, -2, 010, 1:30, 1.5, 1e3, .inf, no, yes, on, true, ~, 2024-01-01, '5', 0x1f]"
    assert read(tmp_path, f"a: {text}")["a"] == [
        *(1, -2, "010", "1:30", 1.5, 1000.0, float("inf"), "no", "yes", "on", True, None),
        *("2024-01-01", "5", "0x1f"),
    ]
    assert read(tmp_path, "a:") == {"a": None}


def test_merge_keys_work_and_are_not_duplicates(tmp_path: Path) -> None:
    text = "a: &a {x: 1}\nb: &b {<<: *a, x: 2}\nc: {<<: *b, y: 3}"
    assert read(tmp_path, text)["c"] == {"x": 2, "y": 3}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a: 1\nb: 2\na: 3", "janitor.yaml:3:1: the key 'a' appears twice"),
        ("limits: {a: 1, 'a': 2}", "janitor.yaml:1:16: the key 'a' appears twice"),
        ("a: [1", "janitor.yaml:1:6: while parsing a flow sequence, expected ',' or ']'"),
        ("a: b: c", "janitor.yaml:1:5: mapping values are not allowed here"),
        ("a:\tb\n\t- c", "janitor.yaml:1:3: while scanning for the next token, found"),
        ("a: *b", "janitor.yaml:1:4: found undefined alias 'b'"),
        ("{[a]: b}", "janitor.yaml:1:2: while constructing a mapping, found unhashable key"),
        ("a: 1\n---\nb: 1", "janitor.yaml:2:1: expected a single document in the stream"),
        ("a: !!python/name:os.system x", "janitor.yaml:1:4: could not determine a constructor"),
        ("a: \x01", "janitor.yaml: contains a control character"),
        ("- a", "janitor.yaml: must be a mapping such as 'settle: 5m', but contains ['a']"),
        ("hello", "janitor.yaml: must be a mapping such as 'settle: 5m', but contains 'hello'"),
        (b"a: \xff", "janitor.yaml: is not UTF-8 (byte 3): save it as UTF-8 text"),
        ("[" * 5000, "janitor.yaml: contains a number too long to read, or is nested too deeply"),
        ("a: " + "9" * 5000, "janitor.yaml: contains a number too long to read, or is nested too"),
        ("#" * (LARGEST + 1), "janitor.yaml: is larger than 1 MB: not a settings file"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_file_line_and_column(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^x: is a folder, not a file$"):
        read_mapping(tmp_path, "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "janitor.yaml"
    path.touch(mode=0)
    with pytest.raises(ConfigError, match=r"^x: cannot be read: Permission denied$"):
        read_mapping(path, "x")


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match=r"^x: is larger than 1 MB"):
        read_mapping(Path("/dev/zero"), "x")
