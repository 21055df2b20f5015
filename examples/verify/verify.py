#!/usr/bin/env python3
"""Verifies a Stabledoor ledger export offline: a second implementation, written from docs/ledger-export.md and
docs/ledger-entries.md, which shares no code with the first. Needs Python 3.9 or later and the package `cryptography`.

    verify.py EXPORT [--former FILE ...] [--key VKEY ...] [--checkpoint FILE ...] [--policy FILE] [--json]
    verify.py --chain FILE --key VKEY [--key VKEY ...] [--json]     a household's own file (docs/household-chain.md)

Exit codes: 0 sound, 1 a violation (named by index), 2 wrong usage. Request ids are kept in memory, all of them.
"""
import argparse
import base64
import datetime
import hashlib
import hmac
import json
import math
import re
import sys
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_INT = 2**53 - 1
MAX_LINE = 2_000_000
KEPT = 100
MAX_DEPTH = 64
SLACK_SECONDS = 60


class FormatError(Exception):
    """The file does not follow the format: reading ends."""


class NoteError(Exception):
    """A note, a key or a checkpoint that cannot be used."""


class PolicyError(Exception):
    """A witness policy that cannot be used."""


class BodyError(Exception):
    """A body that no writer would write."""


# --- text, JSON, base64


def units(text):
    """Length in UTF-16 code units."""
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def well_formed(text):
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def no_constant(name):
    raise ValueError(name)


def parse_json(text):
    try:
        return json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError("not JSON") from error


