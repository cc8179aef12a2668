"""Long work under way: what there is to do, who does it, and how operators see it."""
