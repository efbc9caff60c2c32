"""The page of a run: one file that has every row in it and draws what is asked for.

``sheets``   what a page says of a case beside its rows, handed in by whoever knows cases
``index``    cases, and a line for each task in each adapter: what a matrix is drawn of
``rows``     every comparison, column by column
``packing``  both, small enough to stand in a page
``proved``   what an agreement is worth: what was proved, how sharply, what was not compared
``lines``    which line of a case's text a row speaks of
``history``  the runs that one folder has seen
"""
