"""Edits: ways in which one operation is commonly written otherwise.

In go an ``Instruction``, the values around it, and what else is known of the other side; out come
``Edit``s, each a few instructions in its place with the words for them. ``forward`` runs what
follows, to see whether an edit makes the numbers of the other side. Nothing here knows of cases or
of users' code: whoever asks decides what it means to reproduce.
"""
