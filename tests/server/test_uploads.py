"""Bodies that are to be written, over real HTTP: whole or refused, and nothing in between."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from iero.tokens import TokenFile

from tests.server.processes import running

TURTLE = {"Content-Type": "text/turtle"}
PART = b"<urn:a> <urn:b> 1 .\n"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running("--scratch", "--upload-limit", 1) as made:
        yield made


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as made:
        made.post("/update", data={"update": "DROP ALL"})
        yield made


def begin(client: httpx.Client, *lines: str) -> socket.socket:
    """Send the beginning of a request on a connection of its own."""
    url = client.base_url
    connection = socket.create_connection((url.host, url.port), timeout=20)
    head = "\r\n".join(("PUT /store?graph=urn:g HTTP/1.1", f"Host: {url.host}",
                        "Content-Type: text/turtle", *lines))
    connection.sendall(head.encode() + b"\r\n\r\n")
    return connection


def exists(client: httpx.Client) -> bool:
    return client.get("/store", params={"graph": "urn:g"}).status_code == 200


@pytest.mark.parametrize("ending", [b"0\r\n\r\n", b""], ids=["whole", "broken off"])
def test_a_chunked_body_is_refused_whether_it_is_whole_or_breaks_off(
    client: httpx.Client, ending: bytes
) -> None:
    with begin(client, "Transfer-Encoding: chunked", "Connection: close") as connection:
        connection.sendall(b"%x\r\n" % len(PART) + PART + b"\r\n" + ending)
        if not ending:
            connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    assert answer == b"" or b" 411 " in answer.split(b"\r\n")[0]
    assert b" 411 " in answer or not ending
    assert not exists(client)


def test_a_body_that_breaks_off_leaves_no_trace(client: httpx.Client) -> None:
    with begin(client, f"Content-Length: {2 * len(PART)}") as connection:
        connection.sendall(PART)  # a whole document by itself
    time.sleep(0.5)
    assert not exists(client)


def test_a_body_above_the_limit_is_refused_and_the_connection_stays_usable(
    address: str, client: httpx.Client
) -> None:
    connection = HTTPConnection(httpx.URL(address).netloc.decode(), timeout=30)
    try:
        for _ in range(2):
            connection.request("PUT", "/store?graph=urn:g", b"#" * ((1 << 20) + 1), TURTLE)
            response = connection.getresponse()
            problem = json.loads(response.read())
            assert (response.status, problem["limit"]) == (413, 1 << 20)
        connection.request("PUT", "/store?graph=urn:g", PART, TURTLE)
        assert connection.getresponse().read() is not None
    finally:
        connection.close()
    assert exists(client)


def test_an_upload_may_be_larger_than_a_query(client: httpx.Client) -> None:
    body = b"".join(b"<urn:a> <urn:b> %d .\n" % number for number in range(40_000))[:1 << 20]
    body = body[:body.rindex(b"\n") + 1]
    told = client.put("/store", params={"graph": "urn:g"}, content=body, headers=TURTLE)
    assert told.status_code == 201
    assert told.json()["inserted"] == body.count(b"\n") > 30_000


def test_who_may_not_write_hears_so_whatever_he_sends(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.toml")
    secret = tokens.add("t", ["*"], ["insert"])
    with running("--scratch", "--tokens", tokens.path) as address, \
            httpx.Client(base_url=address, timeout=30) as client:
        body = b"#" * 3_000_000
        for _ in range(2):
            refused = client.put("/store", params={"graph": "urn:g"}, content=body, headers=TURTLE)
            assert refused.status_code == 401
            assert refused.headers["connection"] == "close"
        fine = client.put("/store", params={"graph": "urn:g"}, content=PART,
                          headers={**TURTLE, "Authorization": f"Bearer {secret}"})
        assert fine.status_code == 201
        tokens.revoke("t")
        refused = client.put("/store", params={"graph": "urn:g"}, content=PART,
                             headers={**TURTLE, "Authorization": f"Bearer {secret}"})
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
