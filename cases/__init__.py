"""From a YAML file to tasks: a file becomes cases, a case becomes tasks.

``program``  the parsed text, as data
``task``     what an adapter runs
"""