def write_json(value, sort=False):
    """What JSON.stringify writes; with sorted names, RFC 8785 (our names are ASCII and our numbers integers)."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort)
    return re.sub("[\ud800-\udfff]", lambda found: "\\u%04x" % ord(found.group()), text)


def decode64(text):
    """Only what an encoder writes; None otherwise."""
    if not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text):
        return None
    data = base64.b64decode(text)
    return data if base64.b64encode(data).decode() == text else None


def encode64(data):
    return base64.b64encode(data).decode()


def sha256(data):
    return hashlib.sha256(data).digest()


# --- forms of values (docs/ledger-entries.md)


def text_of(pattern, most=None):
    compiled = re.compile(pattern)
    return lambda v: isinstance(v, str) and (most is None or len(v) <= most) and bool(compiled.fullmatch(v))


def line(most):
    control = re.compile("[\x00-\x1f\x7f-\x9f]")
    return lambda v: isinstance(v, str) and 1 <= units(v) <= most and well_formed(v) and not control.search(v)


def integer(least=0, most=MAX_INT):
    return lambda v: type(v) is int and least <= v <= most


def one_of(*choices):
    return lambda v: any(type(v) is type(choice) and v == choice for choice in choices)


def set_of(item, least, most):
    return lambda v: isinstance(v, list) and least <= len(v) <= most and all(map(item, v)) and len(set(v)) == len(v)


def day(value):
    """Days since 0001-01-01, or None."""
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) and value >= "1900"):
        return None
    try:
        return datetime.date.fromisoformat(value).toordinal()
    except ValueError:
        return None


def window(end):
    def is_window(v):
        if not isinstance(v, dict) or set(v) != {"from", end}:
            return False
        first, last = day(v["from"]), day(v[end])
        return first is not None and last is not None and first < last

    return is_window


def commit(*named):
    name = re.compile(r"[a-z][a-z0-9_]{0,63}")
    return lambda v: (
        isinstance(v, dict)
        and 1 <= len(v) <= 32
        and all(name.fullmatch(field) for field in v)
        and all(map(HASH, v.values()))
        and all(field in v for field in named)
    )


def said(v):
    name = re.compile(r"[a-z][a-z0-9_]{0,63}")
    value = one_form(line(4096), set_of(line(200), 1, 32))
    return isinstance(v, dict) and 1 <= len(v) <= 16 and all(map(name.fullmatch, v)) and all(map(value, v.values()))


def one_form(*forms):
    return lambda v: any(form(v) for form in forms)


def fields(shape):
    def is_object(v):
        if not isinstance(v, dict) or not set(v) <= {name.rstrip("?") for name in shape}:
            return False
        return all(is_valid(v[n.rstrip("?")]) if n.rstrip("?") in v else n.endswith("?") for n, is_valid in shape.items())

    return is_object


NOTICE_MS, CLOCK_MS = 30 * 86_400_000, 2000
HASH = text_of(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
WORD = text_of(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", 64)
REASON = text_of(r"[a-z][a-z0-9_]*", 64)
SCOPE = text_of(r"[a-z][a-z0-9_:.-]*", 64)
TOKEN = text_of(r"[A-Za-z0-9_.~+/=:-]{1,128}")
PARTY = text_of(r"client_[A-Za-z0-9_-]{22}")
CONSENT = text_of(r"consent_[A-Za-z0-9_-]{22}")
METER = text_of(r"mp_[A-Za-z0-9_-]{22}")
JKT = text_of(r"[A-Za-z0-9_-]{43}")
ORDER = text_of(r"order_[A-Za-z0-9_-]{22}")
SUPPLY = text_of(r"supply_[A-Za-z0-9_-]{22}")
OPERATOR = text_of(r"operator_[A-Za-z0-9_-]{22}")
PROPOSAL = text_of(r"proposal_[A-Za-z0-9_-]{22}")
STORE_READ = text_of(r"[A-Za-z0-9_.:+-]{1,64}/(0|[1-9][0-9]{0,14})")
NOTE = text_of(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", 20_000)
VERSION = integer(1, 1_000_000)
RESOLUTIONS = ["P1M", "P1D", "PT1H", "PT30M"]
RESOLUTION = one_of(*RESOLUTIONS)
REGISTER = one_of("import", "export", "generation")

WHO = {"consent_ref": CONSENT, "third_party": PARTY}
REQUEST = {**WHO, "purpose": WORD}
OVER = {**WHO, "version": VERSION}
ASKED = {**REQUEST, "resolution": RESOLUTION, "window": window("until")}
TERMS = {
    **ASKED,
    "version": VERSION,
    "registers": set_of(REGISTER, 1, 3),
    "meter_refs": set_of(METER, 1, 64),
    "expires_s": integer(),
    "once?": one_of(1),
    "signed_by": one_of("code", "passkey", "sandbox"),
    "answered_as?": one_of("attorney", "deputy"),
    "commit": commit("wording", "meter_points"),
}
ACCESS = {"basis": one_of("consent", "licence", "order"), "third_party": PARTY, "jkt": JKT, "store_read?": STORE_READ}
# What an access names besides, by its basis.
BASES = {
    "consent": {"consent_ref": CONSENT, "version": VERSION},
    "licence": {"supply_ref": SUPPLY},
    "order": {"order_ref": ORDER},
}
OPT_OUTS = ("forecasting", "service", "settlement")
PROOF = fields(
    {
        "key": JKT,
        "signature": text_of(r"[A-Za-z0-9_-]+", 512),
        "authenticator_data?": text_of(r"[A-Za-z0-9_-]+", 4096),
        "client_data?": text_of(r"[A-Za-z0-9_-]+", 8192),
    }
)
DECIDED = {"operator": OPERATOR, "proposal": PROPOSAL, "digest": HASH, "proof": PROOF}
OPERATOR_KEY = {"operator": OPERATOR, "key": line(1024), "kept_in": one_of("file", "passkey")}
KINDS = {
    "log.opened": {"mode": one_of("production", "sandbox", "demo"), "origin": line(255), "key": line(4096)},
    "log.succeeded": {
        "mode": one_of("production", "sandbox", "demo"),
        "origin": line(255),
        "key": line(4096),
        "former_origin": line(255),
        "former_key": line(4096),
        "kept_size": integer(),
        "kept_root": HASH,
        "known_size": integer(),
        "known_checkpoint": lambda v: NOTE(v) and len(v) >= 4,
        "cosigned_checkpoint?": lambda v: NOTE(v) and len(v) >= 4,
        "handover": lambda v: NOTE(v) and len(v) >= 4,
        "known_from": line(300),
        "proposal?": PROPOSAL,
    },
    "key.published": {"use": one_of("ledger", "tokens"), "key": line(4096)},
    "key.retired": {"use": one_of("ledger", "tokens"), "key": line(4096), "proposal?": PROPOSAL},
    "operator.added": {**OPERATOR_KEY, "role": WORD, "proposal?": PROPOSAL},
    "operator.carried": {**OPERATOR_KEY, "role": WORD},
    "operator.key-added": {**OPERATOR_KEY, "proof": PROOF},
    "operator.removed": {"operator": OPERATOR, "proposal?": PROPOSAL},
    "operator.proposed": {**DECIDED, "act": WORD, "said?": said, "expires_s": integer()},
    "operator.approved": DECIDED,
    "operator.declined": DECIDED,
    "policy.published": {
        "policy": HASH,
        "effective_s": integer(),
        "replaces?": HASH,
        "weakens?": one_of(1),
        "proposal?": PROPOSAL,
    },
    "third-party.registered": {
        "third_party": PARTY,
        "class": WORD,
        "group": line(200),
        "purposes": set_of(WORD, 1, 32),
        "proposal?": PROPOSAL,
    },
    "third-party.suspended": {"third_party": PARTY, "reason": line(500)},
    "third-party.struck-off": {"third_party": PARTY, "reason": line(500), "proposal?": PROPOSAL},
    "third-party.restored": {"third_party": PARTY},
    "meter-point.linked": {"proven_by?": one_of("code", "operator"), "commit": commit("meter_point")},
    "meter-point.unlinked": {"commit": commit("meter_point", "until")},
    "consent.requested": {**ASKED, "commit": commit()},
    "consent.given": TERMS,
    "consent.narrowed": TERMS,
    "consent.refused": REQUEST,
    "consent.lapsed": REQUEST,
    "consent.stopped": {**OVER, "through?": one_of("phone", "post", "in-person", "helper", "home")},
    **{"consent." + how: OVER for how in ("expired", "ended", "superseded", "returned")},
    "token.issued": {
        "third_party": PARTY,
        "consent_ref?": CONSENT,
        "scopes?": set_of(SCOPE, 1, 16),
        "jkt": JKT,
        "token": TOKEN,
        "expires_s": integer(),
    },
    "token.revoked": {"third_party": PARTY, "consent_ref?": CONSENT, "token?": TOKEN, "reason": line(200)},
    "disclosure": {
        **ACCESS,
        "meter_ref": METER,
        "purpose": WORD,
        "resolution": RESOLUTION,
        "register": REGISTER,
        "window": window("to"),
        "count": integer(),
        "decision": one_of("allowed"),
        "reasons": set_of(REASON, 0, 32),
        "policy": HASH,
        "commit": commit("readings", "proof", "meter_point"),
    },
    "refusal": {
        **ACCESS,
        "meter_ref?": METER,
        "purpose?": WORD,
        "resolution?": RESOLUTION,
        "register?": REGISTER,
        "window?": window("to"),
        "decision": one_of("refused"),
        "reasons": set_of(REASON, 1, 32),
        "policy?": HASH,
        "commit": commit("proof"),
    },
    "disclosure.void": {"disclosure": integer(), "reason": line(200)},
    "read.dropped": {"store_read": STORE_READ},
    "map.published": {"size": integer(), "root": HASH},
    "supply.recorded": {"supply_ref": SUPPLY, "third_party": PARTY, "meter_ref": METER, "commit": commit("meter_point")},
    "supply.ended": {"supply_ref": SUPPLY, "third_party": PARTY},
    "opt-out.recorded": {
        "supply_ref": SUPPLY,
        "third_party": PARTY,
        "purposes": set_of(one_of(*OPT_OUTS), 0, len(OPT_OUTS)),
    },
    "lawful-order.recorded": {
        "order_ref": ORDER,
        "third_party": PARTY,
        "instrument": one_of("court-order", "statutory-notice"),
        "resolution": RESOLUTION,
        "registers": set_of(REGISTER, 1, 3),
        "window": window("to"),
        "meter_refs": set_of(METER, 1, 10),
        "expires_s": integer(),
        "opens_s": integer(),
        "proposal?": PROPOSAL,
        "commit": commit("order"),
    },
    "lawful-order.opened": {"order_ref": ORDER, "commit": commit("order")},
    "subject.erased": {"entries": integer(), "proposal?": PROPOSAL},
}
# What no field says alone.
TOGETHER = {
    "log.succeeded": lambda body: body["known_size"] >= body["kept_size"],
    "token.issued": lambda body: ("consent_ref" in body) != ("scopes" in body),
    "token.revoked": lambda body: "consent_ref" in body or "token" in body,
}
EVERY = {
    "req": text_of(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "actor": one_of("broker", "householder", "third-party", "operator"),
}


def parse_body(text):
    try:
        body = parse_json(text)
    except ValueError as error:
        raise BodyError("the body is not JSON") from error
    kind = body.get("kind") if isinstance(body, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise BodyError("the body is of no known kind")
    left = dict(body)
    del left["kind"]
    basis = body.get("basis")
    named = BASES.get(basis, {}) if kind in ("disclosure", "refusal") and isinstance(basis, str) else {}
    for field, is_valid in {**EVERY, **KINDS[kind], **named}.items():
        name = field.rstrip("?")
        if name in left:
            if not is_valid(left.pop(name)):
                raise BodyError(f"{name} is not of its form")
        elif field == name:
            raise BodyError(f"{name} is missing")
    if left:
        raise BodyError(f"{next(iter(left))} is no field of {kind}")
    if not TOGETHER.get(kind, lambda _: True)(body):
        raise BodyError(f"the fields of {kind} do not go together")
    if write_json(body, sort=True) != text:
        raise BodyError("the body is not in canonical form (RFC 8785)")
    return body


# --- lines of the file

LINES = {
    "manifest": {
        "format": one_of("stabledoor/export/v1"),
        "origin": line(255),
        "from": integer(),
        "size": integer(),
    },
    "frontier": {"hashes": lambda v: isinstance(v, list) and 1 <= len(v) <= 53 and all(map(HASH, v))},
    "opening": {
        "field": text_of(r"[a-z][a-z0-9_]{0,63}"),
        "salt": HASH,
        "value": lambda v: isinstance(v, str) and 1 <= units(v) <= 300_000 and well_formed(v),
    },
    "key": {"key": line(4096)},
    "policy": {"digest": HASH, "text": lambda v: isinstance(v, str) and units(v) <= 1_000_000 and well_formed(v)},
    "entry": {"entry": lambda v: isinstance(v, str) and 1 <= units(v) <= 65_535},
    "checkpoint": {"note": lambda v: isinstance(v, str) and 1 <= units(v) <= 100_000},
}


def parse_line(raw, number):
    if not raw.endswith(b"\n"):
        raise FormatError(f"line {number} is cut or too long")
    try:
        text = raw[:-1].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"line {number} is not UTF-8") from error
    if units(text) > MAX_LINE:
        raise FormatError(f"line {number} is too long")
    try:
        value = parse_json(text)
    except ValueError as error:
        raise FormatError(f"line {number} is not JSON") from error
    kind = value.get("type") if isinstance(value, dict) else None
    shape = LINES.get(kind) if isinstance(kind, str) else None
    if shape is None or list(value) != ["type", *shape]:
        raise FormatError(f"line {number} is none of the format")
    for name, is_valid in shape.items():
        if not is_valid(value[name]):
            raise FormatError(f"line {number}: {name}")
    if write_json(value) != text:
        raise FormatError(f"line {number} is not written as the format says")
    if kind == "manifest" and 0 < value["from"] >= value["size"]:
        raise FormatError(f"line {number}: a later part has an entry")
    return value


def read_lines(file):
    number = 0
    while True:
        raw = file.readline(3 * MAX_LINE + 1)
        if raw == b"":
            return
        number += 1
        yield parse_line(raw, number)


# --- keys, notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature)

SPACE_OR_CONTROL = re.compile(
    "[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000+]"
)


def is_key_name(name):
    return 1 <= units(name) <= 255 and well_formed(name) and not SPACE_OR_CONTROL.search(name)


class Key:
    """A verifier key: name+id+base64 of type and 32 bytes."""

    def __init__(self, text):
        parts = re.fullmatch(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text)
        data = decode64(parts.group(3)) if parts else None
        if data is None or len(data) != 33 or data[0] not in (1, 4) or not is_key_name(parts.group(1)):
            raise NoteError(f"{text[:80]} is no verifier key")
        self.text, self.name, self.type = text, parts.group(1), data[0]
        self.id = sha256(self.name.encode() + b"\n" + data)[:4]
        if self.id.hex() != parts.group(2):
            raise NoteError(f"the id of {self.name} does not belong to its key")
        self.public_bytes = data[1:]
        self.public = Ed25519PublicKey.from_public_bytes(data[1:])

    def verify(self, text, payload):
        """When it was signed (0 for a type without a time); None if the signature does not hold."""
        message, signature, seconds = text.encode(), payload, 0
        if self.type == 4:
            seconds = int.from_bytes(payload[:8], "big")
            if len(payload) != 72 or seconds > MAX_INT:
                return None
            message, signature = f"cosignature/v1\ntime {seconds}\n".encode() + message, payload[8:]
        try:
            self.public.verify(signature, message)
        except (InvalidSignature, ValueError):
            return None
        return seconds


def split_note(note):
    """The text, and (name, id, payload) of each signature line."""
    if not well_formed(note) or re.search("[\x00-\x09\x0b-\x1f]", note) or not note.endswith("\n"):
        raise NoteError("this is no note")
    text, empty, rest = note.rpartition("\n\n")
    if not empty:
        raise NoteError("no empty line divides text from signatures")
    lines = rest[:-1].split("\n")
    if len(lines) > 100:
        raise NoteError("a note has at most 100 signatures")
    signatures = []
    for one in lines:
        parts = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", one)
        data = decode64(parts.group(2)) if parts else None
        if data is None or len(data) < 5 or not is_key_name(parts.group(1)):
            raise NoteError("a signature line is a dash, a name and base64")
        signatures.append((parts.group(1), data[:4], data[4:]))
    return text + "\n", signatures


def parse_checkpoint(text):
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not is_key_name(lines[0]):
        raise NoteError("a checkpoint has three lines: origin, size and root")
    root = decode64(lines[2])
    if not re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]) or int(lines[1]) > MAX_INT:
        raise NoteError("the size is not a number")
    if root is None or len(root) != 32:
        raise NoteError("the root is not base64 of 32 bytes")
    return lines[0], int(lines[1]), root


def open_checkpoint(note, origin, log_keys, witness_keys):
    """(size, root, names of witnesses with the seconds at which they signed, keys that signed with their seconds). Raises
    NoteError."""
    text, signatures = split_note(note)
    signers = {}
    for name, key_id, payload in signatures:
        known = {key.text: key for key in [*log_keys, *witness_keys] if (key.name, key.id) == (name, key_id)}
        if len(known) > 1:
            raise NoteError("two known keys share an id")
        for key in known.values():
            seconds = key.verify(text, payload)
            if seconds is None:
                raise NoteError(f"the signature of {name} is not valid")
            signers.setdefault(key.text, (key, seconds))
    if not any(key.text in signers for key in log_keys):
        raise NoteError("the log itself did not sign this checkpoint")
    named, size, root = parse_checkpoint(text)
    if named != origin:
        raise NoteError(f"the checkpoint is of {named}, not of {origin}")
    return size, root, [(key.name, seconds) for key, seconds in signers.values() if key.type == 4], {
        text: seconds for text, (_, seconds) in signers.items()
    }


def note_in(encoded):
    try:
        return (decode64(encoded) or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("a note is UTF-8") from error


def link_fault(body):
    """What is wrong with what entry 0 says of the former log, or None. Raises NoteError."""
    key = Key(body["former_key"])
    if key.name != body["former_origin"]:
        return f"{key.text} is not a key of {body['former_origin']}"
    size, root, _, _ = open_checkpoint(note_in(body["known_checkpoint"]), key.name, [key], [])
    if size != body["known_size"]:
        return f"the known checkpoint is of {size} entries"
    if size == body["kept_size"] and encode64(root) != body["kept_root"]:
        return "the known checkpoint has another root than what was kept"
    if "cosigned_checkpoint" in body:
        if open_checkpoint(note_in(body["cosigned_checkpoint"]), key.name, [key], [])[0] > size:
            return "a longer checkpoint was cosigned than is known"
    text, signatures = split_note(note_in(body["handover"]))
    payloads = [payload for name, key_id, payload in signatures if (name, key_id) == (key.name, key.id)]
    if not payloads or any(key.verify(text, payload) is None for payload in payloads):
        raise NoteError("the former key did not sign the handover")
    said = [body["former_origin"], str(body["kept_size"]), body["kept_root"], body["key"]]
    wanted = "\n".join(["stabledoor/handover/v1", *said, ""])
    return None if text == wanted else "the handover says otherwise"


# --- the witness policy (C2SP tlog-policy)


class Policy:
    """Which logs, which witnesses, and how many of them it takes. A line that could be read in two ways refuses it."""

    def __init__(self, data):
        if len(data) > 1_000_000:
            raise PolicyError("a policy has at most 1000000 bytes")
        if any((byte < 32 and byte not in (9, 10)) or byte == 127 for byte in data):
            raise PolicyError("a policy holds no control characters but tab and line feed")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise PolicyError("a policy is UTF-8") from error
        if not text.endswith("\n"):
            raise PolicyError("the last line does not end in a line feed")
        # Members by name: a witness is its index in `witnesses`, a group is (threshold, names).
        self.logs, self.witnesses, self.members = [], [], {}
        self.in_group, self.run_by, self.groups, self.quorum = set(), {}, 0, None
        takers = {"log": self.take_log, "witness": self.take_witness, "group": self.take_group, "quorum": self.take_quorum}
        for number, one in enumerate(text[:-1].split("\n"), 1):
            words = [word for word in re.split("[ \t]+", one) if word]
            try:
                if words and words[0].startswith("#"):
                    self.take_comment(words[1:] if words[0] == "#" else [words[0][1:], *words[1:]])
                elif words and words[0] not in takers:
                    raise PolicyError("a line begins with log, witness, group, quorum or #")
                elif words:
                    takers[words[0]](words[1:])
            except (PolicyError, NoteError) as error:
                raise PolicyError(f"line {number}: {error}") from error
        if self.quorum is None:
            raise PolicyError("there is no quorum line")
        for name in self.run_by:
            if not isinstance(self.members.get(name), int):
                raise PolicyError(f"run-by names {name}, which is no witness")

    def take_comment(self, words):
        if words[:1] != ["run-by"]:
            return
        if len(words) < 3:
            raise PolicyError("run-by takes the name of a witness and who runs it")
        if words[1] in self.run_by or words[1] in self.members:
            raise PolicyError("one run-by line stands before each witness line")
        self.run_by[words[1]] = " ".join(words[2:])

    def take_log(self, words):
        if not 1 <= len(words) <= 2:
            raise PolicyError("a log line has a key and perhaps an address")
        self.logs.append(self.new_key(words[0], 1, self.logs, 1024))
        self.address(words[1:])

    def take_witness(self, words):
        if not 2 <= len(words) <= 3:
            raise PolicyError("a witness line has a name, a key and perhaps an address")
        name = words[0]
        key = self.new_key(words[1], 4, [witness["key"] for witness in self.witnesses], 64)
        who = self.run_by.get(name)
        one = {"name": name, "key": key, "url": self.address(words[2:]), "run_by": None if who == "operator" else who}
        self.define(name, len(self.witnesses))
        self.witnesses.append(one)

    def take_group(self, words):
        if len(words) < 3 or self.groups >= 256:
            raise PolicyError("a group line has a name, any, all or a number, and members")
        name, rule, *names = words
        for member in names:
            self.look_up(member)
            if member in self.in_group:
                raise PolicyError(f"{member} is in a group already")
            self.in_group.add(member)
        threshold = {"any": 1, "all": len(names)}.get(rule)
        if threshold is None:
            if not re.fullmatch("[1-9][0-9]{0,3}", rule) or int(rule) > len(names):
                raise PolicyError("a group takes any, all, or a number from 1 to that of its members")
            threshold = int(rule)
        self.define(name, (threshold, names))
        self.groups += 1

    def take_quorum(self, words):
        if len(words) != 1 or self.quorum is not None:
            raise PolicyError("there is one quorum line, with one name")
        if words[0] != "none":
            self.look_up(words[0])
        self.quorum = words[0]

    def new_key(self, text, kind, others, most):
        key = Key(text)
        if key.type != kind:
            raise PolicyError("the key of a log is of type 0x01, that of a witness of type 0x04")
        if len(others) >= most:
            raise PolicyError(f"there are more than {most} lines of this kind")
        if any(other.public_bytes == key.public_bytes for other in others):
            raise PolicyError("this key stands here already")
        return key

    def address(self, words):
        if not words:
            return None
        url = words[0]
        try:
            parts = urllib.parse.urlsplit(url)
            is_good = bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_good = False
        if not is_good or units(url) > 2048 or not re.match("https?://", url) or re.search("[?#]", url):
            raise PolicyError("an address begins with http:// or https:// and has no query")
        return url.rstrip("/")

    def look_up(self, name):
        if name not in self.members:
            raise PolicyError(f"{name} is not defined before this line")
        return self.members[name]

    def define(self, name, member):
        if name == "none" or name in self.members:
            raise PolicyError(f"{name} is defined already, or no name")
        self.members[name] = member

    def is_met(self, has_signed):
        """Whether the witnesses for which `has_signed` is true are enough. Each stands in one group at most."""

        def holds(name):
            member = self.members[name]
            if isinstance(member, int):
                return has_signed(self.witnesses[member])
            return sum(map(holds, member[1])) >= member[0]

        return self.quorum == "none" or holds(self.quorum)


# --- the tree and the chain

HEADER = re.compile(
    r"stabledoor/entry/v1\nidx (0|[1-9][0-9]{0,15})\nprev (H)\ntime (0|[1-9][0-9]{0,15})\nstag (-|H)\n".replace(
        "H", "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
    )
)


class Tree:
    """RFC 6962, section 2.1, by the roots of its perfect subtrees."""

    def __init__(self):
        self.size, self.roots = 0, []

    def add(self, leaf):
        position = self.size
        while position & 1:
            leaf = sha256(b"\x01" + self.roots.pop() + leaf)
            position >>= 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        if not self.roots:
            return sha256(b"")
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = sha256(b"\x01" + left + root)
        return root


def parse_entry(text):
    """(idx, prev, time, body, stag), or None."""
    if not well_formed(text) or len(text.encode()) > 65_535:
        return None
    header = HEADER.match(text)
    if header is None:
        return None
    body = text[header.end() : -1]
    index, prev, time, stag = header.groups()
    is_one_line = text.endswith("\n") and len(text) > header.end() and "\n" not in body
    if not body or not is_one_line or max(int(index), int(time)) > MAX_INT:
        return None
    return int(index), prev, int(time), body, stag


# --- the map of tags (docs/tag-map.md)

MAP_SPAN = 1_048_576
MAP_LAG = 131_072
NO_TAG = bytes(32)


def bit(tag, depth):
    return tag[depth // 8] >> (7 - depth % 8) & 1


class TagTree:
    """One span. A branch is [left, right, hash or None]; a tag (tag, hash); no tag None."""

    def __init__(self):
        self.top, self.tags = None, set()

    def insert(self, tag, leaf):
        if tag in self.tags:
            return False
        self.tags.add(tag)
        added = (tag, sha256(b"\x02" + tag + leaf))
        node, above, depth = self.top, None, 0
        while isinstance(node, list):
            node[2] = None
            above, node, depth = node, node[bit(tag, depth)], depth + 1
        if node is not None:
            node = self.part(node, added, depth)
        else:
            node = added
        if above is None:
            self.top = node
        else:
            above[bit(tag, depth - 1)] = node
        return True

    def part(self, old, added, depth):
        top = branch = [None, None, None]
        while bit(old[0], depth) == bit(added[0], depth):
            below = [None, None, None]
            branch[bit(added[0], depth)] = below
            branch, depth = below, depth + 1
        branch[bit(old[0], depth)], branch[bit(added[0], depth)] = old, added
        return top

    def root(self, node=0):
        node = self.top if node == 0 else node
        if node is None:
            return NO_TAG
        if isinstance(node, tuple):
            return node[1]
        if node[2] is None:
            node[2] = sha256(b"\x03" + self.root(node[0]) + self.root(node[1]))
        return node[2]


class TagMap:
    def __init__(self, find, span=MAP_SPAN):
        self.find, self.span = find, span
        self.spans, self.tree, self.waiting = [], TagTree(), []
        self.entries, self.least, self.maps, self.covers = 0, 0, 0, None

    def take(self, index, stag, leaf):
        if stag != "-":
            self.waiting.append((self.entries, index, base64.b64decode(stag), leaf))
        self.entries += 1

    def publish(self, index, size, root):
        before = self.entries - 1
        if not max(self.least, before - MAP_LAG) <= size <= before:
            self.find(index, "map_size", f"a map of {size} entries cannot stand after {before}")
            return
        self.cover(size)
        self.end_spans(size)
        self.least = size
        begun = [self.tree.root()] if size > len(self.spans) * self.span else []
        if encode64(sha256(b"\x04" + b"".join(self.spans + begun))) != root:
            self.find(index, "map_root", f"the tags of the first {size} entries have another root")
            return
        self.maps += 1
        self.covers = size

    def cover(self, size):
        covered = [one for one in self.waiting if size is None or one[0] < size]
        self.waiting = self.waiting[len(covered) :]
        for place, index, tag, leaf in covered:
            self.end_spans(place)
            if not self.tree.insert(tag, leaf):
                self.find(index, "tag_repeated", "an earlier entry has the same tag")

    def end_spans(self, place):
        while (len(self.spans) + 1) * self.span <= place:
            self.spans.append(self.tree.root())
            self.tree = TagTree()


# --- a household's own file (docs/household-chain.md)


def canonical(value):
    """RFC 8785 of integers and well-formed text; None for what has no such form here."""
    if isinstance(value, float):
        return canonical(int(value)) if value.is_integer() else None
    if value is None or isinstance(value, bool):
        return write_json(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= MAX_INT else None
    if isinstance(value, str):
        return write_json(value) if well_formed(value) else None
    if isinstance(value, list):
        parts = [canonical(one) for one in value]
        return None if None in parts else f"[{','.join(parts)}]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    if any(re.match("[0-9]", name) or name == "__proto__" or not well_formed(name) for name in names):
        return None
    parts = [(write_json(name), canonical(value[name])) for name in names]
    return None if any(part is None for _, part in parts) else f"{{{','.join(f'{n}:{p}' for n, p in parts)}}}"


def parse_household_json(text):
    """As JSON has no integers of its own, 1.0 is 1. What nests too deep, has a member __proto__ or a number without end is refused."""

    def number(digits):
        value = float(digits)
        return int(value) if value.is_integer() and abs(value) <= MAX_INT else value

    value = json.loads(text, parse_constant=no_constant, parse_float=number)
    if not is_plain(value, lambda one: isinstance(one, float) and not math.isfinite(one)):
        raise ValueError("it nests too deep, has a name that is none, or a number without end")
    return value


def is_plain(value, is_odd=lambda one: False):
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        if any(map(is_odd, level)):
            return False
        inside = [one for one in level if isinstance(one, (dict, list))]
        if not inside:
            return True
        if any("__proto__" in one for one in inside if isinstance(one, dict)):
            return False
        level = [part for one in inside for part in (one.values() if isinstance(one, dict) else one)]
    return False


def list_of(item, most):
    return lambda v: isinstance(v, list) and len(v) <= most and all(map(item, v))


def is_opened(v):
    name = re.compile(r"[a-z][a-z0-9_]{0,63}")
    opening = fields({"salt": HASH, "value?": lambda _: True})
    return isinstance(v, dict) and all(map(name.fullmatch, v)) and all(map(opening, v.values()))


ENTRY_TEXT = lambda v: isinstance(v, str) and 1 <= units(v) <= 65_535
WAY = list_of(HASH, 63)
FOUND = one_form(lambda v: v is None, fields({"tag": HASH, "leaf": HASH}))
SPAN = fields({"root": HASH, "siblings": list_of(HASH, 256), "found": FOUND})
ABSENCE = fields({"entry": ENTRY_TEXT, "proof": WAY, "spans": list_of(SPAN, 100_000)})
HOUSEHOLD_FILE = {
    "format": one_of("stabledoor/chain/v1"),
    "origin": line(255),
    "exported_ms": integer(),
    "chain_key": HASH,
    "first": integer(),
    "checkpoint": lambda v: isinstance(v, str) and 1 <= units(v) <= 100_000,
    "entries": list_of(fields({"entry": ENTRY_TEXT, "proof": WAY, "opened": is_opened}), 2000),
    "absence": one_form(lambda v: v is None, ABSENCE),
}


def leads_to(root, index, size, leaf, proof):
    """RFC 9162, section 2.1.3.2."""
    at, last, node = index, size - 1, leaf
    if index >= size:
        return False
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = sha256(b"\x01" + sibling + node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


class HouseholdFile:
    """What a household was given about itself, checked with the log's key alone."""

    def __init__(self, text, keys, span=MAP_SPAN):
        try:
            self.file = parse_household_json(text)
        except (ValueError, RecursionError) as error:
            raise FormatError("it is not JSON of docs/household-chain.md") from error
        if not fields(HOUSEHOLD_FILE)(self.file):
            raise FormatError("it is not of the form of docs/household-chain.md")
        self.span, self.violations, self.witnesses = span, [], []
        self.size, self.root, self.last, self.covered = None, None, -1, None
        self.opened = self.unopened = 0
        known = [Key(key) for key in keys]
        log_keys = [key for key in known if key.type == 1 and key.name == self.file["origin"]]
        if not log_keys:
            raise NoteError(f"none of the keys given is of the log {self.file['origin']}")
        try:
            opened = open_checkpoint(
                self.file["checkpoint"], self.file["origin"], log_keys, [key for key in known if key.type == 4]
            )
        except NoteError as error:
            self.find(None, "checkpoint_invalid", str(error))
            return
        self.size, self.root, self.witnesses = opened[0], opened[1], [name for name, _ in opened[2]]
        for number, one in enumerate(self.file["entries"], self.file["first"]):
            self.take(number, one)
        if self.file["absence"] is not None:
            self.take_absence(self.file["absence"])

    def find(self, number, kind, message):
        self.violations.append({"number": number, "kind": kind, "message": message})

    def read(self, number, text):
        entry = parse_entry(text)
        try:
            body = parse_body(entry[3]) if entry else None
        except BodyError:
            body = None
        if body is None:
            kind = "entry_unreadable" if number is not None else "map_invalid"
            self.find(number, kind, "the text or the body of the entry is not of the format")
        return entry, body

    def is_in_log(self, index, text, proof):
        return leads_to(self.root, index, self.size, sha256(b"\x00" + text.encode()), list(map(decode64, proof)))

    def tag(self, number):
        return hmac.new(decode64(self.file["chain_key"]), str(number).encode(), hashlib.sha256).digest()

    def take(self, number, one):
        entry, body = self.read(number, one["entry"])
        if body is None:
            return
        index, stag = entry[0], entry[4]
        if not self.is_in_log(index, one["entry"], one["proof"]):
            self.find(number, "entry_not_in_log", f"entry {index} of the log is not this one")
        if stag != encode64(self.tag(number)):
            self.find(number, "entry_of_another", f"its tag is not that of entry {number} of the household")
        if index <= self.last:
            self.find(number, "entry_order", "it stands before the one that it follows")
        self.last = max(self.last, index)
        self.open(number, body.get("commit", {}), one["opened"])

    def open(self, number, committed, opened):
        for field, opening in opened.items():
            if field not in committed:
                self.find(number, "opening_wrong", f"{field}: it commits to no such field")
            elif "value" in opening:
                self.opened += 1
                text = canonical(opening["value"])
                prefix = f"stabledoor/commit/v1\n{field}\n".encode() + decode64(opening["salt"])
                if text is None or encode64(sha256(prefix + text.encode())) != committed[field]:
                    self.find(number, "opening_wrong", f"{field}: this is not what was committed to")
        self.unopened += sum("value" not in opened.get(field, {}) for field in committed)

    def take_absence(self, absence):
        entry, body = self.read(None, absence["entry"])
        if body is None:
            return
        if body["kind"] != "map.published" or not self.is_in_log(entry[0], absence["entry"], absence["proof"]):
            self.find(None, "map_invalid", "what is given as the map is no map of this log")
            return
        if body["size"] > entry[0]:
            self.find(None, "map_invalid", f"a map at entry {entry[0]} cannot cover {body['size']} entries")
            return
        roots = [decode64(span["root"]) for span in absence["spans"]]
        is_whole = len(roots) == -(-body["size"] // self.span)
        if not is_whole or encode64(sha256(b"\x04" + b"".join(roots))) != body["root"]:
            self.find(None, "map_invalid", "the roots of the spans are not those of the map")
            return
        number = self.file["first"] + len(self.file["entries"])
        tag = self.tag(number)
        held = [one for one, root in zip(absence["spans"], roots) if not self.is_absent(tag, one, root)]
        if not held:
            self.covered = (body["size"], entry[2])
        elif held[0]["found"] is not None and decode64(held[0]["found"]["tag"]) == tag:
            self.find(number, "entry_withheld", "the log has an entry of the household that is not in this file")
        else:
            self.find(None, "absence_not_shown", "a way does not lead to where the next tag would stand")

    @staticmethod
    def is_absent(tag, way, root):
        siblings, node = list(map(decode64, way["siblings"])), NO_TAG
        if way["found"] is not None:
            stands, leaf = decode64(way["found"]["tag"]), decode64(way["found"]["leaf"])
            if stands == tag or any(bit(stands, depth) != bit(tag, depth) for depth in range(len(siblings))):
                return False
            node = sha256(b"\x02" + stands + leaf)
        for depth in reversed(range(len(siblings))):
            pair = (node, siblings[depth]) if bit(tag, depth) == 0 else (siblings[depth], node)
            node = sha256(b"\x03" + b"".join(pair))
        return node == root

    def unproven(self):
        said = []
        if self.covered is None:
            said.append("That no newer entry of your home is held back: this file does not show it.")
        else:
            said.append(f"What stands among the entries of the log from {self.covered[0]} on: it is shown for those before.")
        if self.file["first"] > 0:
            said.append(f"What the entries before number {self.file['first']} of the household say.")
        if self.unopened > 0:
            said.append(f"What stands behind {self.unopened} commitments: their values are not in this file.")
        return said + [
            "That these are the entries of your home: compare the chain key with that of a file that you got before.",
            "That nothing about your home stands under another tag, or was left out of the log.",
            "That everyone is shown the same log: compare the checkpoint with one that you got otherwise.",
        ]

    def verdict(self):
        return {
            "sound": not self.violations,
            "origin": self.file["origin"],
            "first": self.file["first"],
            "entries": len(self.file["entries"]),
            "size": self.size,
            "witnesses": self.witnesses,
            "covered": self.covered and self.covered[0],
            "covered_ms": self.covered and self.covered[1],
            "opened": self.opened,
            "unopened": self.unopened,
            "violations": self.violations,
            "unproven": self.unproven(),
        }


# --- the meter store's numbers


class StoreReads:
    def __init__(self, starts_anywhere=False):
        self.starts_anywhere = starts_anywhere
        self.highest, self.start, self.numbered, self.missing = 0, None, 0, {}
        # Of a later part: numbers below its first are for the entries before it to account for.
        self.is_later, self.before = False, 0

    def take(self, store_read):
        start, _, digits = store_read.rpartition("/")
        number = int(digits)
        if self.starts_anywhere and self.start is None and number > 0:
            self.highest = number - 1
        if number > self.highest:
            first, last = self.highest + 1, number - 1
            restart = self.start not in (None, start) and last - first + 1 <= 32
            if self.start is None and self.is_later:
                self.before = last
            elif first <= last:
                self.missing[first] = (last, restart)
            self.highest, self.start = number, start
        elif not self.fill(number):
            return False
        self.numbered += 1
        return True

    def fill(self, number):
        for first in reversed(self.missing):
            last, restart = self.missing[first]
            if first <= number <= last:
                kept = {f: v for f, v in self.missing.items() if f < first}
                later = {f: v for f, v in self.missing.items() if f > first}
                halves = {f: (l, restart) for f, l in ((first, number - 1), (number + 1, last)) if f <= l}
                self.missing = {**kept, **halves, **later}
                return True
        return 0 < number <= self.before

    def count(self, restart):
        return sum(last - first + 1 for first, (last, at_restart) in self.missing.items() if at_restart == restart)


# --- the verifier


ACTS = {
    "third-party-register": ("third-party.registered", "registrar"),
    "third-party-change": ("third-party.registered", "registrar"),
    "third-party-strike-off": ("third-party.struck-off", "registrar"),
    "note-approve": (None, "registrar"),
    "policy-publish": ("policy.published", "counsel"),
    "lawful-order": ("lawful-order.recorded", "counsel"),
    "household-erase": ("subject.erased", "counsel"),
    "key-retire": ("key.retired", "custodian"),
    "ledger-succeed": ("log.succeeded", "custodian"),
    "operator-add": ("operator.added", None),
    "operator-remove": ("operator.removed", None),
}
WEEK_SECONDS = 7 * 86_400


def decode64url(text):
    """Bytes of base64url without padding, exactly as an encoder writes them, or None."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if encode64url(data) == text else None


def encode64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def texts_of(text):
    """The texts in a JSON object that any program reads alike."""
    try:
        value = json.loads(text, parse_constant=no_constant, parse_int=float)
    except (ValueError, RecursionError):
        return {}
    if not is_plain(value):
        return {}
    return {name: one for name, one in value.items() if isinstance(one, str)} if isinstance(value, dict) else {}


def der_integer(der, at):
    """The bytes of an INTEGER of at most 32 bytes and where it ends, or None."""
    if at + 2 > len(der) or der[at] != 2:
        return None
    length, end = der[at + 1], at + 2 + der[at + 1]
    if not 1 <= length <= 33 or end > len(der):
        return None
    value = der[at + 2 : end]
    value = value[1:] if value[0] == 0 else value
    return (value, end) if len(value) <= 32 else None


def raw_of_der(der):
    r = der_integer(der, 2)
    s = r and der_integer(der, r[1])
    if not s or der[0] != 0x30 or der[1] != len(der) - 2 or s[1] != len(der):
        return None
    return r[0].rjust(32, b"\0") + s[0].rjust(32, b"\0")


def is_signed(record, statement, proof):
    """Whether an operator's key signed that statement: a file's key over its text, a passkey as WebAuthn has it."""
    key, kept_in = record[:2]
    signature, message = decode64url(proof["signature"]), statement
    if kept_in == "passkey":
        message = signed_by_passkey(statement, proof)
    elif "client_data" in proof:
        return False
    if signature is None or message is None:
        return False
    jwk = texts_of(key)
    x, y = decode64url(jwk.get("x")), decode64url(jwk.get("y"))
    if x is None or len(x) != 32:
        return False
    try:
        if jwk.get("kty") == "OKP":
            Ed25519PublicKey.from_public_bytes(x).verify(signature, message)
            return True
        raw = raw_of_der(signature) if kept_in == "passkey" else signature
        if jwk.get("kty") != "EC" or y is None or len(y) != 32 or raw is None or len(raw) != 64:
            return False
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + x + y)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        point.verify(der, message, ec.ECDSA(hashes.SHA256()))
        return True
    except (InvalidSignature, ValueError):
        return False


def signed_by_passkey(statement, proof):
    data, client = decode64url(proof.get("authenticator_data")), decode64url(proof.get("client_data"))
    if data is None or client is None or len(data) < 37:
        return None
    try:
        said = texts_of(client.decode("utf-8"))
    except UnicodeDecodeError:
        return None
    if said.get("type") != "webauthn.get" or data[32] & 5 != 5:
        return None
    return data + sha256(client) if decode64url(said.get("challenge")) == sha256(statement) else None


# --- consents signed with a householder's own passkey


def is_opened_signature(opened):
    forms = {
        **dict.fromkeys(("salt", "home"), r"[A-Za-z0-9+/]{43}="),
        **dict.fromkeys(("signature", "authenticator_data", "client_data"), r"[A-Za-z0-9_-]{1,8192}"),
    }
    if not isinstance(opened, dict) or set(opened) != {*forms, "key"}:
        return False
    if not all(isinstance(opened[name], str) and re.fullmatch(form, opened[name]) for name, form in forms.items()):
        return False
    return isinstance(opened["key"], str) and len(opened["key"]) <= 2048


def consent_statement(origin, body, opened):
    said = {name: body[name] for name in ("third_party", "purpose", "resolution", "window", "registers")}
    said |= {"origin": origin, "salt": opened["salt"], "home": opened["home"], "once": body.get("once", 0)}
    return ("stabledoor/consent/v1\n" + write_json(said, sort=True)).encode()


class Operators:
    """Whether two operators decided what takes two."""

    def __init__(self, find, may_rest_on_before):
        self.find, self.may_rest_on_before = find, may_rest_on_before
        self.origin, self.production, self.successor = "", False, False
        self.operators, self.proposals, self.keys = {}, {}, set()
        self.policies = self.of_former = self.vouched = 0
        # The log that this one goes on for; entry 0 until it is seen who approved it; whether only carried ones came before.
        self.former, self.opening, self.may_carry, self.is_part = None, None, True, False

    def succeed(self, body, former):
        self.successor, self.may_carry, self.opening = True, True, body
        if former is not None and former.origin() == body["former_origin"]:
            self.former = former

    def before(self, kind):
        self.may_carry = self.may_carry and kind == "operator.carried"
        if kind not in ("operator.carried", "operator.proposed", "operator.approved"):
            self.settle_opening()

    def settle_opening(self):
        """Whether two operators decided that this log goes on; their entries come right after entry 0."""
        body, self.opening = self.opening, None
        if body is None:
            return
        if "proposal" in body and body["proposal"] not in self.proposals:
            self.find(0, "not_approved", f"{body['proposal']} is not proposed right after it")
        else:
            self.done(0, body)

    def carry(self, index, body):
        name = body["operator"]
        if not self.may_carry or not (self.successor or self.may_rest_on_before(index)):
            self.find(index, "operator_unknown", f"{name} is carried over elsewhere than after log.succeeded")
        fault = self.former.operators.why_not_carried(body, self.former.kept_size or 0) if self.former else None
        if fault is not None:
            self.find(index, "operator_unknown", fault)
        if name not in self.operators:
            self.enter(index, body)
        if self.operators[name]["role"] != body["role"]:
            self.find(index, "operator_unknown", f"{name} has two roles")
        self.keep(index, self.operators[name], body)

    def why_not_carried(self, body, kept_size):
        """Asked as the former log: why somebody is no such operator after that many entries, or None."""
        name, known = body["operator"], self.operators.get(body["operator"])
        if self.is_part:
            return None
        if known is None or known["added"] >= kept_size:
            return f"{name} was no operator of the former log"
        if known["removed"] is not None and known["removed"] < kept_size:
            return f"{name} was removed in the former log"
        if known["role"] != body["role"]:
            return f"{name} was {known['role']} in the former log"
        keys = [(key, kept_in) for key, kept_in, added in known["keys"].values() if added < kept_size]
        return None if (body["key"], body["kept_in"]) in keys else f"{name} had no such key in the former log"

    def take(self, index, time, kind, body):
        if kind == "operator.added":
            self.add(index, body)
        elif kind == "operator.carried":
            self.carry(index, body)
        elif kind == "operator.key-added":
            known = self.in_office(index, body["operator"])
            if known is not None:
                self.sign(index, known, body)
                self.keep(index, known, body)
        elif kind == "operator.removed":
            known = self.in_office(index, body["operator"])
            self.done(index, body)
            if known is not None:
                known["removed"] = index
        elif kind == "operator.proposed":
            self.propose(index, time, body)
        else:
            self.decide(index, time, kind, body)

    def add(self, index, body):
        if body["operator"] in self.operators:
            self.find(index, "operator_unknown", f"{body['operator']} was added before")
        founds = not self.successor and len(self.operators) < 2
        if not founds or "proposal" in body:
            self.done(index, body)
        self.keep(index, self.enter(index, body), body)

    def enter(self, index, body):
        known = {"role": body["role"], "keys": {}, "added": index, "removed": None}
        self.operators[body["operator"]] = known
        return known

    def keep(self, index, known, body):
        thumbprint = encode64url(sha256(body["key"].encode()))
        if any(thumbprint in one["keys"] for one in self.operators.values()):
            self.find(index, "operator_unknown", f"the key {thumbprint} is on record already")
        known["keys"][thumbprint] = (body["key"], body["kept_in"], index)

    def sign(self, index, known, body):
        said = {name: value for name, value in body.items() if name not in ("req", "proof")}
        statement = "stabledoor/operator/v1\n" + write_json({**said, "origin": self.origin}, sort=True)
        record = known["keys"].get(body["proof"]["key"])
        if record is None or not is_signed(record, statement.encode(), body["proof"]):
            self.find(index, "operator_signature", f"{body['operator']} did not sign this")

    def in_office(self, index, operator):
        known = self.operators.get(operator)
        if known is None:
            if not self.may_rest_on_before(index):
                self.find(index, "operator_unknown", f"{operator} was not added before")
        elif known["removed"] is not None:
            self.find(index, "operator_unknown", f"{operator} was removed")
        return known

    def missing(self, index, message):
        if self.successor:
            self.of_former += 1
        elif not self.may_rest_on_before(index):
            self.find(index, "not_approved", message)

    def require_role(self, index, known, act):
        if act not in ACTS or known["role"] not in ("administrator", ACTS[act][1]):
            self.find(index, "operator_unknown", f"the role {known['role']} is not for {act}")

    def propose(self, index, time, body):
        known, name = self.in_office(index, body["operator"]), body["proposal"]
        if name in self.proposals:
            self.find(index, "not_approved", f"{name} was proposed before")
        else:
            self.proposals[name] = {**body, "state": "open"}
        if time / 1000 + WEEK_SECONDS + SLACK_SECONDS < body["expires_s"]:
            self.find(index, "not_approved", f"{name} could be approved for longer than seven days")
        if known is not None:
            self.require_role(index, known, body["act"])
            self.sign(index, known, body)

    def decide(self, index, time, kind, body):
        known = self.in_office(index, body["operator"])
        self.compare(index, time, kind, body, known)
        if known is not None:
            self.sign(index, known, body)

    def compare(self, index, time, kind, body, known):
        proposal = self.proposals.get(body["proposal"])
        if proposal is None:
            self.missing(index, f"{body['proposal']} was not proposed before")
            return
        if proposal["state"] != "open":
            self.find(index, "not_approved", f"{body['proposal']} was decided before")
        if proposal["digest"] != body["digest"]:
            self.find(index, "not_approved", "what was decided is not what was proposed")
        proposal["state"] = kind[len("operator.") :]
        if kind == "operator.declined":
            return
        if known is not None:
            self.require_role(index, known, proposal["act"])
        if self.production and proposal["operator"] == body["operator"]:
            self.find(index, "not_approved", f"{body['operator']} approved what they proposed")
        if time / 1000 > proposal["expires_s"] + SLACK_SECONDS:
            self.find(index, "not_approved", f"{body['proposal']} had expired")
        if self.operators.get(proposal["operator"], {}).get("removed") is not None:
            self.find(index, "operator_unknown", f"{proposal['operator']}, who proposed it, was removed")

    def publish_policy(self, index, body):
        self.policies += 1
        if self.policies > 1 or "proposal" in body:
            self.done(index, body)

    def register(self, index, body):
        """The broker itself says only again, in a log that goes on, what two operators said in the one before."""
        if body["actor"] != "operator" and not self.production:
            return
        if body["actor"] == "broker" and self.successor:
            self.of_former += 1
        elif body["actor"] == "third-party":
            self.vouched += 1
        else:
            self.done(index, body)

    def done(self, index, body):
        if "proposal" not in body:
            if self.production:
                self.find(index, "not_approved", f"{body['kind']} takes two operators, and names no proposal")
            return
        name, proposal = body["proposal"], self.proposals.get(body["proposal"])
        if proposal is None:
            self.missing(index, f"{name} was not proposed before")
            return
        if proposal["state"] != "approved":
            self.find(index, "not_approved", f"{name} is {proposal['state']}")
        if ACTS.get(proposal["act"], (None,))[0] != body["kind"]:
            self.find(index, "not_approved", f"{name} is a proposal of {proposal['act']}")
        if any(body.get(field) != value for field, value in proposal.get("said", {}).items()):
            self.find(index, "not_approved", f"{name} was approved otherwise")
        proposal["state"] = "used"


class Rights:
    """Reads without a consent: by a supplier's licence, and by a lawful order."""

    # By purpose: the finest, and the finest where the household has opted out (None: nothing).
    LICENSED = {
        "billing": ("P1M", "P1M"),
        "service": ("P1D", None),
        "settlement": ("PT30M", "P1D"),
        "forecasting": ("PT30M", "P1D"),
    }
    TELL_WITHIN_MS = 7 * 86_400_000

    def __init__(self, find, may_rest_on_before):
        self.find, self.may_rest_on_before = find, may_rest_on_before
        self.supplies, self.orders, self.successor = {}, {}, False

    def unknown(self, index, kind, ref):
        if not self.may_rest_on_before(index):
            self.find(index, kind, f"{ref} was not recorded before")

    def move_supply(self, index, kind, body):
        ref = body["supply_ref"]
        supply = self.supplies.get(ref)
        if kind == "supply.recorded":
            if supply is not None:
                self.find(index, "supply_over", f"{ref} was recorded before")
            else:
                self.supplies[ref] = {**body, "ended": None, "opted_out": []}
            return
        if supply is None:
            self.unknown(index, "supply_unknown", ref)
            return
        if supply["ended"] is not None:
            self.find(index, "supply_over", f"{ref} ended at entry {supply['ended']}")
        if supply["third_party"] != body["third_party"]:
            self.find(index, "third_party_mismatch", f"{ref} is of {supply['third_party']}")
        if kind == "opt-out.recorded":
            supply["opted_out"] = body["purposes"]
        elif supply["ended"] is None:
            supply["ended"] = index

    def by_licence(self, index, body):
        ref = body["supply_ref"]
        supply = self.supplies.get(ref)
        if supply is None:
            self.unknown(index, "supply_unknown", ref)
            return
        if supply["ended"] is not None:
            self.find(index, "supply_over", f"{ref} ended at entry {supply['ended']}")
        if supply["third_party"] != body["third_party"]:
            self.find(index, "third_party_mismatch", f"{ref} is of {supply['third_party']}")
        if supply["meter_ref"] != body["meter_ref"]:
            self.find(index, "beyond_licence", f"{body['meter_ref']} is not the meter point of {ref}")
        most = self.LICENSED.get(body["purpose"], (None, None))[body["purpose"] in supply["opted_out"]]
        if most is None or RESOLUTIONS.index(body["resolution"]) > RESOLUTIONS.index(most):
            self.find(index, "beyond_licence", f"the finest for {body['purpose']} by licence here is {most}")

    def record_order(self, index, time, body):
        ref = body["order_ref"]
        if ref in self.orders:
            self.find(index, "beyond_order", f"{ref} was recorded before")
        else:
            self.orders[ref] = {**body, "index": index, "owed": max(time, body["opens_s"] * 1000)}

    def open_order(self, index, time, ref):
        order = self.orders.get(ref)
        if order is None:
            if not self.successor:
                self.unknown(index, "order_unknown", ref)
            return
        if order["owed"] is not None and time > order["owed"] + self.TELL_WITHIN_MS:
            self.find(index, "order_not_opened", f"{ref} was opened more than seven days late")
        order["owed"] = None

    def by_order(self, index, time, body):
        ref = body["order_ref"]
        order = self.orders.get(ref)
        if order is None:
            self.unknown(index, "order_unknown", ref)
            return
        if order["owed"] is None:
            order["owed"] = max(time, order["opens_s"] * 1000)
        if time >= order["expires_s"] * 1000:
            self.find(index, "order_not_in_force", f"{ref} has expired")
        if order["third_party"] != body["third_party"]:
            self.find(index, "third_party_mismatch", f"{ref} is of {order['third_party']}")
        inside, terms = body["window"], order["window"]
        for is_found in (
            body["purpose"] != "lawful-order",
            body["meter_ref"] not in order["meter_refs"],
            body["register"] not in order["registers"],
            RESOLUTIONS.index(body["resolution"]) > RESOLUTIONS.index(order["resolution"]),
            inside["from"] < terms["from"] or inside["to"] > terms["to"],
        ):
            if is_found:
                self.find(index, "beyond_order", f"{ref} does not cover this disclosure")

    def close(self, last_ms):
        for ref, order in self.orders.items():
            if order["owed"] is not None and last_ms > order["owed"] + self.TELL_WITHIN_MS:
                self.find(order["index"], "order_not_opened", f"nobody was told of {ref}, seven days after its date")


class Verifier:
    def __init__(self, keys=(), checkpoints=(), former=None, kept_size=None, policy=None):
        self.policy, self.quorum_size, self.below_quorum, self.shown = policy, None, 0, set()
        # The verifier of the log that this one goes on for; how many entries of this one the next says that it kept.
        self.former, self.kept_size, self.kept_root = former, kept_size, None
        self.mode = None
        self.succeeded, self.former_verified, self.former_ended = None, False, 0
        self.lacks_own = False
        self.given = [Key(text) for text in keys]
        if policy is not None:
            self.given += [*policy.logs, *(witness["key"] for witness in policy.witnesses)]
            if not any(key.type == 1 for key in self.given):
                raise NoteError("the policy has no log line: bring the verifier key of the log")
        self.kept_notes = list(checkpoints)
        self.named, self.violations, self.count = [], [], 0
        self.manifest, self.tree = None, Tree()
        self.next_index, self.tip, self.last_ms = 0, None, 0
        self.kept, self.compared, self.covered, self.checkpoints = {}, False, None, 0
        self.witnessed, self.waiting, self.out_of_time = None, {}, 0
        self.requests, self.kinds, self.published = set(), {}, set()
        # Of the log itself: every key that it had, those in force, those retired, those that count because of an entry.
        self.of_log, self.in_force, self.retired, self.followed = {}, {}, {}, {}
        self.doubtful, self.opened_with = [], None
        self.parties, self.classes, self.policies, self.consents = {}, {}, [], {}
        self.body_ms, self.struck_off = 0, set()
        self.disclosed, self.voided, self.reads = set(), set(), StoreReads()
        # Entries before a later part: how many, whether their roots are still to come, and who rests on them.
        self.first, self.lacks_frontier, self.resting, self.openings, self.last_body = 0, False, set(), 0, None
        self.map, self.operators = TagMap(self.find), Operators(self.find, self.may_rest_on_before)
        self.rights = Rights(self.find, self.may_rest_on_before)
        self.signed_by = {"code": 0, "passkey": 0, "sandbox": 0}
        self.signatures = {"held": 0, "unchecked": 0}

    def find_first(self, index, kind, message):
        self.count += 1
        self.violations.insert(0, {"index": index, "kind": kind, "message": message})
        del self.violations[KEPT:]

    def find(self, index, kind, message):
        self.count += 1
        if len(self.violations) < KEPT:
            self.violations.append({"index": index, "kind": kind, "message": message})

    # keys

    def is_of_log(self, key):
        return key.type == 1 and key.name == self.manifest["origin"]

    def log_keys(self):
        """Those that count."""
        return [key for key in [*(self.given or self.named), *self.followed.values()] if self.is_of_log(key)]

    def is_followed(self):
        return any(key.text in self.of_log for key in self.log_keys())

    def enter_key(self, text):
        """What is wrong with it, or None."""
        try:
            key = Key(text)
        except NoteError as error:
            return str(error)
        if not self.is_of_log(key):
            return f"{text} is not a key of this log"
        if len(self.of_log) >= 100:
            return "a log has at most 100 keys"
        self.of_log[text] = self.in_force[text] = key
        return None

    def counts(self, signed):
        """Whether a checkpoint that these keys signed counts; None if only a later key can tell. Raises NoteError."""
        does = any(key.text in signed and key.text not in self.retired for key in self.log_keys())
        if not does and (self.is_followed() or not any(map(self.is_of_log, self.given))):
            raise NoteError("the log itself did not sign this checkpoint")
        for text in self.in_force:
            if text not in signed:
                raise NoteError(f"the key {text} is in force and did not sign")
        if not does:
            return None
        self.followed.update(self.in_force)
        return True

    def settle_keys(self):
        if self.lacks_own:
            self.find_first(None, "key_not_trusted", f"none of the keys given is of the log {self.origin()}")
        self.lacks_own = False

    def end_keys(self):
        self.settle_keys()
        is_followed, counting = self.is_followed(), {key.text for key in self.log_keys()}
        if is_followed:
            self.checkpoints += len(self.doubtful)
        else:
            for index in self.doubtful:
                self.find(index, "checkpoint_invalid", "the log itself did not sign this checkpoint")

        def is_stranger(text):
            return text not in counting and not (is_followed and text in self.of_log)

        if self.opened_with is not None and is_stranger(self.opened_with):
            self.find_first(0, "key_not_trusted", f"it was opened with the key {self.opened_with}")
        for key in reversed(self.named if self.given else []):
            if self.is_of_log(key) and is_stranger(key.text):
                self.find_first(None, "key_not_trusted", f"{key.text} is not among the keys given")

    # as the former of another log

    def origin(self):
        return self.manifest["origin"] if self.manifest else ""

    def keys_after(self, size):
        """Those that may speak for the log once its first entries are all there is: none retired before the last."""
        texts = [key.text for key in self.log_keys()] if self.manifest else []
        if self.manifest and self.is_followed():
            texts.extend(self.of_log)
        return [text for text in texts if self.retired.get(text, size) >= size - 1]

    def consent_holder(self, ref):
        consent = self.consents.get(ref)
        return consent["party"] if consent else None

    # lines

    def run(self, lines):
        try:
            for value in lines:
                self.take(value)
            if self.manifest is None:
                raise FormatError("there is no manifest")
        except FormatError as error:
            self.find(None, "export_format", str(error))
        if self.manifest is not None:
            self.operators.settle_opening()
            self.rights.close(self.body_ms)
            self.end_keys()
            self.map.cover(None)
            self.end()

    def take(self, value):
        kind = value["type"]
        if (self.manifest is None) != (kind == "manifest"):
            raise FormatError("the manifest comes first, and once")
        if kind == "manifest":
            self.begin(value)
        elif kind == "key":
            self.take_key(value["key"])
        elif kind == "policy":
            if encode64(sha256(value["text"].encode())) != value["digest"]:
                self.find(None, "policy_text", f"the text given for policy {value['digest']} has another digest")
        elif kind == "entry":
            self.take_entry(value["entry"])
        elif kind == "frontier":
            self.take_frontier(value["hashes"])
        elif kind == "opening":
            self.take_opening(value)
        else:
            self.take_checkpoint(value["note"])

    def begin(self, manifest):
        self.manifest = manifest
        self.operators.origin, self.operators.is_part = manifest["origin"], manifest["from"] > 0
        origin = manifest["origin"]
        self.lacks_frontier = manifest["from"] > 0
        self.tip = encode64(sha256(origin.encode()))
        self.lacks_own = bool(self.given) and not self.log_keys()
        in_line = self.former is not None or self.kept_size is not None
        for note in self.kept_notes:
            if in_line and parse_checkpoint(split_note(note)[0])[0] != origin:
                continue
            if self.given:
                size, root, _, _ = open_checkpoint(note, origin, self.log_keys(), self.witness_keys())
            else:
                named, size, root = parse_checkpoint(split_note(note)[0])
                if named != origin:
                    raise NoteError(f"the checkpoint given is of {named}")
            self.kept.setdefault(size, []).append(root)
        self.compare_kept()

    def witness_keys(self):
        return [key for key in self.given if key.type == 4]

    def take_key(self, text):
        if self.has_entries():
            raise FormatError("a key comes after the first entry")
        if len(self.named) >= 100:
            raise FormatError("an export names at most 100 keys")
        try:
            key = Key(text)
        except NoteError as error:
            self.find(None, "key_not_trusted", str(error))
            return
        self.named.append(key)

    def has_entries(self):
        return self.tree.size > self.manifest["from"]

    def take_frontier(self, hashes):
        first = self.manifest["from"]
        if not self.lacks_frontier:
            raise FormatError("a frontier that is not asked for")
        if len(hashes) != bin(first).count("1"):
            raise FormatError(f"{len(hashes)} hashes are not the frontier of {first} entries")
        self.lacks_frontier, self.first, self.reads.is_later = False, first, True
        self.tree.roots, self.tree.size = [decode64(text) for text in hashes], first
        # The last root of an odd number of entries is the leaf of the last of them.
        self.next_index, self.tip = first, hashes[-1] if first % 2 else None
        for key in self.named:
            self.enter_key(key.text)
        self.compare_kept()

    def take_signature(self, value):
        try:
            body, opened = self.last_body, parse_json(value)
        except ValueError:
            body, opened = self.last_body, None
        holds = body["kind"] == "consent.given" and body["signed_by"] == "passkey" and is_opened_signature(opened)
        if holds and '"kty":"RSA"' in opened["key"]:
            self.signatures["unchecked"] += 1
            return
        if holds:
            statement = consent_statement(self.origin(), body, opened)
            holds = is_signed((opened["key"], "passkey"), statement, opened)
        if holds:
            self.signatures["held"] += 1
        else:
            self.find(self.last_index(), "consent_signature", "the opened signature is not of this consent")

    def take_opening(self, opening):
        if not self.has_entries():
            raise FormatError("an opening comes before the first entry")
        field, commits = opening["field"], (self.last_body or {}).get("commit", {})
        given = f"stabledoor/commit/v1\n{field}\n".encode() + decode64(opening["salt"])
        given += opening["value"].encode()
        if field not in commits:
            self.find(self.last_index(), "opening_mismatch", f"it commits to no {field}")
        elif commits[field] != encode64(sha256(given)):
            self.find(self.last_index(), "opening_mismatch", f"this is not the {field} that it commits to")
        else:
            self.openings += 1
            if field == "signature":
                self.take_signature(opening["value"])

    def may_rest_on_before(self, index):
        if self.first > 0:
            self.resting.add(index)
        return self.first > 0

    def last_index(self):
        return self.next_index - 1 if self.has_entries() else None

    def compare_kept(self):
        self.compared = self.compared or (self.tree.size > 0 and self.tree.size in self.kept)
        for root in self.kept.pop(self.tree.size, []):
            if root != self.tree.root():
                message = f"the first {self.tree.size} entries are not those of the checkpoint kept from before"
                self.find(self.last_index(), "checkpoint_root", message)
                break

    def take_checkpoint(self, note):
        size = self.tree.size
        try:
            signers = list({key.text: key for key in [*self.log_keys(), *self.in_force.values()]}.values())
            opened = open_checkpoint(note, self.manifest["origin"], signers, self.witness_keys())
            if opened[0] != size:
                message = f"a checkpoint of {opened[0]} stands after {size} entries"
                self.find(self.last_index(), "checkpoint_misplaced", message)
            elif opened[1] != self.tree.root():
                self.find(self.last_index(), "checkpoint_root", f"the first {size} entries have another root")
            elif self.counts(opened[3]):
                self.covered = size
                self.checkpoints += 1
                counted = opened[2] if self.policy is None else self.hold_to_policy(size, opened[3])
                if counted:
                    self.take_witnessed(size, counted)
            else:
                self.doubtful.append(self.last_index())
        except NoteError as error:
            self.find(self.last_index(), "checkpoint_invalid", str(error))

    def hold_to_policy(self, size, signed):
        """The cosignatures that count: of the policy's witnesses, each once, if they are enough."""
        known = {witness["key"].text: witness["key"].name for witness in self.policy.witnesses}
        of_policy = {text: seconds for text, seconds in signed.items() if text in known}
        is_met = self.policy.is_met(lambda witness: witness["key"].text in of_policy)
        if is_met or (self.quorum_size is None and of_policy):
            self.shown = set(of_policy)
        if is_met:
            self.quorum_size = size
        elif of_policy:
            self.below_quorum += 1
        return [(known[text], seconds) for text, seconds in of_policy.items()] if is_met else []

    def take_witnessed(self, size, cosignatures):
        earliest = min(seconds for _, seconds in cosignatures)
        before = self.witnessed["time_s"] if self.witnessed else 0
        for second, count in self.waiting.items():
            if not before - SLACK_SECONDS <= second <= earliest + SLACK_SECONDS:
                self.out_of_time += count
        self.waiting = {}
        self.witnessed = {"size": size, "time_s": earliest, "witnesses": [name for name, _ in cosignatures]}

    def take_entry(self, text):
        if self.lacks_frontier:
            raise FormatError("the frontier of a later part is missing")
        expected, self.last_body = self.next_index, None
        entry = parse_entry(text)
        if entry is None:
            self.find(expected, "entry_format", "it is not written as an entry")
        else:
            index, prev, time = entry[:3]
            if index != expected:
                self.find(expected, "entry_index", f"entry {index} stands where {expected} should")
            is_linked = self.tip is None or prev == self.tip
            if not is_linked:
                self.find(expected, "entry_link", "its prev is not the leaf hash of the entry before")
            if time < self.last_ms:
                self.find(expected, "entry_time", "it is older than the entry before")
            self.last_ms = max(self.last_ms, time)
            if not is_linked and index > expected:
                self.next_index = index
        leaf = sha256(b"\x00" + text.encode("utf-8", "surrogatepass"))
        self.tree.add(leaf)
        self.tip = encode64(leaf)
        self.next_index += 1
        if self.first == 0:
            self.map.take(self.next_index - 1, entry[4] if entry else "-", leaf)
        if entry is not None:
            second = entry[2] // 1000
            self.waiting[second] = self.waiting.get(second, 0) + 1
            self.last_body = self.take_body(self.next_index - 1, entry[2], entry[3])
        if self.tree.size == self.kept_size:
            self.kept_root = encode64(self.tree.root())
        if self.tree.size == self.first + 1:
            self.take_link()
        self.compare_kept()

    def take_link(self):
        """Entry 0 says whether this log goes on for another, and so which keys may count."""
        body = self.succeeded
        if body is not None:
            try:
                fault = link_fault(body)
            except NoteError as error:
                fault = str(error)
            if fault is not None:
                self.find(0, "succession_invalid", fault)
            mismatch = self.mismatch(body) if self.former is not None else None
            if mismatch is not None:
                self.find(0, "former_mismatch", mismatch)
            self.former_verified = self.former is not None and mismatch is None
            counts = self.former_verified or body["former_key"] in [key.text for key in self.given]
            if fault is None and counts and self.given and body["key"] in self.of_log:
                self.followed[body["key"]] = self.of_log[body["key"]]
                self.lacks_own = False
        elif self.former is not None and self.first == 0:
            self.find(0, "former_mismatch", f"it does not go on for {self.former.origin()}")
        self.settle_keys()

    def mismatch(self, body):
        former = self.former
        if former.origin() != body["former_origin"]:
            return f"it goes on for {body['former_origin']}, and {former.origin()} was given"
        if former.mode not in (None, body["mode"]):
            return f"it goes on in mode {body['mode']}, and {former.origin()} was opened in mode {former.mode}"
        if body["former_key"] not in former.keys_after(former.kept_size or 0):
            return f"{body['former_key']} is no key of the former log"
        if (former.kept_size, former.kept_root) != (body["kept_size"], body["kept_root"]):
            return f"the first {body['kept_size']} entries of {former.origin()} are not those that were kept"
        return None

    def end(self):
        size, promised = self.tree.size, self.manifest["size"]
        if size == 0 and self.manifest["from"] == 0:
            self.find(None, "log_opened", "there is no entry, not even log.opened")
        if size != promised:
            self.find(None, "size_mismatch", f"the manifest says {promised} entries; there are {size}")
        if self.covered != size:
            self.find(None, "checkpoint_missing", f"no checkpoint of all {size} entries holds")
        # What is left of a former log is covered by the next one's checkpoints: its root stands in their entry 0.
        if self.policy is not None and self.kept_size is None and self.quorum_size != size:
            seen = f"the newest that is covers {self.quorum_size}" if self.quorum_size is not None else "none here is"
            self.find(None, "quorum_not_met", f"no checkpoint of all {size} entries is cosigned as the policy asks: {seen}")
        for kept in self.kept:
            if kept < self.manifest["from"]:
                continue
            self.compared = True
            self.find(None, "log_shortened", f"a checkpoint kept from before has {kept} entries; there are {size}")

    # meaning

    def take_body(self, index, time, text):
        try:
            body = parse_body(text)
        except BodyError as error:
            self.find(index, "entry_body", str(error))
            return None
        kind = body["kind"]
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if body["req"] in self.requests:
            self.find(index, "request_repeated", f"request {body['req']} stood in an earlier entry")
        self.requests.add(body["req"])
        self.body_ms = time
        opens = kind in ("log.opened", "log.succeeded")
        self.operators.before(kind)
        if (index == 0) != opens:
            self.find(index, "log_opened", "log.opened or log.succeeded is entry 0, and only entry 0")
        if opens:
            self.opened(index, body)
            if kind == "log.succeeded" and index == 0:
                self.succeeded, self.reads = body, StoreReads(starts_anywhere=True)
                self.rights.successor = True
        elif kind.startswith("key."):
            self.move_key(index, kind, (body["use"], body["key"]))
            if kind == "key.retired" and body["use"] == "ledger":
                self.operators.done(index, body)
        elif kind == "policy.published":
            self.publish(index, time, body)
            self.operators.publish_policy(index, body)
        elif kind.startswith("operator."):
            self.operators.take(index, time, kind, body)
        elif kind == "subject.erased":
            if body["actor"] == "operator":
                self.operators.done(index, body)
        elif kind.startswith("third-party."):
            if kind == "third-party.registered":
                self.operators.register(index, body)
                self.classes[body["third_party"]] = body["class"]
            elif kind == "third-party.struck-off":
                self.operators.done(index, body)
            self.move_party(index, kind, body["third_party"])
        elif kind.startswith("supply.") or kind == "opt-out.recorded":
            if kind == "supply.recorded":
                self.require_class(index, body["third_party"], "supplier")
            self.rights.move_supply(index, kind, body)
        elif kind == "lawful-order.recorded":
            self.require_active(index, body["third_party"])
            self.require_class(index, body["third_party"], "lawful-authority")
            self.operators.done(index, body)
            self.rights.record_order(index, time, body)
        elif kind == "lawful-order.opened":
            self.rights.open_order(index, time, body["order_ref"])
        elif kind.startswith("consent."):
            self.move_consent(index, kind, body)
        elif kind == "disclosure":
            self.disclosure(index, time, body)
        elif kind == "disclosure.void":
            self.void(index, body["disclosure"])
        elif kind == "map.published" and not self.may_rest_on_before(index):
            self.map.publish(index, body["size"], body["root"])
        elif "store_read" in body:
            self.store_read(index, body)
        return body

    def opened(self, index, body):
        if body["origin"] != self.manifest["origin"]:
            self.find(index, "log_opened", f"it was opened as {body['origin']}")
        if index == 0:
            self.mode = body["mode"]
            self.operators.production = self.mode == "production"
            if body["kind"] == "log.succeeded":
                self.operators.succeed(body, self.former)
            self.published.add(("ledger", body["key"]))
            self.opened_with = body["key"]
            self.enter_key(body["key"])

    def move_key(self, index, kind, key):
        self.move_published(index, kind, key)
        use, text = key
        if use != "ledger":
            return
        if kind == "key.published":
            fault = self.enter_key(text)
            if fault is not None:
                self.find(index, "key_not_trusted", fault)
            return
        if list(self.in_force) == [text]:
            self.find(index, "key_not_published", "the only key of the log was retired")
        self.in_force.pop(text, None)
        self.retired.setdefault(text, index)

    def move_published(self, index, kind, key):
        if kind == "key.published":
            self.published.add(key)
        elif key in self.published:
            self.published.remove(key)
        elif not self.may_rest_on_before(index):
            self.find(index, "key_not_published", "a key was retired that was not published, or was retired already")

    def move_party(self, index, kind, party):
        if kind == "third-party.registered":
            self.parties.setdefault(party, False)
            return
        if party not in self.parties and not self.may_rest_on_before(index):
            self.find(index, "third_party_unknown", f"{party} was not registered before")
        if party in self.struck_off:
            self.find(index, "third_party_suspended", f"{party} was struck off, and stays so")
            return
        if kind == "third-party.struck-off":
            self.struck_off.add(party)
        self.parties[party] = kind != "third-party.restored"

    def require_active(self, index, party):
        if party not in self.parties:
            if not self.may_rest_on_before(index):
                self.find(index, "third_party_unknown", f"{party} was not registered before")
        elif self.parties[party]:
            self.find(index, "third_party_suspended", f"{party} was suspended")

    def require_class(self, index, party, needed):
        its = self.classes.get(party, needed)
        if its != needed:
            self.find(index, "class_not_allowed", f"{party} is registered as {its}, not as {needed}")

    def store_read(self, index, body):
        if "store_read" in body and not self.reads.take(body["store_read"]):
            message = f"read {body['store_read']} of the meter store has an entry already"
            self.find(index, "store_read_repeated", message)

    def void(self, index, disclosure):
        if disclosure < self.first and self.may_rest_on_before(index):
            return
        if disclosure not in self.disclosed or disclosure in self.voided:
            message = f"entry {disclosure} is no disclosure before this one, or was made void before"
            self.find(index, "void_without_disclosure", message)
        else:
            self.voided.add(disclosure)

    def move_consent(self, index, kind, body):
        ref, how = body["consent_ref"], kind.split(".")[1]
        if how in ("given", "narrowed"):
            self.signed_by[body["signed_by"]] += 1
        before = self.consents.get(ref)
        state = before["state"] if before else None
        wanted = {"requested": None, "narrowed": "given", "given": "requested", "refused": "requested"}
        wanted = {**wanted, "lapsed": "requested"}.get(how, "given")
        party = body["third_party"]
        given = {"state": "given", "terms": body, "read": set(), "party": party}
        over = {"state": "over", "how": how, "index": index, "party": party}
        is_earlier = before is None and wanted is not None and self.may_rest_on_before(index)
        if is_earlier:
            self.consents[ref] = given if how in ("given", "narrowed") else over
        elif before is None and self.succeeded is not None and how not in ("requested", "given", "narrowed"):
            self.end_of_former(index, kind, ref, party)
            self.consents[ref] = over
        elif state != wanted:
            what = "was never requested" if before is None else f"is {state}"
            self.find(index, "consent_unknown" if before is None else "consent_move", f"{kind}, but {ref} {what}")
            if how == "given" and before is None:
                self.consents[ref] = given
            elif how not in ("requested", "given", "narrowed") and state != "over":
                self.consents[ref] = over
        elif how == "requested":
            self.consents[ref] = {"state": "requested", "terms": body, "party": party}
        elif how == "given":
            if body["version"] != 1:
                self.find(index, "consent_version", "a consent begins with version 1")
            self.compare_terms(index, body, before["terms"])
            self.consents[ref] = given
        elif how == "narrowed":
            self.narrow(index, body, before)
            self.consents[ref] = {**given, "read": before["read"]}
        else:
            self.compare_end(index, body, before["terms"])
            self.consents[ref] = over

    def end_of_former(self, index, kind, ref, party):
        """What waited for the former log when that was closed is written here."""
        holder = self.former.consent_holder(ref) if self.former is not None else party
        if holder is None:
            self.find(index, "consent_unknown", f"{kind}, but {ref} was never requested")
            return
        if holder != party:
            self.find(index, "third_party_mismatch", f"the consent is {holder}'s")
        self.former_ended += 1

    def compare_terms(self, index, body, than):
        if body["third_party"] != than["third_party"]:
            self.find(index, "third_party_mismatch", f"the consent is {than['third_party']}'s")
        if body["purpose"] != than["purpose"]:
            self.find(index, "purpose_not_consented", f"{body['purpose']} is not {than['purpose']}")
        if RESOLUTIONS.index(body["resolution"]) > RESOLUTIONS.index(than["resolution"]):
            self.find(index, "consent_widened", f"{body['resolution']} is finer than {than['resolution']}")
        if body["window"]["from"] < than["window"]["from"] or body["window"]["until"] > than["window"]["until"]:
            self.find(index, "consent_widened", "the window is longer")

    def narrow(self, index, body, before):
        terms = before["terms"]
        if body["version"] != terms["version"] + 1:
            self.find(index, "consent_version", f"version {body['version']} follows {terms['version']}")
        self.compare_terms(index, body, terms)
        is_wider = (
            body["expires_s"] > terms["expires_s"]
            or not set(body["meter_refs"]) <= set(terms["meter_refs"])
            or not set(body["registers"]) <= set(terms["registers"])
            or ("once" in terms and "once" not in body)
        )
        if is_wider:
            self.find(index, "consent_widened", "a meter point, a register, a read or time was added")

    def compare_end(self, index, body, terms):
        if body["third_party"] != terms["third_party"]:
            self.find(index, "third_party_mismatch", f"the consent is {terms['third_party']}'s")
        if "purpose" in body and body["purpose"] != terms["purpose"]:
            self.find(index, "purpose_not_consented", f"the request was for {terms['purpose']}")
        if "version" in body and body["version"] != terms["version"]:
            self.find(index, "consent_version", f"version {terms['version']} was in force")

    def publish(self, index, time, body):
        starts, replaces, is_first = body["effective_s"] * 1000, body.get("replaces"), not self.policies
        if not is_first and replaces is None:
            self.find(index, "policy_notice", "it does not say which policy it replaces")
        elif not is_first:
            known = self.in_force_around(time)
            if replaces not in known and not (None in known and self.may_rest_on_before(index)):
                self.find(index, "policy_notice", f"policy {replaces} was not in force, which it says it replaces")
        must_wait = "weakens" in body or (not is_first and replaces is None)
        if must_wait and starts < time + NOTICE_MS - CLOCK_MS:
            self.find(index, "policy_notice", "a weakening binds less than 30 days after it was published")
        self.policies.append((body["policy"], starts))

    def in_force_around(self, time):
        """Of those in effect the one published last; around the moment at which another begins to bind, both."""
        found = set()
        for at in (time - CLOCK_MS, time, time + CLOCK_MS):
            effective = [policy for policy, starts in self.policies if starts <= at]
            found.add(effective[-1] if effective else None)
        return found

    def disclosure(self, index, time, body):
        self.disclosed.add(index)
        policy = body["policy"]
        self.require_active(index, body["third_party"])
        if body["basis"] in ("licence", "order"):
            needed = "supplier" if body["basis"] == "licence" else "lawful-authority"
            self.require_class(index, body["third_party"], needed)
        known = self.in_force_around(time)
        if policy not in known and not (None in known and self.may_rest_on_before(index)):
            self.find(index, "policy_not_in_force", f"policy {policy} was not published before, or not in force")
        self.store_read(index, body)
        if body["basis"] == "licence":
            self.rights.by_licence(index, body)
        elif body["basis"] == "order":
            self.rights.by_order(index, time, body)
        else:
            self.compare_consent(index, time, body)
        days = day(body["window"]["to"]) - day(body["window"]["from"])
        most = {"PT30M": 50 * days, "PT1H": 25 * days, "P1D": days, "P1M": days // 28}[body["resolution"]]
        if body["count"] > most:
            self.find(index, "more_than_window_holds", f"{body['count']} readings do not fit into the window")

    def compare_consent(self, index, time, body):
        ref = body["consent_ref"]
        consent = self.consents.get(ref)
        if consent is None:
            if self.succeeded is not None and self.former is not None and self.former.consent_holder(ref) is not None:
                self.find(index, "consent_not_in_force", f"{ref} is of the former log, and ended with it")
                return
            if not self.may_rest_on_before(index):
                self.find(index, "consent_unknown", f"{ref} was not given before")
            return
        if consent["state"] != "given":
            what = "was requested, not given"
            if consent["state"] == "over":
                what = f"was {consent['how']} at entry {consent['index']}"
            self.find(index, "consent_not_in_force", f"{ref} {what}")
            return
        terms, inside = consent["terms"], body["window"]
        faults = [
            ("consent_expired", time >= terms["expires_s"] * 1000),
            ("meter_point_not_consented", body["meter_ref"] not in terms["meter_refs"]),
            ("consent_version", body["version"] != terms["version"]),
            ("third_party_mismatch", body["third_party"] != terms["third_party"]),
            ("purpose_not_consented", body["purpose"] != terms["purpose"]),
            ("register_not_consented", body["register"] not in terms["registers"]),
            (
                "finer_than_consented",
                RESOLUTIONS.index(body["resolution"]) > RESOLUTIONS.index(terms["resolution"]),
            ),
            (
                "outside_consent_window",
                inside["from"] < terms["window"]["from"] or inside["to"] > terms["window"]["until"],
            ),
            ("single_read_spent", "once" in terms and body["meter_ref"] in consent["read"]),
        ]
        for kind, is_found in faults:
            if is_found:
                self.find(index, kind, f"{ref} does not cover this disclosure")
        if "once" in terms:
            consent["read"].add(body["meter_ref"])

    # the verdict

    def unproven(self):
        said = []
        if not self.given:
            said.append("Whose log this is: its key was taken from the export itself.")
        if self.witnessed:
            names, size = ", ".join(self.witnessed["witnesses"]), self.witnessed["size"]
            said.append(f"That the witnesses ({names}) are not run by the operator.")
            if size < self.tree.size:
                said.append(f"That everyone is shown the same entries from {size} on: no witness has seen them.")
            if self.out_of_time:
                said.append(f"The times of {self.out_of_time} entries: time not witnessed.")
        else:
            who = "no witness has" if self.policy is None else "not enough witnesses of the policy have"
            said.append(f"That everyone is shown the same log, and the times of entries: {who} signed.")
        said.extend(self.unproven_of_policy())
        said.append(f"That nothing was added after entry {self.tree.size - 1}.")
        if not self.compared:
            said.append("That the log is the one that was seen before: no earlier checkpoint was given.")
        said.extend(self.unproven_of_former())
        if self.first:
            said.append(f"What the entries before {self.first} say: they are not here.")
            said.append(f"That {len(self.resting)} of these entries were allowed: they rest on entries before {self.first}.")
            said.append("Times of the first entries, up to the first cosignature.")
        if self.mode not in (None, "production"):
            said.append(f"That real homes and two operators stand behind it: this is a log of a {self.mode}.")
        elif self.mode is None and self.first:
            said.append("Whether it is a log of production, in which acts take two operators: entry 0 is not here.")
        missing, skipped = self.reads.count(False), self.reads.count(True)
        said.append(
            f"That no reading left past the door: {self.reads.numbered} numbered reads of the meter store have an "
            f"entry, {missing} have none, {skipped} were skipped at a restart."
        )
        signed = ", ".join(f"{count} by {how}" for how, count in self.signed_by.items())
        held, unchecked = self.signatures["held"], self.signatures["unchecked"]
        said.append(
            f"That householders gave the consents: {signed}, as it is said; {held} signatures of passkeys were opened and "
            f"hold, {unchecked} are of a kind that cannot be checked here. The rest is the operator's word."
        )
        shown = "this log has published no map of tags"
        if self.map.maps:
            shown = f"{self.map.maps} maps of tags were made anew here, the newest over {self.map.covers} entries"
        said.append(
            f"That each householder was shown what stands here about their home: {shown}; an entry under another tag is "
            "not found by a household's key, and a court can order an access not to be shown yet."
        )
        if self.kinds.get("operator.added") or self.kinds.get("operator.carried"):
            said.append(
                f"That two operators are two people; {self.operators.of_former} of their entries rest on a log before."
            )
        if self.operators.vouched:
            said.append(f"Who vouched for {self.operators.vouched} third parties that registered themselves.")
        said.append("What stands behind a commitment, and whose home an entry is about.")
        said.append("That each decision follows from its policy.")
        return said

    def unproven_of_policy(self):
        held = self.policy_part()
        if held is None:
            return []
        said, witnesses = [], []
        for one in held["witnesses"]:
            where = one["key_name"] if one["url"] is None else f"{one['key_name']}, {one['url']}"
            who = one["run_by"] or "the operator of the log, for it names nobody else"
            witnesses.append(f"{one['name']} ({where}) by {who}{'' if one['signed'] else ', has not signed'}")
        if witnesses:
            names = "; ".join(witnesses)
            said.append(
                f"That the witnesses are run by those whom the policy file names: {names}. The file claims it; nothing "
                "here shows it."
            )
        if not held["needs_outsider"]:
            said.append(
                "That anybody but the operator has seen this log: under this policy no witness is needed that somebody "
                "else runs."
            )
        if self.below_quorum:
            said.append(
                f"Anything by {self.below_quorum} checkpoints that witnesses of the policy cosigned, but too few of them: "
                "they count as not witnessed."
            )
        return said

    def policy_part(self):
        if self.policy is None:
            return None
        return {
            "quorum_size": self.quorum_size,
            "below_quorum": self.below_quorum,
            "needs_outsider": not self.policy.is_met(lambda witness: witness["run_by"] is None),
            "witnesses": [
                {
                    "name": witness["name"],
                    "key_name": witness["key"].name,
                    "url": witness["url"],
                    "run_by": witness["run_by"],
                    "signed": witness["key"].text in self.shown,
                }
                for witness in self.policy.witnesses
            ],
        }

    def unproven_of_former(self):
        body = self.succeeded
        if body is None:
            return []
        name, kept, known = body["former_origin"], body["kept_size"], body["known_size"]
        if known == kept:
            said = [f"Whether entries of {name}, which this log goes on for, are lost: {kept} are left."]
        else:
            said = [
                f"What stood in entries {kept} to {known - 1} of {name}, which this log goes on for: they are lost. "
                f"That they existed is shown by {body['known_from']}; whether more came after them is not known."
            ]
        if not self.former_verified:
            said.append(f"What {name} says: it was not given. {self.former_ended} entries here end consents of it.")
        return said

    def former_part(self):
        body = self.succeeded
        if body is None:
            return None
        return {
            "origin": body["former_origin"],
            "kept_size": body["kept_size"],
            "known_size": body["known_size"],
            "verified": self.former_verified,
            "consents_ended": self.former_ended,
        }

    def verdict(self):
        return {
            "sound": self.count == 0,
            "origin": self.manifest["origin"] if self.manifest else None,
            "from": self.manifest["from"] if self.manifest else 0,
            "size": self.tree.size,
            "keys": [key.text for key in self.log_keys()] if self.manifest else [],
            "witnesses": self.witnessed["witnesses"] if self.witnessed else [],
            "witnessed": {name: self.witnessed[name] for name in ("size", "time_s")} if self.witnessed else None,
            "policy": self.policy_part(),
            "former": self.former_part(),
            "violation_count": self.count,
            "violations": self.violations,
            "counts": {
                "entries": max(0, self.tree.size - self.manifest["from"]) if self.manifest else 0,
                "resting_on_before": len(self.resting),
                "openings": self.openings,
                "kinds": self.kinds,
                "checkpoints": self.checkpoints,
                "times_not_witnessed": self.out_of_time,
                "maps": self.map.maps,
                "map_covers": self.map.covers,
                "consents_signed_by": self.signed_by,
                "consent_signatures": self.signatures,
                "store_reads": {
                    "numbered": self.reads.numbered,
                    "missing": self.reads.count(False),
                    "skipped_at_restart": self.reads.count(True),
                },
            },
            "unproven": self.unproven(),
        }


def read_kept_size(lines):
    """How many entries of the former log are left, as entry 0 says; None where it says nothing of the kind."""
    try:
        for value in lines:
            if value["type"] == "entry":
                entry = parse_entry(value["entry"])
                body = parse_body(entry[3]) if entry else {}
                return body["kept_size"] if body.get("kind") == "log.succeeded" else None
    except (FormatError, BodyError):
        pass
    return None


def verify_line(files, keys=(), checkpoints=(), policy=None):
    """Verifiers of a log and those that it goes on for, the oldest first. `files` open a file each, as often as asked."""
    verifiers = []
    for place, opened in enumerate(files):
        kept_size = None
        if place + 1 < len(files):
            with files[place + 1]() as file:
                kept_size = read_kept_size(read_lines(file))
        verifier = Verifier(keys, checkpoints, verifiers[-1] if verifiers else None, kept_size, policy)
        with opened() as file:
            verifier.run(read_lines(file))
        verifiers.append(verifier)
    return verifiers


def say(verdict):
    word = "sound" if verdict["sound"] else "NOT SOUND"
    print(f"{word}: {verdict['origin']}, {verdict['size']} entries, {verdict['violation_count']} violations")
    for violation in verdict["violations"]:
        where = "the log" if violation["index"] is None else f"entry {violation['index']}"
        print(f"  {where}: {violation['kind']}: {violation['message']}")
    print("Not proved:")
    for sentence in verdict["unproven"]:
        print(f"  - {sentence}")


def verify_household(options):
    try:
        with open(options.chain, encoding="utf-8", newline="") as file:
            checked = HouseholdFile(file.read(256 * 1024 * 1024), options.key)
    except (OSError, UnicodeDecodeError, FormatError, NoteError) as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2
    verdict = checked.verdict()
    if options.json:
        print(json.dumps(verdict))
    else:
        print(f"{'sound' if verdict['sound'] else 'NOT SOUND'}: {verdict['origin']}, {verdict['entries']} entries of the household")
        for violation in verdict["violations"]:
            where = "the file" if violation["number"] is None else f"entry {violation['number']} of the household"
            print(f"  {where}: {violation['kind']}: {violation['message']}")
        print("Not proved:")
        for sentence in verdict["unproven"]:
            print(f"  - {sentence}")
    return 0 if verdict["sound"] else 1


def main():
    parser = argparse.ArgumentParser(description="Verify a Stabledoor ledger export, offline.")
    parser.add_argument("export", nargs="?")
    parser.add_argument("--chain", help="a household's own file, in place of an export")
    parser.add_argument(
        "--former", action="append", default=[], help="an export of a log that it goes on for, the oldest first"
    )
    parser.add_argument("--key", action="append", default=[], help="a verifier key that you got otherwise")
    parser.add_argument("--checkpoint", action="append", default=[], help="a file with a checkpoint that you kept")
    parser.add_argument("--policy", help="a witness policy (C2SP tlog-policy), whose quorum must have cosigned it all")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if (options.export is None) == (options.chain is None):
        parser.error("give an export, or --chain")
    if options.chain is not None:
        return verify_household(options)
    try:
        kept = []
        for path in options.checkpoint:
            with open(path, encoding="utf-8", newline="") as file:
                kept.append(file.read())
        policy = None
        if options.policy is not None:
            with open(options.policy, "rb") as file:
                policy = Policy(file.read(1_000_001))
        files = [lambda path=path: open(path, "rb") for path in [*options.former, options.export]]
        verifiers = verify_line(files, options.key, kept, policy)
    except (OSError, UnicodeDecodeError, NoteError, PolicyError) as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 2
    verdicts = [verifier.verdict() for verifier in verifiers]
    is_sound = all(verdict["sound"] for verdict in verdicts)
    if options.json:
        formers = {"formers": verdicts[:-1]} if options.former else {}
        print(json.dumps({**verdicts[-1], "sound": is_sound, **formers}))
    else:
        for verdict in verdicts:
            say(verdict)
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
