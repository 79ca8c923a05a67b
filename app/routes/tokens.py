"""Text to tokens and back, and the vocabularies. Nothing here waits for the model or holds up the loop."""

import json
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal
from weakref import WeakKeyDictionary, ref

import numpy as np
from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from app.errors import BadRequest
from app.routes.dependencies import TEXT_PLACE, HostDep
from app.routes.disconnect import while_connected
from app.tokenization.registry import TIKTOKEN_VOCABULARIES
from app.tokenization.token_table import TokenTable
from app.tokenization.tokenizer import Tokenization, Tokenizer
from app.wire import BINARY, Binary, or_else

MAX_CHARACTERS = 1_000_000
MAX_IDS = 131_072
MAX_JSON_TOKENS = 400_000  # 40 MB of JSON; the binary form is a ninth of it

LOADED_MODEL = "model"  # as an encoding's name: the loaded model's own

router = APIRouter(prefix="/api", tags=["tokens"])


def _typed_text(value: Any) -> str:
    """Any text of a JSON body; one with lone surrogates too, which pydantic's own string refuses."""
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    if len(value) > MAX_CHARACTERS:
        raise PydanticCustomError(
            "string_too_long",
            "Input should have at most {limit} characters",
            {"limit": MAX_CHARACTERS},
        )
    return value


TypedText = Annotated[
    str, PlainValidator(_typed_text), WithJsonSchema({"type": "string", "maxLength": MAX_CHARACTERS})
]
EncodingName = Annotated[str, Field(min_length=1, max_length=100)]
Accept = Annotated[str, Header()]


class TokenizeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: TypedText
    encoding: EncodingName = LOADED_MODEL
    special: Literal["text", "parse"] = "text"


class DetokenizeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ids: list[Annotated[int, Field(ge=0, lt=2**31)]] = Field(max_length=MAX_IDS)
    encoding: EncodingName = LOADED_MODEL


@router.get("/encodings")
async def encodings(host: HostDep) -> dict[str, Any]:
    """What can be asked for by name. "model" stands for the loaded model's own."""
    return {
        "encodings": [
            {"name": info.name, "vocabulary": info.vocabulary_size, "kind": info.kind}
            for info in host.encodings.infos()
        ]
    }


@router.post("/tokenize", responses=or_else(BINARY), dependencies=[TEXT_PLACE])
async def tokenize(body: TokenizeRequest, request: Request, host: HostDep, accept: Accept = "") -> Response:
    """The tokens of a text, each with the text's own bytes; BOS is never added.

    `Accept: application/octet-stream` gives, little-endian: uint32 count, uint32 ids, uint32 byte end
    offsets, uint8 special flags, and where X-Normalised is "true" the UTF-8 of the text as the tokenizer
    rewrote it (else the reader has the text).
    """
    find = _finder(host, body.encoding)
    serialise = _tokens_binary if BINARY in accept else _tokens_json

    def work() -> Response:
        tokenizer = find()
        return serialise(tokenizer, tokenizer.tokenize(body.text, body.special))

    return await while_connected(request, host.encodings.workers.run(work, len(body.text)))


@router.post("/detokenize", dependencies=[TEXT_PLACE])
async def detokenize(body: DetokenizeRequest, request: Request, host: HostDep) -> Response:
    """The bytes of each token id, as the vocabulary has them. `complete`: together they are whole UTF-8."""
    find = _finder(host, body.encoding)

    def work() -> Response:
        tokenizer = find()
        table = tokenizer.table
        if (largest := max(body.ids, default=0)) >= len(table):
            raise BadRequest(f"ids has {largest}; ids of {table.name} go from 0 to {len(table) - 1:,}", "ids")
        pieces = [table.tokens[token_id] for token_id in body.ids]
        text, complete = _decoded(b"".join(pieces))
        extra = f'"complete":{_word(complete)}'
        return _json(tokenizer.name, table, Tokenization(body.ids, pieces, text), extra)

    return await while_connected(request, host.encodings.workers.run(work, len(body.ids)))


@router.get(
    "/vocabulary/{encoding}",
    response_class=Binary,
    responses={304: {"description": "The vocabulary that the reader has is still that one"}},
    dependencies=[TEXT_PLACE],
)
async def vocabulary(
    encoding: EncodingName, request: Request, host: HostDep, if_none_match: Annotated[str, Header()] = ""
) -> Response:
    """The bytes of every token: uint32 LE offsets (V + 1), the bytes, uint8 special flags (V)."""
    find = _finder(host, encoding)

    def work() -> Response:
        table = find().table
        fixed = encoding in TIKTOKEN_VOCABULARIES and table.name == encoding
        headers = {
            "ETag": table.etag,
            "Cache-Control": "public, max-age=31536000, immutable" if fixed else "no-cache",
            "X-Vocabulary": str(len(table)),
        }
        if table.etag in if_none_match:
            return Response(status_code=304, headers=headers)
        return Binary(table.packed, headers=headers)

    return await while_connected(request, host.encodings.workers.run(work))


