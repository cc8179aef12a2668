"""What the web pages need from the application, one module for a room (``typing.Protocol``)."""
