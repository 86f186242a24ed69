"""One command per claim about speed; each prints ratios, since machines differ."""
