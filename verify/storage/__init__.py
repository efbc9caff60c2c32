"""What outlives a task or a run: finished rows, the user's cache, and the keys they are found by.

In go rows under a key that covers all they depend on; out they come, whole or not at all.
"""
