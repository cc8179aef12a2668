"""Who comes in: tokens, single sign-on, sessions, and the role that each address takes."""
