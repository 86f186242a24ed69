"""What the process tells whoever runs it: a line for people or an object of JSON per event.

All loggers, ours and those of the libraries, end in one handler, so that every line has the same
form and nothing gets past `tracebacks.scrub`.
"""

import logging
import sys
import threading
from typing import Any, Literal

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor

from goals_core import tracebacks

Form = Literal["text", "json"]

_OURS = ("goals", "goals_core")
# They bring handlers of their own, or would say too much; `adopt` lets them speak through ours.
_OTHERS = ("uvicorn", "uvicorn.error", "uvicorn.asgi", "websockets")
_SILENT = ("uvicorn.access",)  # addresses and query strings, one line per request


class Public(str):
    """A text that may be told although it names somebody: the demo's people are invented."""

    __slots__ = ()


def get(name: str) -> BoundLogger:
    """A logger: the event is a sentence, what it is about goes beside it by keyword."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def set_up(form: Form, *, level: int = logging.INFO) -> None:
    """Write every event of this process to standard error; called again, in the new form."""
    _handle_all(form, level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=BoundLogger,
    )
    adopt(*_OTHERS)
    for name in _SILENT:
        logging.getLogger(name).disabled = True
    logging.getLogger("uvicorn.error").addFilter(_is_no_visit)
    sys.excepthook = _last_words
    threading.excepthook = lambda end: _last_words(end.exc_type, end.exc_value, end.exc_traceback)


def adopt(*names: str) -> None:
    """Let loggers that have handlers of their own speak through ours."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True


def _handle_all(form: Form, level: int) -> None:
    """One handler for everything that the standard library's loggers are told."""
    render = _as_json if form == "json" else _as_text
    handler = logging.StreamHandler()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)  # of libraries, what is wrong
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)


def _is_no_visit(record: logging.LogRecord) -> bool:
    """Who opens a WebSocket from where, and closes it, is no event of ours."""
    said = record.getMessage()
    return record.levelno > logging.INFO or not ("WebSocket" in said or "connection " in said)


def _last_words(kind: type[BaseException], error: BaseException | None, _tb: object) -> None:
    """What ends a process or thread that nobody looks after."""
    if not issubclass(kind, KeyboardInterrupt | SystemExit) and error is not None:
        get("goals").critical("Uncaught error", exc_info=error)


def _with_error(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Render the error that an event is about, where it still is an object."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event["exception"] = tracebacks.render(error)
    return event


def _without_people(_logger: object, _method: str, event: EventDict) -> EventDict:
    done = {"exception"}  # and what begins with _ is the library's own
    return {
        key: value if key in done or key.startswith("_") else _scrubbed(value)
        for key, value in event.items()
    }


def _scrubbed(value: Any) -> Any:  # noqa: ANN401  (whatever an event is about)
    if value is None or isinstance(value, bool | int | float | Public):
        return value
    if isinstance(value, BaseException):
        return tracebacks.sentence(value)
    return tracebacks.scrub(str(value))


_SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    _with_error,
    _without_people,
]
_FIRST = ("time", "level", "logger", "event")


def _as_json(_logger: object, _method: str, event: EventDict) -> str:
    first = {key: event.pop(key, None) for key in _FIRST}
    return str(structlog.processors.JSONRenderer()(None, "", {**first, **event}))


def _as_text(_logger: object, _method: str, event: EventDict) -> str:
    """One line, then the traceback, indented: no text that came from outside looks like a line."""
    time, level, logger, said = (str(event.pop(key, "")) for key in _FIRST)
    error = event.pop("exception", None)
    about = "".join(f" {key}={value}" for key, value in event.items())
    line = f"{time[:19].replace('T', ' ')} {level:<8} {logger}: {_on_one_line(said + about)}"
    if not error:
        return line
    return "\n    ".join([line, *(_on_one_line(each) for each in error.splitlines())])


def _on_one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
