"""What the service can be told: every setting once, with its default, its bounds and its meaning.

A field of :class:`Configuration` is a flag of ``iero serve``, a variable ``IERO_*`` and a key of
the configuration file at the same time; the help, the documentation and the checks are made from
it. To add a setting, add a field, and read it where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from iero.errors import BadParameter, NotFound

__all__ = ["ELSEWHERE", "PREFIX", "SETTINGS", "Configuration", "Setting", "known", "setting"]

PREFIX: Final = "IERO_"
ELSEWHERE: Final = ("IERO_CACHE_DIR", "IERO_COMPILED", "IERO_CONFIG")
"""Variables of the same prefix that are no settings: the folder of lexicons, whether compiled
modules are used, the file."""


@dataclass(frozen=True)
class Setting:
    """One setting, as users meet it.

    :ivar name: of the field; the flag and the key of the file write ``-`` for ``_``.
    :ivar kind: ``str``, ``int``, ``float``, ``bool`` or ``Path``.
    :ivar group: the heading under which help and documents show it.
    :ivar metavar: what stands for its value, often the unit.
    :ivar least: the lowest value; with ``above``, the value that it must exceed.
    :ivar several: whether it may be given several times; its value is a tuple then.
    :ivar choices: the values that there are; none where any will do.
    :ivar secret: whether it is kept from the command line, where all users of the machine see it,
        and from logs.
    """

    name: str
    kind: type
    default: Any
    help: str
    group: str
    metavar: str
    least: float | None
    most: float | None
    above: bool
    choices: tuple[str, ...]
    several: bool
    secret: bool

    @property
    def key(self) -> str:
        """Its name in the configuration file.

        >>> SETTINGS["memory_limit"].key, SETTINGS["memory_limit"].variable
        ('memory-limit', 'IERO_MEMORY_LIMIT')
        """
        return self.name.replace("_", "-")

    @property
    def flag(self) -> str:
        """Its name on the command line; none where it is a secret."""
        return "" if self.secret else f"--{self.key}"

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    def check(self, value: Any) -> None:
        """Compare a value with the bounds.

        :raises BadParameter: if it is outside.
        """
        for each in value if self.several else [value]:
            if self.least is not None and (each <= self.least if self.above else each < self.least):
                bound = f"above {self.least:g}" if self.above else f"at least {self.least:g}"
            elif self.most is not None and each > self.most:
                bound = f"at most {self.most:g}"
            elif self.choices and each not in self.choices:
                bound = "one of " + ", ".join(self.choices)
            else:
                continue
            raise BadParameter(f"{self.key} is {each}; it must be {bound}.", parameter=self.name)


def setting(
    default: Any, help: str, group: str, *, metavar: str = "", least: float | None = None,  # noqa: A002
    most: float | None = None, above: bool = False, choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """Declare a setting; see :class:`Setting`. Its kind is the annotation of its field."""
    said = {"help": help, "group": group, "metavar": metavar, "least": least, "most": most,
            "above": above, "choices": choices,
            "secret": secret}
    return field(default=default, repr=not secret, metadata=said)


LONG_ENOUGH: Final = 16
"""Characters of a secret that cannot be guessed by trying."""

ADDRESS: Final = "Address"
DATA: Final = "Data"
OTHERS: Final = "Other endpoints"
LIMITS: Final = "Limits"
CLIENTS: Final = "Clients (each; this machine itself is not limited)"
WATCHING: Final = "Watching"


@dataclass(frozen=True)
class Configuration:
    """All settings of a service; it travels to other processes, so it is plain data.

    :raises BadParameter: if a value is out of bounds, or two do not go together.
    :raises NotFound: if a file does not exist.
    """

    host: str = setting("127.0.0.1", "The address to listen at.", ADDRESS)
    port: int = setting(8000, "The port; 0 takes a free one.", ADDRESS, least=0, most=65535)
    base_path: str = setting("", "The path below which a proxy serves it, such as /iero.", ADDRESS,
                             metavar="PATH")
    proxies: int = setting(0, "Trusted proxies in front, whose X-Forwarded headers count.", ADDRESS,
                           least=0, most=10)
    public_url: str = setting("", "Where the world sees it, such as https://kg.example; without "
                              "it, where a request says it came to.", ADDRESS, metavar="URL")

    data: Path | None = setting(  # noqa: RUF009
        None, "Serve this RDF file, or keep writable data in this directory, which is made where "
              "there is none.", DATA, metavar="FILE|DIR")
    read_only: bool = setting(
        False, "Only read the data directory, whoever else writes to it.", DATA)
    scratch: bool = setting(
        False, "Serve an empty store that anybody may write anything to, for tests; it is gone "
               "when the service ends.", DATA)
    shapes: tuple[Path, ...] = setting(
        (), "Guard what is written by these shapes instead of those of IERO.", DATA,
        metavar="FILE")
    tokens: Path | None = setting(  # noqa: RUF009
        None, "The tokens of those who may write, as iero token makes them.", DATA, metavar="FILE")
    store: str | None = setting(None, "Serve the graph of this SPARQL 1.1 store instead.", DATA,
                                metavar="URL")
    store_graph: tuple[str, ...] = setting(
        (), "A graph of the store to serve; without any, those of IERO. Repeatable.", DATA,
        metavar="IRI")
    store_user: str | None = setting(None, "The user that the store knows.", DATA, secret=True)
    store_password: str | None = setting(None, "The password of that user.", DATA, secret=True)
    store_token: str | None = setting(None, "A bearer token for the store.", DATA, secret=True)

    allow_service: tuple[str, ...] = setting(
        (), "An origin, such as https://example.org, that queries may ask by SERVICE and from "
        "which updates may LOAD. Repeatable.", OTHERS, metavar="ORIGIN")
    allow_private: tuple[str, ...] = setting(
        (), "The same for an origin within your own machine or network. Repeatable.", OTHERS,
        metavar="ORIGIN")

    workers: int = setting(1, "Server processes, each with a graph of its own.", LIMITS, least=1,
                           most=64)
    threads: int = setting(32, "Requests that a server process has in hand at a time.", LIMITS,
                           least=1, most=256)
    jobs: int = setting(16, "Queries that a server process evaluates at a time.", LIMITS, least=1,
                        most=256)
    timeout: float = setting(30.0, "The time that a query may take.", LIMITS, metavar="SECONDS",
                             least=0, above=True)
    waiting: float = setting(5.0, "The time that a query may wait for a free worker.", LIMITS,
                             metavar="SECONDS", least=0, above=True)
    memory_limit: int = setting(1024, "The memory that a query may use.", LIMITS, metavar="MB",
                                least=1)
    body_limit: int = setting(1, "The size that a request body may have.", LIMITS, metavar="MB",
                              least=1, most=1024)
    header_timeout: float = setting(10.0, "The time that a client may take to send the headers of "
                                    "a request.", LIMITS, metavar="SECONDS", least=0, above=True)
    write_timeout: float = setting(60.0, "The time that a write may take.", LIMITS,
                                   metavar="SECONDS", least=0, above=True)
    upload_limit: int = setting(64, "The size of a document or an update that is written.", LIMITS,
                                metavar="MB", least=1)
    cache: int = setting(64, "Answers kept at hand; 0 keeps none.", LIMITS, metavar="MB", least=0)

    rate: float = setting(50.0, "Requests a second that one client may make in the long run; 0 for "
                          "any number.", CLIENTS, least=0)
    burst: int = setting(200, "Requests that one client may make at once, after a pause.", CLIENTS,
                         least=1)
    client_jobs: int = setting(8, "Requests of one client in hand at a time; 0 for any number.",
                               CLIENTS, least=0)

    log_level: str = setting("warning", "The least important events to report: debug (with the "
                             "text of queries), info (each request), warning, error.", WATCHING,
                             choices=("debug", "info", "warning", "error"))
    log_format: str = setting("text", "How to report them: text or json, a line each.", WATCHING,
                              choices=("text", "json"))
    metrics_port: int = setting(0, "Answer /metrics for Prometheus at this port of 127.0.0.1; 0 "
                                "for none.", WATCHING, least=0, most=65535)
    metrics_token: str = setting("", "Answer /metrics beside the other pages to whoever sends this "
                                 "token.", WATCHING, secret=True)

    def __post_init__(self) -> None:
        for each in SETTINGS.values():
            if (value := getattr(self, each.name)) is not None:
                each.check(value)
        if self.metrics_token and len(self.metrics_token) < LONG_ENOUGH:
            raise BadParameter(f"The metrics-token has less than {LONG_ENOUGH} characters.",
                               hint="Make one: openssl rand -hex 16", parameter="metrics_token")
        if sum((self.data is not None, self.store is not None, self.scratch)) > 1:
            raise BadParameter("Give --data, --store or --scratch, not two of them.")
        if self.data is not None and self.data.suffix and not self.data.exists():
            raise NotFound(f"There is no file {str(self.data)!r}.", nearest=[])
        if self.writable and self.workers > 1:
            raise BadParameter("One server process writes to a data directory.",
                               hint="Leave --workers out, or serve it --read-only.")
        if self.scratch and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise BadParameter("A scratch store, to which anybody may write, listens on loopback.",
                               hint="Leave --host out.")

    @property
    def directory(self) -> Path | None:
        """The data directory, if there is to be one."""
        return self.data if self.data is not None and not self.data.is_file() else None

    @property
    def writable(self) -> bool:
        """Whether the data can be changed."""
        return self.scratch or (self.directory is not None and not self.read_only)


def _settings() -> dict[str, Setting]:
    hints = get_type_hints(Configuration)
    made = {}
    for each in fields(Configuration):
        several = getattr(hints[each.name], "__origin__", None) is tuple
        kinds = [kind for kind in get_args(hints[each.name]) if kind not in (type(None), ...)]
        kind = kinds[0] if kinds else hints[each.name]
        made[each.name] = Setting(each.name, kind, each.default, several=several, **each.metadata)
    return made


SETTINGS: Final[Mapping[str, Setting]] = _settings()
"""Every setting by its name, in the order of the help."""


def known(name: str, names: list[str], place: str) -> None:
    """Make sure that a name is one of those that mean something.

    :param place: where it stands, for the message.
    :raises BadParameter: if it is not; the message has the nearest name.
    """
    if name not in names:
        near = get_close_matches(name, names, 1, 0.6)
        raise BadParameter(f"{place}: {name!r} is not a setting.",
                           hint=f"Did you mean {near[0]}?" if near else
                           "iero serve --show-config lists them.")
