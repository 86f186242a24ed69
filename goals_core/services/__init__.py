"""What the system does, one module per subject; the session comes first, the rest by keyword."""
