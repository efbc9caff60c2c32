"""What a case file may ask for at most: refused as ``LimitExceeded`` before anything is built.

The numbers are far above what honest cases need and low enough that any file, whoever wrote it,
is answered within a second.
"""

from __future__ import annotations

#: Bytes of one case file.
FILE_BYTES = 1_000_000
#: Values in one case file, aliases counted as often as they are used.
NODES = 100_000
#: Keys of one mapping.
ENTRIES = 2_000
#: Mappings and lists inside one another.
NESTING = 32
#: Characters of one text value that is no program.
TEXT = 4_000
#: Characters of a program.
PROGRAM_CHARACTERS = 50_000
#: Brackets, operators and blocks inside one another in a program.
EXPRESSION_DEPTH = 60
#: Instructions, loop turns, and truths and tensors to look at, over all the programs and sweep
#: points of one file.
INSTRUCTIONS = 50_000
#: Points of one sweep.
POINTS = 1_000
#: Training steps.
STEPS = 10_000
#: Dimensions of one tensor, as NumPy allows.
DIMENSIONS = 64
#: Elements of one tensor, and what shapes and sizes in a program may multiply to.
ELEMENTS = 2**24
#: Arrays of one archive.
MEMBERS = 10_000
#: Elements of all the tensors of a case at one point.
CASE_ELEMENTS = 2**23
#: Elements of all the tensors of a file, at all the points of its sweeps.
DRAWN = 2**25
#: Elements of a case's tensors and of all its variables' values, at one point.
VALUES = 2**24
#: Steps (see ``refimpl.costs``) of one pass over every case of a file at every point, which is what
#: ``lint`` computes: about a second.
WORK = 10**9
#: The same of cases that come with the package as large: some ten seconds.
LARGE_WORK = 10**11
#: Steps of a whole run of a file: every training step at every point and dtype. Some hours.
RUN = 10**13
#: Steps of the truth of one task, all its training steps together: some minutes.
TASK = 3 * 10**11
#: How often a run computes what ``lint`` does once: truth, noise, frameworks, diagnosis.
PASSES = 10
#: Rows of a random symmetric or orthogonal matrix, which take cubic time to draw.
FACTORED_ROWS = 512
#: Magnitude of whole numbers, those that constant arithmetic makes included.
INTEGER = 2**63
#: Faults of one file, after which no more are looked for.
FAULTS = 200
