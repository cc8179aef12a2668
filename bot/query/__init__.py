"""Follow-up questions to stand-alone search queries: pure, without a model.

A first question stays as it is. A follow-up that leans on its thread ("And the MG-400?", "How
much is it?", "What are the side effects?") gets what it leaves out: the pronoun replaced, the
same-typed entity exchanged in the question before, or the topic put after it in brackets. One
that stands alone stays.
"""

from bot.query.rewriting import RuleRewriter, agrees, may_lean, rewrite

__all__ = ["RuleRewriter", "agrees", "may_lean", "rewrite"]
