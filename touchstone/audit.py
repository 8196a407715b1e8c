"""A row of the audit log, which anyone can check."""

import hashlib
import json

import msgspec


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the chain: ``previous`` is the hash of the row before it."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    detail: str
    previous: str
    hash: str

    def expected_hash(self) -> str:
        """SHA-256, in hex, of the row as a JSON array without its hash; anyone can recompute it."""
        row = [self.seq, self.at, self.actor, self.action, self.subject, self.detail, self.previous]
        return hashlib.sha256(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
