"""Steps and kernels that start warm: forked from a process that has already imported what they will import.

nursery.py   the process that forks; it never runs a thread, and computes nothing
client.py    the engine's side: asks the nursery for a step
kernel.py    the step's side: hands its kernel, which was forked with it, what it needs to begin
preload.py   which libraries are imported ahead

Unix with pidfds only (Linux); anywhere else steps start as usual. Measured and proposed in the design note 004.
"""
