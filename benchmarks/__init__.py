"""How fast Chewbotta is, beside plain code that does the same."""
