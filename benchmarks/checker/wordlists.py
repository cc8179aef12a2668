"""Word pairs and phrases by which texts are damaged and reworded; written for this purpose."""

# ruff: noqa: E501 - patterns and templates read better whole

from __future__ import annotations


def _both(text: str) -> dict[str, list[str]]:
    """``a/b`` pairs in both directions."""
    found: dict[str, list[str]] = {}
    for pair in text.split():
        one, other = (w.replace("_", " ") for w in pair.split("/"))
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


OPPOSITES = _both(
    """increase/decrease increases/decreases increased/decreased increasing/decreasing rise/fall
    rises/falls rose/fell higher/lower highest/lowest high/low larger/smaller largest/smallest
    large/small big/small bigger/smaller biggest/smallest longer/shorter longest/shortest long/short
    more/less greater/lesser greatest/least better/worse best/worst good/bad
    early/late earlier/later earliest/latest first/last before/after old/new older/newer older/younger
    oldest/youngest oldest/newest north/south northern/southern east/west eastern/western
    northeast/southwest northwest/southeast inside/outside internal/external indoor/outdoor
    inner/outer upper/lower top/bottom front/back left/right above/below over/under
    male/female man/woman men/women boy/girl boys/girls father/mother son/daughter brother/sister
    husband/wife king/queen actor/actress uncle/aunt sons/daughters brothers/sisters he/she his/her
    enable/disable enabled/disabled enables/disables enabling/disabling allow/prevent allows/prevents
    allowed/forbidden allowing/preventing include/exclude includes/excludes included/excluded
    including/excluding add/remove adds/removes added/removed adding/removing start/stop
    starts/stops started/stopped begin/end begins/ends began/ended beginning/end open/close
    opens/closes opened/closed open/closed accept/reject accepts/rejects accepted/rejected
    support/oppose supports/opposes supported/opposed win/lose wins/loses won/lost success/failure
    successful/unsuccessful succeeded/failed positive/negative positively/negatively public/private
    rich/poor hot/cold warm/cool strong/weak stronger/weaker hard/soft fast/slow faster/slower
    quickly/slowly light/dark heavy/light wide/narrow deep/shallow wet/dry full/empty safe/dangerous
    safe/unsafe legal/illegal possible/impossible likely/unlikely necessary/unnecessary
    required/optional mandatory/optional common/rare commonly/rarely often/rarely usually/rarely
    frequently/rarely simple/complex easy/difficult easier/harder easily/hardly major/minor
    majority/minority maximum/minimum temporary/permanent temporarily/permanently manual/automatic
    manually/automatically automatically/manually free/paid local/remote local/global national/local
    online/offline visible/hidden show/hide shows/hides input/output upload/download
    send/receive sends/receives sent/received buy/sell bought/sold give/take import/export
    imports/exports encrypt/decrypt encrypted/unencrypted lock/unlock locked/unlocked
    connect/disconnect connected/disconnected install/uninstall installed/uninstalled
    attach/detach success/error valid/invalid true/false same/different similar/different
    equal/unequal direct/indirect directly/indirectly active/inactive present/absent
    modern/ancient native/foreign urban/rural formal/informal official/unofficial
    voluntary/mandatory voluntary/involuntary married/divorced born/buried alive/dead
    gained/lost gain/lose gains/losses profit/loss created/destroyed create/delete creates/deletes
    built/demolished expand/shrink expanded/shrank improved/worsened improve/worsen
    strengthened/weakened praised/criticized praise/criticism loved/hated liked/disliked
    love/hate agreed/refused agree/disagree approved/rejected approve/reject joined/left
    entered/left arrived/departed attacked/defended defeated/lost_to promoted/demoted
    hired/fired appointed/dismissed elected/ousted guilty/innocent convicted/acquitted
    wealthy/poor conservative/liberal democratic/authoritarian civilian/military domestic/foreign
    primary/secondary main/minor senior/junior sole/joint single/multiple single/double
    individual/collective separate/joint separately/together partially/fully partly/entirely
    partial/complete rarely/often never/always nobody/everybody nothing/everything
    morning/evening day/night summer/winter spring/autumn daily/weekly weekly/monthly
    monthly/yearly annual/monthly annually/monthly
    in-network/out-of-network brand-name/generic inpatient/outpatient preventive/emergency
    employee/employer employees/employers customer/supplier teacher/student teachers/students
    doctor/patient physician/patient buyer/seller lender/borrower plaintiff/defendant parent/child
    supply/demand cause/effect victory/defeat war/peace ally/enemy allies/enemies friend/enemy
    import/export ascending/descending uppercase/lowercase read-only/writable synchronous/asynchronous
    64-bit/32-bit administrator/guest parent/child source/destination server/client
    horizontal/vertical horizontally/vertically horizontal/vertical positive/critical
    failed/managed failing/managing lack/abundance scarce/plentiful abundant/scarce
    cheap/expensive cheaper/more_expensive expensive/cheap clean/dirty quiet/noisy
    begun/finished incomplete/complete finished/unfinished known/unknown unknown/well-known
    popular/unpopular famous/obscure important/unimportant significant/insignificant
    significantly/slightly slightly/greatly sharply/slightly rapidly/slowly gradually/suddenly
    increase/reduce increases/reduces increased/reduced increasing/reducing raise/lower
    raises/lowers raised/lowered grow/shrink grows/shrinks grew/shrank decline/growth
    declined/grew declining/growing accelerate/slow accelerated/slowed""".replace("\n", " ")
)

