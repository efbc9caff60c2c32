"""From a trace and a baseline to rows of verdicts.

In go a trace and a baseline, which make comparisons; out come verdicts on these, with what the case
expects and records. Why a row fails is not asked here.
"""
