"""What facts that change are asked by, in the words of a description and of a question.

"Price and units in stock of a product" tells of price and stock; "how much is the AX-100?" asks for
a price. English first, then the words that German, French and Spanish shoppers use. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_I = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class Topic:
    """``told`` finds it in descriptions and in the names of fields, ``asked`` in questions."""

    name: str
    told: re.Pattern[str]
    asked: re.Pattern[str]


PLACED = frozenset({"order", "ticket"})
"""Topics that are asked by words for any place or state ("where is"): a question that gives no
value has to name the thing too."""


def _topic(name: str, told: str, asked: str) -> Topic:
    return Topic(name, re.compile(rf"(?:{told})", _I), re.compile(rf"(?:{asked})", _I))


TOPICS: tuple[Topic, ...] = (
    _topic(
        "price",
        r"\b(?:unit|list|net|gross|sale|current)?pri(?:ce|x|cing)s?\b|\bcosts?\b|\bpreise?\b"
        r"|\bprecios?\b|\bkosten\b|\btarif\w*\b|\bamount\b",
        r"\bprices?\b(?! (?:lists?|tags?|formats?|labels?|match))|\bpriced\b"
        r"|\b(?:do|does|will|would|did) .{1,60}\bcost\b|\bcosts?\b(?! of)"
        r"|\bcost of (?=the|an?|\w*\d)"
        r"|\bhow much (?:is|are|'s|for|was|does it cost|do they cost|would .{1,40} cost|money)\b"
        r"|\bhow much (?:(?:the|an?|this|that|these|those) [\w-]+|[\w-]*\d[\w-]*)"
        r" (?:is|are|costs?)\b"
        r"|\bhow much (?:do|does|would|will|must|should) (?:i|we|one) (?:have to )?pay\b"
        r"|\bwhat(?:'s| is| are| does| do) .{1,40}\bgo(?:ing|es)? for\b"
        r"|\bhow much (?:would|will) .{1,40}\bbe\b(?=\W*$)|\bset (?:me|us|one) back\b"
        r"|\bhow much\W*$|\bwhat (?:do|does|would) .{1,40}\b(?:charge|cost)\b"
        r"|\b(?:cheaper|expensive)\b(?! to\b)|\bwie ?viel (?:muss|soll) ich\b.{0,40}\bzahlen\b"
        r"|\bpreis\w*\b|\bkostet\b|\bkosten\b|\bwie teuer\b|\bwie ?viel (?:kostet|ist|macht)\b"
        r"|\b(?:le|quel|du) prix\b|\bprix\b|\bcombien (?:co[uû]te|est|vaut)\b|\bco[uû]te\b"
        r"|\bprecio\b|\bcu[eé]sta\w*\b|\bcu[aá]nto (?:cuesta|vale|es)\b",
    ),
    _topic(
        "stock",
        r"\b(?:in)?stock\w*\b|\binventory\b|\bavailab\w*\b|\bunits\b|\bquantity\b|\bqty\b"
        r"|\bon ?hand\b|\blager\w*\b|\bbestand\b|\bverf[uü]gbar\w*\b|\blieferbar\w*\b"
        r"|\bvorr[aä]tig\b|\bdisponib\w*\b|\bexistencias\b",
        r"\b(?:(?:the|your) )?stock (?:levels?|of|left|for)\b"
        r"|\b(?:in|out of|have|any|current|your|the) stock\b"
        r"|\bdo you (?:still |currently )?have (?:the |an? |any )?[\w-]*\d[\w-]*"
        r"(?: left| now| today| there| on hand)?\W*$"
        r"|\b(?:habt ihr|haben sie|hast du|gibt es) (?:noch )?(?:den |die |das |eine?n? )?"
        r"[\w-]*\d[\w-]*(?: noch)?(?: da)?\W*$"
        r"|\bstock (?=[\w-]*\d)|\bstocks?\b(?=\W*$)|\bstock\b(?= and| or|,)"
        r"|\b(?:un)?availab(?:le|ility)\b"
        r"(?! (?:in (?!stock|store)|as|with|via|through|on|to|for)\b)"
        r"|\bhow many\b.{0,60}\b(?:left|in stock|available|remain\w*|you (?:still )?have)\b"
        r"|\bhow many\W*$|\bunits? left\b|\bsold out\b|\bback ?order\w*\b|\bleft\b(?=\W*$)"
        r"|\b(?:auf|am|an) lager\b|\blagerbestand\b|\bbestand\b|\bverf[uü]gbar\w*\b"
        r"|\blieferbar\b|\bvorr[aä]tig\b|\bausverkauft\b|\bwie ?viele\b.{0,40}\b(?:noch|da|habt)\b"
        r"|\ben stock\b|\bdisponib(?:le|ilit[eé]|ilidad)s?\b|\bagotad[oa]\b",
    ),
    _topic(
        "order",
        r"\borders?\b|\bshipments?\b|\bdeliver\w*\b|\bparcels?\b|\bpackages?\b|\btracking\b"
        r"|\bbestellung\w*\b|\bsendung\w*\b|\blieferung\w*\b|\bcommandes?\b|\bpedidos?\b",
        r"\b(?:order|delivery|shipment|shipping|parcel|package|tracking)(?:'s)?"
        r" (?:status|state|progress)\b|\b(?:status|state|whereabouts) of\b|\bwhere(?:'s| is| are)\b"
        r"|\b(?:any (?:news|updates?)|updates?|check) (?:on|about|for)\b"
        r"|^(?:please )?track\b|\b(?:can|could) you (?:please )?track\b|\bhas .{1,40}\b(?:shipped"
        r"|arrived|left|been (?:shipped|sent|delivered|dispatched))\b|\bwhen (?:will|does|is|are)\b"
        r".{1,60}\b(?:arriv\w*|come|coming|deliver\w*|ship\w*|get here|be here)\b"
        r"|\b(?:shipped|delivered|dispatched|sent)(?: yet)?(?=\W*$)"
        r"|\bis .{1,40}\b(?:on (?:its|the) way"
        r"|shipped|delivered|dispatched)\b|\bstatus\b|\bwo (?:ist|sind|bleibt)\b|\bwann kommt\b"
        r"|\b(?:versandt|verschickt|geliefert|unterwegs)\b|\bo[uù] (?:est|sont)\b"
        r"|\bd[oó]nde est[aá]n?\b|\bestado de\b",
    ),
    _topic(
        "ticket",
        r"\btickets?\b|\bcases?\b|\bincidents?\b|\bissues?\b|\brequests?\b|\bvorg[aä]ng\w*\b",
        r"\b(?:status|state|progress) of\b|\bstatus\b|\b(?:is|are|was) .{1,50}\b(?:open|closed"
        r"|fixed|resolved|solved|done|assigned|in progress)\b"
        r"|\bwho (?:is|'s) (?:working on|assigned)\b"
        r"|\bany (?:news|update|progress)\b|\bupdate on\b|\bstand (?:von|der|des|zu)\b",
    ),
    _topic(
        "service",
        r"\boutages?\b|\buptime\b|\bhealth\b"
        r"|\b(?:service|system|server|site)s?'? (?:status|state)\b"
        r"|\bstatus of (?:the |our |a )?(?:service|system|server|site)s?\b"
        r"|\b(?:is|are) (?:up|down|running|online|reachable)\b|\bup or down\b",
        r"\b(?:is|are) .{1,50}\b(?:down|up|online|offline|running|reachable|working)\b(?=\W*"
        r"(?:right now|now|today|again|at the moment|currently)?\W*$)|\boutages?\b|\bstatus\b"
        r"|\bst[oö]rung\w*\b|\bausfall\b",
    ),
    _topic(
        "balance",
        r"\bbalances?\b|\bcredits?\b|\bpoints\b|\bguthaben\b|\bkontostand\b|\bsaldo\b|\bsolde\b",
        r"\bbalance\b|\bhow (?:much|many) .{0,20}\b(?:credits?|points|left)\b|\bguthaben\b"
        r"|\bkontostand\b|\bsaldo\b|\bsolde\b",
    ),
    _topic(
        "weather",
        r"\bweather\b|\btemperatures?\b|\bforecast\b|\bwetter\b",
        r"\bweather\b|\btemperatures?\b|\bhow (?:warm|cold|hot)\b|\b(?:rain|snow|sunn|wind)\w*\b"
        r"|\bwetter\b|\bwie (?:warm|kalt)\b",
    ),
    _topic(
        "rate",
        r"\bexchange\b|\brates?\b|\bkurse?\b|\bwechselkurs\w*\b",
        r"\bexchange\b|\brates?\b|\bworth\b|\bconvert\w*\b|\b(?:wechsel)?kurs\b",
    ),
    _topic(
        "waiting",
        r"\bqueues?\b|\bwait(?:ing)?\b|\bwarte\w*\b",
        r"\bqueue\b|\bhow long .{0,30}\b(?:wait|line)\b|\bwaiting times?\b|\bwarte(?:zeit|n)\b",
    ),
    _topic(
        "places",
        r"\bseats?\b|\bslots?\b|\bappointments?\b|\brooms?\b|\btables?\b|\bbookings?\b"
        r"|\bvacanc\w+\b|\btermine?\b",
        r"\b(?:free|available|open|any|next|left)\b.{0,30}\b(?:seats?|slots?|appointments?|rooms?"
        r"|tables?|spots?)\b|\b(?:seats?|slots?|appointments?|rooms?|tables?|spots?)\b.{0,30}"
        r"\b(?:free|available|left|open)\b|\bfrei\w*\b|\bn[aä]chste[rn]? termin\b",
    ),
)

ABOUT_DOING = re.compile(
    r"\bhow (?:do|can|could|should|would|shall|does one|to)\b(?! (?:i|we) (?:pay|owe)\b)"
    r"(?!.{0,60}\bcost\b)(?!.{0,20}\bmuch\b)"
    r"|^why\b|\bwhy (?:is|are|was|were|does|do|did|has|have)\b|\bwhat (?:happens|if)\b"
    r"|\b(?:polic(?:y|ies)|includ(?:e[sd]?|ing)|guarantee[ds]?|negotiab\w*|history|calculat\w+"
    r"|formula|procedure|instructions?|api|webhook|endpoint|csv|export|import)\b"
    r"|\b(?:set|chang(?:e|ed|ing)|updat(?:e|ed|ing)|edit|configur\w+|enter|add|remov\w+|cancel\w*"
    r"|return|refund|exchange an?|match|lower|raise|reduce|notif\w+|alert)\b"
    r"(?=.{0,40}\b(?:prices?|stock|order|status|ticket|notification|alert)\b)"
    r"|\bwie (?:kann|muss|soll|wird|werden)\b|\bwarum\b|\bwieso\b|\bpourquoi\b|\bcomment\b"
    r"|\bc[oó]mo\b|\bpor qu[eé]\b",
    _I,
)
"""A question about how a thing is done, why, or by which rule: documents tell that."""

PARTS = frozenset(
    """accessory accessories adapter attachment battery batteries bundle cable case charger cover
    deposit discount filter filters hose installation insurance inspection instruction instructions
    kit labour lid lease licence license maintenance manual part parts pipe plan postage refill
    refills rental repair repairs replacement replacements returns seal service servicing shipping
    spare spares subscription support tax training upgrade vat warranty delivery
    versand versandkosten reparatur ersatzteil ersatzteile zubehor garantie lieferung miete
    wartung steuer rabatt kabel deckel akku livraison reparation garantie accessoire envio
    reparacion repuesto manuals handbook brochure""".split()
)
"""Things of a product that have a price and a stock of their own, or a rule in a document."""

INCLUDED = frozenset(
    """warranty guarantee manual manuals handbook brochure instructions garantie handbuch
    anleitung""".split()
)
"""Things that come with a product and have no price beside its own."""

GENERIC = frozenset(
    """a an the and or of for in on at to is are it its they them this that these those there here
    product products item items article articles thing things one ones model unit units piece
    pieces code number id name current currently now right moment today still left any exactly
    actual actually latest live just please tell show check find look give know want need
    buy purchase order get have has had can could would you your me my i we our us do does did
    what which how much many when where who be been shop store online real time also both each
    approximately about roughly per much long state status value produkt artikel ware stuck der die
    das den dem des ein eine einen einer und oder ist sind gerade jetzt aktuell aktuelle aktueller
    aktuellen noch heute wie viel viele was wo wann welche welcher welches haben habt hat sie ihr
    ihre es gibt bitte mir mal fur von zu zur zum im auf am an mit ich wir le la les un une de du et
    ou est sont en quel quelle combien actuel actuelle maintenant encore el los las una y o es esta
    cual cuanto cuantos actual ahora todavia hay""".split()
)
"""Words that say nothing about what is asked for."""
