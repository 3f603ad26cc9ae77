from __future__ import annotations

import logging

import pytest
import trustme
from tests.qdrant.misbehaving_server import MisbehavingServer

from norm_aware.errors import CollectionError, ServerAccessError, ServerError, ServerVersionError
from norm_aware.qdrant.retry import RetryPolicy
from norm_aware.qdrant.server import open_server, shown_url

QUICK = RetryPolicy(attempts=2, first=0.01)
SECRET = "sk-very-secret-key"  # noqa: S105  # the one that must not be seen


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority, tmp_path_factory):
    """PEM files: of the authority, the server's certificate and a client's, each with its key."""
    folder = tmp_path_factory.mktemp("tls")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.issue_cert("client").private_key_and_cert_chain_pem.write_to_path(folder / "client.pem")
    return folder


def test_a_server_is_opened_with_its_key_and_a_request_passed_over_is_sent_again(server, caplog):
    server.api_key = SECRET
    server.fail("collections", status=503)
    client = open_server(server.url, api_key=SECRET, policy=QUICK)
    assert client.get_collections().collections == []
    assert "unencrypted" not in caplog.text
    client.close()


def test_a_key_that_others_could_read_is_warned_of_once_and_not_shown(server, caplog):
    server.api_key = SECRET
    url = server.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104  # the same server, by a name that is not loopback
    open_server(url, api_key=SECRET, policy=QUICK).close()
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "use https://" in record.getMessage()
    assert SECRET not in caplog.text


def test_a_wrong_key_a_refused_connection_and_no_url_are_each_one_error(server):
    server.api_key = SECRET
    with pytest.raises(ServerAccessError, match="401 Unauthorized"):
        open_server(server.url, api_key="wrong", policy=QUICK)
    url = server.url
    server.stop()
    with pytest.raises(ServerError, match="no connection.*2 attempts"):
        open_server(url, policy=QUICK)
    with pytest.raises(CollectionError, match=r"'gopher://host' is not the URL of a Qdrant server"):
        open_server("gopher://user:password@host", policy=QUICK)


def test_a_password_in_a_url_is_not_shown():
    assert shown_url("https://user:password@host:6333/qdrant?api-key=x") == "https://host:6333/qdrant"
    assert shown_url("localhost:6333") == "localhost:6333"


def test_a_server_too_old_is_named_with_its_version_and_the_one_needed(server):
    server.version = "1.13.4"
    with pytest.raises(ServerVersionError, match=r"version 1\.13\.4; norm-aware needs 1\.16 or newer"):
        open_server(server.url, policy=QUICK)
    server.version = "dev"  # a build of one's own is trusted
    open_server(server.url, policy=QUICK).close()


def test_tls_needs_an_authority_that_is_trusted_and_then_works(files):
    with MisbehavingServer(certificate=files / "server.pem") as server:
        with pytest.raises(ServerError, match=r"TLS failed.*NORM_AWARE_QDRANT_CA_FILE") as caught:
            open_server(server.url, policy=QUICK)
        assert "1 attempt" in str(caught.value)
        client = open_server(server.url, ca_file=files / "ca.pem", policy=QUICK, api_key=SECRET)
        assert client.get_collections().collections == []
        client.close()


def test_a_certificate_for_another_host_is_refused(files):
    with (
        MisbehavingServer(certificate=files / "client.pem") as server,
        pytest.raises(ServerError, match="TLS failed.*must be for this host"),
    ):
        open_server(server.url, ca_file=files / "ca.pem", policy=QUICK)


def test_a_server_that_asks_for_a_certificate_is_given_one(files):
    with MisbehavingServer(certificate=files / "server.pem", authority=files / "ca.pem") as server:
        client = open_server(
            server.url, ca_file=files / "ca.pem", cert_file=files / "client.pem", policy=QUICK
        )
        client.close()
        with pytest.raises(ServerError, match="get_collections|info"):
            open_server(server.url, ca_file=files / "ca.pem", policy=QUICK)


def test_https_to_a_plain_server_and_http_to_a_tls_one_are_one_error_each(server, files):
    with pytest.raises(ServerError, match="TLS failed.*reached by http://"):
        open_server(server.url.replace("http:", "https:"), policy=QUICK)
    with (
        MisbehavingServer(certificate=files / "server.pem") as encrypted,
        pytest.raises(ServerError, match="connection lost"),
    ):
        open_server(encrypted.url.replace("https:", "http:"), policy=QUICK)


def test_a_certificate_file_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "empty.pem").write_text("")
    for options in ({"ca_file": tmp_path / "absent.pem"}, {"cert_file": tmp_path / "empty.pem"}):
        with pytest.raises(CollectionError, match=r"(absent|empty)\.pem' cannot be used.*PEM file"):
            open_server("https://127.0.0.1:9", policy=QUICK, **options)
