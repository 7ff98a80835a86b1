"""What a program writes in place of a text or a binary value that it cannot show."""

from __future__ import annotations

import re

_LONGEST = 200  # characters

# Names of types, and addresses in memory: Java, .NET, JavaScript.
_OBJECT = re.compile(
    r"\[[BC]@[0-9a-f]{1,16}"
    r"|(?:[a-z]\w*\.)+[A-Z]\w*(?:\$\w+)?@[0-9a-f]{1,16}"
    r"|System\.(?:Byte|Char)\[\]|System\.__ComObject"
    r"|\[object [A-Z]\w*\]",
    re.ASCII,
)

# Python, the clients of databases, and Excel.
_SHOWN = re.compile(
    r"<(?:memory|[\w.]+ object) at 0x[0-9a-f]{1,16}>"
    r"|[(<\[](?:(?:long )?binary data|(?:n|huge)?[bc]lob|memo)[)>\]]"
    r"|#(?:name\?|value!|ref!|n/a)",
    re.ASCII | re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """Return whether a text is only a placeholder, such as ``[B@27308eb0`` or ``<Binary data>``."""
    text = text.strip() if len(text) <= _LONGEST else ""
    return _OBJECT.fullmatch(text) is not None or _SHOWN.fullmatch(text) is not None
