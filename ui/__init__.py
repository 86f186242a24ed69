"""What the pages share: sign-in, words and numbers, feedback, charts and tables."""
