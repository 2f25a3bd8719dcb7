"""Which language a text is told to be in."""

import pytest

from kb.ingestion.languages import give_back, language_of

BRIDGE = {
    "en": "The bridge over the river was opened in the spring of 1987 by the mayor of the town.",
    "de": "Die Brücke über den Fluss wurde im Frühjahr 1987 vom Bürgermeister der Stadt eröffnet.",
    "es": "El puente sobre el río fue inaugurado en la primavera de 1987 por el alcalde del lugar.",
    "ru": "Мост через реку был открыт весной 1987 года мэром города после долгих лет работы.",
    "zh": "这座横跨河流的桥梁于一九八七年春天由市长正式启用，从那时起每天都有许多居民经过这里。",
    "th": "สะพานข้ามแม่น้ำแห่งนี้เปิดใช้งานในฤดูใบไม้ผลิปี 1987 โดยนายกเทศมนตรีของเมือง",
}


@pytest.mark.parametrize("language", BRIDGE)
def test_a_text_tells_its_language(language: str) -> None:
    assert language_of(BRIDGE[language]) == language


@pytest.mark.parametrize("text", ["", "P-40", "1,250 | 3,400 | 17.5 %\n" * 100])
def test_a_text_of_few_letters_tells_none(text: str) -> None:
    assert language_of(text) == ""


def test_a_text_tells_its_language_after_the_tables_were_given_back() -> None:
    give_back()
    assert language_of(BRIDGE["de"]) == "de"
