"""The command ``janitor`` itself, and the table of its commands."""

from __future__ import annotations

import click

from janitor.cli.command import Lazy, LazyGroup, RootGroup

COMMANDS = {
    "fix": Lazy("fix", "Repair the state of every run that needs it."),
    "plan": Lazy("plan", "Show what a pass would change, for review."),
    "apply": Lazy("apply", "Apply a reviewed plan."),
    "undo": Lazy("undo", "Restore the values from before a pass."),
    "explain": Lazy("explain", "Show why a run is judged as it is."),
    "init": Lazy("init", "Write a janitor.yaml for a project."),
    "doctor": Lazy("doctor", "Check login, server and targets, and say what to do."),
    "completion": Lazy("completion", "Print the completion script for a shell."),
    "exec": Lazy("exec", "Run a command and record its exit status in its run."),
    "sweep": LazyGroup(
        "Run sweeps: start, watch, stop and check them.",
        "Run sweeps on this machine. SWEEP is the name of a sweep in the store.",
        {
            "start": Lazy("sweep_start", "Run the sweep of a file until it is done."),
            "init": Lazy("sweep_init", "Write a sweep file for a recipe."),
            "show": Lazy("sweep_show", "Print the file of a sweep, as YAML or JSON."),
            "step": Lazy("sweep_step", "Do one step of a sweep, for cron."),
            "plan": Lazy("sweep_plan", "Show what the next step would do."),
            "status": Lazy("sweep_status", "Show the trials of a sweep."),
            "list": Lazy("sweep_list", "List the sweeps of a store."),
            "logs": Lazy("sweep_logs", "Print the output of a trial."),
            "pause": Lazy("sweep_pause", "Launch nothing more; running jobs go on."),
            "resume": Lazy("sweep_resume", "Launch again after a pause."),
            "stop": Lazy("sweep_stop", "End a sweep."),
            "exclude": Lazy("sweep_exclude", "Hide a trial from the optimizer."),
            "importance": Lazy("sweep_importance", "Show how much each parameter matters."),
            "include": Lazy("sweep_include", "Undo an exclusion, or free a parameter."),
            "explain": Lazy("sweep_explain", "Show the decisions of a sweep, with reasons."),
            "simulate": Lazy("sweep_simulate", "Try schedulers and optimizers on a virtual clock."),
            "analyze": Lazy("sweep_analyze", "Show what a sweep has found, and how certain it is."),
            "compare": Lazy("sweep_compare", "Compare sweeps, and tell a difference from luck."),
            "dashboard": Lazy("sweep_dashboard", "Show sweeps in a browser, live."),
            "verify": Lazy("sweep_verify", "Compute all decisions again and compare them."),
            "export": Lazy("sweep_export", "Write a sweep into one file."),
            "import": Lazy("sweep_import", "Create an exported sweep in a store."),
            "run-trial": Lazy("sweep_run_trial", "Run one job; dispatchers call this."),
        },
    ),
    "experiments": LazyGroup(
        "Manage local experiments.",
        "Manage the experiments whose states are in a local folder.",
        {
            "list": Lazy("experiments_list", "List the experiments and their status."),
            "show": Lazy("experiments_show", "Show the whole state of an experiment."),
            "resume-info": Lazy(
                "experiments_resume_info", "Show what resuming would do with each process."
            ),
            "clean": Lazy(
                "experiments_clean", "Mark experiments without a process as interrupted."
            ),
        },
    ),
    "tasks": LazyGroup(
        "Manage the tasks of a task manager.",
        "Manage the tasks in a task manager's state file, manager_state.json.",
        {
            "status": Lazy("tasks_status", "Count the tasks, and show the work of each worker."),
            "assigned": Lazy("tasks_assigned", "List the assigned tasks."),
            "reset": Lazy("tasks_reset", "Return assigned or failed tasks to the queue."),
            "recover": Lazy("tasks_recover", "Update the state without a manager."),
        },
    ),
    "journal": LazyGroup(
        "Show what earlier passes wrote.",
        "Show what earlier passes wrote, from their journals.",
        {
            "list": Lazy("journal_list", "List the saved journals, oldest first."),
            "show": Lazy("journal_show", "Show what a pass wrote."),
        },
    ),
    "report": LazyGroup(
        "Show, render, merge and compare saved reports.",
        "Work with the .json reports of earlier passes.",
        {
            "show": Lazy("report_show", "Print a report."),
            "render": Lazy("report_render", "Write a report in other formats."),
            "merge": Lazy("report_merge", "Merge the reports of several jobs into one."),
            "schema": Lazy("report_schema", "Print the JSON Schema of reports and journals."),
            "trend": Lazy("report_trend", "Compare the passes whose reports are in a folder."),
        },
    ),
    "demo": Lazy("demo", "Show what the janitor does, on sample runs."),
    "emulator": LazyGroup(
        "Run a local W&B-compatible server, for tests.",
        "Run a local W&B-compatible server, for tests.",
        {"serve": Lazy("emulator_serve", "Start the server, on localhost only.")},
    ),
    "config": LazyGroup(
        "Show settings and the config schema.",
        "Show settings and the config schema.",
        {
            "show": Lazy("config_show", "Show each setting and where it comes from."),
            "schema": Lazy("config_schema", "Print the JSON Schema of janitor.yaml."),
        },
    ),
}
"""The commands, most used first; each is a file in ``commands/``."""


@click.group(
    "janitor",
    cls=RootGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="wandb-janitor", message="janitor %(version)s")
def cli() -> None:
    """Repair the state of W&B sweep runs that are stuck in "running"."""
