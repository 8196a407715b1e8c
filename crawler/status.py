"""What a page turned out to be. Removal is concluded from a page that says so, never from a block or an error.

The order of the questions is the safety: a challenge is looked for before anything is believed of a page, and only a
page that is neither refused nor broken can be ``gone``.
"""

import re
from difflib import SequenceMatcher
from urllib.parse import parse_qsl, unquote, urlsplit

from crawler.clues import SOLD_OUT
from crawler.extraction import Extraction
from crawler.marketplace import Marketplace
from crawler.page import PageView
from crawler.visible import BUTTONS
from touchstone.listing import Availability, PageStatus

SHORT_PAGE = 1500  # characters of visible text; a wall, a notice or a challenge says little else
SAME_AS_CONTROL = 0.9  # share of the visible text that a page has in common with one for an unknown listing
SENTENCE_SHARE = 0.3  # of a paragraph that is the notice itself
SAME_HEADING = 0.6  # the same, for one under the same heading: what it recommends may differ
LEAST_COMPARED = 30  # characters of visible text without which an answer says nothing
MOST_COMPARED = 2500  # characters
LEAST_UNKNOWN = 10  # digits of a number that no shop has given out

BLOCKED = re.compile(
    r"captcha|pardon our interruption|made us think you|think you (?:are|were) a|rejected|needs to be verified|enable js|not a robot|robots out|automated visitors|exceeds the allowed|quota exceeded|ddos|are you (?:a )?(?:robot|human)|unusual (?:traffic|activity)|access (?:to this page )?(?:has been |is |was )?denied|verify (?:that )?you(?:'| a)re"
    r"|verify (?:that )?you are human|checking (?:your|if the site)|just a moment|security check|request (?:was |has been )?blocked|you have been blocked|blocked"
    r"|too many requests|rate limit|automated (?:access|requests|queries|traffic)|suspicious|bot (?:detected|protection|traffic)|enable javascript and cookies"
    r"|not available in your (?:country|region)|forbidden|ray id|incident (?:id|number)|press (?:and|&) hold"
    r"|자동\s*입력\s*방지|비정상적?인?\s*(?:접근|접속|요청|트래픽)|보안\s*(?:문자|확인|검사)|접근이?\s*(?:차단|제한|거부)|접속이?\s*(?:차단|제한)|차단(?:되었|됐|된)|로봇이?\s*아(?:닙|님)|과도한\s*(?:요청|접속)"
    r"|요청이\s*너무\s*많|잠시만\s*기다|브라우저를?\s*확인|사람인지|해외\s*(?:ip|접속)|매크로|보안\s*인증|퍼즐|너무\s*(?:빠르|잦|많)|이용을\s*제한|요청을\s*(?:제한|차단)|음성으로\s*듣기"
    r"|アクセスが(?:拒否|制限)|不正なアクセス|ロボットではありません|短時間に|画像認証|ブラウザ(?:を|の)(?:確認|チェック)|ロボットによる|自動アクセス|アクセス制限"
    r"|zugriff (?:verweigert|wurde|gesperrt)|ungewöhnlich|sicherheits(?:prüfung|überprüfung|abfrage)|kein roboter|browser wird|zu viele anfragen|blockiert|gesperrt",
    re.IGNORECASE,
)
CHALLENGE = re.compile(
    r"challenge|document\.cookie[^<]{0,300}location\.(?:reload|href|replace)|cf-chl|_cf_chl|turnstile|hcaptcha|g-recaptcha|recaptcha|captcha|jschl|bot-?manager|antibot|anti-bot|verify_token|__chk|proof.?of.?work|fingerprint",
    re.IGNORECASE,
)
ERROR = re.compile(
    r"something went wrong|template error|internal error|closed for|new machines|paused|went wrong|internal server error|service (?:temporarily )?unavailable|bad gateway|gateway time-?out|maintenance|be right back"
    r"|we(?:'|’)?ll be back|temporarily (?:down|offline|closed)|try again (?:later|in a)|stack ?trace|traceback \(most|exception|fatal error|uncaught|database|mysql|sqlstate|\bodbc\b|syntax error"
    r"|unexpected error|an error (?:has )?occurred|error (?:id|code|reference)|technical (?:difficult|problem)"
    r"|시스템\s*(?:점검|오류)|서비스\s*점검|서버\s*점검|점검\s*(?:중|시간|안내)|일시적인?\s*(?:오류|장애)|오류가\s*발생|장애|접속이\s*원활|연결이\s*원활|잠시\s*[후뒤]에?\s*(?:다시|재)|서버\s*(?:오류|에러|과부하)|데이터베이스|db\s*(?:연결|접속|error)"
    r"|メンテナンス|エラーが発生|システムエラー|混み合って|アクセスが集中|しばらく(?:経|し)|不具合|障害"
    r"|wartung|fehler (?:ist )?aufgetreten|interner (?:server)?fehler|gleich wieder|später (?:noch ?einmal|erneut)|technische",
    re.IGNORECASE,
)
GONE = re.compile(
    r"no longer (?:available|exists|listed|for sale|active|offered|on sale)|has (?:been removed|ended|expired|been deleted|been withdrawn|been taken)|was (?:removed|deleted|taken down|withdrawn)|(?:been|is) discontinued"
    r"|(?:page|item|product|listing|lot|ad) (?:was |is |could |can )?(?:not (?:be )?found|does(?:n't| not) exist|no longer)|(?:cannot|can't|couldn't|could not) find|doesn(?:'|’)t exist|does not exist|we(?:'|’)ve lost"
    r"|not (?:be )?found|no such|nothing (?:here|to see|lives)|expired listing|unknown (?:item|product|listing)|wandered off|taken (?:it )?down|removed from sale|(?:listing|item) removed|we removed|ended early|진열이\s*중지|delisted|isn(?:'|’)t (?:active|part of|available)|not recogni[sz]ed|retired|(?:stall|seller|shop|store) (?:has )?(?:closed|left)|(?:shop|store) is (?:currently )?unavailable|are not kept|don(?:'|’)t make this|withdrawn|ended by the seller|invalid (?:item|product|listing)|removed by"
    r"|삭제(?:된|되었|됐|됨|한\s*(?:상품|게시|글))|판매가?\s*(?:종료|중지|중단|금지)|판매\s*종료|존재하지\s*않|찾을\s*수\s*없|없는\s*(?:상품|페이지|게시|번호|글)|종료된|내려(?:간|졌)|단종|등록되지\s*않|노출이?\s*중지|더\s*이상\s*판매|볼\s*수\s*없는|숨김\s*처리|노출되지\s*않|탈퇴한|해지된|내렸어요|만나볼\s*수\s*없|잘못된\s*(?:상품|접근|주소|경로)|없습니다\W*$"
    r"|(?:商品|ページ|出品)は?(?:削除|存在|見つかり|終了)|見つかりません|存在しません|削除され|販売(?:を)?終了|取り扱いを?終了|掲載(?:を|は)?終了|出品(?:を)?取り|公開(?:を)?終了|公開されていない|販売を終了|取り扱いは?終了|お探しの"
    r"|nicht mehr (?:verfügbar|erhältlich|im sortiment|vorhanden|lieferbar|angeboten)|nicht gefunden|existiert nicht|gibt es nicht|(?:ist|wurde) (?:entfernt|gelöscht|beendet)|aus dem sortiment|ausgelistet|angebot (?:ist )?beendet|abgelaufen|nichts im regal",
    re.IGNORECASE,
)
LOGIN = re.compile(
    r"(?:please|you must|you need to|have to) (?:log|sign) ?in|(?:log|sign) ?in (?:to (?:continue|view|see|your)|required|with)|members? only|registered (?:clients|members|users)|enter using password|mailing list only|login required|age verification|verify your age|are you (?:over )?1[89]|adults? only|over 1[89]|unauthorized|authentication required|session (?:has )?expired"
    r"|로그인(?:이|을)?\s*(?:필요|하셔야|해\s*주세요|후|하신|하세요|이\s*필요)|회원\s*(?:전용|만|로그인)|성인\s*(?:인증|상품|용)|본인\s*(?:인증|확인)|19세|청소년|로그인\s*페이지|로그인하고\s*동네|인증한\s*이웃"
    r"|ログイン(?:が|して|後|する)|会員(?:限定|専用|登録)|年齢(?:確認|認証)|18歳|anmelde|einloggen|mitglieder|altersprüfung|altersnachweis|18 jahre",
    re.IGNORECASE,
)
SOLD = re.compile(
    r"판매\s*완료|거래\s*완료|sold for|winning bid|auction (?:closed|ended)|lot (?:closed|sold)|hammer price|落札|終了しました|next season|시즌\s*종료|verkauft",
    re.IGNORECASE,
)
HOMEWARD = re.compile(r"<meta[^>]+refresh[^>]+url=[^>]*(?:main|index|home|[/.]\s*[\"'])", re.IGNORECASE)
_REFUSALS = {403, 405, 406, 429, 444, 451, 498, 499}
_LOGIN_PATH = re.compile(
    r"log-?in|sign-?in|(?:^|[/_.-])auth(?:[/_.?-]|$)|anmeld|/sso|member.*(?:check|cert)|adult|age-?(?:check|gate|verif)|certif",
    re.IGNORECASE,
)
_ERROR_PATH = re.compile(r"/(?:error|maintenance|5\d\d|check\.html|sorry|점검)", re.IGNORECASE)
_BLOCK_PATH = re.compile(r"captcha|challenge|/blocked|/denied|robot|validate", re.IGNORECASE)


