"""Sources that are asked about an applicant, each behind the same interface (base.py).

They stand between services and selectors: a service asks them outside every transaction, because some of
them call other machines; those that look into our own tables open the MAR's scope themselves.
"""
