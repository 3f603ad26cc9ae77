"""Opens a Qdrant server: key, TLS, time allowed and retries from one place, checked before they are used."""

from __future__ import annotations

import ipaddress
import logging
import ssl
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qdrant_client import QdrantClient

from norm_aware.errors import CollectionError, ServerVersionError
from norm_aware.qdrant.failure import OLDEST
from norm_aware.qdrant.reliable import reliable
from norm_aware.qdrant.retry import RetryPolicy

_logger = logging.getLogger(__name__)


def open_server(
    url: str,
    *,
    api_key: str | None = None,
    timeout: int = 30,
    policy: RetryPolicy | None = None,
    ca_file: Path | None = None,
    cert_file: Path | None = None,
) -> QdrantClient:
    """A client of a server that has answered, with retries and clear errors.

    Args:
        url: of its REST interface, such as `https://qdrant.example.org:6333`.
        api_key: sent with every request; a warning is logged where others on the network can read it.
        timeout: seconds the server may take for one request.
        policy: how often and how patiently a request is sent again; None takes `RetryPolicy()`.
        ca_file: PEM file of the authority that signed the server's certificate, beside the system's.
        cert_file: PEM file with the client's certificate and its private key.

    Raises:
        ServerError: when it cannot be reached, or refuses.
        ServerVersionError: when it is too old.
        CollectionError: for a URL or a certificate file that cannot be used.
    """
    shown = shown_url(url)
    if api_key and not url.startswith("https://") and not _is_loopback(url):
        _logger.warning(
            "The API key goes to %s unencrypted, where others on the network can read it; use https://.",
            shown,
        )
    options: dict[str, Any] = {}
    if ca_file is not None or cert_file is not None:
        options["verify"] = _tls(ca_file, cert_file)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Api key is used with an insecure connection")  # said above
        try:
            plain = QdrantClient(
                url=url, api_key=api_key, timeout=timeout, check_compatibility=False, **options
            )
        except Exception as error:
            reason = str(error).replace(url, shown)
            raise CollectionError(
                f"{shown!r} is not the URL of a Qdrant server ({reason}); give one such as "
                "http://localhost:6333."
            ) from None
    client = reliable(plain, policy)
    try:
        _require_version(client.info().version, shown)
        client.get_collections()
    except BaseException:
        client.close()
        raise
    return client


def shown_url(url: str) -> str:
    """A URL as it may be shown: without a password or a query."""
    scheme, mark, rest = url.rpartition("://")
    return scheme + mark + rest.rpartition("@")[2].partition("?")[0]


def _require_version(version: str, url: str) -> None:
    parts = version.split(".")[:2]
    if all(part.isdigit() for part in parts) and tuple(map(int, parts)) < OLDEST:
        raise ServerVersionError(
            f"Qdrant at {url} is version {version}; norm-aware needs {OLDEST[0]}.{OLDEST[1]} or newer, "
            "which keep the contract in a collection's metadata and compute formula queries. Upgrade it."
        )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(ca_file: Path | None, cert_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for path, load in ((ca_file, context.load_verify_locations), (cert_file, context.load_cert_chain)):
        if path is None:
            continue
        try:
            load(str(path))
        except (OSError, ssl.SSLError) as error:
            raise CollectionError(
                f"TLS file {str(path)!r} cannot be used ({error}); a PEM file is needed"
                f"{'' if path == ca_file else ' with a certificate and its private key'}."
            ) from error
    return context