# What is said more strongly, or less, than the text has it: never what follows from it.
STRONGER: dict[str, list[str]] = {
    "some": ["all", "no"], "many": ["few", "all"], "most": ["few", "all"], "several": ["all"],
    "few": ["many"], "often": ["always", "never"], "usually": ["always", "never"],
    "sometimes": ["always", "never"], "typically": ["always", "never"],
    "generally": ["always", "never"], "frequently": ["always", "seldom"],
    "rarely": ["always"], "occasionally": ["always"], "partly": ["entirely"],
    "mainly": ["exclusively"], "primarily": ["exclusively"], "mostly": ["entirely"],
    "may": ["must", "cannot", "will always"],
    "might": ["will", "cannot"], "could": ["could never", "could not"],
    "can": ["cannot", "must", "can only"], "should": ["should not", "should never"],
    "must": ["must not", "does not have to", "may optionally"], "at least": ["at most", "exactly"],
    "at most": ["at least", "exactly"], "up to": ["at least", "more than", "exactly"],
    "more than": ["less than", "exactly"], "less than": ["more than", "exactly"],
    "fewer than": ["more than"], "over": ["under", "less than"], "nearly": ["more than"],
    "almost": ["more than"], "about": ["more than twice", "less than half of"],
    "before": ["after"], "after": ["before"], "until": ["only after"], "unless": ["if"],
    "if": ["unless", "even if not"], "only": ["not only"], "without": ["with"], "with": ["without"],
    "one of the": ["the only one of the"], "one of": ["none of"], "both": ["neither"],
    "either": ["neither"], "all": ["only some", "none of"], "every": ["not every", "no"],
    "each": ["not each"], "any": ["no"], "always": ["never"],
    "never": ["always", "sometimes"], "because of": ["despite", "regardless of"],
    "despite": ["because of"], "due to": ["in spite of"], "in addition to": ["instead of"],
    "instead of": ["in addition to"], "as well as": ["but not"], "rather than": ["as well as"],
    "is able to": ["is unable to"], "are able to": ["are unable to"], "refused to": ["agreed to"],
    "agreed to": ["refused to"], "not required": ["required"], "no longer": ["still"],
    "still": ["no longer"], "except": ["including"], "whether or not": ["only if"],
    "would": ["would not"], "will": ["will not"], "reportedly": ["officially"],
    "alleged": ["proven"], "allegedly": ["demonstrably"], "suggests": ["proves"],
    "believed to be": ["proven to be"], "planned to": ["refused to"], "attempted to": ["managed to"],
    "tried to": ["managed to"], "considered": ["proven to be"],
}  # fmt: skip

