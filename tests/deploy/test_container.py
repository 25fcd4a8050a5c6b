"""The container's promise: an unknown user, no home, a read-only file system, and nothing left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from janitor.emulator import Emulator
from tests.deploy.manifests import rendered
from tests.deploy.pod import JOB, Pod


def seed(emulator: Emulator, *sweeps: str) -> None:
    emulator.seed(
        {
            "project": "acme/rl",
            "sweep": sweep,
            "name": f"run-of-{sweep}",
            "state": "finished",
            "created_at": "-5h",
            "heartbeat_at": "-2h",
            "summary": {"protein.state": "running", "protein.objective": 0.5},
        }
        for sweep in sweeps
    )


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def pod(emulator: Emulator, tmp_path: Path) -> Pod:
    return Pod(rendered("base"), tmp_path, emulator)


def test_only_the_volumes_can_be_written_by_a_user_whom_nobody_knows(pod: Pod) -> None:
    assert pod.look("id -u; id -g; echo ${HOME-none}; whoami 2>&1 | cut -c1-24").split("\n")[
        :4
    ] == [
        "65532",
        "65532",
        "none",
        "whoami: cannot find name",
    ]
    places = "/ /etc /usr /etc/janitor /var /opt /tmp /var/lib/janitor"
    written = pod.look(f"for at in {places}; do (echo >$at/x) 2>/dev/null && echo $at; done")
    assert written.split() == ["/tmp", "/var/lib/janitor"]


def test_a_pass_repairs_and_leaves_nothing_behind_but_its_journal_and_report(
    emulator: Emulator, pod: Pod
) -> None:
    seed(emulator, "s1")
    done = pod.run()
    assert (done.returncode, done.stderr) == (0, ""), done
    assert emulator.run("acme/rl/run-of-s1").summary["protein.state"] == "success"
    assert files(pod.folder / "tmp") == []
    journal, report = files(pod.folder / "state")
    assert journal.startswith("journals/")
    assert report == f"reports/{JOB}-xk2p9.json"
    told = json.loads((pod.folder / "state" / report).read_text())
    assert told["totals"]["written"] == 1
    assert told["journal"] == f"/var/lib/janitor/{journal}"


def test_a_dry_run_writes_nothing_to_the_server(emulator: Emulator, tmp_path: Path) -> None:
    seed(emulator, "s1")
    done = Pod(rendered("overlays/dry-run"), tmp_path, emulator).run()
    assert done.returncode == 0, done
    assert "1 of 1 run needs a change" in done.stdout
    assert emulator.counts.mutations == 0


def test_an_identity_token_takes_the_place_of_the_key(emulator: Emulator, tmp_path: Path) -> None:
    seed(emulator, "s1")
    pod = Pod(rendered("overlays/workload-identity"), tmp_path, emulator)
    (tmp_path / "identity/token").write_text("the.clusters.word")
    done = pod.run()
    assert (done.returncode, done.stderr) == (0, ""), done
    assert emulator.run("acme/rl/run-of-s1").summary["protein.state"] == "success"
    assert files(tmp_path / "tmp") in ([], ["wandb-credentials.json"])


def test_the_pods_of_an_indexed_job_share_the_sweeps_and_their_reports_are_merged(
    emulator: Emulator, tmp_path: Path
) -> None:
    sweeps = [f"s{number}" for number in range(8)]
    seed(emulator, *sweeps)
    manifests = rendered("overlays/sharded")
    merging = Pod(manifests, tmp_path, emulator, cronjob="janitor-merge")
    for index in range(4):
        if index == 3:
            assert "Shard 4 of 4 is missing" in merging.run().stderr
        done = Pod(manifests, tmp_path, emulator, index=index).run()
        assert (done.returncode, done.stderr) == (0, ""), done
    assert set(emulator.counts.edits.values()) == {1}
    assert len(emulator.counts.edits) == len(sweeps)
    folders = {path.parent.name for path in tmp_path.glob("state/journals/*/*")}
    assert folders <= {f"shard-{index}" for index in range(4)}

    done = merging.run()
    assert (done.returncode, done.stderr) == (0, ""), done
    report = json.loads((tmp_path / f"state/reports/merged-{JOB}.json").read_text())
    assert [shard["index"] for shard in report["merged_shards"]] == [1, 2, 3, 4]
    assert sorted(each["target"] for each in report["targets"]) == [
        f"acme/rl/{sweep}" for sweep in sweeps
    ]
    assert report["totals"]["written"] == len(sweeps)
    assert (tmp_path / f"state/reports/merged-{JOB}.html").stat().st_size > 1000


def test_the_brake_and_bad_settings_reach_kubernetes_as_they_are(
    emulator: Emulator, pod: Pod
) -> None:
    seed(emulator, "s1")
    assert pod.run("--max-changes=0").returncode == 3
    assert pod.run(settings="targets: [{project: acme/nowhere}]\n").returncode == 2
    both = "targets: [{project: acme/rl}, {project: acme/nowhere}]\n"
    assert pod.run(settings=both).returncode == 1
