"""Whether case files are sound: well formed, and proving something; no framework is run.

In go files; out come the sound cases and every fault. What was found sound is remembered.
"""
