"""Discord: the community bot on discord.py."""