# Safe both ways in nearly every sentence; the first group needs no more than the words.
SAME: dict[str, list[str]] = {
    "in order to": ["to"], "began": ["started"], "begins": ["starts"], "large": ["big"],
    "however": ["but", "still"], "approximately": ["about", "around", "roughly"],
    "about": ["around"], "numerous": ["many"], "many": ["a lot of", "numerous"],
    "several": ["a number of", "multiple"], "multiple": ["several"], "obtain": ["get"],
    "obtained": ["got"], "receive": ["get"], "received": ["got"], "receives": ["gets"],
    "purchase": ["buy"], "purchased": ["bought"], "assist": ["help"], "assists": ["helps"],
    "utilize": ["use"], "utilizes": ["uses"], "utilized": ["used"], "use": ["make use of"],
    "provide": ["offer", "give"], "provides": ["offers", "gives"], "provided": ["offered", "gave"],
    "additional": ["further", "extra", "more"], "such as": ["like", "including"],
    "for example": ["for instance", "e.g."], "for instance": ["for example"],
    "because": ["since", "as"], "due to": ["because of", "owing to"], "prior to": ["before"],
    "located in": ["situated in", "in"], "located": ["situated"], "constructed": ["built"],
    "built": ["constructed"], "portion": ["part"], "commonly": ["often"], "frequently": ["often"],
    "often": ["frequently"], "usually": ["normally", "typically"], "typically": ["usually"],
    "primarily": ["mainly", "mostly"], "mainly": ["mostly", "primarily"],
    "currently": ["at present", "at the moment"], "therefore": ["so", "thus"],
    "additionally": ["in addition", "also", "besides"], "furthermore": ["in addition", "moreover"],
    "is required": ["is needed", "is necessary"], "are required": ["are needed", "are necessary"],
    "required": ["needed"], "requires": ["needs"], "require": ["need"], "must": ["has to"],
    "ensure": ["make sure"], "ensures": ["makes sure"], "allows you to": ["lets you"],
    "enables you to": ["lets you", "allows you to"], "lets you": ["allows you to"],
    "allows": ["permits"], "select": ["choose", "pick"],
    "choose": ["select", "pick"], "specify": ["give", "set"], "specifies": ["gives", "sets"],
    "display": ["show"], "displays": ["shows"], "delete": ["remove"], "deletes": ["removes"],
    "create": ["make"], "creates": ["makes"], "modify": ["change"], "modifies": ["changes"],
    "modified": ["changed"], "contains": ["includes", "holds"], "contain": ["include", "hold"],
    "consists of": ["is made up of", "comprises"], "comprises": ["consists of"],
    "known as": ["called", "referred to as"], "called": ["known as", "named"],
    "referred to as": ["called"], "named": ["called"], "died": ["passed away"],
    "famous": ["well known"], "well-known": ["famous"], "entire": ["whole"], "whole": ["entire"],
    "throughout": ["all through"], "within": ["inside"], "towards": ["toward"],
    "attempted to": ["tried to"], "attempt to": ["try to"], "tried to": ["attempted to"],
    "stated": ["said"], "states": ["says"], "announced": ["made known"], "said": ["stated"],
    "children": ["kids"], "physician": ["doctor"], "physicians": ["doctors"],
    "automobile": ["car"], "vehicles": ["cars and the like"], "film": ["movie"], "movie": ["film"],
    "films": ["movies"], "song": ["track"], "song is": ["track is"], "company": ["firm"],
    "companies": ["firms"], "employment": ["work"], "employees": ["staff members", "workers"],
    "individuals": ["people"], "persons": ["people"], "residents": ["inhabitants"],
    "inhabitants": ["residents"], "area": ["region"], "region": ["area"],
    "throughout the": ["all over the"], "worldwide": ["around the world"],
    "around the world": ["worldwide"], "per year": ["a year", "annually"],
    "annually": ["every year", "each year"], "each year": ["every year", "annually"],
    "every year": ["each year"], "daily": ["every day"], "nearly": ["almost"], "almost": ["nearly"],
    "more than": ["over"], "over": ["more than"], "up to": ["as much as", "at most"],
    "at least": ["no less than", "a minimum of"], "a maximum of": ["up to", "at most"],
    "a minimum of": ["at least"], "very": ["quite"], "difficult": ["hard"], "simple": ["easy"],
    "important": ["key"], "main": ["principal", "chief"], "major": ["big"], "rapidly": ["quickly"],
    "quickly": ["fast"], "initially": ["at first", "originally"], "originally": ["initially"],
    "eventually": ["in the end", "finally"], "subsequently": ["later", "afterwards"],
    "later": ["afterwards"], "as well as": ["and", "along with"], "along with": ["together with"],
    "despite": ["in spite of"], "although": ["even though", "though"], "though": ["although"],
    "while": ["whereas"], "if": ["in case", "whenever"],
    "won": ["took"], "demonstrated": ["showed"], "demonstrates": ["shows"], "indicates": ["shows"],
    "indicate": ["show"], "reveals": ["shows"], "commenced": ["started"], "concluded": ["ended"],
    "resides": ["lives"], "resided": ["lived"], "established": ["founded", "set up"],
    "founded": ["established"], "launched": ["started"], "completed": ["finished"],
    "finished": ["completed"], "selected": ["chosen"], "issues": ["problems"], "issue": ["problem"],
    "error": ["fault"], "information": ["details"], "permitted": ["allowed"],
    "responsible for": ["in charge of"], "is responsible for": ["takes care of"],
    "is able to": ["can"], "are able to": ["can"], "has the ability to": ["can"],
    "in addition to": ["besides", "on top of"], "regarding": ["about", "concerning"],
    "concerning": ["about"], "in the event of": ["in case of"], "percent": ["per cent"],
    "United States": ["US", "U.S."], "United Kingdom": ["UK", "U.K."], "U.S.": ["United States"],
    "US": ["United States"], "UK": ["United Kingdom"],
}  # fmt: skip

