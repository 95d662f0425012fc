"""What has been written is known at once to whatever looks names up."""

from __future__ import annotations

import httpx

from tests.server.writing.conftest import MINE, bearer

NAMES = """@prefix iero: <https://w3id.org/iero/> .
@prefix oboInOwl: <http://www.geneontology.org/formats/oboInOwl#> .
iero:Venting oboInOwl:hasExactSynonym "{name}"@en ."""
TEXT = "They compared zugzwang steaming with zugzwang fuming."


def tagged(client: httpx.Client) -> list[str]:
    answer = client.post("/tag", json={"text": TEXT})
    assert answer.status_code == 200, answer.text
    return [each["quote"] for each in answer.json()["annotations"]]


def test_a_new_name_is_looked_for_in_texts_and_a_former_one_is_not(
    owned: httpx.Client, secret: str
) -> None:
    assert tagged(owned) == []
    for name in ("zugzwang steaming", "zugzwang fuming"):
        written = owned.put("/store", params={"graph": MINE}, content=NAMES.format(name=name),
                            headers=bearer(secret))
        assert written.is_success, written.text
        assert tagged(owned) == [name]
