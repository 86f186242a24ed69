"""Tables, and the rules that need no database."""