def status_of(
    http_status: int,
    page: PageView,
    marketplace: Marketplace,
    extraction: Extraction,
    *,
    asked: str | None = None,
    control: PageView | None = None,
) -> PageStatus:
    """The status of a page that was asked for as a listing.

    ``asked``: the address asked for, where redirects led elsewhere; ``control``: what the marketplace answers for a
    listing that certainly does not exist.
    """
    asked = asked or page.url
    found = extraction.listings
    markers = marketplace.markers
    if found and http_status == 200 and page.url == asked:
        return _with_listing(page, extraction, marketplace, control)
    text = page.visible_text
    short = len(text) < SHORT_PAGE
    if _has(markers.blocked, text) and not found:
        return PageStatus.BLOCKED
    path = urlsplit(page.url).path if page.url != asked else ""  # where a redirect led to
    led_to_login = bool(_LOGIN_PATH.search(path)) and not _keeps_id(asked, page.url, path_only=True)
    if led_to_login and _password_field(page):
        return PageStatus.LOGIN
    if _is_challenge(page, text, short=short, found=bool(found)):
        return PageStatus.BLOCKED
    if http_status == 401:
        return PageStatus.LOGIN
    if http_status in _REFUSALS:
        return PageStatus.LOGIN if short and LOGIN.search(text) and not BLOCKED.search(text) else PageStatus.BLOCKED
    if http_status >= 400 and http_status not in (404, 410):
        return PageStatus.BLOCKED if short and _is_refusal(page) else PageStatus.ERROR
    if http_status in (404, 410) and short and _is_refusal(page):
        return PageStatus.BLOCKED
    moved = not _same_listing(asked, page)
    if led_to_login:
        return PageStatus.LOGIN
    if _BLOCK_PATH.search(path) and not found:
        return PageStatus.BLOCKED
    if _ERROR_PATH.search(path) and not found:
        return PageStatus.ERROR
    if http_status in (404, 410):
        return PageStatus.GONE
    if moved and short and not found and _is_refusal(page):
        return PageStatus.BLOCKED
    if moved:
        return PageStatus.GONE
    if found:
        return _with_listing(page, extraction, marketplace, control)
    said = " ".join(_own_blocks(page, control))
    for status, words in (
        (PageStatus.LOGIN, markers.login),
        (PageStatus.GONE, markers.gone),
        (PageStatus.SOLD_OUT, markers.sold_out),
    ):
        if _has(words, text):
            return status
    return _without_listing(page, said, control)


