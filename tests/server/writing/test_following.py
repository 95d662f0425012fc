"""What has been written is known at once to whatever looks names up."""

from __future__ import annotations

import httpx

from tests.server.writing.conftest import TURTLE, G

TERM = """@prefix iero: <https://w3id.org/iero/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
iero:Zugzwang a owl:Class ; rdfs:subClassOf iero:Process ; rdfs:label "{label}"@en ."""


def tagged(client: httpx.Client, text: str) -> list[str]:
    answer = client.post("/tag", json={"text": text})
    assert answer.status_code == 200, answer.text
    return [each["quote"] for each in answer.json()["annotations"]]


def test_a_new_name_is_looked_for_in_texts_and_a_former_one_is_not(client: httpx.Client) -> None:
    text = "They compared forced warmth with forced cheer."
    assert tagged(client, text) == []
    for label in ("forced warmth", "forced cheer"):
        written = TERM.format(label=label)
        assert client.put("/store", params=G, content=written, headers=TURTLE).is_success
        assert tagged(client, text) == [label]
