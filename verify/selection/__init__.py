"""What a user means by paths, names, texts, mappings and options; the nearest to a misspelt name.

In go words of the command line or of Python; out come files, cases and adapters.
"""
