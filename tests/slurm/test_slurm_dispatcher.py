"""The dispatcher of Slurm passes the contract, on a real Slurm."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from janitor.errors import DispatchError
from janitor.model.jobs import Ending, JobDefinition, JobPhase, Resources
from janitor.sweep.config.dispatch_settings import SlurmSection
from janitor.sweep.dispatchers import SlurmDispatcher
from janitor.sweep.ports import Dispatcher
from tests.slurm.cluster import SlurmCluster
from tests.sweep.dispatchers.contract import (
    Backend,
    DispatcherContract,
    handle_of,
    job_in,
    marker_of,
    observed,
    wait_for_phase,
    wait_until,
)


def dispatcher_with(**settings: object) -> SlurmDispatcher:
    """A new dispatcher, whose exit markers appear at once: all nodes are this machine."""
    return SlurmDispatcher(SlurmSection.model_validate(settings), marker_dwell=1.0)


@dataclass
class RealSlurm:
    """The cluster."""

    cluster: SlurmCluster

    def dispatcher(self) -> Dispatcher:
        return dispatcher_with()

    def refused(self, job: JobDefinition) -> Dispatcher | None:
        del job
        return dispatcher_with(partition="nowhere")


class TestSlurmDispatcher(DispatcherContract):
    @pytest.fixture
    def backend(self, slurm: SlurmCluster) -> Backend:
        return RealSlurm(slurm)


TRAIN = "echo $JANITOR_TRIAL_RUN.a$JANITOR_TRIAL_ATTEMPT >> trained"


def test_a_job_says_at_which_job_of_slurm_it_runs(slurm: SlurmCluster, shared: Path) -> None:
    job = job_in(shared, TRAIN, resources=Resources(cpus=2, memory=50_000_000, time=600))
    dispatcher_with(options={"nodelist": "n3"}).dispatch(job)

    wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
    claim = json.loads((Path(job.folder) / "claim.json").read_text())
    submitted = json.loads((Path(job.folder) / "submitted.json").read_text())
    assert claim["backend"] == "slurm"
    assert {name: claim["job"][name] for name in ("system", "id", "node", "restarts")} == {
        "system": "slurm",
        "id": submitted["id"],
        "node": "n3",
        "restarts": 0,
    }
    shown = slurm.run("scontrol", "-o", "show", "job", submitted["id"])
    for part in ("NumCPUs=2", "MinMemoryNode=112M", "TimeLimit=00:11:00", '"sweep":"s"'):
        assert part in shown.replace('": "', '":"')


def test_jobs_of_a_step_go_as_one_array(slurm: SlurmCluster, shared: Path) -> None:
    jobs = [job_in(shared, TRAIN, run=f"s-{number:04d}") for number in range(6)]
    dispatcher = dispatcher_with()

    assert list(dispatcher.dispatch_together(jobs)) == [job.name for job in jobs]
    assert list(dispatcher_with().dispatch_together(jobs)) == []

    for job in jobs:
        wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
    assert sorted((shared / "trained").read_text().split()) == [f"s-{n:04d}.a1" for n in range(6)]
    assert len({number.split("_")[0] for number in slurm.states() if "_" in number}) == 1


def test_a_job_on_a_drained_node_runs_on(slurm: SlurmCluster, shared: Path) -> None:
    job = job_in(shared, f"{TRAIN}; until [ -e go ]; do sleep 0.1; done")
    dispatcher_with(options={"nodelist": "n2"}).dispatch(job)
    wait_for_phase(dispatcher_with(), job, JobPhase.RUNNING)
    slurm.run("scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=test")
    waiting = job_in(shared, TRAIN, run="s-0001")
    dispatcher_with(options={"nodelist": "n2"}).dispatch(waiting)

    assert observed(dispatcher_with(), job).phase is JobPhase.RUNNING
    found = observed(dispatcher_with(), waiting)
    assert (found.phase, "PENDING" in found.reason) == (JobPhase.QUEUED, True)
    (shared / "go").touch()
    wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
    slurm.run("scontrol", "update", "NodeName=n2", "State=RESUME")
    wait_for_phase(dispatcher_with(), waiting, JobPhase.ENDED)


@pytest.mark.parametrize("requeue", [True, False])
def test_a_job_whose_node_dies(slurm: SlurmCluster, shared: Path, *, requeue: bool) -> None:
    """With requeue the same attempt goes on elsewhere; without it Slurm's word is its end."""
    job = job_in(shared, f"{TRAIN}; until [ -e go ]; do sleep 0.1; done")
    dispatcher_with(requeue=requeue, options={"nodelist": "n1"}).dispatch(job)
    wait_for_phase(dispatcher_with(), job, JobPhase.RUNNING)
    wait_until((shared / "trained").exists, "it trains")
    number = next(iter(slurm.states()))

    slurm.kill_node("n1")
    slurm.run("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=killed")

    if not requeue:
        found = wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
        assert (found.ending, "NODE_FAIL" in found.reason) == (Ending.PREEMPTED, True)
        return
    slurm.run("scontrol", "update", f"JobId={number}", "ReqNodeList=n2", "StartTime=now")
    wait_until(lambda: (shared / "trained").read_text().count("s-0000.a1") == 2, "it goes on")
    assert observed(dispatcher_with(), job).phase is JobPhase.RUNNING
    (shared / "go").touch()
    wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
    assert marker_of(job)["ending"] == "ok"
    second = json.loads((Path(job.folder) / "claim.r1.json").read_text())["job"]
    assert (second["node"], second["restarts"]) == ("n2", 1)


