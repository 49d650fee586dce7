"""What a document costs in docmill, against the least that it could cost and against others.

Only CPU time is measured, and only ratios within one run are compared: both survive a noisy machine.
"""
