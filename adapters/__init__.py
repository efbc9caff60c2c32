"""One module a framework: runs a task, hands back a trace.

``base``  the adapter's interface, and the trace
"""
