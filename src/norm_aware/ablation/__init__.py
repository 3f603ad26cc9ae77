"""Which side to normalise in training: the 2x2 and further arms, each measured under every scoring."""
