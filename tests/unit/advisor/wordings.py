"""Wordings with slips and in other orders, written without a look at the families of words."""

from __future__ import annotations

from tests.unit.advisor.use_cases import FINE_TUNING, HYBRID, RAG

BEFORE: dict[str, tuple[str, tuple[str, ...]]] = {
    "code generation": (FINE_TUNING, (
        "We want to autocomplete calls to our private SDK in the IDE",
        "our in-house libraries are unknown to public models, developers need snippets "
        "that compile against them",
        "a copilot that writes scripts agianst our internal APIs",
        "generate boilerplate for the company's proprietary framework",
    )),
    "translation": (FINE_TUNING, (
        "translating manuals German to English with our own glossary",
        "localise product texts into 12 languages using the terms our firm coined",
        "trasnlation of contracts with company-specific terminology",
        "our proprietary terminology must come out right when documents are translated",
    )),
    "branded content": (FINE_TUNING, (
        "produce thousands of product descriptions a week in our brand tone",
        "marketing copy in bulk that sounds exactly like us",
        "newsletters and ads at scale, always on-brnad",
        "write social media posts in the house style, ten thousand a month",
    )),
    "clinical": (FINE_TUNING, (
        "help doctors diagnose by fixed criteria",
        "support clinicians in diagnosis; the criteria hardly ever change",
        "diagnotic decision support for physicians following stable guidelines",
        "suggest likely diagnoses from symptoms according to established criteria",
    )),
    "finance": (FINE_TUNING, (
        "analyse company filings with our proprietary valuation method",
        "our analysts have an own methodology for rating bonds and the model should apply it",
        "finacial analysis by the methods our fund developed",
        "credit risk assessment following our in-house scoring approach",
    )),
    "sql": (FINE_TUNING, (
        "turn natural language into SQL for our data warehouse with 900 tables",
        "write database queries against a complicated internal schema",
        "text to sql over our messy legacy databse",
        "business users ask in plain English and get queries on our complex schema",
    )),
    "small": (FINE_TUNING, (
        "classify incoming emails into 8 folders, millions a day, must be cheap and fast",
        "a tiny quick model that only tags tickets, at high volume",
        "one narow task at scale: extract invoice numbers with low latency",
        "sentiment labelling of reviews with a small model in huge numbers",
    )),
    "support": (RAG, (
        "answer customers' questions from help articles that change every week",
        "a support bot over our product documentation, which is updated with each release",
        "custmer support, docs are edited all the time",
        "our knowledge base for clients keeps changing and the helpdesk bot must keep up",
    )),
    "legal": (RAG, (
        "find precedents and case law for our attorneys",
        "lawyers look up rulings and statutes",
        "leagl research across court decisions",
        "help our solicitors search judgments",
    )),
    "medical literature": (RAG, (
        "search PubMed papers and summarise what studies say",
        "answer from the newest medical publications",
        "review of clinical studies for reserachers",
        "keep doctors informed on published trials",
    )),
    "enterprise": (RAG, (
        "employees ask about our internal wiki",
        "one place to search Confluence, SharePoint and Google Drive for staff",
        "enterprise knowlege search",
        "find things in our company's intranet",
    )),
    "news": (RAG, (
        "answer questions on breaking news",
        "a bot that talks about today's headlines",
        "news as it hapens, live",
        "current events assistant for our readers",
    )),
    "regulatory": (RAG, (
        "watch new regulations and tell compliance what changed",
        "track changes in the law for our compliance officers",
        "montior regulatory updates from the authorities",
        "follow what supervisors publish on banking rules",
    )),
    "hr": (RAG, (
        "employees ask how many vacation days they have under our policy",
        "HR questions: parental leave, benefits, travel rules",
        "answer staff on the employe handbook",
        "questions to human resources about our policies",
    )),
    "millions": (RAG, (
        "we have four million PDFs and want answers from them",
        "a huge archive of several million documents",
        "search over millons of files",
        "an enormous document collection that nobody can read",
    )),
    "auditors": (RAG, (
        "we are a regulated bank and auditors want to see where answers come from",
        "every answer has to hold up in an audit",
        "heavily regulatd insurance company, external auditors check us",
        "the regulator may ask us to prove the source of every statement",
    )),
    "no invention": (RAG, (
        "it must never invent a fact",
        "zero tolerance for hallucinations",
        "made-up facts are unaceptable",
        "we cannot afford a single false claim",
    )),
    "days": (RAG, (
        "it has to be live in three days",
        "we need it running next week, there is no time",
        "must be deployd within days",
        "launch is on Monday",
    )),
    "budget": (RAG, (
        "we have hardly any money for this",
        "a non-profit with a small budget",
        "tight budgt, we can spend very little",
        "the cheapest thing to start with",
    )),
    "new to AI": (RAG, (
        "we have never done anything with AI",
        "first steps with language models, no machine learning people here",
        "our company is new to artifical intelligence",
        "nobody here has experience with AI",
    )),
    "customer service": (HYBRID, (
        "customer service in our warm brand voice with today's prices and stock; we have "
        "a team for both",
        "reply to clients in our tone of voice from current policies",
        "customer srevice where voice must be consistent and the facts current",
        "service agents' assistant: always our style, always the latest terms",
    )),
    "shop": (HYBRID, (
        "shop assistant that sounds like our brand and knows the current catalogue",
        "e-commerce advisor with our personality and up to date prices",
        "online sotre helper with brand voice and live inventory",
        "help shoppers choose products: consistent persona, current stock",
    )),
    "healthcare": (HYBRID, (
        "patient support with an empathetic consistent voice and current treatment information",
        "a clinic's assistant for patients: always gentle in tone, with up-to-date information",
        "healthcare suport where both a consistent tone and current facts matter",
        "answer patients kindly, in one voice, from guidance that is updated often",
    )),
}  # fmt: skip
"""86 of these 92 got the article's answer at the first try."""

AFTERWARDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "code generation": (FINE_TUNING, (
        "helping our engineers program against frameworks that exist only in our firm",
        "unit tests and client stubs generated for our bespoke backend interfaces",
    )),
    "translation": (FINE_TUNING, (
        "our termbase has 9,000 entries and every interpreted text has to respect it "
        "when we go from French to Polish",
        "software localisation where our house terms must be kept",
    )),
    "branded content": (FINE_TUNING, (
        "ghostwrite blog posts by the hundred that nobody could tell from ours in tone",
        "ad slogans and captions, our signature style, several thousand per quarter",
    )),
    "clinical": (FINE_TUNING, (
        "triage of radiology images' reports by criteria that stay the same for years",
        "second opinion for a doctor's diagnosis, rules of thumb seldom revised",
    )),
    "finance": (FINE_TUNING, (
        "investment memos written the way our proprietary framework demands",
        "judge loan applications with the bank's own underwriting playbook",
    )),
    "sql": (FINE_TUNING, (
        "our ERP schema has 2,000 cryptic tables; analysts want to query it in English",
        "natural-language reporting: produce correct SQL for an undocumented Oracle schema",
    )),
    "small": (FINE_TUNING, (
        "route 5 million messages a month to the right queue by intent, milliseconds matter",
        "a lightweight model that extracts addresses and nothing else, at huge volume",
    )),
    "support": (RAG, (
        "clients ask us things that stand in manuals which are revised every month",
        "first-line support chat based on FAQ pages that marketing keeps rewriting",
    )),
    "legal": (RAG, (
        "which court decided what, and in which paragraph: for our litigation department",
        "paralegals need quick answers from case files and statutes",
    )),
    "medical literature": (RAG, (
        "what do the latest randomised trials say about a drug",
        "oncologists want summaries of recent journal articles",
    )),
    "enterprise": (RAG, (
        "new colleagues should find out how things are done here from our Notion",
        "our engineers look for runbooks and past incident reports",
    )),
    "news": (RAG, (
        "what happened in the world in the last hour",
        "a newsroom tool for journalists following a running story",
    )),
    "regulatory": (RAG, (
        "alert our compliance team when a directive is amended",
        "keep up with rule changes by the financial authority",
    )),
    "hr": (RAG, (
        "how do I apply for paternity leave? Questions like that",
        "self-service for staff on payroll, sick days and pensions",
    )),
    "millions": (RAG, (
        "12 million scanned pages in our archive should become answerable",
        "a petabyte of technical reports",
    )),
    "auditors": (RAG, (
        "the audit department must be able to trace every sentence",
        "pharma under strict supervision: provenance of statements is mandatory",
    )),
    "no invention": (RAG, (
        "the bot may not make anything up, ever",
        "wrong answers that sound right would ruin us, so no guessing",
    )),
    "days": (RAG, (
        "demo for the board on Thursday, then live",
        "we only have 4 days",
    )),
    "budget": (RAG, (
        "there's barely any money left this year",
        "low-cost pilot, our funds are limited",
    )),
    "new to AI": (RAG, (
        "this is our very first AI project",
        "we're total beginners with machine learning",
    )),
    "customer service": (HYBRID, (
        "callers should always hear the same friendly personality, and what it says "
        "about tariffs must be up to date; budget for both exists",
        "support chat in our distinctive brand voice, answers from the live knowledge base",
    )),
    "shop": (HYBRID, (
        "a boutique's online adviser with charming character, aware of today's availability",
        "retail chatbot: on-brand in tone and never wrong about current prices",
    )),
    "healthcare": (HYBRID, (
        "a hospital's patient line: calm and caring in tone, current on opening hours "
        "and treatments",
        "health insurer's helper for patients, consistent warm voice, facts that are always fresh",
    )),
}  # fmt: skip
"""Written when the first were mended: 44 of 46 at the first try."""
