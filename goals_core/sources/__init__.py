"""What goals can be tracked from: the catalogue, filters, measures and their daily facts."""
