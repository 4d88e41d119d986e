"""Templates of HTML, in which every value is escaped."""

import re
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

LONGEST_PART: Final = 24
"""Characters of a part of a name that stay on one line; a longer part is broken."""


def breakable(text: str) -> Markup:
    """Return a name, escaped, that breaks after a sign and not inside a word.

    Args:
        text: The name.
    """
    parts = re.findall(rf"[^\s.:_/-]{{1,{LONGEST_PART}}}[.:_/-]*\s*|[.:_/-]+\s*|\s+", text)
    return Markup("<wbr>").join(map(escape, parts))


def with_code(text: str) -> Markup:
    """Return a sentence, escaped, in which what stands between two backticks is code.

    Args:
        text: The sentence.
    """
    parts = re.split(r"`([^`]+)`", text)
    code = Markup("<code>{}</code>")
    return Markup("").join(
        code.format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


@cache
def environment() -> Environment:
    """Return the environment of the package's templates: autoescape on, unknown names an error."""
    made = Environment(
        loader=PackageLoader("leaderboard", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breakable"] = breakable
    made.filters["with_code"] = with_code
    made.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    return made
