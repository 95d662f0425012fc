"""A request of SPARQL Update in parts: what the frame says, and what cannot be one."""

from __future__ import annotations

import pytest
from iero.changes.operations import operations
from iero.errors import BadQuery


def test_each_kind_of_operation_is_told_by_its_frame():
    request = """
        PREFIX : <x:>
        INSERT DATA { :a :b "} ; {" } ;            # a comment ; with } marks
        DELETE DATA { GRAPH :g { :a :b 1 } } ;
        DELETE WHERE { ?s :p ?o ; :q <x:;> } ;
        WITH :g DELETE { ?s ?p ?o } INSERT { GRAPH ?h { ?s ?p ?o } }
            USING :h USING NAMED <urn:i> WHERE { ?s ?p ?o FILTER(?o < 3) } ;
        LOAD SILENT <urn:doc> INTO GRAPH :g ; CLEAR SILENT GRAPH :g ; DROP ALL ; CREATE GRAPH :g ;
        ADD :g TO DEFAULT ; MOVE GRAPH :g TO GRAPH :h ; COPY DEFAULT TO :h ;
    """
    found = operations(request)
    assert [each.kind for each in found] == [
        "INSERT DATA", "DELETE DATA", "DELETE WHERE", "MODIFY", "LOAD", "CLEAR", "DROP", "CREATE",
        "ADD", "MOVE", "COPY"]
    assert found[0].where == '{ :a :b "} ; {" }'
    modify = found[3]
    assert (modify.given, modify.using, modify.using_named) == (":g", (":h",), ("<urn:i>",))
    assert (modify.delete, modify.insert) == ("{ ?s ?p ?o }", "{ GRAPH ?h { ?s ?p ?o } }")
    assert modify.where == "{ ?s ?p ?o FILTER(?o < 3) }"
    assert modify.names_dataset
    assert not found[0].names_dataset
    assert [each.graphs for each in found[4:]] == [
        ("<urn:doc>", ":g"), (":g",), ("ALL",), (":g",), (":g", "DEFAULT"), (":g", ":h"),
        ("DEFAULT", ":h")]
    assert [each.silent for each in found[4:6]] == [True, True]
    assert not any(each.silent for each in found[6:])
    assert all(request[each.offset:].startswith(each.text.rstrip()) for each in found)


def test_declarations_hold_for_what_follows_them():
    found = operations("PREFIX a: <x:> INSERT DATA { a:a a:b a:c } ; BASE <y:z> "
                       "PREFIX b: <w:> CLEAR GRAPH b:g")
    assert found[0].prologue.split() == ["PREFIX", "a:", "<x:>"]
    assert found[1].prologue.split() == ["PREFIX", "a:", "<x:>", "BASE", "<y:z>", "PREFIX", "b:",
                                         "<w:>"]


@pytest.mark.parametrize("request_", ["", "  # nothing\n", "PREFIX a: <x:>", "VERSION '1.2'"])
def test_a_request_may_hold_no_operation(request_):
    assert operations(request_) == []


@pytest.mark.parametrize(("request_", "place"), [
    ("SELECT * { ?s ?p ?o }", (1, 1)),
    ("DELETEWHERE { ?s ?p ?o }", (1, 1)),
    ("INSERT DATA { <x:a> <x:b> 1", (1, 27)),
    ("INSERT { ?s ?p ?o }", (1, 19)),
    ("INSERT DATA { } WHERE { }", (1, 17)),
    ("CLEAR GRAPH <x:a> <x:b>", (1, 1)),
    ("COPY <x:a>", (1, 1)),
    ("INSERT WHERE { }", (1, 8)),
    ("INSERT DATA {} ;\n INSERT DATA {} ; nonsense", (2, 19)),
    ("INSERT DATA { _:a <x:b> 1 } ;\nINSERT DATA { _:a <x:b> 2 }", (2, 15)),
])
def test_what_is_no_update_is_told_with_its_place(request_, place):
    with pytest.raises(BadQuery) as caught:
        operations(request_)
    assert (caught.value.details["line"], caught.value.details["column"]) == place


def test_declarations_have_an_end():
    with pytest.raises(BadQuery, match="65,536"):
        operations("PREFIX a: <x:> " * 5000 + "CLEAR ALL")
