"""What a user means by paths, names and options; the nearest name for what is misspelt.

In go words of the command line or of Python; out come files, cases and adapters.
"""
