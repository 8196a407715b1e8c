"""The bundle: captures, records, reports and notices in one bag, signed and timestamped over its tag manifest."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evidence.bag import Bag, Target
from evidence.cells import write_csv
from evidence.notices import notices
from evidence.printing import Printing
from evidence.records import (
    IMAGES,
    REFERENCES,
    case_json,
    custody_jsonl,
    listing_json,
    match_json,
    prices_csv,
    seller_json,
)
from evidence.report import LANGUAGES, Front, Pictured, render
from evidence.signing import Certified, public_key, sign_cms
from evidence.unpack import EXTENSIONS, Unpacked, image_format, unpack
from evidence.wording import Language
from touchstone.audit import AuditEntry
from touchstone.errors import VerificationFailed
from touchstone.exhibit import Exhibit, Matter

MOST_IN_REPORT = 20  # exhibits that one report shows in full; with more, each has one of its own
_TEXTS = Environment(  # noqa: S701 -- plain text, not HTML
    loader=FileSystemLoader(Path(__file__).parent / "templates"), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


class Contents(NamedTuple):
    """What goes into a bundle. ``blob`` gives bytes by their content address, checked; ``head`` is the audit log's newest row."""

    matter: Matter
    exhibits: Sequence[Exhibit]
    custody: Sequence[AuditEntry]
    head: AuditEntry | None
    made: datetime
    tool: str
    blob: Callable[[str], bytes]


class Attestation(NamedTuple):
    """Who vouches: a signing key, a certificate where there is one, and a way to have bytes timestamped."""

    key: Ed25519PrivateKey
    certified: Certified | None = None
    stamp: Callable[[bytes], bytes | None] = lambda message: None


class Written(NamedTuple):
    """What was written: the SHA-256 of the tag manifest, whether it is timestamped, and what notices leave out."""

    seal: str
    stamped: bool
    left_out: tuple[str, ...]


