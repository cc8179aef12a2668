"""The command ``wellspoken``. Heavy modules are imported inside the commands that need them."""