def test_a_preempted_job_ends_and_its_requeued_rest_is_cancelled_by_the_next_attempt(
    slurm: SlurmCluster, shared: Path
) -> None:
    job = job_in(shared, f"{TRAIN}; exec sleep 100")
    dispatcher_with().dispatch(job)
    wait_until((shared / "trained").exists, "it trains")
    urgent = ("-p", "urgent", "-N4", "--exclusive", "--output=/dev/null")
    slurm.run("sbatch", "--parsable", *urgent, "--wrap", "sleep 5")

    found = wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)

    assert (marker_of(job)["ending"], found.phase) == ("preempted", JobPhase.ENDED)
    wait_until(lambda: "PENDING" in slurm.states().values(), "it is requeued")
    second = job_in(shared, TRAIN, attempt=2)
    dispatcher_with().dispatch(second)
    wait_for_phase(dispatcher_with(), second, JobPhase.ENDED)
    assert (shared / "trained").read_text().split() == ["s-0000.a1", "s-0000.a2"]
    assert "PENDING" not in slurm.states().values()


@pytest.mark.usefixtures("slurm")
def test_a_cancelled_job_that_waits_never_runs(shared: Path) -> None:
    job = job_in(shared, TRAIN)
    dispatcher_with(options={"begin": "now+1hour"}).dispatch(job)
    assert observed(dispatcher_with(), job).phase is JobPhase.QUEUED
    (Path(job.folder) / "stop.json").write_text('{"version": 1, "reason": "enough"}')

    dispatcher_with().cancel(handle_of(job))

    found = wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
    assert (found.ending, "CANCELLED" in found.reason) == (Ending.STOPPED, True)
    assert not (shared / "trained").exists()


def answers_about(job: JobDefinition) -> bool:
    return observed(dispatcher_with(), job).phase is not JobPhase.UNKNOWN


@pytest.mark.long
def test_a_controller_that_is_killed_right_after_a_submit_loses_nothing(
    slurm: SlurmCluster, shared: Path
) -> None:
    """What slurmctld did not save is submitted again; what it saved is not trained twice."""
    jobs = [job_in(shared, TRAIN, run=f"s-{number:04d}") for number in range(4)]
    for job in jobs:
        dispatcher_with(options={"begin": "now+2"}).dispatch(job)
    slurm.kill_controller()
    assert observed(dispatcher_with(), jobs[0]).phase is JobPhase.UNKNOWN
    with pytest.raises(DispatchError):
        dispatcher_with().dispatch(jobs[-1])
    slurm.start_controller()

    for job in jobs:
        wait_until(partial(answers_about, job), "slurmctld answers again")
        if observed(dispatcher_with(), job).phase is JobPhase.GONE:
            assert dispatcher_with().dispatch(job)
    for job in jobs:
        wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
    trained = sorted((shared / "trained").read_text().split())
    assert trained == [f"s-{number:04d}.a1" for number in range(4)]


