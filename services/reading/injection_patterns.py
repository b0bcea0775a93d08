"""The patterns of instruction-like text that are searched in a sentence."""

from __future__ import annotations

import re

from services.reading.injection_orders import ORDER_WORDS, ORDERS
from services.reading.rules.wordset import wordset

_STATUS = (
    r"(?:normal|absent|present|negative|positive|not[_ ]mentioned|uncertain|unremarkable|benign|true|false|clear|none"
    r"|ausentes?|presentes?|negativ[oa]s?|normales|positiv[oa]s?|abwesend|vorhanden|unauff[aä]llig|negativ|positiv)"
)
_LABELLING = (
    r"(?:mark|label|classify|report|answer|output|respond|return|set|treat|declare|state|record|code|score|rate|list"
    r"|flag|mention|assign|extract|register|call|tag|grade|consider|write)"
)
_EVERYTHING = r"(?:all|every|each|everything|any|the (?:following )?(?:findings?|candidates?|labels?|answers?|status))"
_MACHINE = (
    r"(?:an? )?(?:a\.?i\.?|llms?|(?:large )?language models?|assistants?|chat ?bots?|chat ?gpt"
    r"|gpt(?:-?\d\w*)?|deepseek"
    r"|claude|llama|gemini|copilot|neural network|machine reader|(?:ai|automated|automatic|machine|nlp) "
    r"(?:reader|system|parser|model|agent|tool|pipeline|annotator|labell?er|extractor))"
)
_RULES = (
    r"(?:instructions?|prompts?|directives?|commands?|guidelines?|guardrails?|system (?:message"
    r"|prompt)|rules|constraints"
    r"|schema|programming|training|policies|orders)"
)
_IGNORE = r"(?:ignore|disregard|forget|override|bypass|skip|discard|neglect|violate|drop|abandon|set aside)"


def _p(pattern: str) -> re.Pattern[str]:
    """A pattern for words in lower case: without regard to case an alternative is ruled out far more slowly."""
    return re.compile(pattern)


