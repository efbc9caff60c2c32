"""Case files as pytest's tests.

In go YAML files that pytest meets; out come items, failures as tables, and a report of the session.
``hooks`` sits in everybody's pytest and imports nothing heavy.
"""