def _with_listing(
    page: PageView, extraction: Extraction, marketplace: Marketplace, control: PageView | None
) -> PageStatus:
    """What a page is that shows a listing: for sale, sold out, or ended and still there."""
    listing = extraction.listings[0]
    if _says_gone(page, marketplace) or _is_answer_for_unknown(listing.title, page, control):
        return PageStatus.GONE
    sold_out = listing.offer.availability is Availability.SOLD_OUT or page.shows_sold_out
    return PageStatus.SOLD_OUT if sold_out else PageStatus.LISTING


def _without_listing(page: PageView, said: str, control: PageView | None) -> PageStatus:
    """Why a page of status 200 shows no listing; ``said``: what only this page of the marketplace says."""
    goes = GONE.search(said[:SHORT_PAGE])
    if LOGIN.search(said[:600]) and not goes and (_password_field(page) or len(said) < 700):
        return PageStatus.LOGIN
    if _is_refusal(page) and not goes and len(said) < SHORT_PAGE:
        return PageStatus.BLOCKED
    if ERROR.search(said[:600]) and not goes:
        return PageStatus.ERROR
    if goes or HOMEWARD.search(page.text[:3000]) or (control is not None and _resembles(page, control)):
        return PageStatus.GONE
    return PageStatus.SOLD_OUT if SOLD_OUT.search(said) or SOLD.search(said) else PageStatus.EMPTY


