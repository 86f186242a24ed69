"""The product's name and pictures."""

import base64

from goals_core.config import PROJECT

NAME = "Goals"
# As text: Streamlit puts it into the page, so that it shows before anyone has signed in.
LOGO = (PROJECT / "static" / "logo.svg").read_text()
MARK = (PROJECT / "static" / "mark.svg").read_text()


def picture(size: int) -> str:
    """The mark as HTML, that many pixels wide."""
    data = base64.b64encode(MARK.encode()).decode()
    return f'<img alt="" width="{size}" height="{size}" src="data:image/svg+xml;base64,{data}">'
