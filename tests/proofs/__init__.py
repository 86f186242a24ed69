"""The proofs of tracking: the engine beside a computation that shares nothing with it.

`things`, `expected` and `shares` are the independent side, told from the specification alone; the
others write histories, read what the engine made of them and compare.
"""
