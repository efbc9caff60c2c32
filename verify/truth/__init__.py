"""What a task should yield: truth, noise, and the kinks it comes near.

In goes a task; out comes its baseline, which all adapters are held against.
"""
