"""How much goes into one call."""

RULES_A_CALL = 100
"""EC2 documents no number of its own; the default quota of a group is 60."""

TARGETS_A_CALL = 200
"""AWS documents no number; 200 is what its own controller sends."""
