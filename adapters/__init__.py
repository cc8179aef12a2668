"""Everything that touches the outside: chat platforms, web, terminal, command line."""