def _own_blocks(page: PageView, control: PageView | None) -> list[str]:
    """What the page says and the answer for an unknown listing does not, so that headers and footers fall away."""
    if control is None or control.is_json != page.is_json:
        return list(page.main_blocks)
    common = set(control.main_blocks)
    own = [block for block in page.main_blocks if block not in common]
    return own or list(page.main_blocks)


def _is_refusal(page: PageView) -> bool:
    """Whether a page speaks of robots, limits and checks, or has the scripts of a challenge and hardly anything to read."""
    said = " ".join(page.main_blocks)
    return bool(BLOCKED.search(said)) or (len(said) < 120 and bool(CHALLENGE.search(page.text)))


def search_status_of(http_status: int, page: PageView, marketplace: Marketplace, found: int) -> PageStatus:
    """The status of a page that was asked for as results; ``found`` is its number of listing links."""
    text = page.visible_text
    short = len(text) < SHORT_PAGE
    if http_status in _REFUSALS or (not found and _is_challenge(page, text, short=short, found=False)):
        return PageStatus.BLOCKED
    if http_status == 401:
        return PageStatus.LOGIN
    if http_status >= 400:
        return PageStatus.ERROR
    if found:
        return PageStatus.SEARCH
    if _has(marketplace.markers.blocked, text) or (short and BLOCKED.search(text)):
        return PageStatus.BLOCKED
    if _LOGIN_PATH.search(urlsplit(page.url).path):
        return PageStatus.LOGIN
    return PageStatus.ERROR if short and ERROR.search(text) else PageStatus.EMPTY


def control_address(url: str, token: str) -> str | None:
    """The address of a listing that certainly does not exist, made from one that may; ``token``: random digits.

    The last number of the address is replaced by one as long, or longer where a short one may well exist; ``None`` where
    it has none.
    """
    hits = list(re.finditer(r"\d{3,}", url.split("://", 1)[-1].split("/", 1)[-1])) if "://" in url else []
    if not hits:
        return None
    last = hits[-1][0]
    at = url.rindex(last)
    return url[:at] + (token * 6)[: max(len(last), LEAST_UNKNOWN)] + url[at + len(last) :]


