"""Records on their way into the cache, and what is derived of them in the same transaction."""
