"""Every text that a person sees goes through gettext: none stands bare in a call of Streamlit."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from goals_core.config import PROJECT

SOURCES = sorted([*(PROJECT / "pages").glob("*.py"), *(PROJECT / "ui").glob("*.py")])
SHOWN = {"label", "help", "placeholder", "title", "body", "text", "caption", "alt", "error_message"}
UNSEEN = {
    "Page",
    "component",
    "form",
    "fragment",
    "get_option",
    "html",
    "iframe",
    "navigation",
    "set_page_config",
    "space",
}
# Icons, colours and placeholders of Markdown are no words.
MARKUP = re.compile(r":[a-z_]+[:/][a-z_0-9]*:?|:[a-z]+\[|\{[^}]*\}|[^A-Za-z:]+|:")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_text_stands_bare(path: Path) -> None:
    bare = list(_bare_texts(ast.parse(path.read_text())))
    assert bare == [], f"wrap these in _(): {bare}"


def test_the_check_itself_finds_a_bare_text() -> None:
    page = 'st.title("Hello")\nst.button(_("Fine"), help="Not fine")\nst.caption(f":red[{x}]")'
    assert list(_bare_texts(ast.parse(page))) == ["Hello", "Not fine"]


def test_translators_find_the_texts_of_pages_and_of_the_core() -> None:
    keywords = {"_": None, "N_": None, "n_": (1, 2)}
    found: set[str] = set()
    for folder in ("pages", "ui", "goals_core"):
        for _name, _line, message, *_rest in extract_from_dir(PROJECT / folder, keywords=keywords):
            found.add(message if isinstance(message, str) else message[0])
    assert {"Overview", "Sync now", "This must be a number.", "Nobody changes their own target; ask"
            " someone who manages goals."} <= found  # fmt: skip
    assert len(found) > 200


def _bare_texts(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _is_streamlits(call.func):
            shown = [*call.args[:1], *(k.value for k in call.keywords if k.arg in SHOWN)]
            for argument in shown:
                words = "".join(_constants(argument))
                if MARKUP.sub("", words):
                    yield words


def _is_streamlits(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "st"
        and function.attr not in UNSEEN
    )


def _constants(argument: ast.expr) -> Iterator[str]:
    """The literal parts of a text or f-string; what is called or formatted in is another's."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.JoinedStr):
        for part in argument.values:
            yield from _constants(part)