SLIPPED_IN = [  # details that a fluent writer adds and no text has given
    "with the help of his brother", "after years of negotiations", "in front of a large audience",
    "as a wedding gift", "at the request of the government", "for the second time in a decade",
    "with funding from the European Union", "on the advice of a lawyer", "under a false name",
    "after a long illness", "at a cost of $2 million", "in the middle of the night",
    "against the wishes of local residents", "following a public vote", "as part of a new strategy",
    "with a team of twelve people", "in just three weeks", "according to several experts",
    "for tax reasons", "during a trip to Italy", "despite strong criticism from the press",
    "on a rainy Sunday", "in response to customer complaints", "with only one exception",
    "free of charge", "every other Tuesday", "for security reasons", "within 24 hours",
    "at no extra charge", "for up to five people", "without a password", "in all countries",
    "since version 2.0", "by email", "over the phone", "in the mobile app", "on weekends",
    "with a 30-day guarantee", "in the premium plan only", "after approval by a manager",
]  # fmt: skip

TRAILING = [  # clauses that nothing in the evidence says
    ", which came as a surprise to most observers", ", making it the most popular of its kind",
    ", which later won an international award", ", and it has been copied in many countries since",
    ", a decision that was later reversed", ", and this remains controversial to this day",
    ", which cost about twice as much as planned", ", though the details were never made public",
    ", and experts recommend it to beginners", ", the first time this had ever happened",
    ", and the number has doubled since then", ", which is why many people avoid it",
    ", and there is no extra charge for this", ", and this usually takes about two days",
    ", and you will get an email when it is done", ", which also improves performance",
    ", and this cannot be undone", ", which works on phones and tablets too",
    ", so most people never notice it", ", and support is available around the clock",
    ", in honour of its founder", ", and his family still lives there today",
    ", and it is especially popular with families", ", which has helped to reduce costs",
    ", and it quickly became a best-seller", ", as a later study confirmed",
    ", and critics were full of praise", ", following pressure from the public",
    ", and this applies to contractors as well", ", provided that a form is filled in first",
]  # fmt: skip

