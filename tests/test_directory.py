"""The data directory: what it refuses, what it keeps, what it removes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from iero.directory import About, DataDirectory, clone, failure
from iero.errors import DirectoryFailure, DiskFull


def staged(directory: DataDirectory, content: bytes = b"1") -> str:
    """Write a version that is complete and not published."""
    name = directory.next_name()
    directory.version(name).mkdir()
    (directory.version(name) / "data.sst").write_bytes(content)
    directory.describe(About(name, name, {"x:g": 1}))
    return name


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    made = DataDirectory.create(tmp_path / "data")
    made.publish(staged(made))
    return made


def reason(caught: pytest.ExceptionInfo[DirectoryFailure]) -> str:
    return str(caught.value.details["reason"])


def test_a_new_one_has_no_data_until_a_version_is_published(tmp_path):
    made = DataDirectory.create(tmp_path / "deep" / "data")
    assert not DataDirectory.exists(made.path)
    with pytest.raises(DirectoryFailure, match="no data"):
        made.current  # noqa: B018
    name = staged(made)
    made.publish(name)
    assert DataDirectory.exists(made.path)
    assert made.current == name
    assert made.about() == About(name, name, {"x:g": 1})


def test_names_count_up_and_never_come_back(directory):
    names = [directory.next_name() for _ in range(50)]
    assert len(set(names)) == 50
    assert {name.partition("-")[0] for name in names} == {"2"}


@pytest.mark.parametrize(("prepare", "why"), [
    (lambda path: None, "absent"), (lambda path: path.mkdir(), "absent"),
    (lambda path: (path.mkdir(), (path / "format").write_text("99\n")), "format"),
])
def test_what_is_none_is_not_opened(tmp_path, prepare, why):
    prepare(tmp_path / "data")
    with pytest.raises(DirectoryFailure) as caught:
        DataDirectory(tmp_path / "data")
    assert reason(caught) == why
    assert caught.value.hint


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.docx").write_text("")
    with pytest.raises(DirectoryFailure, match="neither empty"):
        DataDirectory.create(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.docx"]


def test_one_process_writes_and_is_named(directory):
    directory.lock()
    other = DataDirectory(directory.path)
    with pytest.raises(DirectoryFailure, match=str(os.getpid())) as caught:
        other.lock()
    assert reason(caught) == "locked"
    assert "--read-only" in caught.value.hint
    directory.unlock()
    other.lock()
    other.unlock()


def test_a_version_that_is_read_stays_and_others_go(directory):
    first = directory.current
    with directory.reading() as folder:
        directory.publish(staged(directory, b"2"))
        directory.tidy()
        assert (folder / "data.sst").read_bytes() == b"1"
        assert folder.name == first
        with directory.reading(first):
            pass
    directory.tidy()
    assert [each.name for each in (directory.path / "versions").iterdir()] == [directory.current]
    with pytest.raises(DirectoryFailure) as caught, directory.reading(first):
        pass
    assert reason(caught) == "gone"


def test_what_an_interrupted_writer_left_is_removed(directory):
    left = staged(directory)
    place = directory.workplace()
    place.mkdir()
    assert directory.current != left
    directory.lock()
    directory.workplace()
    assert not directory.version(left).exists()
    assert not place.exists()
    directory.unlock()


def test_a_clone_shares_data_and_nothing_that_changes(directory, tmp_path):
    version = directory.version(directory.current)
    (version / "MANIFEST").write_bytes(b"m")
    clone(version, tmp_path / "copy")
    assert sorted(file.name for file in (tmp_path / "copy").iterdir()) == ["MANIFEST", "data.sst"]
    assert (tmp_path / "copy" / "data.sst").samefile(version / "data.sst")
    assert not (tmp_path / "copy" / "MANIFEST").samefile(version / "MANIFEST")


@pytest.mark.parametrize(("error", "kind"), [
    (OSError(errno.ENOSPC, "No space left on device"), DiskFull),
    (OSError(errno.EFBIG, "File too large"), DiskFull),
    (OSError("IO error: No space left on device: While appending to file"), DiskFull),
    (OSError(errno.EACCES, "Permission denied"), DirectoryFailure),
])
def test_failures_of_the_disk_are_told_apart(error, kind):
    told = failure(error, Path("/data"))
    assert type(told) is kind
    assert "/data" in told.message
    assert told.hint
