from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from janitor.doctor.findings import Finding, Level
from janitor.doctor.machine_checks import examine_credentials, examine_folder, examine_machine

KEY = "0123456789abcdef0123456789abcdef01234567"
ADDRESS = "https://wandb.example.com"


def found(check: str, environ: dict[str, str] | None = None, **installed: str) -> list[Finding]:
    def version(package: str) -> str:
        if package not in installed:
            raise PackageNotFoundError(package)
        return installed[package]

    return [each for each in examine_machine(environ or {}, version) if each.check == check]


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("0.28.2", Level.OK),
        ("0.31.0", Level.OK),
        ("0.31.9", Level.OK),
        ("0.28.1", Level.FAIL),
        ("0.9.7", Level.FAIL),
        ("0.32.0", Level.WARN),
        ("1.0rc1", Level.WARN),
    ],
)
def test_the_version_of_wandb_is_held_against_those_that_were_tested(
    version: str, level: Level
) -> None:
    (finding,) = found("wandb", wandb=version)
    assert finding.level is level
    assert version in finding.message


def test_a_missing_wandb_is_a_failure() -> None:
    (finding,) = found("wandb")
    assert (finding.level, finding.message) == (Level.FAIL, "is not installed")


def test_pyjanitor_in_the_way_is_reported_with_what_to_do() -> None:
    (finding,) = found("pyjanitor", wandb="0.31.0", pyjanitor="0.32.1")
    assert finding.level is Level.WARN
    assert "0.32.1 is installed here too, and is imported as janitor" in finding.message
    assert "pipx" in (finding.advice or "")
    (finding,) = found("pyjanitor", wandb="0.31.0")
    assert finding.level is Level.OK


def test_an_offline_wandb_is_warned_of() -> None:
    assert found("wandb", {"WANDB_MODE": "offline"}, wandb="0.31.0")[1].level is Level.WARN
    assert len(found("wandb", {"WANDB_MODE": "online"}, wandb="0.31.0")) == 1


def test_where_the_credentials_come_from_is_reported_and_never_what_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    none = examine_credentials(ADDRESS, {})
    assert none.level is Level.WARN
    assert f"wandb login --host {ADDRESS}" in (none.advice or "")
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine wandb.example.com login user password {KEY}\n")
    netrc.chmod(0o600)
    from_netrc = examine_credentials(ADDRESS, {})
    assert from_netrc.message == f"from {netrc}, for wandb.example.com"
    assert examine_credentials("https://api.wandb.ai", {}).level is Level.WARN
    named = examine_credentials("https://wandb.example.com", {"NETRC": str(netrc)})
    assert named.level is Level.OK
    variable = examine_credentials(ADDRESS, {"WANDB_API_KEY": KEY})
    assert variable.message == "from the variable WANDB_API_KEY"
    for finding in (none, from_netrc, variable):
        assert KEY not in f"{finding}"


def test_an_identity_token_must_be_there(tmp_path: Path) -> None:
    token = tmp_path / "token"
    environ = {"WANDB_IDENTITY_TOKEN_FILE": str(token)}
    assert examine_credentials(ADDRESS, environ).level is Level.FAIL
    token.write_text("secret")
    finding = examine_credentials(ADDRESS, environ)
    assert (finding.level, finding.message) == (Level.OK, f"an identity token, from {token}")


def test_a_malformed_netrc_is_not_a_source_of_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine")
    assert examine_credentials(ADDRESS, {}).level is Level.WARN


def test_a_folder_need_not_be_there_yet(tmp_path: Path) -> None:
    assert examine_folder("journal", tmp_path / "a" / "b").level is Level.OK
    file = tmp_path / "file"
    file.touch()
    assert examine_folder("journal", file / "b").level is Level.FAIL
