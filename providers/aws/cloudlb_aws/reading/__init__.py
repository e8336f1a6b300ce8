"""What AWS describes, in the terms of our resources: one file a kind. Reads only.

Values are normalised so that what was applied compares equal to its design.
"""
