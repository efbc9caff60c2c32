"""Update rules.

Each module holds one idea; here they become one table by name. A rule is a row of data: to add
one, add its row.
"""

from __future__ import annotations

from .adam import ADAM, ADAMW
from .rule import UpdateRule
from .sgd import SGD

#: name → row.
RULES: dict[str, UpdateRule] = {rule.name: rule for rule in (SGD, ADAM, ADAMW)}