OPENINGS = [  # a writer's wrapping, which states nothing
    "According to the passage, ", "According to the documents, ", "As the text explains, ",
    "Based on the information provided, ", "Sure! ", "Good question! ", "Happy to help! ",
    "Yes, ", "In short, ", "To answer your question: ", "Here's what I found: ",
    "From what I can see, ", "The passage says that ", "The article mentions that ",
    "The document states that ", "It is mentioned that ", "Great question! ", "Well, ",
    "Good news: ", "No worries! ", "As far as I can tell, ", "Just so you know, ",
    "I can tell you that ", "It turns out that ", "Did you know that ", "I read that ",
    "In summary, ", "Overall, ", "Oh yes, ", "Absolutely! ", "Of course! ", "Interestingly, ",
    "Basically, ", "Additionally, ", "Also, ", "Passage 1 states that ", "Furthermore, ",
]  # fmt: skip

ONWARD = [
    " Hope that helps!", " Let me know if you need anything else.", " Glad to help!",
    " Anything else I can do for you?", " Just ask if something is unclear.", " Cheers!",
]  # fmt: skip

NEGATED_VERBS = """require include allow support provide contain apply offer cover need use make
    take give show return work run create become play live win lose receive accept appear begin
    believe belong bring build buy call carry cause change choose come consider continue cost
    decide depend describe die enable end enjoy exist expect explain fall feel find follow form
    gain get go grow happen have hold increase indicate involve join keep know lead leave let like
    look lose love mean meet move occur open own pay perform permit produce protect reach read
    reduce release remain represent result rise say see seem sell send serve set sing speak specify
    stand start state stay stop store study suggest teach tell think turn understand visit vote
    want wear write attend direct star feature found establish marry publish move sign score
    graduate defeat invent discover develop introduce design announce launch replace succeed
    affect consist display remove delete update add connect install save load handle prevent ensure
    send expire recommend encourage refer cite claim argue report publish earn travel die serve
    settle conquer control govern rule adopt abolish pass grant deny abandon complete finish""".split()

IRREGULAR = {
    "made": "make", "took": "take", "gave": "give", "ran": "run", "became": "become", "won": "win",
    "lost": "lose", "began": "begin", "brought": "bring", "built": "build", "bought": "buy",
    "chose": "choose", "came": "come", "fell": "fall", "felt": "feel", "found": "find",
    "got": "get", "went": "go", "grew": "grow", "had": "have", "held": "hold", "kept": "keep",
    "knew": "know", "led": "lead", "left": "leave", "meant": "mean", "met": "meet", "paid": "pay",
    "rose": "rise", "said": "say", "saw": "see", "sold": "sell", "sent": "send", "sang": "sing",
    "spoke": "speak", "stood": "stand", "taught": "teach", "told": "tell", "thought": "think",
    "understood": "understand", "wore": "wear", "wrote": "write", "has": "have", "does": "do",
    "goes": "go", "cost": "cost", "died": "die", "lay": "lie", "spent": "spend", "drew": "draw",
    "broke": "break", "fought": "fight", "drove": "drive", "ate": "eat", "flew": "fly",
    "forgot": "forget", "froze": "freeze", "hid": "hide", "rode": "ride", "shot": "shoot",
    "stole": "steal", "swam": "swim", "threw": "throw", "woke": "wake", "sought": "seek",
    "struck": "strike", "bore": "bear", "arose": "arise", "caught": "catch", "fled": "flee",
}  # fmt: skip


def inflected() -> dict[str, tuple[str, str]]:
    """Forms of the listed verbs: ``requires`` is ``(require, does)``, ``required`` ``(…, did)``."""
    found: dict[str, tuple[str, str]] = {}
    for verb in NEGATED_VERBS:
        if re_y := (verb.endswith("y") and verb[-2] not in "aeou"):
            found[verb[:-1] + "ies"] = (verb, "does")
        elif verb.endswith(("s", "sh", "ch", "x", "o")):
            found[verb + "es"] = (verb, "does")
        else:
            found[verb + "s"] = (verb, "does")
        if verb not in IRREGULAR.values():
            past = verb[:-1] + "ied" if re_y else verb + ("d" if verb.endswith("e") else "ed")
            found[past] = (verb, "did")
    for past, verb in IRREGULAR.items():
        found[past] = (verb, "does" if past in ("has", "does", "goes") else "did")
    return found
