"""The trainer: runs in a process, and mostly in a Python, of its own.

Its interpreter has the packages of the extra ``train`` and need not have Wellspoken's: nothing in
here imports anything of ours from outside this folder, and torch is imported where it is used.
"""
