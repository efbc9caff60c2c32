"""One operation or update rule at a time, given the adapter's own inputs and cotangents.

In go a task, an adapter and what it yielded; out comes what is off by its own doing, and how far.
"""