def write_bundle(
    target: Target, contents: Contents, attestation: Attestation,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Written:  # fmt: skip
    """Write a bundle; on an error nothing of it is left behind.

    Listings are worked through one by one, so that memory does not grow with their bytes.
    """
    try:
        written = _Writing(Bag(target), contents, progress).all(attestation)
        target.close()
    except BaseException:
        target.discard()
        raise
    return written


class _Writing:
    def __init__(self, bag: Bag, contents: Contents, progress: Callable[[int, int], None]) -> None:
        self._bag, self._contents, self._progress = bag, contents, progress
        self._images: list[tuple[str, ...]] = []
        self._references: list[tuple[str, ...]] = []
        self._put: set[str] = set()
        self._separate = len(contents.exhibits) > MOST_IN_REPORT

    def all(self, attestation: Attestation) -> Written:
        """Everything, in order; the seal comes last but for what attests to it."""
        contents, bag = self._contents, self._bag
        shown = []
        with Printing() as printing:
            for done, exhibit in enumerate(contents.exhibits, 1):
                pictured = self._exhibit(exhibit)
                if self._separate:
                    self._put_reports(printing.after(self._front((exhibit,), custody=False), [pictured], exhibit.name))
                else:
                    shown.append(pictured)
                self._progress(done, len(contents.exhibits))
            self._put_reports(printing.rest())
        for language in LANGUAGES:
            self._put_reports(
                [(language, "", render(self._front(tuple(contents.exhibits), custody=True), shown, language))]
            )
        bag.put("images/index.csv", write_csv(self._images, IMAGES))
        bag.put("reference/index.csv", write_csv(self._references, REFERENCES))
        bag.put("records/case.json", case_json(contents.matter, contents.exhibits, contents.made, contents.tool))
        bag.put("records/custody.jsonl", custody_jsonl(contents.custody, contents.head))
        told = notices(contents.exhibits, contents.matter)
        for name, body in sorted(told.files.items()):
            bag.put(f"notice/{name}", body)
        for name in ("certification-902.txt", "README.txt"):
            bag.put(name, self._text(name, attestation))
        seal = bag.seal(self._information(), bagged=contents.made)
        stamped = self._attest(seal, attestation)
        return Written(hashlib.sha256(seal).hexdigest(), stamped, told.left_out)

    def _exhibit(self, one: Exhibit) -> Pictured:
        """Everything about one listing but its report."""
        wacz, record = (self._contents.blob(sha256) for sha256 in (one.capture.wacz, one.archive.record or ""))
        parts = unpack(wacz, one.capture)
        files = {
            "listing.wacz": wacz, "capture.json": record, "view.png": parts.view, "full-page.png": parts.full_page,
            "dom.html.txt": parts.document, "text.txt": parts.text,
        }  # fmt: skip
        for name, body in files.items():
            self._bag.put(f"capture/{one.name}/{name}", body)
        self._timestamp(one)
        self._served(one, parts)
        for name, body in (
            ("listing.json", listing_json(one)), ("seller.json", seller_json(one)), ("prices.csv", prices_csv(one)),
            ("match.json", match_json(one)),
        ):  # fmt: skip
            self._bag.put(f"records/{one.name}/{name}", body)
        wanted = [image.url for image in one.listing.images]
        photos = sorted(
            (image for image in parts.images if image.url in wanted), key=lambda image: wanted.index(image.url)
        )
        return Pictured(one, parts.view, tuple(photos), tuple(self._genuine(one)))

    def _timestamp(self, one: Exhibit) -> None:
        if one.digests is None:
            return
        stem = f"capture/digests-{one.digests.id:08}"
        self._once(f"{stem}.txt", self._contents.blob(one.digests.sha256))
        if one.digests.token:
            self._once(f"{stem}.tsr", self._contents.blob(one.digests.token))

    def _served(self, one: Exhibit, parts: Unpacked) -> None:
        for image in parts.images:
            name = f"images/{image.sha256}.{image.extension}"
            self._once(name, image.body)
            self._images.append((one.name, name, image.url, image.record_id, image.sha256, str(len(image.body))))

    def _genuine(self, one: Exhibit) -> Iterator[tuple[str, bytes]]:
        for image in one.reference.images if one.reference else ():
            body = self._contents.blob(image.sha256)
            name = f"reference/{image.sha256}.{_extension(body)}"
            self._once(name, body)
            product = one.reference.key if one.reference else ""
            self._references.append((one.name, name, product, image.source, image.sha256, str(len(body))))
            yield image.source, body

    def _once(self, name: str, body: bytes) -> None:
        """Put what several listings may share."""
        if name not in self._put:
            self._put.add(name)
            self._bag.put(name, body)

    def _front(self, overview: tuple[Exhibit, ...], *, custody: bool) -> Front:
        contents = self._contents
        return Front(
            contents.matter, contents.made, contents.tool, overview, tuple(contents.custody) if custody else ()
        )

    def _put_reports(self, printed: Iterable[tuple[Language, str, bytes]]) -> None:
        """Put reports: of exhibits by their names, or of the bundle."""
        for language, name, pdf in printed:
            suffix = "" if language == "en" else f"-{language}"
            self._bag.put(f"reports/{name}{suffix}.pdf" if name else f"report{suffix}.pdf", pdf)

    def _text(self, name: str, attestation: Attestation) -> bytes:
        contents = self._contents
        times = [one.capture.circumstances.page_at for one in contents.exhibits]
        unjudged = [one.name for one in contents.exhibits if not one.judged]
        text = _TEXTS.get_template(name).render(
            reference=" ".join(contents.matter.reference.split()), made=f"{contents.made:%Y-%m-%d %H:%M:%S} UTC",
            tool=contents.tool, total=len(contents.exhibits), separate=self._separate, unjudged=unjudged,
            cms=attestation.certified is not None, first=f"{min(times):%Y-%m-%d %H:%M:%S} UTC",
            last=f"{max(times):%Y-%m-%d %H:%M:%S} UTC",
        )  # fmt: skip
        return text.encode()

    def _information(self) -> list[tuple[str, str]]:
        contents, who = self._contents, self._contents.matter.complainant
        told = [("Bag-Software-Agent", contents.tool), ("External-Identifier", contents.matter.reference)]
        if who:
            told += [("Contact-Name", who.name), *([("Contact-Email", who.email)] if who.email else [])]
        return [*told, ("External-Description", f"Evidence of {len(contents.exhibits)} marketplace listings")]

    def _attest(self, seal: bytes, attestation: Attestation) -> bool:
        """Add signatures and the timestamp; returns whether there is one."""
        name = "tagmanifest-sha256.txt"
        self._bag.attach(f"{name}.sig", attestation.key.sign(seal))
        self._bag.attach("signer.pub.pem", public_key(attestation.key))
        if attestation.certified:
            self._bag.attach(f"{name}.p7s", sign_cms(seal, attestation.certified))
        token = attestation.stamp(seal)
        if token:
            self._bag.attach(f"{name}.tsr", token)
        attached = self._bag.attached  # signed as well: a timestamp that is taken away is missed
        self._bag.attach("manifest-sha256.txt", attached)
        self._bag.attach("manifest-sha256.txt.sig", attestation.key.sign(attached))
        return token is not None


def _extension(body: bytes) -> str:
    """What a brand's own photo is called, by its first bytes."""
    kind = image_format(body)
    if kind is None:
        raise VerificationFailed("a reference photo is no image any more", hint="Run: touchstone store check")
    return EXTENSIONS.get(kind, "bin")
