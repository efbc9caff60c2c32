"""The errors this project raises, one tree.

``GradparityError``
    ``BadCase``         a case file, or what it says, is wrong
    ``LimitExceeded``   a case file asks for more than the stated limits allow
    ``Unsupported``     an adapter cannot express what a case asks for
        ``Randomness``  a user's own code draws random numbers, which two sides never share
    ``AdapterFailed``   a framework raised while it ran a task
    ``BadUsage``        a command or a call was given something it cannot use
    ``MissingFramework``  a framework is not installed
"""

from __future__ import annotations


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
    """A framework raised, or handed back something that is no trace."""


class BadUsage(GradparityError):
    """A command or a function was given something it cannot use."""


class BadCase(GradparityError):
    """A case says something that cannot be run.

    ``where`` is ``FILE:LINE:COLUMN`` when the fault's place is known.
    """

    def __init__(self, message: str, where: str = "") -> None:
        self.message, self.where = message, where
        super().__init__(f"{where}: {message}" if where else message)


class LimitExceeded(BadCase):
    """A case asks for more than a stated limit: refused before anything is built."""


class MissingFramework(GradparityError):
    """A framework is not installed: reported once, and the others run."""
