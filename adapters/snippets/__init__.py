"""A task goes in, a short Python program that a reader can paste comes out.

``code``        expressions that are written down in place of being computed
``statements``  a program as statements, by the lowerings that run it
``writer``      what stands round them: arrays, training loops, prints
"""
