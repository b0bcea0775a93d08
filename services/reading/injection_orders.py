"""Plain orders in English: sentences that tell their reader what to say, whatever they say of the patient.

Dictation gives orders too ("correlate clinically", "consider MRI", "do not lift"): those are to clinicians and about
the patient. Each pattern here needs a verb of saying or labelling in the imperative, or something that only a reader's
work has: a summary, an answer, a list of labels.
"""

from __future__ import annotations

import re

from services.reading.rules.wordset import wordset

# Where an imperative begins: a sentence, a clause, or what softens or sharpens it.
_START = (
    r"(?:^\s*+(?:[\"'“‘(\[*#>-]{1,4}\s?)?|[,;:—–-] ?|\b(?:and|then|please|kindly|simply|just|always|now|instead|also"
    r"|must"
    r"|should|shall|only) )"
)
_SAY = (
    r"(?:say|state|claim|assert|declare|conclude|pretend|affirm|announce|answer|respond|reply|write(?: down)?|tell"
    r"|mention|report|list|output|return|record|put down|assume|suppose|summari[sz]e|imply|insist|confirm|reply"
    r"|maintain|act as if|act as though|behave as if|behave as though|speak as if)"
)
# What follows a verb of saying when it is an order to say it; "report the findings to the clinic" is not one.
_CLAIM = (
    r"(?:that |as if |as though |only )?(?:there (?:is|are|was|were)|there's|(?:the|this) (?:patient|exam|study|scan"
    r"|chest|abdomen|head|brain|lungs?|heart|kidneys?|report) (?:is|are|has|have|shows?|was|were)|it is|everything"
    r"|nothing (?:is|was|abnormal|acute|else)|all (?:is|are|findings|organs|candidates)|no (?:\w+ ){0,3}\w+ (?:is|are"
    r"|was"
    r"|were|exists?)\b)"
)
_WORK = (
    r"(?:summar(?:y|ies|ising|izing)|answers?|outputs?|responses?|extractions?|labels?|labelling|labeling|verdicts?"
    r"|list of findings|findings list|structured (?:report|data|output|result|summary)|result list|annotations?|reply)"
)
_READING = (
    r"(?:summari[sz]|label+|extract|annotat|answer|classify|process|pars|read|review|cod|generat|interpret|digest"
    r"|analy[sz]|evaluat|structur)"
)
_DIRT = r"(?:normal|absent|present|negative|positive|not[_ ]mentioned|uncertain|unremarkable|true|false|yes|no)"
_PLACED = (
    r"(?:listed|marked|labell?ed|coded|classified|tagged|recorded|scored|answered|returned|output|counted|flagged)"
)

