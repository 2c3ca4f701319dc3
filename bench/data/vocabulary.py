"""What columns and labels are called in files from life: names of texts, labels and ratings, words of sentiment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _each(words: Iterable[str], meaning: str) -> dict[str, str]:
    return dict.fromkeys(words, meaning)


# Names of columns stand here without case, blanks and marks, in groups: the best first. A column whose last part alone
# is such a name (`reviews.text`, `airline_sentiment`) comes one group later. Two of one group are not chosen between.
TEXT_NAMES: Sequence[frozenset[str]] = (
    _words("text"),
    _words("""reviewtext reviewbody reviewcontent reviewcomment commenttext commentbody commentcontent tweet tweettext
        originaltweet fulltext fulltweet messagetext messagebody posttext postbody textbody textcontent documenttext
        sentence utterance texto texte текст نص 文本 正文 本文 텍스트"""),
    _words("""review reviews comment comments content contents body message msg sms document doc post email mail
        feedback article query statement phrase opinion selftext verbatim remark remarks rezension bewertungstext
        kommentar nachricht avis commentaire resena comentario recensione отзыв отзывы комментарий сообщение
        评论 内容 评价 评论内容 レビュー コメント 리뷰 댓글"""),
    _words("""description abstract question answer response note notes input transcript transcription story paragraph
        passage excerpt caption summary snippet complaint beschreibung descripcion"""),
    _words("title headline subject heading titel titulo titre"),
)
LABEL_NAMES: Sequence[frozenset[str]] = (
    _words("label"),
    _words("""labels goldlabel labelname classlabel class classindex category sentiment
        sentimentlabel polarity stars star starrating rating intent topic target emotion feeling liked satisfied
        etiqueta sentimiento categoria kategorie klasse stimmung bewertung categorie etiquette sentimento
        метка класс категория тональность оценка 标签 类别 情感 评分 分类 ラベル カテゴリ 라벨 감정"""),
    _words("""score y overall type tag grade verdict status accept reaction choice annotation satisfaction recommended
        recommend classes ratings classname categoryname"""),
)
SENTIMENT_NAMES = _words("""sentiment sentiments sentimentlabel polarity positive ispositive liked like likes satisfied
    issatisfied satisfaction recommended recommend wouldrecommend thumbsup happy sentimiento sentimento stimmung
    тональность 情感""")  # of columns whose 0 and 1, no and yes, mean negative and positive
RATING_NAMES = _words("""star stars starrating rating ratings score overall reviewrating reviewscore userrating
    bewertung puntuacion valutazione nota оценка 评分 星级""")
TOPIC_NAMES = _words("""topic topics category categories kategorie categoria categorie intent type tag classindex
    emotion language group cluster 类别 分类""")  # of columns whose numbers 1 to 5 are no stars
SPLIT_NAMES = _words("split splits datasplit partition subset set usage traintest")

NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
SENTIMENT: Mapping[str, str] = {  # labels that mean so wherever they stand
    **_each(_words("""positive pos positiv positif positivo positiva positivt pozitif pozytywny позитивный
        положительный позитив 正面 积极 好评 ポジティブ 긍정 إيجابي"""), POSITIVE),
    **_each(_words("""negative neg negativ négatif negatif negativo negativa negativt negatywny негативный
        отрицательный негатив 负面 消极 差评 ネガティブ 부정 سلبي"""), NEGATIVE),
    **_each(_words("""neutral neu neutro neutre neutraal neutralny нейтральный 中性 中立 ニュートラル 중립 محايد"""),
            NEUTRAL)}
OPPOSITES: Mapping[str, str] = {  # labels that mean so where the only other one means the opposite
    **_each(("good", "happy", "satisfied", "like", "liked", "recommended", "favorable", "favourable", "+", "👍", "gut",
             "bueno", "bon", "хорошо"), POSITIVE),
    **_each(("bad", "unhappy", "sad", "dissatisfied", "unsatisfied", "not satisfied", "dislike", "disliked", "-", "👎",
             "not recommended", "unfavorable", "unfavourable", "schlecht", "malo", "mauvais", "плохо"), NEGATIVE)}
SIGNS: Mapping[str, str] = {  # labels that mean so only in a column that is called by one of SENTIMENT_NAMES
    **_each(("1", "true", "yes", "y", "t"), POSITIVE), **_each(("0", "-1", "false", "no", "n", "f"), NEGATIVE)}
