"""A DataFrame of results becomes tables, pages, files, and differences between runs.

``columns``      the columns, and a frame that has them
``summary``      what a frame says, counted and sorted
``digest``       the short view of it, for a prompt and a notebook
``sections``     that as tables of texts, for the renderers
``markdown``, ``html``, ``console``, ``plain``, ``as_text``   the renderers
``files``        the files of a report;  ``reading``  reads them back
``pages``        what a run's page holds beside its tables;  ``ci``  annotations, SARIF, JUnit
``differences``  what changed between two runs

Nothing is imported here: each module is asked for by itself, and only when it is needed.
"""
