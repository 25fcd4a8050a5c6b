"""Notifications through Apprise: Slack, Teams, Discord, mail, webhooks and more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import SecretStr

from janitor.config.addresses import kind_of_messenger
from janitor.errors import UsageError
from janitor.report.message import Message


def check(addresses: Sequence[SecretStr]) -> None:
    """Check that all of these are valid Apprise URLs.

    Raises:
        UsageError: it does not know one.

    """
    import apprise

    for address in addresses:
        if not apprise.Apprise().add(address.get_secret_value()):
            raise UsageError(
                f"--notify {kind_of_messenger(address)}: not a valid Apprise URL: the service"
                " is unknown, or a part of the URL is missing; see Apprise's documentation"
            )


def send(message: Message, addresses: Sequence[SecretStr], *, seconds: float) -> Iterator[str]:
    """Send the notification to all in parallel; yields a sentence for each failure.

    Nobody is waited for longer than so many seconds.
    """
    deliveries = [_Delivery(message, address) for address in addresses]
    for delivery in deliveries:
        delivery.start()
    deadline = time.monotonic() + seconds
    for delivery in deliveries:
        delivery.join(max(0.0, deadline - time.monotonic()))
        if not delivery.arrived:
            why = (
                "it took too long"
                if delivery.is_alive()
                else "the service refused it or is unreachable"
            )
            yield f"the notification to {kind_of_messenger(delivery.address)} was not sent: {why}"


class _Delivery(threading.Thread):
    """Sends one notification; the process does not wait for it when it ends."""

    def __init__(self, message: Message, address: SecretStr) -> None:
        super().__init__(name="janitor-message", daemon=True)
        self.address = address
        self.arrived = False
        self._message = message

    def run(self) -> None:
        import apprise

        about = apprise.AppriseAsset(app_id="janitor", app_desc="W&B janitor", app_url="")
        messenger: Any = apprise.Apprise(asset=about)
        messenger.add(self.address.get_secret_value())
        self.arrived = bool(
            messenger.notify(
                body=self._message.body,
                title=self._message.title,
                notify_type=_weight(self._message),
                body_format=apprise.NotifyFormat.TEXT,
            )
        )


def _weight(message: Message) -> Any:
    """The type, which selects the colour."""
    import apprise

    if "failure" in message.occasions:
        return apprise.NotifyType.FAILURE
    return apprise.NotifyType.WARNING if "brake" in message.occasions else apprise.NotifyType.INFO
