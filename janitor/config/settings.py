"""The settings, each with what it means; the JSON Schema for editors is made from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, Field, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue

from janitor.config.addresses import JunitWord, Messengers, Occasions, WebAddress
from janitor.config.durations import Duration, PositiveDuration, format_duration
from janitor.config.fields import (
    Count,
    FilePath,
    FilePaths,
    Namespace,
    Patterns,
    Percent,
    RuleIds,
    ShardOfAll,
    Switch,
    Text,
    Vocabulary,
    WholeNumber,
)
from janitor.config.overrides import Overrides, split_targets
from janitor.config.own_rules import OwnRules
from janitor.config.section import Section
from janitor.config.targets import Targets
from janitor.model import FINISH_TIMEOUT, STALE_AFTER, Ignore, Policy


class EditorSchema(GenerateJsonSchema):
    """JSON Schema as an editor shows it: durations as people write them, no made-up titles."""

    def encode_default(self, dft: Any) -> Any:
        """The default as it would stand in the file."""
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        """Never: the key itself is the name that people know."""
        return False

    def generate(self, schema: Any, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """The schema, with each description on one line."""
        return cast(JsonSchemaValue, _on_one_line(super().generate(schema, mode)))


def _on_one_line(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_on_one_line(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    lines = {key: _on_one_line(part) for key, part in schema.items()}
    if isinstance(lines.get("description"), str):
        lines["description"] = " ".join(lines["description"].split())
    return lines


class RuleSettings(Section):
    """Which rules speak."""

    disable: RuleIds = ()
    """The ids of rules that are not asked. Flags and environment add to this list."""
    own: OwnRules = ()
    """Rules of your own, asked after all built-in ones, in this order."""


class IgnoreSettings(Section):
    """Runs that are held whatever the rules say; so is every run tagged janitor:ignore."""

    tags: Patterns = ()
    """Patterns of tags, such as debug or exp-*."""
    names: Patterns = ()
    """Patterns of display names and run ids, such as test-*."""
    older_than: PositiveDuration | None = None
    """Runs whose last sign of life is older than this."""


class Limits(Section):
    """The brake: over either of these, nothing is written and the exit code is 3."""

    max_changes: WholeNumber = 500
    """How many changes one pass may make; 0 for none at all."""
    max_silent_percent: Percent = 50
    """The share of the open, active runs that may be given up as silent; counts from 20 such on."""


class StandDown(Section):
    """What counts as an outage of W&B or of the network: then deaths from silence are held back."""

    enabled: Switch = True
    """Whether to look for such an outage."""
    window: PositiveDuration = timedelta(minutes=10)
    """Runs that went silent within this time of each other went silent at once."""
    share_percent: Percent = 50
    """How many per cent of the open runs that W&B calls active or crashed must have gone silent at
    once; more than this is an outage."""
    min_runs: Count = 5
    """With fewer such runs than this, nothing is concluded."""
    within: PositiveDuration = timedelta(days=1)
    """How long ago they may have gone silent."""
    crashed_within: PositiveDuration = timedelta(hours=1)
    """How long ago those may have gone silent that W&B calls crashed."""


class Config(Section):
    """What a pass is to do: every setting, with its value in effect."""

    targets: Targets = ()
    """What to scan: sweeps, projects (every sweep of each) and groups. Targets on the command line
    or in the environment replace these."""
    namespace: Namespace = "protein"
    """The first part of our keys in a run's summary: NAMESPACE.state and so on."""
    objective: Text | None = None
    """The summary key of the objective; without it NAMESPACE.objective. With auto: that if it is
    recorded, or else, for runs that W&B calls finished, the metric.name of the sweep's config."""
    vocabulary: Vocabulary = Field(default_factory=dict)
    """Our state → its name for other readers of the sweep; our own name if it is not listed."""
    heartbeat_timeout: PositiveDuration = timedelta(minutes=30)
    """How long a run may be silent before heartbeat-expired gives it up."""
    evaluation_timeout: PositiveDuration | None = None
    """The same for evaluating runs; without it, heartbeat_timeout."""
    settle: Duration = timedelta(minutes=5)
    """How long a run that recorded its objective is given to set its own state."""
    crash_grace: Duration = timedelta(minutes=15)
    """How long a run that W&B calls crashed, failed or killed is given to come back."""
    queue_timeout: PositiveDuration | None = None
    """How long a run may wait in a queue; without it, no limit while W&B says pending, and 24 hours
    for a run that was created and never seen alive, or that was preempted in a sweep."""
    finish_timeout: Duration = FINISH_TIMEOUT
    """How long, beyond settle, a run with an objective may send nothing but heartbeats before it
    counts as a success; at least a day if objective names a key."""
    stale_after: PositiveDuration = STALE_AFTER
    """How long a task may be assigned before stale-assignment lets it wait again."""
    rules: RuleSettings = RuleSettings()
    """Which rules speak, options of single rules, and rules of your own."""
    overrides: Overrides = ()
    """Settings of one sweep, project or group; also as '- {sweep: acme/rl/s1, settle: 2h}'."""
    ignore: IgnoreSettings = IgnoreSettings()
    """Runs that are held whatever the rules say."""
    active_since: PositiveDuration | None = None
    """Runs silent for longer than this are not read, only counted; longer than every timeout."""
    limits: Limits = Limits()
    """The brake: over either limit, nothing is written."""
    stand_down: StandDown = StandDown()
    """What counts as an outage of W&B or of the network: then deaths from silence are held back."""
    deadline: PositiveDuration | None = None
    """How long a pass may take; what is left is reported as planned."""
    journal: FilePath | None = None
    """The folder of the journals; without it, one in the user's state directory."""
    lock: FilePath | None = None
    """A file that only one janitor at a time may hold."""
    lock_timeout: Duration = timedelta(0)
    """How long to wait for the lock; 0 to fail at once."""
    report: FilePaths = ()
    """Where to write the report: a path or a list of paths, whose endings say the format."""
    junit_fixed: JunitWord = "failure"
    """What a repaired run counts as in a report that ends in .xml: failure or pass."""
    step_summary: FilePath | None = None
    """A file to append the report to, in Markdown, 1 MiB at most; GitHub names one per step."""
    metrics_file: FilePath | None = None
    """Where to write metrics for Prometheus's node_exporter; its name must end in .prom there."""
    pushgateway: WebAddress | None = None
    """The Pushgateway to send metrics to; with /metrics/job/NAME at its end under that job."""
    notify: Messengers = ()
    """Whom to send a message: addresses as apprise knows them (slack://…, mailto://…)."""
    notify_on: Occasions = ("changes", "brake", "failure")
    """On what to send it: changes, brake, failure or always."""
    link: WebAddress | None = None
    """Where the report can be seen, for the message; in GitHub and GitLab, the job's page."""
    timeout: PositiveDuration = timedelta(seconds=10)
    """How long a single request to W&B may take."""
    shard: ShardOfAll | None = None
    """K/N: scan only the K-th share of N. In a Kubernetes Indexed Job, JANITOR_SHARDS=N does it."""
    page_size: Count = 1000
    """How many runs to ask for at a time."""

    @property
    def policy(self) -> Policy:
        """What the rules are given."""
        return Policy(
            namespace=self.namespace,
            objective=self.objective,
            vocabulary=self.vocabulary,
            heartbeat_timeout=self.heartbeat_timeout,
            evaluation_timeout=self.evaluation_timeout,
            settle=self.settle,
            crash_grace=self.crash_grace,
            queue_timeout=self.queue_timeout,
            finish_timeout=self.finish_timeout,
            stale_after=self.stale_after,
            disabled_rules=frozenset(self.rules.disable),
            own_rules=tuple(own.rule for own in self.rules.own),
            ignore=Ignore(self.ignore.tags, self.ignore.names, self.ignore.older_than),
            overrides=tuple(each.override for each in self.overrides),
        )

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """The JSON Schema of janitor.yaml, for editors."""
        schema = ConfigFile.model_json_schema(schema_generator=EditorSchema)
        listed = schema["properties"]["targets"]["anyOf"][0]
        store = listed["items"] | {
            "properties": {"store": listed["items"]["properties"]["store"]},
        }
        listed["items"] = {"anyOf": [{"$ref": "#/$defs/OverrideSettings"}, store]}
        return {"$schema": EditorSchema.schema_dialect, **schema, "title": "janitor.yaml"}