def _is_challenge(page: PageView, text: str, *, short: bool, found: bool) -> bool:
    """Whether a page tests its visitor in place of showing anything."""
    if found or not short:
        return False
    bare = len(text) < 400
    return bool(
        CHALLENGE.search(page.text)
        and (BLOCKED.search(text) or bare)
        and not GONE.search(text)
        and not (LOGIN.search(text) and _password_field(page))
    )


def _password_field(page: PageView) -> bool:
    """Whether the page's main part asks for a password."""
    frame = "ancestor::header | ancestor::nav | ancestor::footer | ancestor::aside"
    return any(not node.xpath(frame) for node in page.selector.css("input[type=password]"))


def _says_gone(page: PageView, marketplace: Marketplace) -> bool:
    """Whether the notice that the listing has ended stands where its price or its button would be."""
    scene = page.scene
    start = scene.heading_at or 0
    for order, node, own in scene.texts:
        if not start - 25 <= order <= start + 60 or node.tag in ("li", "td", "dd", "a", "h1") or len(own) > 80:
            continue
        hit = GONE.search(own)
        ended = (hit and not SOLD_OUT.search(own)) or _has(marketplace.markers.gone, own)
        if hit and node.tag == "p" and page.visible_prices.asked and len(hit[0]) < SENTENCE_SHARE * len(own):
            continue  # a description that mentions it
        if ended and not scene.is_elsewhere(node):
            return scene.button_at is None or node.tag in BUTTONS
    return False


def _same_listing(asked: str, page: PageView) -> bool:
    """Whether a page is still about what was asked for: its address or its source holds the listing's number."""
    if page.url == asked or _keeps_id(asked, page.url):
        return True
    ids = _ids(asked)
    path = urlsplit(page.url).path.strip("/")
    if not path or re.search(
        r"search|/find|/dept|department|results|categor|/list|/c/|shop/?$|index|home|main", "/" + path, re.IGNORECASE
    ):
        return False
    return not ids or any(id_ in page.text for id_ in ids) or page.product is not None


def _keeps_id(asked: str, url: str, *, path_only: bool = False) -> bool:
    """Whether an address holds the number of the listing asked for: in its path, or in a parameter of the same name.

    A parameter of another name says where to return to, or what could not be found.
    """
    parts, names = urlsplit(url), {name for name, _ in parse_qsl(urlsplit(asked).query)}
    kept = [] if path_only else [value for name, value in parse_qsl(parts.query) if name in names]
    return any(id_ in part for id_ in _ids(asked) for part in (*unquote(parts.path).split("/"), *kept))


def _ids(url: str) -> list[str]:
    parts = urlsplit(url)
    words = re.split(r"[/=&?._\-]", unquote(parts.path) + "?" + parts.query)
    return [word for word in words if re.search(r"\d{3}", word)]


def _is_answer_for_unknown(title: str, page: PageView, control: PageView | None) -> bool:
    """Whether what was taken for a listing is a good that the answer for an unknown listing recommends."""
    return control is not None and (title == control.title_heading or _resembles(page, control))


def _resembles(page: PageView, control: PageView) -> bool:
    """Whether a page is the marketplace's answer for an unknown listing; a bare shell is nobody's answer."""
    one, two = (re.sub(r"\d+", "0", " ".join(view.main_blocks))[:MOST_COMPARED] for view in (page, control))
    if len(two) < LEAST_COMPARED:
        return False
    likeness = SequenceMatcher(None, one, two, autojunk=False).ratio()
    same_heading = bool(page.headings) and not page.is_json and page.title_heading == control.title_heading
    return likeness >= (SAME_HEADING if same_heading else SAME_AS_CONTROL)


def _has(words: tuple[str, ...], text: str) -> bool:
    folded = text.casefold()
    return any(word.casefold() in folded for word in words)
