"""The people of an account: who they are, how they prove it, and what their browsers hold."""
