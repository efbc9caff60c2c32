"""Update rules.

Each module holds one idea; here they become one table by name. A rule is a row of data: to add
one, add its row.
"""

from __future__ import annotations

from . import adam, beliefs, layers, nesterov, secants, sgd, squares
from .rule import UpdateRule

#: name → row.
RULES: dict[str, UpdateRule] = {
    rule.name: rule
    for module in (sgd, adam, nesterov, squares, beliefs, layers, secants)
    for rule in module.RULES
}
