"""The article's use cases in many wordings: half to work with, half that were held back."""

from __future__ import annotations

FINE_TUNING, RAG, HYBRID = "fine-tuning", "rag", "hybrid"

SEEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "code generation": (FINE_TUNING, (
        "Code generation for our internal APIs",
        "An assistant that writes code against our in-house SDK",
    )),
    "translation": (FINE_TUNING, (
        "Translation with proprietary terminology",
        "Translate our manuals into German with our own glossary",
    )),
    "branded content": (FINE_TUNING, (
        "Branded content at scale",
        "Writing thousands of product descriptions a day in our brand voice",
    )),
    "clinical diagnosis": (FINE_TUNING, (
        "Clinical diagnosis support on criteria that change slowly",
        "Help doctors diagnose by criteria that are revised rarely",
    )),
    "financial analysis": (FINE_TUNING, (
        "Financial analysis by proprietary methods",
        "Analyse companies by our own valuation model",
    )),
    "sql": (FINE_TUNING, (
        "SQL over complex internal schemas",
        "Turn questions into queries against our warehouse with 900 tables",
    )),
    "narrow task": (FINE_TUNING, (
        "A small fast model for one narrow task at scale",
        "Classify ten million tickets a month by intent, cheaply and with low latency",
    )),
    "customer support": (RAG, (
        "Customer support over changing documents",
        "Answer customers' questions from help pages that are updated every week",
    )),
    "legal research": (RAG, (
        "Legal research",
        "Find precedents and statutes for our lawyers",
    )),
    "medical literature": (RAG, (
        "Questions on the medical literature",
        "Searching clinical studies and journals for oncologists",
    )),
    "enterprise knowledge": (RAG, (
        "Enterprise knowledge base",
        "Employees search our intranet, Confluence and wikis",
    )),
    "live news": (RAG, (
        "Live news",
        "Questions about today's headlines",
    )),
    "regulatory monitoring": (RAG, (
        "Regulatory monitoring",
        "Keep track of new compliance rules as they are published",
    )),
    "hr": (RAG, (
        "HR policy questions",
        "Employees ask how much parental leave they get",
    )),
    "millions of documents": (RAG, (
        "Millions of documents",
        "Search an archive of 40 million pages",
    )),
    "auditors": (RAG, (
        "A regulated industry with auditors",
        "A bank whose auditors check every answer",
    )),
    "no invention": (RAG, (
        "No tolerance for invented facts",
        "It must never make anything up",
    )),
    "days": (RAG, (
        "We have days to deploy",
        "It has to be live by Friday",
    )),
    "budget": (RAG, (
        "A tight budget",
        "We have very little money to start with",
    )),
    "new to ai": (RAG, (
        "A company new to AI",
        "This is our first AI project and we have no data scientists",
    )),
    "customer service": (HYBRID, (
        "Customer service where both a consistent voice and current facts matter",
        "Support customers in our brand voice with prices that are always up to date",
    )),
    "shop assistant": (HYBRID, (
        "A shop assistant with a consistent voice and current facts",
        "An online store's assistant that sounds like us and knows today's stock",
    )),
    "healthcare support": (HYBRID, (
        "Healthcare support where a consistent voice and current facts both matter",
        "Patients are answered warmly, in the same tone, from the latest guidelines",
    )),
}  # fmt: skip
"""The wordings that the word families were made with."""

HELD_BACK: dict[str, tuple[str, tuple[str, ...]]] = {
    "code generation": (FINE_TUNING, (
        "Autocomplete for developers that knows our private framework's functions",
        "Generating Python scripts that call the company's proprietary services",
    )),
    "translation": (FINE_TUNING, (
        "Localising software into Japanese, keeping the firm's own technical vocabulary",
        "A translator for patents that uses our in-house terms consistently",
    )),
    "branded content": (FINE_TUNING, (
        "Mass production of marketing copy that always keeps our tone",
        "Newsletters, ads and social media posts in house style, hundreds a day",
    )),
    "clinical diagnosis": (FINE_TUNING, (
        "Suggest diagnoses from symptoms following stable diagnostic criteria",
        "Radiology triage with fixed criteria",
    )),
    "financial analysis": (FINE_TUNING, (
        "Score credit risk with the bank's in-house methodology",
        "Our analysts' own framework applied to earnings reports",
    )),
    "sql": (FINE_TUNING, (
        "Text-to-SQL for our ERP with hundreds of undocumented tables",
        "Let analysts ask the database in English; our schemas are intricate",
    )),
    "narrow task": (FINE_TUNING, (
        "Extract invoice fields millions of times per day with a tiny model",
        "One repetitive labelling task, high volume, milliseconds matter",
    )),
    "customer support": (RAG, (
        "A helpdesk bot for product manuals that get revised with each release",
        "Resolve support tickets from a knowledge base that keeps moving",
    )),
    "legal research": (RAG, (
        "A tool for attorneys to look up case law",
        "Search court rulings and legislation for litigation",
    )),
    "medical literature": (RAG, (
        "Summarise the newest PubMed papers on a disease",
        "What do published trials say about a drug? Physicians want to ask that",
    )),
    "enterprise knowledge": (RAG, (
        "Company-wide question answering over SharePoint",
        "Staff look things up in runbooks and internal documentation",
    )),
    "live news": (RAG, (
        "Summaries of breaking stories for a newsroom",
        "A bot that tells readers what is happening in current affairs",
    )),
    "regulatory monitoring": (RAG, (
        "Tell the compliance team when legislation changes",
        "Watch for updates of banking regulation and explain them",
    )),
    "hr": (RAG, (
        "Answering staff about benefits, payroll and holidays",
        "A human resources bot for the employee handbook",
    )),
    "millions of documents": (RAG, (
        "Our corpus is enormous: several million PDFs",
        "A huge library of technical reports",
    )),
    "auditors": (RAG, (
        "We are in insurance and every statement must be traceable for the regulator",
        "A pharmaceutical firm that gets audited and must show its sources",
    )),
    "no invention": (RAG, (
        "Hallucinations are unacceptable",
        "Zero fabricated claims, please; a made-up statement would be a disaster",
    )),
    "days": (RAG, (
        "Launch within three days",
        "We need this running by next week",
    )),
    "budget": (RAG, (
        "Our budget is very limited",
        "We cannot afford training and want to start as cheaply as possible",
    )),
    "new to ai": (RAG, (
        "We have never used language models before",
        "Our organisation is just starting out with machine learning",
    )),
    "customer service": (HYBRID, (
        "A bot for subscribers: our personality in every answer, and tariffs that change daily",
        "Client support, on-brand and accurate about the latest policies",
    )),
    "shop assistant": (HYBRID, (
        "A retail chatbot with a distinct persona that knows live inventory and prices",
        "Shopping help for our boutique: on-brand, and right about what is available today",
    )),
    "healthcare support": (HYBRID, (
        "A hospital's patient line: an empathetic style, and current visiting hours and guidelines",
        "Telehealth help with a reassuring brand voice and up-to-date medical information",
    )),
}  # fmt: skip
"""Wordings that were looked at only when the families were done."""
