"""The command that serves the graph: ``iero serve``.

Its options are the settings of :mod:`iero.configuration`. A value comes from the command line, else
from the environment, else from a file in TOML, else it is the default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from iero.configuration import ELSEWHERE, PREFIX, SETTINGS, Configuration, Setting, known
from iero.errors import BadParameter, NotFound

__all__ = ["serve"]

_FILE: Final = "iero.serving.file"


class _Option(click.Option):
    """A setting as an option; what is wrong with its value names the place where it was given."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(
            [f"--{setting.key}"], default=None if setting.several else setting.default,
            type=_type(setting), is_flag=setting.kind is bool, multiple=setting.several,
            metavar=setting.metavar or None, envvar=setting.variable, help=setting.help,
            show_default=setting.kind is not bool and setting.default not in (None, "", ()),
            hidden=setting.secret)
        self.setting = setting

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Keep secrets off the command line."""
        if not self.setting.secret:
            super().add_to_parser(parser, ctx)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Convert and check a value."""
        try:
            return super().process_value(ctx, value)
        except click.BadParameter as error:
            source = ctx.get_parameter_source(self.setting.name)
            if source is ParameterSource.COMMANDLINE:
                raise
            raise BadParameter(f"{_origin(ctx, self.setting)}: {error.message}",
                               parameter=self.setting.name) from error


def _type(setting: Setting) -> click.ParamType[Any]:
    bounds: dict[str, Any] = {"min": setting.least, "max": setting.most, "min_open": setting.above}
    kinds: dict[type, click.ParamType[Any]] = {
        int: click.IntRange(**bounds), float: click.FloatRange(**bounds), str: click.STRING,
        bool: click.BOOL, Path: click.Path(path_type=Path)}
    return click.Choice(setting.choices) if setting.choices else kinds[setting.kind]


class _Command(click.Command):
    """A command whose help shows the settings in their groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        def group(option: click.Parameter) -> str:
            return option.setting.group if isinstance(option, _Option) else "Configuration"

        shown = [option for option in self.get_params(ctx) if option.get_help_record(ctx)]
        for heading, options in groupby(shown, group):
            with formatter.section(heading):
                formatter.write_dl([record for option in options
                                    if (record := option.get_help_record(ctx))])


def _read(ctx: click.Context, _: click.Parameter, file: Path | None) -> None:
    """Make the content of the configuration file what options have without a flag or variable."""
    if file is None:
        return
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {str(file)!r}.", nearest=[]) from error
    except OSError as error:
        raise BadParameter(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadParameter(f"{file}: {error}.", hint="It is read as TOML: name = value.") from error
    keys = {setting.key: setting for setting in SETTINGS.values()}
    for key in content:
        known(key, list(keys), str(file))
    ctx.default_map = {keys[key].name: _value(keys[key], value, f"{file}: {key}")
                       for key, value in content.items()}
    ctx.meta[_FILE] = file


def _value(setting: Setting, value: object, place: str) -> Any:
    """Return a value of the file as the command line would have it.

    :raises BadParameter: if it is of another type than the setting.
    """
    if setting.several and isinstance(value, list):
        return [_value_of_one(setting, each, place) for each in value]
    return [_value_of_one(setting, value, place)] if setting.several \
        else _value_of_one(setting, value, place)


def _value_of_one(setting: Setting, value: object, place: str) -> Any:
    taken = {int: (int,), float: (int, float)}.get(setting.kind, (setting.kind,))
    if setting.kind is Path:
        taken = (str,)
    if not isinstance(value, taken) or (isinstance(value, bool) and setting.kind is not bool):
        wanted = {int: "a whole number", float: "a number", bool: "true or false"}
        raise BadParameter(f"{place} is {value!r}, not {wanted.get(setting.kind, 'a text')}.",
                           parameter=setting.name)
    return value if isinstance(value, bool) else str(value)


def _origin(ctx: click.Context, setting: Setting) -> str:
    """Say where the value of a setting comes from."""
    source = ctx.get_parameter_source(setting.name)
    return {ParameterSource.COMMANDLINE: setting.flag,
            ParameterSource.ENVIRONMENT: setting.variable,
            ParameterSource.DEFAULT_MAP: f"{ctx.meta.get(_FILE)}: {setting.key}",
            }.get(source or ParameterSource.DEFAULT, "default")


def _check_variables(environment: Mapping[str, str]) -> None:
    """Make sure that every variable with our prefix means something."""
    names = [*ELSEWHERE, *(setting.variable for setting in SETTINGS.values())]
    for name in environment:
        if name.startswith(PREFIX):
            known(name, names, "The environment")


@click.command(cls=_Command, short_help="Serve pages, SPARQL and search over HTTP.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", is_eager=True,
              envvar="IERO_CONFIG", callback=_read, expose_value=False,
              help="Take settings from this file in TOML, such as: port = 8080")
@click.option("--show-config", is_flag=True,
              help="Show all settings and where each comes from, and do not start.")
@click.option("--url", hidden=True, help="The name that --store had.")
@click.pass_context
def serve(ctx: click.Context, /, show_config: bool, url: str | None, **values: Any) -> None:
    """Serve the graph over HTTP: pages, SPARQL, search. Read-only; stop it with Ctrl-C.

    Each query runs in a process that is killed when it takes too long or too much memory; a client
    may ask for less time than --timeout, with ?timeout=SECONDS, never for more.

    Each setting is also a variable, IERO_ and its name in capitals, and a key of the file that
    --config names. A flag goes before a variable, a variable before the file.

    \b
    Examples:
      iero serve
      iero serve --port 8080 --workers 2
      iero serve --host 0.0.0.0 --base-path /iero --proxies 1
      iero serve --store http://127.0.0.1:8890/sparql
      IERO_PORT=8080 iero serve --config iero.toml --show-config
    """
    _check_variables(os.environ)
    configuration = Configuration(**values | ({"store": url} if url else {}))
    if show_config:
        from iero.terminal import Screen

        Screen().settings([
            (setting.key, _shown(setting, getattr(configuration, setting.name)),
             _origin(ctx, setting)) for setting in SETTINGS.values()])
        return
    from iero.server import serve as start

    start(configuration)


def _shown(setting: Setting, value: Any) -> str:
    if setting.secret and value:
        return "(set)"
    if setting.several:
        return " ".join(map(str, value))
    return "" if value is None else str(value).lower() if setting.kind is bool else str(value)


serve.params[:0] = [_Option(setting) for setting in SETTINGS.values()]
