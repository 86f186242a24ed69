"""The worker: what is done without anybody asking, by a queue that PostgreSQL itself keeps."""
