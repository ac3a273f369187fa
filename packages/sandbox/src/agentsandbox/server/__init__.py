"""The tool server that runs inside every box: standard library only, Python 3.9 and later.

It is sent into the box as source over its own stream, so a box needs nothing of ours installed. Nothing here may import
from outside of this folder and the standard library, except pytest and coverage, which the box brings.
"""
