"""Things of a kind: one put for another makes a subtle error. Written for this purpose."""

# ruff: noqa: E501 - one line a kind

from __future__ import annotations

_GROUPS = """
red blue green yellow black white brown orange purple pink grey gold silver
father mother brother sister son daughter uncle aunt cousin grandfather grandmother nephew niece wife husband
doctor nurse dentist lawyer engineer teacher carpenter pilot journalist architect accountant pharmacist surgeon therapist
actor director producer screenwriter composer singer dancer drummer guitarist comedian cinematographer
king emperor prince duke count pope bishop governor mayor president senator minister ambassador chancellor
dog cat horse cow sheep goat pig rabbit wolf fox bear lion tiger mouse rat bird fish snake
chicken beef pork lamb fish shrimp turkey tofu
pizza pasta burger sandwich salad soup sushi taco steak curry noodles
coffee tea beer wine juice milk water soda
apple banana orange lemon grape cherry strawberry mango peach
potato tomato carrot onion cabbage pepper spinach cucumber bean
breakfast lunch dinner brunch dessert
guitar piano violin drums trumpet flute saxophone cello banjo bass
football basketball baseball soccer tennis hockey golf cricket rugby volleyball
car truck bus train bicycle motorcycle boat ship plane helicopter tram ferry
house apartment castle palace hotel school hospital church museum library prison factory theatre restaurant station
river lake ocean sea mountain valley desert forest island beach canyon glacier volcano
wood stone iron steel copper gold silver glass plastic leather concrete brick paper cotton silk
oxygen hydrogen nitrogen carbon helium iron sodium calcium sulfur
heart liver lung kidney brain stomach skin bone muscle eye ear nose
arm leg hand foot knee shoulder neck finger toe elbow
novel poem play film song album essay biography memoir comic documentary sitcom
comedy drama thriller horror romance musical western
rock jazz blues pop country classical folk reggae punk disco
painting sculpture drawing photograph poster mural
army navy police militia
war battle siege revolution rebellion strike election treaty truce
city village province county state district kingdom empire republic colony
spring summer autumn winter
goalkeeper defender midfielder striker quarterback linebacker pitcher catcher
professor student lecturer librarian janitor
lawyer judge prosecutor juror witness defendant
murder robbery fraud arson theft kidnapping assault
cancer diabetes asthma influenza malaria pneumonia arthritis hepatitis
fever cough headache nausea rash fatigue dizziness
surgery chemotherapy radiation medication vaccination physiotherapy
deductible copayment coinsurance premium
dental vision medical prescription
hearing vision
vaccine antibiotic painkiller vitamin
vacation holiday weekend
wedding funeral birthday graduation
bride groom
lawsuit petition appeal complaint
mortgage loan lease rent pension dividend
gas electricity coal oil solar nuclear wind
flood earthquake hurricane drought wildfire tornado avalanche
physics chemistry biology mathematics astronomy geology economics philosophy history psychology
bank insurer retailer manufacturer publisher airline brewery
button menu tab icon slider checkbox link banner dialog
file folder directory archive disk
password username token passphrase certificate key
server client database browser firewall router proxy
function class method variable module parameter property object array
string integer boolean array hashtable
property method event
import export backup restore
email text phone chat fax
monitor keyboard mouse printer scanner
installer updater uninstaller
error warning notification prompt
settings dashboard profile inbox homepage
country region city language browser device
pageview visitor session event conversion
subscription invoice receipt refund coupon discount voucher
credit debit cash
shipping billing warranty repair
administrator owner editor viewer guest moderator
minute hour day week month year decade century
inch foot yard mile
left right
clockwise counterclockwise
adult child teenager infant toddler
boy girl
triangle square circle rectangle hexagon
copper bronze brass
lawyers doctors teachers engineers farmers soldiers merchants priests sailors miners
students teachers parents employers
women men children
Christians Muslims Jews Hindus Buddhists
""".strip().splitlines()

SIBLINGS: dict[str, list[str]] = {}
for _line in _GROUPS:
    for _word in _line.split():
        SIBLINGS.setdefault(_word, []).extend(w for w in _line.split() if w != _word)


def plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun if noun.endswith("s") else noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeou" else noun + "s"


PLURALS: dict[str, list[str]] = {
    plural(word): [plural(w) for w in others]
    for word, others in SIBLINGS.items()
    if not word.endswith("s")
    and word not in ("gold", "foot", "wood", "gas", "man", "child", "fish")
}


def siblings(word: str) -> list[str]:
    """Others of the word's kind, in its number; nothing for a word of no kind."""
    return SIBLINGS.get(word) or PLURALS.get(word) or []
