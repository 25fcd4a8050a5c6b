"""The command ``janitor`` itself, and the table of its commands."""

from __future__ import annotations

import click

from janitor.cli.command import Lazy, LazyGroup, RootGroup

COMMANDS = {
    "fix": Lazy("fix", "Repair the state of every run that needs it."),
    "plan": Lazy("plan", "Say what a pass would change, to be reviewed."),
    "apply": Lazy("apply", "Carry out a plan that was reviewed."),
    "undo": Lazy("undo", "Restore the values from before a pass."),
    "explain": Lazy("explain", "Show why a run is judged as it is."),
    "init": Lazy("init", "Look at a project and write a janitor.yaml for it."),
    "doctor": Lazy("doctor", "Check login, server and targets; say what to do."),
    "completion": Lazy("completion", "Print the completion script for a shell."),
    "exec": Lazy("exec", "Run a command, and write what its end means into its run."),
    "experiments": LazyGroup(
        "Look after experiments of this machine.",
        "Look after the experiments whose states are in a folder of this machine.",
        {
            "list": Lazy("experiments_list", "List the experiments and where they stand."),
            "show": Lazy("experiments_show", "Show the whole state of an experiment."),
            "resume-info": Lazy(
                "experiments_resume_info", "Say what a resumption would do, and what not."
            ),
            "clean": Lazy("experiments_clean", "Mark what died while it ran as interrupted."),
        },
    ),
    "tasks": LazyGroup(
        "Look after the tasks of a manager's state file.",
        "Look after the tasks of a manager's state file, manager_state.json.",
        {
            "status": Lazy("tasks_status", "Count the tasks, and tell what each worker did."),
            "assigned": Lazy("tasks_assigned", "List the tasks that are assigned."),
            "reset": Lazy("tasks_reset", "Let tasks wait again that are assigned or failed."),
            "recover": Lazy("tasks_recover", "Bring the state up to date, without a manager."),
        },
    ),
    "journal": LazyGroup(
        "Show what past passes wrote.",
        "Show what past passes wrote, from their journals.",
        {
            "list": Lazy("journal_list", "List the saved journals, oldest first."),
            "show": Lazy("journal_show", "Show what a pass wrote, or may have written."),
        },
    ),
    "report": LazyGroup(
        "Show, render, merge and compare past reports.",
        "Read .json reports of past passes again.",
        {
            "show": Lazy("report_show", "Print a report."),
            "render": Lazy("report_render", "Write a report in other formats."),
            "merge": Lazy("report_merge", "Make one report of those of several jobs."),
            "schema": Lazy("report_schema", "Print the JSON Schema of reports and journals."),
            "trend": Lazy("report_trend", "Compare the passes whose reports lie in a folder."),
        },
    ),
    "demo": Lazy("demo", "Show the janitor at work on runs made for it."),
    "emulator": LazyGroup(
        "Run a W&B-compatible server on this machine.",
        "Run a W&B-compatible server on this machine.",
        {"serve": Lazy("emulator_serve", "Serve it, on this machine alone.")},
    ),
    "config": LazyGroup(
        "Show the settings, and what may stand in janitor.yaml.",
        "Show the settings, and what may stand in janitor.yaml.",
        {
            "show": Lazy("config_show", "Show each setting in effect and where it came from."),
            "schema": Lazy("config_schema", "Print the JSON Schema of janitor.yaml."),
        },
    ),
}
"""The commands, in the order in which people meet them; each is a file in ``commands/``."""


@click.group(
    "janitor",
    cls=RootGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="wandb-janitor", message="janitor %(version)s")
def cli() -> None:
    """Repair the state of W&B sweep runs that say "running" for ever."""
