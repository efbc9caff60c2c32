"""An adapter goes in, sentences that say where it breaks the interface come out.

``tasks``     the small tasks that it is given
``traces``    what is found against a trace
``checking``  the whole of it: ``check(adapter)``
"""

from .checking import Report, check

__all__ = ["Report", "check"]
