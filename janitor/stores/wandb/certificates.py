"""The certificates that plain HTTPS requests trust: those of ``requests`` and of wandb-core."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter


class TrustingAdapter(HTTPAdapter):
    """Trusts the certificates that wandb-core trusts, besides those of ``requests``.

    Args:
        environ: Where SSL_CERT_FILE and SSL_CERT_DIR are read.
        **options: Those of :class:`requests.adapters.HTTPAdapter`.

    """

    def __init__(self, environ: Mapping[str, str], **options: Any) -> None:
        self._context = ssl.create_default_context()
        for path in _certificate_files(environ):
            try:
                self._context.load_verify_locations(cafile=path)
            except (OSError, ssl.SSLError):
                continue  # a folder may hold other files
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As of the base, with our certificates."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """As of the base, with our certificates."""
        return super().proxy_manager_for(*args, **kwargs, ssl_context=self._context)


def _certificate_files(environ: Mapping[str, str]) -> list[Path]:
    """The files that SSL_CERT_FILE and SSL_CERT_DIR name; Go reads every file of each folder."""
    files = [Path(environ["SSL_CERT_FILE"])] if environ.get("SSL_CERT_FILE") else []
    for folder in filter(None, environ.get("SSL_CERT_DIR", "").split(os.pathsep)):
        try:
            files += sorted(path for path in Path(folder).iterdir() if path.is_file())
        except OSError:
            continue
    return files
