"""What pages need to speak: the core's words and numbers, and text that Markdown leaves alone."""

import re

from goals_core.wording import (
    CATALOGUES,
    Wording,
    _,
    n_,
    name,
    say,
    speak,
    speak_in,
    spoken,
)

__all__ = [
    "CATALOGUES",
    "Wording",
    "_",
    "md",
    "n_",
    "name",
    "say",
    "speak",
    "speak_in",
    "spoken",
]

# Inside "://" and after "www": what Markdown takes for the beginning of a web address.
_ADDRESS = re.compile(r"(?<=:/)(?=/)|(?<=www)(?=\.)", re.IGNORECASE)


def md(text: str) -> str:
    """Text that Markdown shows exactly as it is; for every sink that reads Markdown.

    A web address would become a link even so: a sign without width keeps it from that.
    """
    text = _ADDRESS.sub("\N{WORD JOINER}", text)
    return "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in text)
