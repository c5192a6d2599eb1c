"""ctranslate2_form.py GGML FOLDER LANGUAGES: CTranslate2's form, in int8, of a multilingual ggml Whisper model.

The same weights for both engines: those of the file, made f32 again where they are quantised. LANGUAGES are Whisper's codes in
the order of their tokens, with commas between; the file has the first of them. The folder has what faster-whisper wants beside the weights; its tokenizer
knows no merges, which are needed to read prompts only.
"""
import json
import struct
import sys
from pathlib import Path

import numpy as np
from ctranslate2.specs import whisper_spec

# Upstream's ggml/src/ggml-common.h, by the number in a tensor's header.
BLOCK = 32
PLAIN = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
QUANTISED = {
    2: np.dtype([("scale", "<f2"), ("low", "u1", 16)]),
    6: np.dtype([("scale", "<f2"), ("high", "<u4"), ("low", "u1", 16)]),
    7: np.dtype([("scale", "<f2"), ("minimum", "<f2"), ("high", "<u4"), ("low", "u1", 16)]),
    8: np.dtype([("scale", "<f2"), ("steps", "i1", 32)]),
}
TEXT_TOKENS = 50_257
TIMESTAMPS = 1_501
OTHER_SPECIAL = ("endoftext", "startoftranscript", "translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")


def dequantised(blocks: np.ndarray) -> np.ndarray:
    names = blocks.dtype.names
    if "steps" in names:
        steps = blocks["steps"].astype(np.float32)
    else:
        steps = np.concatenate([blocks["low"] & 0x0F, blocks["low"] >> 4], axis=1).astype(np.float32)
        offset = 8
        if "high" in names:
            steps += 16 * ((blocks["high"][:, None] >> np.arange(BLOCK, dtype=np.uint32)) & 1)
            offset = 16
        if "minimum" not in names:
            steps -= offset
    values = steps * blocks["scale"].astype(np.float32)[:, None]
    return values + blocks["minimum"].astype(np.float32)[:, None] if "minimum" in names else values


