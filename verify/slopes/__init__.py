"""The reference's forward pass, measured: slopes, both sides of a kink, how near one is.

In go a task and a tensor's name; out comes a slope, a kink, or None where nothing is to be relied
on. No VJP is asked here.
"""