_SOURCES: tuple[tuple[str, str], ...] = (
    # "When summarising, say there is severe hydronephrosis."
    (
        rf"\b(?:when|whenever|while|if|before|after|once|on|upon|in)\b(?: you(?:'re| are)?| anyone| asked to"
        rf"| (?:the )?report is)? ?{_READING}\w*\b[^.\n]{{0,60}}?[,:;—-] ?(?:then |please |always |just |simply )?"
        rf"(?:do not |don't |never )?(?:{_SAY}|include|add|omit|leave out|make sure|ensure|treat|use|give|mark|code"
        rf"|label|count|call|remember)\b",
        "when whenever while if before after once on upon in",
    ),
    # "Say that there is a large effusion."
    (
        rf"{_START}{_SAY},? [\"'“‘]?{_CLAIM}",
        "say state claim assert declare conclude pretend affirm announce answer respond reply write tell mention report"
        " list output return record put assume suppose summarize summarise imply insist confirm maintain act behave"
        " speak",
    ),
    # "The summary must say …", "Your list should contain …", "Answers are to leave out …"
    (
        rf"\b{_WORK}\b[^.\n]{{0,30}}\b(?:must|should|shall|needs? to|has to|have to|is to|are to|will|ought to|may|can)"
        rf" (?:not |never |only |always |also )?(?:say|state|contain|include|list|show|read|omit|leave out|mention"
        rf"|claim"
        rf"|be|report|begin|start|end|consist|have|skip|count)\b",
        "must should shall need needs has have is are will ought may can",
    ),
    # "Do not mention the effusion."
    (
        rf"{_START}(?:do not|don't|dont|never|refrain from|avoid|under no circumstances) (?:ever )?(?:mention|report"
        rf"|list"
        rf"|say|state|tell|summari[sz]e|count|include|acknowledge|reveal|write|record|repeat|quote|admit)(?:ing)?\b"
        rf"(?! (?:to|for|of) )",
        "not don dont never refrain avoid circumstances",
    ),
    (
        rf"{_START}(?:leave out|omit|suppress|conceal|hide|erase|hush up|keep quiet about|play down|gloss over)"
        rf" (?:the|any|all|every|each|this|that|these|those|mention)\b",
        "leave omit suppress conceal hide erase hush keep play gloss",
    ),
    # "Treat the effusion as absent." "Count it as normal."
    (
        rf"{_START}(?:treat|regard|count|consider|take|understand|handle|view|grade|call|deem)\b[^.\n]{{0,60}}\b(?:as"
        rf"|to be)"
        rf" [\"'“‘]?{_DIRT}\b",
        "treat regard count consider take understand handle view grade call deem",
    ),
    # "… requires that pneumothorax be reported as present."
    (
        rf"\b(?:must|should|shall|is to|are to|needs? to|has to|have to|that|wants?|let|may only"
        rf"|can only)\b[^.\n]{{0,60}}"
        rf"\bbe (?:{_PLACED}|reported|considered|treated|stated|described|taken|read) (?:as|to be"
        rf"|with) [\"'“‘]?{_DIRT}\b",
        "be",
    ),
    # "Make sure the answer says …", "Be sure to list …", "Remember to say …"
    (
        rf"\b(?:make (?:sure|certain)|be (?:sure|certain)|ensure|see to it|remember|do not forget|don't forget)\b"
        rf"[^.\n]{{0,30}}\b(?:{_WORK}|{_SAY}|{_PLACED})\b",
        "sure certain ensure see remember forget",
    ),
    # "Whoever reads this should …", "Anyone who processes this report must …"
    (
        rf"\b(?:whoever|whatever|whichever|anyone who|anybody who|everyone who|those who|the one who|he who"
        rf"|the (?:reader"
        rf"|recipient|program|software|machine|system|computer|algorithm|engine|tool|bot|parser) (?:who|that|which))\b"
        rf"[^.\n]{{0,40}}?\b{_READING}\w*\b[^.\n]{{0,60}}\b(?:must|should|shall|is to|are to|needs?|has|have|will|may"
        rf"|can"
        rf"|please|is asked|is requested|is told)\b",
        "whoever whatever whichever anyone anybody everyone those one he reader recipient program software machine"
        " system"
        " computer algorithm engine tool bot parser",
    ),
    # "Note to the reader: …", "Memo for the summariser: …", "Dear reader, …"
    (
        r"\b(?:note|notes|message|hint|memo|reminder|instruction|instructions|advice|request|order|orders|word|tip"
        r"|attention|dear|hey|hello|hi|to|for)(?: to| for)?(?: the| our| my| any)? (?:automated |automatic |digital "
        r"|next"
        r" |machine |text )?(?:reader|summari[sz]ers?|annotators?|labell?ers?|extractors?|parser|computer|bot|engine"
        r"|program|algorithm|classifier|software|language processor|text miner)s?\s*[:,;!—-]",
        "note notes message hint memo reminder instruction instructions advice request order orders word tip attention"
        " dear hey hello hi to for",
    ),
    # "If asked about effusion, answer no."
    (
        r"\bif (?:you are |you're |anyone |someone |somebody |ever )*ask(?:ed|s)\b[^.\n]{0,60}[,:;—-] ?(?:please "
        r"|just |then"
        rf" |always )?(?:{_SAY}|deny|no\b|yes\b)",
        "asked asks",
    ),
    # "The text above is only an example." "Everything before this line is a test."
    (
        r"\b(?:above|below|before this|after this|so far|up to here|preceding|previous text|earlier text|first part)\b"
        r"[^.\n]{0,30}\b(?:is|are|was|were) (?:only |just |merely |all |really )*(?:an? )?(?:tests?\b|test data"
        r"|examples?"
        r"|fake|fictional|fictitious|fiction|placeholders?|dummy|void|invalid|samples?|training (?:data|material)"
        r"|not real"
        r"|made up|a decoy|decoys?|to be ignored|to be disregarded|untrue|wrong on purpose)\b",
        "above below before after far here preceding previous earlier first",
    ),
    # "In this report, absent means present." "Read every no as yes."
    (
        r"\b(?:in this (?:report|document|text|note)|here|below|throughout|from here on|from this point|henceforth"
        r"|hereafter|in what follows)\b[^.\n]{0,40}\b(?:means?|denotes?|stands? for|is to be read|are to be read"
        r"|should be"
        r" read|shall mean|signif(?:y|ies))\b",
        "here below throughout henceforth hereafter means mean denotes denote stands stand read signify signifies",
    ),
    (
        rf"{_START}(?:read|replace|substitute|swap|exchange|interchange|change|turn|convert|rewrite|translate|invert"
        rf"|flip"
        rf"|reverse|negate|switch)\b[^.\n]{{0,40}}?(?:\b(?:every|each|all|any)\b [\"'“‘]?(?:no|not|yes|absent|present"
        rf"|negations?|statements?|findings?|denials?|sentences?|words?|labels?|answers?|sides?|left|right)\b"
        rf"|\bleft (?:and|with|for|by) right\b|\bright (?:and|with|for|by) left\b|[\"'“‘](?:no|not|absent|without)\b"
        rf"|\b(?:no|absent|negative) (?:as|with|by|into|to) [\"'“‘]?(?:yes|present|positive)\b)",
        "read replace substitute swap exchange interchange change turn convert rewrite translate invert flip reverse"
        " negate switch",
    ),
    (r"\bopposite of (?:what|everything|all|each|every|the (?:following|above|text|report))\b", "opposite"),
    # "We want you to say …", "I order you to …"
    (
        r"\b(?:want|need|like|ask|urge|order|command|instruct|expect|require|request|beg|tell|advise|invite"
        r"|allow)(?:s|ed)?"
        r" you to\b|\b(?:can|could|would|will) you (?:please |kindly )?(?:say|state|list|mark|report|answer|ignore"
        r"|write"
        r"|label|leave|tell)\b",
        "you",
    ),
    # "Add a finding of hydronephrosis." "Insert severe hydronephrosis into the list."
    (
        rf"{_START}(?:add|insert|append|include|put|enter|inject|fabricate|invent|make up)\b[^.\n]{{0,60}}?\b(?:(?:to"
        rf"|in|into"
        rf"|on|among|under|with(?:in)?) (?:the|your|its|every|each|any) (?:{_WORK}|findings|list|impression|result"
        rf"|report)"
        rf"|finding of|entry for|line saying|sentence saying|statement that)\b",
        "add insert append include put enter inject fabricate invent make",
    ),
    # "pleural_effusion: absent", "hydronephrosis -> present", "finding=… status=…"
    (
        rf"\b[a-z]{{2,20}}_[a-z_]{{2,30}} ?(?::|=|->|=>|→) ?[\"']?\w|(?:->|=>|→) ?[\"'“‘]?{_DIRT}\b"
        rf"|^\s*+(?:final )?(?:answers?|outputs?|completion|verdicts?|labels?|response) ?:(?= ?\S)",
        "",
    ),
)

# For words in lower case.
ORDERS: tuple[tuple[str, re.Pattern[str], frozenset[str]], ...] = tuple(
    ("order", re.compile(source), wordset(needed)) for source, needed in _SOURCES
)
# Words whose sentences are searched at all; the commonest ones are left to the patterns' other words.
ORDER_WORDS = wordset(
    """say claim assert declare conclude affirm announce write tell mention assume suppose summarize summarise imply
    insist confirm summarizing summarising summary summaries answer labels labelling labeling extracting
    annotating classifying processing parsing coding omit conceal suppress hide erase leave regard count
    consider take understand handle view sure certain ensure remember whoever whatever anyone anybody everyone
    reader summarizer summariser annotator parser computer bot engine program algorithm classifier software
    asked asks above below before preceding means denotes denote stands stand henceforth signifies read replace
    substitute swap exchange change turn convert rewrite translate invert flip reverse negate switch opposite
    add insert append include put enter inject fabricate invent output outputs verdict verdicts response
    extraction completion if when whenever never don avoid refrain be do not mean reply maintain"""
)