def test_a_job_that_was_submitted_twice_trains_once(slurm: SlurmCluster, shared: Path) -> None:
    job = job_in(shared, f"{TRAIN}; sleep 1")
    dispatcher_with().dispatch(job)
    slurm.run("sbatch", "--parsable", f"{job.folder}/job.sh")
    slurm.run("sbatch", "--parsable", f"{job.folder}/job.sh")

    wait_until(lambda: set(slurm.states().values()) <= {"COMPLETED", "FAILED"}, "all ended")

    assert (shared / "trained").read_text() == "s-0000.a1\n"
    assert marker_of(job)["ending"] == "ok"
    assert sorted(slurm.states().values()) == ["COMPLETED", "FAILED", "FAILED"]


@pytest.mark.usefixtures("slurm")
def test_a_worker_that_is_killed_leaves_slurms_word(shared: Path) -> None:
    job = job_in(shared, f"{TRAIN}; exec sleep 100")
    dispatcher_with().dispatch(job)
    wait_for_phase(dispatcher_with(), job, JobPhase.RUNNING)
    wait_until((shared / "trained").exists, "it trains")

    claim = json.loads((Path(job.folder) / "claim.json").read_text())
    os.kill(claim["pid"], signal.SIGKILL)

    found = wait_for_phase(dispatcher_with(), job, JobPhase.ENDED)
    assert found.ending is Ending.LOST
    assert found.reason.startswith("Slurm: job ")


@pytest.mark.usefixtures("slurm")
def test_what_slurm_has_forgotten_is_lost_after_the_dwell(shared: Path) -> None:
    job = job_in(shared, "true")
    claim = {"version": 1, "host": "n1", "job": {"system": "slurm", "id": "999999"}}
    (Path(job.folder) / "claim.json").write_text(json.dumps(claim))

    first = observed(dispatcher_with(), job)
    (Path(job.folder) / "state.json").write_text("{}")
    alive = observed(dispatcher_with(), job)

    assert (first.phase, first.gone_for) == (JobPhase.GONE, 0.0)
    assert (alive.phase, "was alive" in alive.reason) == (JobPhase.UNKNOWN, True)


@pytest.mark.long
def test_the_time_limit_of_slurm_gives_the_command_time_to_end(
    slurm: SlurmCluster, shared: Path
) -> None:
    script = f"trap 'echo saved >> trained; exit 0' TERM; {TRAIN}; while :; do sleep 0.1; done"
    job = job_in(shared, script)
    dispatcher_with().dispatch(job)
    wait_until((shared / "trained").exists, "it trains")
    slurm.run("scontrol", "update", f"JobId={next(iter(slurm.states()))}", "TimeLimit=1")

    wait_until((Path(job.folder) / "exit.json").exists, "it ends", 150)

    assert marker_of(job)["ending"] == "timeout"
    assert (shared / "trained").read_text().split() == ["s-0000.a1", "saved"]


def test_fifty_jobs(slurm: SlurmCluster, shared: Path) -> None:
    jobs = [job_in(shared, TRAIN, run=f"s-{number:04d}") for number in range(50)]
    dispatcher = dispatcher_with()
    for job in jobs:
        dispatcher.dispatch(job)
    assert not dispatcher_with().dispatch(jobs[-1])

    for job in jobs:
        wait_until((Path(job.folder) / "exit.json").exists, job.name, 120)

    assert sorted((shared / "trained").read_text().split()) == [f"{job.run}.a1" for job in jobs]
    handles = [handle_of(job) for job in jobs]
    seen = dispatcher_with().observe(handles)
    assert {each.phase for each in seen.values()} == {JobPhase.ENDED}
    assert len(slurm.states()) == len(jobs)
