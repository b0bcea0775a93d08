"""What senders write into OBX-3 in words: the section of the report that an observation is."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from integration.canonical import SectionKind
from integration.wordlists import listed, phrased

_TITLES: dict[SectionKind, str] = {
    SectionKind.INDICATION: """indication, indications, clinical indication, clinical indications, question, questions,
        clinical question, clinical questions, reason, reason for exam, reason for examination, reason for study,
        reason for order, reason for request, reason for visit, reason for referral, reason for procedure, request,
        clinical request, referral, referral question, clinical information, clinical info, clinical data,
        clinical details, clinical context, clinical background, clinical problem, clinical statement, symptoms,
        fragestellung, klinische fragestellung, klinische frage, rechtfertigende indikation, indikation,
        klinische angaben, klinische angabe, klinik, klinische daten, klinische information, anforderung,
        motif, motif de l examen, renseignements cliniques, question clinique, indicacion, indicaciones,
        motivo, motivo de consulta, datos clinicos, informacion clinica, quesito, quesito clinico, quesito diagnostico,
        indicazione, indicazioni, notizie cliniche, vraagstelling, klinische vraag, klinische gegevens,
        indicacao, informacao clinica, dados clinicos, fragestallning, anamnes fragestallning, problemstilling""",
    SectionKind.HISTORY: """history, clinical history, patient history, medical history, past history,
        past medical history, relevant history, brief history, history of present illness, hx, clinical hx,
        relevant clinical history, surgical history, exam history, anamnese, vorgeschichte, krankengeschichte,
        krankheitsvorgeschichte, antecedents, histoire clinique, historia, historia clinica, antecedentes, anamnesi,
        storia clinica, voorgeschiedenis, anamnes, anamnesis""",
    SectionKind.TECHNIQUE: """technique, exam technique, examination technique, imaging technique, protocol,
        scan protocol, contrast, contrast media, procedure details, procedure description, dose, radiation dose,
        technik, untersuchungstechnik, methode, methodik, durchfuhrung, tecnica, tecnica de examen, metodica, techniek,
        teknik""",
    SectionKind.COMPARISON: """comparison, comparisons, comparison study, comparison studies, comparative study, prior,
        priors, prior study, prior studies, prior exam, prior exams, prior report, previous study, previous studies,
        previous exam, previous report, previous examination, voraufnahmen, voruntersuchung, voruntersuchungen,
        vergleich, vorbefund, comparaison, examen anterieur, comparacion, confronto, esami precedenti, vergelijking,
        jamforelse""",
    SectionKind.FINDINGS: """findings, finding, procedure findings, imaging findings, radiology findings,
        radiographic findings, other findings, general findings, observation, observations, results, description,
        body of report, report body, discussion, befund, befunde, befundtext, beschreibung, resultats, resultat,
        constatations, hallazgos, descripcion, reperti, reperto, referto, descrizione, bevindingen, verslag, achados,
        descricao, fynd, utlatande, beskrivelse, funn""",
    SectionKind.IMPRESSION: """impression, impressions, imaging impression, radiology impression, conclusion,
        conclusions, assessment, opinion, summary, summary of findings, diagnosis, diagnostic impression,
        radiological diagnosis, interpretation, final impression, beurteilung, zusammenfassung, diagnose, bewertung,
        fazit, zusammenfassende beurteilung, conclusion diagnostique, synthese, conclusiones, impresion,
        impresion diagnostica, conclusione, conclusioni, giudizio diagnostico, conclusie, conclusao, impressao,
        bedomning, konklusion, konklusjon""",
    SectionKind.RECOMMENDATION: """recommendation, recommendations, recommended follow up, follow up,
        follow up recommendation, advice, plan, suggestion, empfehlung, empfehlungen, procedere, prozedere,
        recommandation, recommandations, recomendacion, recomendaciones, raccomandazioni, aanbeveling, advies""",
    SectionKind.ADDENDUM: """addendum, addenda, addendum text, report addendum, amendment, nachtrag, erganzung, addenda
        report, additif, complement, adenda, anexo""",
}
_NAMED = {phrase: kind for kind, phrases in _TITLES.items() for phrase in phrased(phrases)}
# Words that say only that this is part of a report.
_FILLERS = frozenset(listed("the section text of a radiology radiologic imaging report rad value narrative"))
# Titles that name the whole document, or its form.
_NO_TITLE = frozenset(
    phrased(
        """report, reports, text, result, observation, document, documents, note, notes, body, content, html, rtf, pdf,
        xml, cda, image, images, study, exam, examination, procedure, final report, radiology report, imaging report,
        diagnostic report, report text, text report, full report, complete report, sr text, sr document,
        display format, display format in html, line, comment, comments, rad, radiology, obx, befundbericht, bericht,
        arztbrief, compte rendu, informe, radiology study observation, study observation, diagnostic imaging study,
        diagnostic imaging report, dicom study"""
    )
)
_WORDS = re.compile(r"[^\W\d_]+")
_JOINS = re.compile(r"\s*(?:[/&+,;]|\band\b|\bund\b|\bet\b|\by\b|\be\b|\ben\b|\boch\b|\bog\b)\s*")


@lru_cache(maxsize=4096)
def section_titled(title: str) -> SectionKind | None:
    """The section a title names, in no case, accents or punctuation: "CLINICAL HISTORY:", "Klinische Angaben".

    Of several ("Findings and impression") the first.
    """
    for part in (title, *_JOINS.split(title.casefold())):
        words = _words(part)
        bare = [word for word in words if word not in _FILLERS]
        found = _NAMED.get(" ".join(words)) or _NAMED.get(" ".join(bare))
        if found:
            return found
    return None


@lru_cache(maxsize=4096)
def is_title(title: str) -> bool:
    """Whether words name a part of a report, known or not; a code, and what names the whole report, do not."""
    words = _words(title)
    known = section_titled(title) is not None
    return known or (bool(words) and " ".join(words) not in _NO_TITLE and _is_words(title))


def _is_words(title: str) -> bool:
    """Codes have digits, or are short, or all capitals of one word."""
    spoken = " ".join(title.split())
    return (
        len(spoken) > _LONGEST_CODE
        and not any(each.isdigit() for each in spoken)
        and (" " in spoken or not spoken.isupper())
    )


_LONGEST_CODE = 4


def _words(title: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", title.casefold())
    return _WORDS.findall("".join(each for each in plain if not unicodedata.combining(each)))
