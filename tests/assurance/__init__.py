"""What is shipped: its list, its licences, and what is known against it. No part of the bot."""
