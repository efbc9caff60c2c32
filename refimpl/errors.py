"""The errors this project raises, one tree.

``GradparityError``
    ``BadCase``         a case file, or what it says, is wrong
    ``LimitExceeded``   a case file asks for more than the stated limits allow
    ``Unsupported``     an adapter cannot express what a case asks for
        ``Randomness``  a user's own code draws random numbers, which two sides never share
    ``AdapterFailed``   a framework raised while it ran a task
        ``Poisoned``    and nothing can be computed any more in the process
    ``BadUsage``        a command or a call was given something it cannot use
    ``MissingFramework``  a framework is not installed
"""

from __future__ import annotations

import re
from typing import Any

#: What a terminal acts on, or what turns the order of a line around; line breaks and tabs are none.
UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def printable(text: str) -> str:
    """A text whose unprintable characters are written as escapes, as ``ascii`` does."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


class GradparityError(Exception):
    """The root: catch this to catch every error the project raises on purpose."""


class Unsupported(GradparityError):
    """An adapter cannot express this: counted and shown, never hidden."""


class Randomness(Unsupported):
    """A user's own code draws random numbers, which two sides never share.

    ``where`` says where, as far as that is known.
    """

    def __init__(self, message: str, where: str = "") -> None:
        self.message, self.where = message, where
        super().__init__(f"{where}: {message}" if where else message)


class AdapterFailed(GradparityError):
    """A framework raised, or handed back something that is no trace.

    ``at`` is the instruction of the program that was computed, where that is known: it has a
    ``line`` and a ``column``, from 1 and 0 where it stands in no file, and its ``text``.
    """

    def __init__(self, message: str = "", at: Any = None) -> None:
        super().__init__(message)
        self.at = at


class Poisoned(AdapterFailed):
    """A framework raised, and can compute nothing any more in the process that it did so in."""


class BadUsage(GradparityError):
    """A command or a function was given something it cannot use."""


class BadCase(GradparityError):
    """A case says something that cannot be run.

    ``where`` is ``FILE:LINE:COLUMN`` when the fault's place is known.
    """

    def __init__(self, message: str, where: str = "") -> None:
        # a file's name may have several lines, of which one could pass for a fault of another
        message, where = printable(message), printable(where).replace("\n", "\\n")
        self.message, self.where = message, where
        super().__init__(f"{where}: {message}" if where else message)


class LimitExceeded(BadCase):
    """A case asks for more than a stated limit: refused before anything is built."""


class MissingFramework(GradparityError):
    """A framework is not installed: reported once, and the others run."""


#: Characters of a message that is another's: what a framework says may be a whole listing.
LONGEST_TEXT = 8_000


def text_of(error: BaseException) -> str:
    """What an exception says, whoever wrote it: its text may raise, or be endless."""
    try:
        text = printable(str(error))
    except BaseException as fault:  # noqa: BLE001  no text of a stranger's ends a run
        return f"(whose text cannot be told: it raised {type(fault).__name__})"
    if len(text) > LONGEST_TEXT:
        return f"{text[:LONGEST_TEXT]}… ({len(text)} characters)"
    return text


def described(error: BaseException) -> str:
    """An exception as ``ErrorType: message``, as far as it has one."""
    text = text_of(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
