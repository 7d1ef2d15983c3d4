"""Where reconcilers live: units, workflows and documents that call `reconcile --once` again and again.

All of it is text that is made from a `Hosted`, and none of it is put into place here.
"""