def read_ggml(path: Path):
    """Header, pieces of text and tensors of a file."""
    data = path.read_bytes()
    at = 0

    def ints(count):
        nonlocal at
        at += 4 * count
        return struct.unpack_from(f"<{count}i", data, at - 4 * count)

    _, vocab, _, state, heads, audio_layers, _, _, _, text_layers, mels, _ = ints(12)
    bands, lines = ints(2)
    at += 4 * bands * lines
    pieces = []
    for _ in range(ints(1)[0]):
        (length,) = ints(1)
        pieces.append(data[at:at + length])
        at += length
    tensors = {}
    while at < len(data):
        rank, name_length, kind = ints(3)
        shape = ints(rank)[::-1]
        name = data[at:at + name_length].decode()
        at += name_length
        count = int(np.prod(shape))
        if kind in PLAIN:
            values = np.frombuffer(data, PLAIN[kind], count, at).astype(np.float32)
            at += count * PLAIN[kind].itemsize
        elif kind in QUANTISED:
            values = dequantised(np.frombuffer(data, QUANTISED[kind], count // BLOCK, at))
            at += count // BLOCK * QUANTISED[kind].itemsize
        else:
            sys.exit(f"its weights are of ggml's type {kind}, which this script does not read; take an f16, q8_0 or q5 file")
        tensors[name] = values.reshape(shape)
    header = dict(vocab=vocab, state=state, heads=heads, audio_layers=audio_layers, text_layers=text_layers, mels=mels)
    return header, pieces, tensors


def spec_of(header, tensors):
    state, heads = header["state"], header["heads"]
    spec = whisper_spec.WhisperSpec(header["audio_layers"], heads, header["text_layers"], heads)
    no_bias = np.zeros(state, np.float32)

    def norm(target, prefix):
        target.gamma, target.beta = tensors[f"{prefix}.weight"], tensors[f"{prefix}.bias"]

    def product(target, *prefixes):
        target.weight = np.concatenate([tensors[f"{prefix}.weight"] for prefix in prefixes])
        target.bias = np.concatenate([tensors.get(f"{prefix}.bias", no_bias) for prefix in prefixes])

    def block(target, prefix, hears):
        norm(target.self_attention.layer_norm, f"{prefix}.attn_ln")
        product(target.self_attention.linear[0], *(f"{prefix}.attn.{part}" for part in ("query", "key", "value")))
        product(target.self_attention.linear[1], f"{prefix}.attn.out")
        if hears:
            norm(target.attention.layer_norm, f"{prefix}.cross_attn_ln")
            product(target.attention.linear[0], f"{prefix}.cross_attn.query")
            product(target.attention.linear[1], f"{prefix}.cross_attn.key", f"{prefix}.cross_attn.value")
            product(target.attention.linear[2], f"{prefix}.cross_attn.out")
        norm(target.ffn.layer_norm, f"{prefix}.mlp_ln")
        product(target.ffn.linear_0, f"{prefix}.mlp.0")
        product(target.ffn.linear_1, f"{prefix}.mlp.2")

    encoder, decoder = spec.encoder, spec.decoder
    for name, conv in (("conv1", encoder.conv1), ("conv2", encoder.conv2)):
        conv.weight, conv.bias = tensors[f"encoder.{name}.weight"], tensors[f"encoder.{name}.bias"].reshape(-1)
    encoder.position_encodings.encodings = tensors["encoder.positional_embedding"]
    for layer in range(header["audio_layers"]):
        block(encoder.layer[layer], f"encoder.blocks.{layer}", False)
    norm(encoder.layer_norm, "encoder.ln_post")
    decoder.embeddings.weight = decoder.projection.weight = tensors["decoder.token_embedding.weight"]
    decoder.position_encodings.encodings = tensors["decoder.positional_embedding"]
    for layer in range(header["text_layers"]):
        block(decoder.layer[layer], f"decoder.blocks.{layer}", True)
    norm(decoder.layer_norm, "decoder.ln")
    return spec


def characters_of_bytes():
    """GPT-2's way to write any byte as a visible character."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = (byte for byte in range(256) if byte not in visible)
    return {byte: chr(byte) for byte in visible} | {byte: chr(256 + place) for place, byte in enumerate(hidden)}


def main(path, folder, languages):
    header, pieces, tensors = read_ggml(Path(path))
    languages = languages[:header["vocab"] - TEXT_TOKENS - TIMESTAMPS - len(OTHER_SPECIAL)]
    names = [*OTHER_SPECIAL[:2], *languages, *OTHER_SPECIAL[2:], *(f"{step * 0.02:.2f}" for step in range(TIMESTAMPS))]
    special = [f"<|{name}|>" for name in names]
    if header["vocab"] != TEXT_TOKENS + len(special):
        sys.exit(f"it has {header['vocab']} tokens; this script makes multilingual models alone")
    # The last piece is empty, and has to stay so: with any other name CTranslate2 takes the model for an English one.
    characters = characters_of_bytes()
    text = ["".join(characters[byte] for byte in piece) for piece in pieces[:TEXT_TOKENS]]

    spec = spec_of(header, tensors)
    spec.register_vocabulary(text + special)
    spec.config.suppress_ids = [-1]
    spec.config.suppress_ids_begin = [220, TEXT_TOKENS]
    spec.config.lang_ids = list(range(TEXT_TOKENS + 2, TEXT_TOKENS + 2 + len(languages)))
    spec.config.alignment_heads = [(header["text_layers"] - 1, head) for head in range(header["heads"])]
    spec.validate()
    spec.optimize(quantization="int8")
    Path(folder).mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))

    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    added = [{"id": TEXT_TOKENS + place, "content": name, "special": True, "normalized": False, "single_word": False,
              "lstrip": False, "rstrip": False} for place, name in enumerate(special)]
    tokenizer = {"version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
                 "added_tokens": added, "pre_tokenizer": byte_level, "decoder": byte_level,
                 "model": {"type": "BPE", "vocab": {piece: token for token, piece in enumerate(text)}, "merges": []}}
    (Path(folder) / "tokenizer.json").write_text(json.dumps(tokenizer))
    features = {"feature_size": header["mels"], "sampling_rate": 16_000, "hop_length": 160, "chunk_length": 30, "n_fft": 400}
    (Path(folder) / "preprocessor_config.json").write_text(json.dumps(features))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("Expected GGML FOLDER LANGUAGES.")
    main(sys.argv[1], sys.argv[2], sys.argv[3].split(","))
