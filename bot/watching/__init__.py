"""The standing watch: the measures of live turns by week, and whether one of them got worse."""

from bot.watching.drops import Drop, Rules, drops
from bot.watching.figures import Figure, figure, figures

__all__ = ["Drop", "Figure", "Rules", "drops", "figure", "figures"]