@router.get("/vocabulary/{encoding}/{token_id}", dependencies=[TEXT_PLACE])
async def token(encoding: EncodingName, token_id: int, request: Request, host: HostDep) -> Response:
    """One token: its bytes, the merges that build it, and other spellings that are single tokens too."""
    find = _finder(host, encoding)

    def work() -> Response:
        tokenizer = find()
        table = tokenizer.table
        return JSONResponse(
            {
                "id": token_id,
                "bytes": table.bytes_of(token_id).hex(),
                "special": token_id in table.special,
                "merges": [[m.left.hex(), m.right.hex(), m.rank] for m in tokenizer.merges(token_id)],
                "spellings": [{"id": i, "bytes": table.tokens[i].hex()} for i in table.spellings(token_id)],
            }
        )

    return await while_connected(request, host.encodings.workers.run(work))


def _finder(host: HostDep, encoding: str) -> Callable[[], Tokenizer]:
    """Finds the tokenizer by name, on the worker's thread: the first use of an encoding reads its file."""
    return lambda: host.tokenizer if encoding == LOADED_MODEL else host.encodings.get(encoding)


def _tokens_json(tokenizer: Tokenizer, tokenization: Tokenization) -> Response:
    count = len(tokenization.token_ids)
    if count > MAX_JSON_TOKENS:
        raise BadRequest(
            f"text is {count:,} tokens; JSON holds at most {MAX_JSON_TOKENS:,}, ask for {BINARY}",
            "text",
        )
    extra = f'"replaced":{tokenization.replaced},"normalised":{_word(tokenization.normalised)}'
    return _json(tokenizer.name, tokenizer.table, tokenization, extra)


def _json(name: str, table: TokenTable, tokenization: Tokenization, extra: str) -> Response:
    """Written by hand, in a third of json.dumps' time: nearly all of it is numbers and hexadecimal."""
    ids, pieces, ends = tokenization.token_ids, tokenization.pieces, tokenization.ends
    if pieces == [table.tokens[token_id] for token_id in ids]:
        heads: Iterable[str] = map(_HEADS.setdefault(table, _Heads(table)).__getitem__, ids)
    else:
        heads = (_head(token_id, piece, table) for token_id, piece in zip(ids, pieces, strict=True))
    rows = ",".join(
        [f'{head}{start},"end":{end}}}' for head, start, end in zip(heads, [0, *ends], ends, strict=False)]
    )
    size = ends[-1] if ends else 0
    counts = f'{{"tokens":{len(ids)},"characters":{len(tokenization.text)},"bytes":{size}}}'
    body = f'{{"encoding":{json.dumps(name)},"tokens":[{rows}],"counts":{counts},{extra}}}'
    return Response(body, media_type="application/json")


def _head(token_id: int, piece: bytes, table: TokenTable) -> str:
    special = _word(token_id in table.special)
    return f'{{"id":{token_id},"bytes":"{piece.hex()}","special":{special},"start":'


class _Heads(dict[int, str]):
    """The part of a token's row that is the same wherever it stands, kept once written."""

    def __init__(self, table: TokenTable) -> None:
        self._table = ref(table)

    def __missing__(self, token_id: int) -> str:
        table = self._table()
        assert table is not None
        head = self[token_id] = _head(token_id, table.tokens[token_id], table)
        return head


_HEADS: WeakKeyDictionary[TokenTable, _Heads] = WeakKeyDictionary()


def _tokens_binary(tokenizer: Tokenizer, tokenization: Tokenization) -> Response:
    count = len(tokenization.token_ids)
    ids = np.fromiter(tokenization.token_ids, "<u4", count)
    ends = np.fromiter(map(len, tokenization.pieces), "<u4", count).cumsum(dtype="<u4")
    special = np.isin(ids, list(tokenizer.table.special)).astype(np.uint8)
    text = tokenization.text.encode()
    parts = [np.array([count], dtype="<u4").tobytes(), ids.tobytes(), ends.tobytes(), special.tobytes()]
    headers = {
        "X-Encoding": tokenizer.name.encode("ascii", "replace").decode(),
        "X-Tokens": str(count),
        "X-Characters": str(len(tokenization.text)),
        "X-Bytes": str(len(text)),
        "X-Replaced": str(tokenization.replaced),
        "X-Normalised": _word(tokenization.normalised),
    }
    return Binary(b"".join([*parts, text if tokenization.normalised else b""]), headers=headers)


def _decoded(data: bytes) -> tuple[str, bool]:
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return data.decode(errors="replace"), False


def _word(value: bool) -> str:
    return "true" if value else "false"
