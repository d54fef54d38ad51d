"""Keys at work: the vault, the key store apart, master keys, and their rotation."""