class HeartbeatExpiredOptions(Section):
    """Options of the rule heartbeat-expired; they mean the same as the settings of their names."""

    heartbeat_timeout: PositiveDuration | None = None
    """How long a run may be silent before it is given up."""
    evaluation_timeout: PositiveDuration | None = None
    """The same for evaluating runs; without it, heartbeat_timeout."""


class WandbCrashedOptions(Section):
    """Options of the rule wandb-crashed; they mean the same as the settings of their names."""

    crash_grace: Duration | None = None
    """How long a run that W&B calls crashed, failed or killed is given to come back."""


class ObjectiveRecordedOptions(Section):
    """Options of the rule objective-recorded; they mean the same as the settings of their names."""

    settle: Duration | None = None
    """How long a run that recorded its objective is given to set its own state."""


class StaleAssignmentOptions(Section):
    """Options of the rule stale-assignment; they mean the same as the settings of their names."""

    stale_after: PositiveDuration | None = None
    """How long a task may be assigned before it waits again."""


class FileRuleSettings(RuleSettings):
    """Which rules speak, options of single rules, and rules of your own."""

    objective_recorded: Annotated[
        ObjectiveRecordedOptions | None, Field(alias="objective-recorded")
    ] = None
    """Options of the rule objective-recorded."""
    wandb_crashed: Annotated[WandbCrashedOptions | None, Field(alias="wandb-crashed")] = None
    """Options of the rule wandb-crashed."""
    heartbeat_expired: Annotated[
        HeartbeatExpiredOptions | None, Field(alias="heartbeat-expired")
    ] = None
    """Options of the rule heartbeat-expired."""
    stale_assignment: Annotated[StaleAssignmentOptions | None, Field(alias="stale-assignment")] = (
        None
    )
    """Options of the rule stale-assignment."""

    def options(self) -> dict[str, tuple[str, timedelta]]:
        """The options that are given: threshold → (where it stands, its value)."""
        given: dict[str, tuple[str, timedelta]] = {}
        for name, field in type(self).model_fields.items():
            options = getattr(self, name)
            if isinstance(options, Section):
                for threshold in options.model_fields_set:
                    value = getattr(options, threshold)
                    if value is not None:
                        given[threshold] = (f"rules.{field.alias}.{threshold}", value)
        return given


class ConfigFile(Config):
    """The settings of the janitor of W&B sweep runs. All of them may be left out."""

    rules: FileRuleSettings = FileRuleSettings()
    """Which rules speak, options of single rules, and rules of your own."""

    @model_validator(mode="before")
    @classmethod
    def _take_settings_beside_targets(cls, data: Any) -> Any:
        return split_targets(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _check_thresholds_agree(self) -> Self:
        for threshold, (place, value) in self.rules.options().items():
            general = getattr(self, threshold)
            if threshold in self.model_fields_set and general != value:
                shown = "none" if general is None else format_duration(general)
                raise ValueError(
                    f"{threshold} ({shown}) and {place} ({format_duration(value)}) mean the same"
                    " and differ: keep one of them"
                )
        return self