def _of_capitals(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# Every sentence pattern needs one of these words or marks; a sentence without any is not searched.
HINTS = (
    wordset(
        """ignore ignoring disregard disregarding forget override bypass skip discard neglect violate abandon aside
    instruction instructions instructed prompt prompts directive directives guidelines guardrails rules
    schema you your yours ai llm llms language assistant assistants chatbot chatgpt gpt deepseek claude
    llama gemini copilot mark label classify answer answers output return respond reply tag code grade
    declare assign register must shall should need needs has have all every each everything any following
    set treat score rate list flag state record not_mentioned mentioned status pretend role roleplay act
    imagine simulate game scenario story jailbreak now system admin administrator developer root security
    emergency secret hidden reveal print repeat leak disclose show end stop finish terminate begin thinking
    reasoning correct labels response expected final gold model reader parser human user opposite character injection
    prompt machine automated nlp neural ignora ignore ignoren ignorar olvida olvide olvidar omita omite
    descarta anula todo todos toda todas como cada caso eres actúa actua actúe finge ahora inteligencia
    asistente nueva nuevas instrucciones tarea debes responde sistema prompt vergiss vergessen ignoriere
    ignorieren missachten missachte verwirf alle alles als nur jede du sie sprachmodell ki neue deine sofort
    nun antworte antworten agiere spiele künstliche systemanweisung systemprompt usuario
    modelo lenguaje deje deja conteste contesta respóndelo respuesta salida json ihre ausgabe antwort hören höre"""
    )
    | ORDER_WORDS
)
MARKS = "<>{}[]`\\#=|%&@_→"

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("override", _p(rf"\b{_IGNORE}\b[^.\n]{{0,60}}\b{_RULES}\b")),
    (
        "override",
        _p(
            rf"\b{_IGNORE}\b (?:all |any )?(?:of )?(?:the |everything |that )?(?:above|previous"
            rf"|prior|preceding|earlier|rest"
            rf"|foregoing|text|content)\b[^.\n]{{0,60}}\b(?:and|then|instead|but|,)\b[^.\n]{{0,20}}\b{_LABELLING}\b"
        ),
    ),
    (
        "override",
        _p(
            rf"\b{_IGNORE}\b (?:all |everything )(?:of )?(?:the )?(?:above|before|previous|prior|you|that came)"
            r"(?![^.\n]{0,30}\b(?:reports?|dictations?|versions?|addend|stud|exam))"
        ),
    ),
    (
        "override",
        _p(r"\b(?:ignore|forget|override|bypass|skip)\b (?:the |this |that |your )?(?:above|foregoing|report|text)\b"),
    ),
    (
        "override",
        _p(
            r"\b(?:new|updated|revised|hidden|secret|real|actual|additional|special|system) (?:instructions?|"
            r"prompt|directives?|task|system message)\b(?! for (?:patient|use))"
        ),
    ),
    (
        "override",
        _p(r"\b(?:system|admin(?:istrator)?|developer|root|security|emergency) (?:override|prompt|mode|command)\b"),
    ),
    (
        "labels",
        _p(
            rf"(?:^|[,;:—-] ?|\b(?:and|then|please|must|should|to|now|simply|just|only|instead|always|you)\b )"
            rf"{_LABELLING} (?:\w+ ){{0,3}}?{_EVERYTHING}\b[^.\n]{{0,60}}(?:\b(?:as|to be|is|are)"
            rf"|:|=) ?[\"'`]?{_STATUS}\b"
        ),
    ),
    (
        "labels",
        _p(
            rf"(?:^|[,;:—-] ?|\b(?:and|then|please|must|should|now|simply|just|always|you)\b )"
            rf"(?:mark|label|classify|tag|flag|code|answer|output|return|set|score|respond)\b(?! (?:up|out|off))"
            rf"[^.\n]{{0,60}}\b(?:as|to|with|=) ?[\"'`]?{_STATUS}\b"
        ),
    ),
    (
        "labels",
        _p(
            rf"\b(?:must|should|shall|need(?:s)? to|has to|have to|are to|is to|will|can) (?:all )?be "
            rf"(?:marked|labell?ed|coded|classified|tagged|listed|set|scored|answered|recorded|returned|reported)"
            rf"\b[^.\n]{{0,30}}\b{_STATUS}\b"
        ),
    ),
    (
        "labels",
        _p(
            r"\b(?:all|every|each) (?:of the )?(?:candidate |listed |other |above )?(?:findings?|candidates?|labels?"
            r"|items?|pathologies|answers?|statuses|diagnoses)\b[^.\n]{0,30}\b(?:are|is|be|=|:"
            r"|as) ?[\"'`]?(?:absent|present|not[_ ]mentioned|uncertain|negative)\b"
        ),
    ),
    (
        "labels",
        _p(
            rf"\bnot_mentioned\b|\bstatus ?[\"']? ?[=:] ?[\"']?{_STATUS}\b|\b\w+ ?== ?[\"']?\w+"
            rf"|=\s?[\"']?(?:absent|present)\b"
        ),
    ),
    (
        "labels",
        _p(
            rf"\bjson\b|\b(?:answer|respond|reply)\b (?:with )?[\"“'`]{_STATUS}[\"”'`]"
            r"|\b(?:respuesta|salida|ausgabe|antwort|answer|output|response)(?: final\w*)?\s*:\s*[\[{\"]"
        ),
    ),
    ("labels", _p(r"\bdo not (?:analy[sz]e|extract|label|flag|list|output|mark|annotate|answer|highlight|disclose)\b")),
    (
        "labels",
        _p(
            r"\b(?:the )?(?:correct|right|expected|final|only valid|gold) (?:answers?|labels?|output|response)\b"
            r"[^.\n]{0,40}\b(?:is|are|:|=|should)"
        ),
    ),
    (
        "machine",
        _p(
            rf"\b(?:dear|attention|hey|hello|hi|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)"
            rf"|listen|calling)(?: the| any| an| a| all)?,? {_MACHINE}\b"
        ),
    ),
    (
        "machine",
        _p(
            r"\b(?:for|to|as)(?: the| any| an| a| all)? (?:ai|language|automated|machine"
            r"|large language) (?:models?|readers?"
            r"|systems?|assistants?|parsers?|agents?|annotators?|reviewers?)\b"
        ),
    ),
    (
        "machine",
        _p(
            rf"\b{_MACHINE}\b[^.\n]{{0,40}}\b(?:must|should|shall|please|instructed|told|ignore|respond|output"
            rf"|answer|obey|comply|need to|are to|is to|has to|will now)\b"
        ),
    ),
    (
        "machine",
        _p(
            r"\byou (?:are|were|will be) (?:now |no longer |hereby )?(?:an? |the |in |dan\b|going|free|being"
            r"|required|instructed|to\b|my\b|permitted|allowed|acting|developer)"
        ),
    ),
    (
        "machine",
        _p(
            r"\byour (?:new |only |real |true |next |actual )?(?:task|role|instructions?|job|system prompt|purpose"
            r"|output|answers?|response|prompt|training|guidelines|rules|programming|reasoning|previous)\b"
        ),
    ),
    ("machine", _p(r"\b(?:you must|you should|you shall|you will|you have to|you need to|you can now|you may now)\b")),
    (
        "role-play",
        _p(
            r"\b(?:pretend|role-?play|act as|imagine (?:that )?you|let(?:'s| us) play|play the (?:role|part)|"
            r"simulate (?:a|an|being)|in this (?:game|story|scenario)|from now on|jailbreak|do anything now|"
            r"developer mode|opposite day|step out of|stay in character)\b"
        ),
    ),
    (
        "output",
        _p(
            r"\b(?:respond|reply|answer|output|print|produce|emit|begin your|return(?= (?:only|exactly|just|json)))"
            r" (?:only |exactly |just |solely "
            r"|nothing but |the following |with |in |strictly |this |me )+"
        ),
    ),
    (
        "output",
        _p(
            r"\b(?:reveal|print|repeat|show|leak|display|output|disclose|tell me) (?:me )?(?:your|the|all) (?:system "
            r"|hidden |full |entire |above |initial |previous |original )*(?:prompts?|instructions?|reasoning|rules|"
            r"configuration|text above|conversation|api key|password)"
        ),
    ),
    (
        "output",
        _p(
            r"\b(?:end|stop|skip|finish|terminate|close) (?:your |the )?(?:thinking|reasoning|analysis|chain of "
            r"thought|reading) (?:now|here|immediately|and|\.)|\b(?:end of (?:prompt|instructions?|input|user|system|"
            r"context)|begin (?:instructions?|system|prompt))\b|\bprompt injection\b"
        ),
    ),
    ("roles", _p(r"^\s*+(?:[#>*\-\[]++ ?)?(?:assistant|user|human|developer)\s*+[\])]?\s*+[:>]")),
    (
        "roles",
        _p(
            r"^\s*+(?:[#>*\-\[]++ ?)?(?:system|admin|instructions?|prompt|sistema|asistente|usuario|systemanweisung)"
            r"\s*+[\])]?\s*+:\s*(?=\S)(?!.{0,30}\b(?:siemens|ge|philips|canon|toshiba)\b)"
        ),
    ),
    (
        "roles",
        _p(r"^\s*#{2,} ?(?:instruction|system|prompt|response|human|assistant|task|user|note|new|end|begin|override)"),
    ),
    (
        "spanish",
        _p(
            r"\b(?:ignor[ae]|ignoren|ignorar|olvid[ae]|olvidar|olvídate|omit[ae]|descart[ae]|haz caso omiso|anul[ae]|"
            r"desobede\w+)\b[^.\n]{0,60}\b(?:instruccion\w*|anterior\w*|reglas?|arriba|previ\w+|sistema|indicacion\w*"
            r"|texto|informe|órdenes|todo)\b"
        ),
    ),
    (
        "spanish",
        _p(
            r"\b(?:marc[ae]|marcar|marque|clasific\w+|clasifique|respond[ae]|responder"
            r"|report[ae]|devuelv[ae]|inform[ae]"
            r"|escrib[ae]|etiquet[ae]|etiquete|indique|indica|consider[ae]|pon|ponga"
            r"|declar[ae])\b[^.\n]{0,60}\b(?:tod[oa]s?"
            rf"|cada|como|los hallazgos|únicamente|solo|sólo)\b[^.\n]{{0,60}}\b{_STATUS}\b"
        ),
    ),
    (
        "spanish",
        _p(
            r"\b(?:eres|actúa|actúe|actua|finge|a partir de ahora|de ahora en adelante|modelo de lenguaje|"
            r"inteligencia artificial|asistente(?: de ia)?|nuevas? (?:instruccion\w*|tarea)"
            r"|tu (?:tarea|respuesta|salida)|"
            r"dej[ae] de (?:analizar|leer|pensar|razonar)|contest[ae]|respóndelo|"
            r"debes|instrucciones del sistema|como (?:ia|modelo)|responde (?:solo|sólo|únicamente))\b"
        ),
    ),
    (
        "german",
        _p(
            r"\b(?:ignorier\w*|vergiss|vergessen sie|missacht\w*|überspring\w*|verwirf|verwerfen"
            r"|umgeh\w*)\b[^.\n]{0,70}"
            r"\b(?:anweisung\w*|vorherig\w*|obig\w*|bisherig\w*|regeln|vorgaben|system\w*|text"
            r"|oben|alles|vorstehend\w*"
            r"|instruktion\w*|anleitung\w*|befund\w*)\b"
        ),
    ),
    (
        "german",
        _p(
            r"\b(?:markier\w*|kennzeichn\w*|bewert\w*|antwort\w*|gib|geben sie|stuf\w*"
            r"|klassifizier\w*|melde\w*|setz\w*|"
            r"bezeichn\w*|trag\w*|erklär\w*|nenn\w*|werte)\b[^.\n]{0,60}\b(?:alle\w*|als|jede\w*"
            r"|nur|ausschließlich)\b[^.\n]{0,60}"
            rf"\b{_STATUS}\w*\b"
        ),
    ),
    (
        "german",
        _p(
            r"\b(?:du bist|sie sind (?:jetzt|nun|ein)|ab sofort|von nun an|agiere"
            r"|spiele? die rolle|tu so|sprachmodell|"
            r"ki-?(?:modell|system|assistent)|künstliche intelligenz|neue (?:anweisung\w*"
            r"|aufgabe)|systemanweisung\w*|"
            r"h[öo]re?n? (?:sie )?auf zu|antworten sie mit|(?:deine|ihre) (?:aufgabe|antwort|ausgabe"
            r"|anweisung\w*|rolle)|"
            r"du (?:musst|sollst)|systemprompt|als ki|"
            r"antworte nur|antworten sie nur)\b"
        ),
    ),
    (
        "encoded",
        _of_capitals(
            r"(?<![A-Za-z0-9+/])(?=[A-Za-z0-9+/]{0,80}[a-z])(?=[A-Za-z0-9+/]{0,80}[A-Z])(?=[A-Za-z0-9+/]{0,80}\d)"
            r"[A-Za-z0-9+/]{32,}={0,2}"
        ),
    ),
    (
        "encoded",
        _of_capitals(
            r"\\X[0-9A-F]{6,}\\|(?:%[0-9A-F]{2}){6,}|(?:\\u[0-9A-F]{4}){4,}"
            r"|(?:&#(?!(?:160|xA0|32|x20|9|10|13|xA|xD);)x?[0-9A-F]{1,6};){4,}|\b(?:[0-9A-F]{2} ?){16,}\b"
        ),
    ),
    ("segment", _of_capitals(r"^\s*(?:MSH|PID|PV1|ORC|OBR|OBX|NTE|ZDS|EVN)\|")),
)
# One of these words stands in whatever the patterns met first search for: they are the slow ones.
_IGNORING = wordset("ignore disregard forget override bypass skip discard neglect violate drop abandon aside")
_MARKED = wordset(
    "marked labeled labelled coded classified tagged listed set scored answered recorded returned reported"
)
_LABELLED = wordset(
    """mark label classify report answer output respond return set treat declare state record code score rate list flag
    mention assign extract register call tag grade consider write"""
)
_PLAYING = wordset(
    "pretend role roleplay act imagine let play simulate game story scenario now jailbreak anything mode day step stay"
)
_NEEDED = {
    f"\\b{_IGNORE}": _IGNORING,
    r"\b(?:ignore|forget": _IGNORING,
    r"(?:^|[,;:—-] ?": _LABELLED,
    r"\b(?:must|should|shall": _MARKED,
    r"\b(?:pretend": _PLAYING,
    r"\byou (?:are": wordset("you"),
    r"\byour (?:new": wordset("your"),
    r"\b(?:you must": wordset("you"),
    r"\b(?:new|updated": wordset("instruction instructions prompt directive directives task system"),
    r"\b(?:system|admin": wordset("override prompt mode command"),
    r"\b(?:dear|attention": wordset("dear attention hey hello hi note message instruction instructions listen calling"),
    r"\b(?:end|stop": wordset("end stop skip finish terminate close begin prompt"),
}
# Name, pattern, and words one of which must stand in the sentence (none: it is always searched).
SENTENCES: tuple[tuple[str, re.Pattern[str], frozenset[str]], ...] = (
    tuple(
        (
            name,
            pattern,
            next((words for start, words in _NEEDED.items() if pattern.pattern.startswith(start)), frozenset()),
        )
        for name, pattern in _PATTERNS
    )
    + ORDERS
)
