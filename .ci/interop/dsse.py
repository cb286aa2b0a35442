"""Envelopes that `ledger show --dsse` printed, checked by an implementation of others (securesystemslib).

    dsse.py ENVELOPE KEY...    the keys are PEM files of public keys; each must have signed
"""

import base64
import json
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key, Encoding, PublicFormat


def main(file, *pems):
    text = json.load(open(file, encoding="utf-8"))
    envelope = Envelope.from_dict(json.loads(json.dumps(text)))
    assert envelope.payload_type == "application/vnd.release-ledger.event+json", envelope.payload_type
    event = json.loads(envelope.payload)
    assert envelope.payload == base64.b64decode(text["payload"], validate=True)
    signed = [signature["keyid"] for signature in text["signatures"]]
    assert signed == event["signers"], "the signatures are those of the event's signers, in order"
    keys = []
    for pem in pems:
        public = load_pem_public_key(open(pem, "rb").read())
        assert isinstance(public, Ed25519PublicKey)
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        # the library finds a signature by its key id: ours stand in the order of the files
        value = {"public": raw.hex()}
        keys.append(SSlibKey(signed[len(keys)], "ed25519", "ed25519", value))
    assert len(keys) == len(signed), "a key for each signature"
    accepted = envelope.verify(keys, len(keys))
    assert set(accepted) == set(signed), accepted


main(*sys.argv[1:])
