"""What is sent to mailboxes and channels, against real servers on this machine."""
